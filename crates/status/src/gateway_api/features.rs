//! What of the Gateway API is supported, in the words of its conformance tests.

use api::gateway_api::gateway_class::SupportedFeature;

/// The features, in the order of the alphabet.
const FEATURES: [&str; 48] = [
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

/// How the features are called whose field the standard channel lacks: an API server drops it there, unseen.
const EXPERIMENTAL: &str = "HTTPRouteRetry";

/// What a GatewayClass says that is supported, where the API has the experimental channel's fields or not.
pub(super) fn features(experimental: bool) -> Vec<SupportedFeature> {
    let told = FEATURES.iter().filter(|name| experimental || !name.starts_with(EXPERIMENTAL));
    told.map(|name| SupportedFeature { name: (*name).to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_those_of_the_suite_in_the_order_of_the_alphabet() {
        let tests = include_str!("../../../../tools/conformance/TESTS.md");
        let (_, features) = tests.split_once("## Features").unwrap();
        let (features, _) = features.split_once("## Tests").unwrap();
        let rows = features.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
        let mut names: Vec<_> = rows.filter(|name| *name != "feature").collect();
        names.sort_unstable();
        assert_eq!(FEATURES[..], names);
    }
}
