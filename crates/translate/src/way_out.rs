//! What a user can do about a problem, where its message does not say it.

/// The way out by kind and reason; sorted.
const WAYS_OUT: [(&str, &str, &str); 33] = [
    (
        "AuthError",
        "AuthNotPermitted",
        "end TLS here (tls.secretName), or remove spec.virtualhost.authorization",
    ),
    ("AuthError", "ExtensionServiceNotFound", "create it, or see what its own report says"),
    (
        "IPFilterError",
        "IPFilterPolicyNotValid",
        "use Peer for the connection's address, Remote for the client's",
    ),
    ("IPFilterError", "IncompatibleIPAddressFilters", "keep one of the two"),
    ("IncludeError", "DuplicateMatchConditions", "give each include conditions of its own, or remove one"),
    ("IncludeError", "IncludeCreatesCycle", "remove one of the includes of the cycle"),
    ("IncludeError", "IncludeNotFound", "create it with a class that is served here, or remove the include"),
    ("IncludeError", "IncludeTooDeep", "include it further up"),
    ("IncludeError", "RootIncludesRoot", "remove spec.virtualhost from the included one, or the include"),
    ("IncludeError", "TooManyIncludes", "include each part from fewer places"),
    ("JWTVerificationError", "InvalidJWTVerificationPolicy", "keep one of the two"),
    (
        "JWTVerificationError",
        "JWTProviderNotDefined",
        "name one of spec.virtualhost.jwtProviders of the root",
    ),
    (
        "JWTVerificationError",
        "LocalJWKSInvalid",
        "name an Opaque Secret of this namespace, and the key of its JWKS",
    ),
    (
        "ListenerError",
        "ErrorIdentifyingListener",
        "give the Gateway listeners of this protocol at one port, and no more",
    ),
    ("PrefixReplaceError", "AmbiguousReplacement", "keep one entry without a prefix"),
    ("PrefixReplaceError", "DuplicateReplacement", "keep one entry for each prefix"),
    ("PrefixReplaceError", "MustHavePrefix", "match by a prefix, or remove pathRewritePolicy"),
    (
        "RootNamespaceError",
        "RootProxyNotAllowedInNamespace",
        "move it to a namespace where roots are allowed, or include it from a root that is there",
    ),
    ("RouteError", "RouteActionCountNotValid", "keep one of the three"),
    ("ServiceError", "OnlyMirrors", "add a service that is no mirror"),
    ("ServiceError", "OnlyOneMirror", "keep one mirror"),
    (
        "ServiceError",
        "ServiceUnresolvedReference",
        "name a Service of this namespace that has this port for TCP, and may be used",
    ),
    ("ServiceError", "UnsupportedProtocol", "use one of h2, h2c and tls, or leave it out for HTTP/1.1"),
    ("ServiceError", "UnsupportedServiceType", "name a Service with endpoints of its own"),
    ("SpecError", "NothingDefined", "add routes, includes or a tcpproxy"),
    ("TCPProxyError", "NothingDefined", "add services or an include to tcpproxy"),
    (
        "TCPProxyError",
        "ServiceUnresolvedReference",
        "name a Service of this namespace that has this port for TCP, and may be used",
    ),
    (
        "TLSError",
        "CACertificateNotDelegated",
        "create a TLSCertificateDelegation in the CA Secret's namespace",
    ),
    ("TLSError", "DelegationNotPermitted", "create a TLSCertificateDelegation in the Secret's namespace"),
    (
        "TLSError",
        "FallbackNotPresent",
        "let the operator name it (--fallback-certificate), or remove enableFallbackCertificate",
    ),
    (
        "TLSError",
        "FallbackNotValid",
        "let the operator name a Secret whose tls.crt and tls.key belong together",
    ),
    ("TLSError", "SecretNotValid", "name a Secret whose tls.crt and tls.key are PEM and belong together"),
    ("VirtualHostError", "FQDNNotSpecified", "name the host, such as www.example.com"),
];

/// The way out of a problem, where there is one to tell.
pub(crate) fn way_out(kind: &str, reason: &str) -> Option<String> {
    let place = WAYS_OUT.binary_search_by_key(&(kind, reason), |(kind, reason, _)| (kind, reason)).ok()?;
    Some(WAYS_OUT[place].2.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_each_is_found() {
        assert!(WAYS_OUT.is_sorted_by_key(|(kind, reason, _)| (*kind, *reason)));
        assert_eq!(
            way_out("RouteError", "RouteActionCountNotValid").as_deref(),
            Some("keep one of the three")
        );
        assert_eq!(way_out("RouteError", "TimeoutPolicyNotValid"), None);
    }
}
