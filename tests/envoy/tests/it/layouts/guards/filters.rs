//! Filters that can deny, as a feature would configure them: always in the chain, and told by a message of their own
//! what to do for a host or a route.

use serde_json::{Value, json};

/// A filter that guards hosts. Who sends [`CREDENTIALS`] is let through.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// The name of the filter.
    pub(super) filter: &'static str,
    /// What every connection manager has.
    pub(super) config: Value,
    /// What a host has that is guarded.
    pub(super) on: Value,
    /// What a host or a route has that is not.
    pub(super) off: Value,
    /// What the filter answers to those whom it does not let through.
    pub(super) denied: u16,
    /// Whether credentials count; otherwise only the first request to each host is let through.
    pub(super) knows_friends: bool,
}

/// A token (HS256) without an end, of the key below.
pub(super) const CREDENTIALS: (&str, &str) = (
    "authorization",
    "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJ0ZXN0cyIsInN1YiI6ImZyaWVuZCJ9.\
     itgdRWqTRhZyPM6twEDDn61W7Ba6Pq_cLOhgpQwAyGQ",
);
const KEY: &str = "aXNvYmF0aC1ndWFyZC1rZXktb2YtMzItYnl0ZXMhISE";

/// The cluster of the authorization service.
pub(super) const AUTHORIZATION_CLUSTER: &str = "authorization";

fn any(package: &str, message: &str, mut fields: Value) -> Value {
    fields["@type"] =
        format!("type.googleapis.com/envoy.extensions.filters.http.{package}.v3.{message}").into();
    fields
}

/// An IP filter that knows friends: nobody from the loopback address without credentials.
pub(super) fn rbac() -> Guard {
    let stranger = json!({"not_rule": {"header": {"name": CREDENTIALS.0, "present_match": true}}});
    let principal = json!({"remote_ip": {"address_prefix": "127.0.0.0", "prefix_len": 8}});
    let policies = json!({"strangers": {"permissions": [stranger], "principals": [principal]}});
    let rules = json!({"action": "DENY", "policies": policies});
    Guard {
        filter: "envoy.filters.http.rbac",
        config: any("rbac", "RBAC", json!({})),
        on: any("rbac", "RBACPerRoute", json!({"rbac": {"rules": rules}})),
        off: any("rbac", "RBACPerRoute", json!({})),
        denied: 403,
        knows_friends: true,
    }
}

pub(super) fn jwt() -> Guard {
    let key = json!({"keys": [{"kty": "oct", "alg": "HS256", "k": KEY}]}).to_string();
    let provider = json!({"issuer": "tests", "forward": true, "local_jwks": {"inline_string": key}});
    let requirements = json!({"required": {"provider_name": "tests"}});
    let config = json!({"providers": {"tests": provider}, "requirement_map": requirements});
    Guard {
        filter: "envoy.filters.http.jwt_authn",
        config: any("jwt_authn", "JwtAuthentication", config),
        on: any("jwt_authn", "PerRouteConfig", json!({"requirement_name": "required"})),
        off: any("jwt_authn", "PerRouteConfig", json!({"disabled": true})),
        denied: 401,
        knows_friends: true,
    }
}

pub(super) fn external_authorization() -> Guard {
    let uri = json!({"uri": "http://authorization", "cluster": AUTHORIZATION_CLUSTER, "timeout": "10s"});
    let config = json!({"http_service": {"server_uri": uri}, "transport_api_version": "V3"});
    Guard {
        filter: "envoy.filters.http.ext_authz",
        config: any("ext_authz", "ExtAuthz", config),
        on: any("ext_authz", "ExtAuthzPerRoute", json!({"check_settings": {}})),
        off: any("ext_authz", "ExtAuthzPerRoute", json!({"disabled": true})),
        // That of the service.
        denied: 402,
        knows_friends: true,
    }
}

/// One request to each host in a thousand hours.
pub(super) fn local_rate_limit() -> Guard {
    let named = |mut fields: Value| {
        fields["stat_prefix"] = "guard".into();
        any("local_ratelimit", "LocalRateLimit", fields)
    };
    // Envoy wants a bucket even where none is asked.
    let limit = |percent: u32| {
        let share = json!({"default_value": {"numerator": percent, "denominator": "HUNDRED"}});
        let bucket = json!({"max_tokens": 1, "tokens_per_fill": 1, "fill_interval": "3600000s"});
        let fields = json!({"token_bucket": bucket, "filter_enabled": share, "filter_enforced": share});
        named(fields)
    };
    Guard {
        filter: "envoy.filters.http.local_ratelimit",
        config: named(json!({})),
        on: limit(100),
        off: limit(0),
        denied: 429,
        knows_friends: false,
    }
}
