//! What of the Gateway API is supported, in the words of its specification.

use api::gateway_api::gateway_class::SupportedFeature;

/// The features that the conformance suite knows, in the order of the alphabet.
const TESTED: [&str; 48] = [
    "BackendTLSPolicy",
    "BackendTLSPolicySANValidation",
    "GRPCRoute",
    "GRPCRouteNamedRouteRule",
    "Gateway",
    "GatewayAddressEmpty",
    "GatewayBackendClientCertificate",
    "GatewayFrontendClientCertificateValidation",
    "GatewayFrontendClientCertificateValidationInsecureFallback",
    "GatewayHTTPListenerIsolation",
    "GatewayHTTPSListenerDetectMisdirectedRequests",
    "GatewayInfrastructurePropagation",
    "GatewayPort8080",
    "GatewayStaticAddresses",
    "HTTPRoute",
    "HTTPRoute303RedirectStatusCode",
    "HTTPRoute307RedirectStatusCode",
    "HTTPRoute308RedirectStatusCode",
    "HTTPRouteBackendProtocolH2C",
    "HTTPRouteBackendProtocolWebSocket",
    "HTTPRouteBackendRequestHeaderModification",
    "HTTPRouteBackendTimeout",
    "HTTPRouteCORS",
    "HTTPRouteDestinationPortMatching",
    "HTTPRouteHostRewrite",
    "HTTPRouteMethodMatching",
    "HTTPRouteNamedRouteRule",
    "HTTPRouteParentRefPort",
    "HTTPRoutePathRedirect",
    "HTTPRoutePathRewrite",
    "HTTPRoutePortRedirect",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteRequestMirror",
    "HTTPRouteRequestMultipleMirrors",
    "HTTPRouteRequestPercentageMirror",
    "HTTPRouteRequestTimeout",
    "HTTPRouteResponseHeaderModification",
    "HTTPRouteRetry",
    "HTTPRouteRetryBackendTimeout",
    "HTTPRouteRetryConnectionError",
    "HTTPRouteSchemeRedirect",
    "ListenerSet",
    "ReferenceGrant",
    "TCPRoute",
    "TLSRoute",
    "TLSRouteModeMixed",
    "TLSRouteModeTerminate",
    "UDPRoute",
];

/// Those that the specification names and no test of the suite asks for.
const NAMED: [&str; 4] = [
    "HTTPRouteExternalAuth",
    "HTTPRouteExternalAuthForwardBody",
    "HTTPRouteExternalAuthGRPC",
    "HTTPRouteExternalAuthHTTP",
];

/// How the features are called whose field the standard channel lacks: an API server drops it there, unseen.
const EXPERIMENTAL: [&str; 2] = ["HTTPRouteExternalAuth", "HTTPRouteRetry"];

/// What a GatewayClass says that is supported, in the order of the alphabet, where the API has the experimental channel's
/// fields or not.
pub(super) fn features(experimental: bool) -> Vec<SupportedFeature> {
    let is_there = |name: &&str| experimental || !EXPERIMENTAL.iter().any(|part| name.starts_with(part));
    let mut names: Vec<_> = TESTED.into_iter().chain(NAMED).filter(is_there).collect();
    names.sort_unstable();
    names.into_iter().map(|name| SupportedFeature { name: name.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(experimental: bool) -> Vec<String> {
        features(experimental).into_iter().map(|feature| feature.name).collect()
    }

    #[test]
    fn features_of_the_suite_are_all_there() {
        let tests = include_str!("../../../../tools/conformance/TESTS.md");
        let (_, features) = tests.split_once("## Features").unwrap();
        let (features, _) = features.split_once("## Tests").unwrap();
        let rows = features.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
        let mut known: Vec<_> = rows.filter(|name| *name != "feature").collect();
        known.sort_unstable();
        assert_eq!(TESTED[..], known);
    }

    #[test]
    fn features_stand_in_the_order_of_the_alphabet_and_those_of_fields_that_are_not_there_are_not_told() {
        let all = names(true);
        assert!(all.is_sorted());
        let part: Vec<_> = all.iter().filter(|name| !names(false).contains(name)).collect();
        let experimental = [
            "HTTPRouteExternalAuth",
            "HTTPRouteExternalAuthForwardBody",
            "HTTPRouteExternalAuthGRPC",
            "HTTPRouteExternalAuthHTTP",
            "HTTPRouteRetry",
            "HTTPRouteRetryBackendTimeout",
            "HTTPRouteRetryConnectionError",
        ];
        assert_eq!(part, experimental);
    }
}
