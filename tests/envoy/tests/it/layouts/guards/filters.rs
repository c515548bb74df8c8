//! Filters that can deny: those that a policy of a host brings, and others as a feature would bring them.

use std::sync::LazyLock;

use model::{Asked, AuthorizationProtocol, ExtensionName, GlobalAuthorization};
use serde_json::{Value, json};
use testkit::Issuer;

/// A filter that guards hosts.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// For people.
    pub(super) name: &'static str,
    /// What it answers to those whom it does not let through.
    pub(super) denied: u16,
    /// Whether it lets some through and others not; otherwise only the first request to each host is let through.
    pub(super) knows_friends: bool,
    /// The policy that brings it, if the product has one.
    pub(super) policy: Option<Policy>,
    /// Whether the operator has it in front of all hosts; those that are open say so.
    pub(super) is_everyones: bool,
    /// The same as Envoy's filter, for hosts that can have no such policy.
    pub(super) filter: Filter,
}

/// Fields of an HTTPProxy, in YAML.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    /// Of a host that is guarded.
    pub(super) of_host: &'static str,
    /// Of a route of such a host that is open.
    pub(super) of_open_route: &'static str,
    /// Whether what it guards is only there for clients with TLS that name the host.
    pub(super) is_secure_only: bool,
}

/// What Envoy is told: always a part of the chain, with a message of its own for what it does for a host or a route.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    /// What every connection manager has.
    pub(super) config: Value,
    /// What a host has that is guarded.
    pub(super) on: Value,
    /// What a host or a route has that is not.
    pub(super) off: Value,
}

static ISSUER: LazyLock<Issuer> = LazyLock::new(|| Issuer::new("tests"));

/// The public keys of the issuer of tokens.
pub(super) fn keys() -> String {
    ISSUER.jwks()
}

/// The header that friends send: a token.
pub(super) fn credentials() -> (&'static str, &'static str) {
    static TOKEN: LazyLock<String> =
        LazyLock::new(|| format!("Bearer {}", ISSUER.token(json!({"iss": "tests", "sub": "friend"}), 3600)));
    ("authorization", &TOKEN)
}

/// Where friends come from.
pub(super) const FRIENDS: [u8; 4] = [127, 0, 0, 2];

/// The name of the authorization service, and the cluster where no policy brings it.
pub(super) const AUTHORIZATION_CLUSTER: &str = "authorization";

fn any(package: &str, message: &str, mut fields: Value) -> Value {
    fields["@type"] =
        format!("type.googleapis.com/envoy.extensions.filters.http.{package}.v3.{message}").into();
    fields
}

/// Strangers are those that come from `127.0.0.1`.
pub(super) fn addresses() -> Guard {
    let principal = json!({"remote_ip": {"address_prefix": "127.0.0.1", "prefix_len": 32}});
    let policies = json!({"strangers": {"permissions": [{"any": true}], "principals": [principal]}});
    let rules = json!({"action": "DENY", "policies": policies});
    Guard {
        name: "addresses",
        denied: 403,
        knows_friends: true,
        is_everyones: false,
        policy: Some(Policy {
            of_host: "ipDenyPolicy: [{source: Remote, cidr: 127.0.0.1/32}]",
            of_open_route: "ipDenyPolicy: [{source: Remote, cidr: 192.0.2.0/24}]",
            is_secure_only: false,
        }),
        filter: Filter {
            config: any("rbac", "RBAC", json!({})),
            on: any("rbac", "RBACPerRoute", json!({"rbac": {"rules": rules}})),
            off: any("rbac", "RBACPerRoute", json!({})),
        },
    }
}

pub(super) fn tokens() -> Guard {
    let provider = json!({"issuer": "tests", "forward": true, "local_jwks": {"inline_string": keys()}});
    let requirements = json!({"required": {"provider_name": "tests"}});
    let config = json!({"providers": {"tests": provider}, "requirement_map": requirements});
    Guard {
        name: "tokens",
        denied: 401,
        knows_friends: true,
        is_everyones: false,
        policy: Some(Policy {
            of_host: "jwtProviders: [{name: tests, default: true, issuer: tests, forwardJWT: true, \
                localJWKS: {secretName: keys, key: jwks}}]",
            of_open_route: "jwtVerificationPolicy: {disabled: true}",
            is_secure_only: true,
        }),
        filter: Filter {
            config: any("jwt_authn", "JwtAuthentication", config),
            on: any("jwt_authn", "PerRouteConfig", json!({"requirement_name": "required"})),
            off: any("jwt_authn", "PerRouteConfig", json!({"disabled": true})),
        },
    }
}

pub(super) fn authorization() -> Guard {
    let uri = json!({"uri": "http://authorization", "cluster": AUTHORIZATION_CLUSTER, "timeout": "10s"});
    let config = json!({"http_service": {"server_uri": uri}, "transport_api_version": "V3"});
    Guard {
        name: "authorization",
        // The answer of the service.
        denied: 402,
        knows_friends: true,
        is_everyones: false,
        policy: Some(Policy {
            of_host: "authorization: {extensionRef: {name: authorization}, serviceType: http, responseTimeout: 10s}",
            of_open_route: "authPolicy: {disabled: true}",
            is_secure_only: true,
        }),
        filter: Filter {
            config: any("ext_authz", "ExtAuthz", config),
            on: any("ext_authz", "ExtAuthzPerRoute", json!({"check_settings": {}})),
            off: any("ext_authz", "ExtAuthzPerRoute", json!({"disabled": true})),
        },
    }
}

/// The same service, asked about all hosts.
pub(super) fn everyones_authorization() -> Guard {
    let authorization = authorization();
    Guard {
        name: "everyone's authorization",
        is_everyones: true,
        policy: Some(Policy {
            of_host: "",
            of_open_route: "authPolicy: {disabled: true}",
            is_secure_only: false,
        }),
        ..authorization
    }
}

/// What the operator says of it.
pub(super) fn everyones() -> GlobalAuthorization {
    let (request_headers, upstream_headers) = (vec![], vec![]);
    GlobalAuthorization {
        asked: Asked::new(ExtensionName::new("default", AUTHORIZATION_CLUSTER)),
        protocol: AuthorizationProtocol::Http { path_prefix: "".into(), request_headers, upstream_headers },
        fail_open: false,
        body: None,
        is_skipped: false,
        context: vec![],
    }
}

/// One request an hour to each host.
pub(super) fn rate_limit() -> Guard {
    let named = |mut fields: Value| {
        fields["stat_prefix"] = "guard".into();
        any("local_ratelimit", "LocalRateLimit", fields)
    };
    // Envoy wants a bucket even where nothing is counted.
    let limit = |percent: u32| {
        let share = json!({"default_value": {"numerator": percent, "denominator": "HUNDRED"}});
        let bucket = json!({"max_tokens": 1, "tokens_per_fill": 1, "fill_interval": "3600s"});
        named(json!({"token_bucket": bucket, "filter_enabled": share, "filter_enforced": share}))
    };
    Guard {
        name: "rate limit",
        denied: 429,
        knows_friends: false,
        is_everyones: false,
        policy: Some(Policy {
            of_host: "rateLimitPolicy: {local: {requests: 1, unit: hour}}",
            of_open_route: "rateLimitPolicy: {local: {requests: 1000000, unit: second}}",
            is_secure_only: false,
        }),
        filter: Filter { config: named(json!({})), on: limit(100), off: limit(0) },
    }
}
