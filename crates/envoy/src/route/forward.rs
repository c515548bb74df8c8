//! How a request reaches a backend.

use envoy_protos::envoy::config::core::v3::RuntimeFractionalPercent;
use envoy_protos::envoy::config::route::v3 as proto;
use envoy_protos::envoy::config::route::v3::retry_policy::{
    RetryBackOff, RetryHostPredicate, retry_host_predicate,
};
use envoy_protos::envoy::config::route::v3::route_action::{
    ClusterNotFoundResponseCode, ClusterSpecifier, HostRewriteSpecifier, RequestMirrorPolicy, UpgradeConfig,
};
use envoy_protos::envoy::config::route::v3::weighted_cluster::{ClusterWeight, cluster_weight};
use envoy_protos::envoy::extensions::retry::host::previous_hosts::v3::PreviousHostsPredicate;
use envoy_protos::envoy::r#type::matcher::v3::RegexMatchAndSubstitute;
use envoy_protos::envoy::r#type::v3::FractionalPercent;
use envoy_protos::envoy::r#type::v3::fractional_percent::DenominatorType;
use envoy_protos::google::protobuf::UInt32Value;
use model::{
    Forward, Fraction, HostRewrite, Mirror, PathRewrite, Retry, SessionPersistence, WeightedCluster,
};

use super::hash;
use super::matching::regex;
use super::paths::{self, Replacement};
use crate::any::pack;
use crate::duration::{duration, timeout};
use crate::filters::stateful_session;
use crate::names::NOWHERE;
use crate::{filters, headers};

/// The action of a route that has backends.
pub(super) fn route_action(forward: &Forward) -> proto::RouteAction {
    let mut action = proto::RouteAction {
        cluster_specifier: Some(clusters_by_weight(forward)),
        cluster_not_found_response_code: without_cluster(forward).into(),
        request_mirror_policies: forward.mirrors.iter().map(mirror).collect(),
        hash_policy: forward.hash.iter().map(hash::policy).collect(),
        timeout: timeout(forward.timeouts.response),
        idle_timeout: timeout(forward.timeouts.idle),
        retry_policy: forward.retry.as_ref().map(|policy| retry(policy, forward)),
        upgrade_configs: forward.websockets.then(websocket).into_iter().collect(),
        host_rewrite_specifier: host_of(forward).map(host),
        ..Default::default()
    };
    if let Some(rewrite) = &forward.path {
        rewrite_path(rewrite, &mut action);
    }
    action
}

/// One backend without changes of its own is named directly: Envoy then draws no lot.
fn clusters_by_weight(forward: &Forward) -> ClusterSpecifier {
    let session = forward.session.as_ref();
    let own_hosts = have_own_hosts(forward);
    match (&forward.clusters[..], forward.invalid) {
        ([only], 0) if session.is_none() && has_nothing_of_its_own(only, own_hosts) => {
            ClusterSpecifier::Cluster(only.cluster.to_string())
        }
        (shared, invalid) => {
            let clusters = shared.iter().map(|backend| weight(backend, session, own_hosts));
            ClusterSpecifier::WeightedClusters(proto::WeightedCluster {
                clusters: clusters.chain(nowhere(invalid)).collect(),
                ..Default::default()
            })
        }
    }
}

/// The share of backends that cannot be reached.
fn nowhere(weight: u32) -> Option<ClusterWeight> {
    let weight = Some(weight).filter(|weight| *weight > 0)?;
    Some(ClusterWeight {
        name: NOWHERE.to_owned(),
        weight: Some(UInt32Value { value: weight }),
        ..Default::default()
    })
}

/// What a request is answered with whose cluster is not there.
fn without_cluster(forward: &Forward) -> ClusterNotFoundResponseCode {
    match forward.invalid {
        0 => ClusterNotFoundResponseCode::ServiceUnavailable,
        _ => ClusterNotFoundResponseCode::InternalServerError,
    }
}

/// Whether there is nothing to say about a backend but its name.
fn has_nothing_of_its_own(backend: &WeightedCluster, own_host: bool) -> bool {
    let WeightedCluster { cluster: _, weight: _, request_headers, response_headers, host, cookies } = backend;
    let has_host = own_host && host.as_ref().and_then(literal_host).is_some();
    request_headers.is_empty() && response_headers.is_empty() && cookies.is_empty() && !has_host
}

fn weight(backend: &WeightedCluster, session: Option<&SessionPersistence>, own_host: bool) -> ClusterWeight {
    let mut response_headers = headers::to_set(&backend.response_headers);
    response_headers
        .extend(session.and_then(|session| stateful_session::answered(session, &backend.cluster)));
    ClusterWeight {
        name: backend.cluster.to_string(),
        weight: Some(UInt32Value { value: backend.weight }),
        request_headers_to_add: headers::to_set(&backend.request_headers),
        request_headers_to_remove: headers::to_remove(&backend.request_headers),
        response_headers_to_add: response_headers,
        response_headers_to_remove: headers::to_remove(&backend.response_headers),
        host_rewrite_specifier: backend.host.as_ref().filter(|_| own_host).and_then(literal_host),
        typed_per_filter_config: filters::messages_of_backend(backend, session),
        ..Default::default()
    }
}

/// Envoy rewrites the host of one of several backends to a literal only; users can ask for no more.
fn literal_host(host: &HostRewrite) -> Option<cluster_weight::HostRewriteSpecifier> {
    match host {
        HostRewrite::Literal(host) => {
            Some(cluster_weight::HostRewriteSpecifier::HostRewriteLiteral(host.to_string()))
        }
        HostRewrite::Header(_) => None,
    }
}

/// Whether backends are asked for their own hosts. With one in the action they would be `x-envoy-original-host` and no
/// more; one that is a header may be missing.
fn have_own_hosts(forward: &Forward) -> bool {
    !matches!(host_of(forward), Some(HostRewrite::Literal(_)))
}

/// The host that the action asks for. That of the route goes before those of backends, as its headers do: Envoy changes
/// requests for the backend first.
fn host_of(forward: &Forward) -> Option<&HostRewrite> {
    let of_only = || match &forward.clusters[..] {
        [only] => only.host.as_ref(),
        _ => None,
    };
    forward.host.as_ref().or_else(of_only)
}

fn host(host: &HostRewrite) -> HostRewriteSpecifier {
    match host {
        HostRewrite::Literal(host) => HostRewriteSpecifier::HostRewriteLiteral(host.to_string()),
        HostRewrite::Header(name) => HostRewriteSpecifier::HostRewriteHeader(name.to_string()),
    }
}

fn rewrite_path(rewrite: &PathRewrite, action: &mut proto::RouteAction) {
    match rewrite {
        PathRewrite::Full(path) => action.regex_rewrite = Some(paths::whole(path)),
        PathRewrite::Prefix(prefix) => action.prefix_rewrite = prefix.to_string(),
        PathRewrite::Segments(segments) => match paths::segments(segments) {
            Replacement::Prefix(prefix) => action.prefix_rewrite = prefix,
            Replacement::Regex(regex) => action.regex_rewrite = Some(regex),
        },
        PathRewrite::Regex { pattern, substitution } => {
            action.regex_rewrite = Some(RegexMatchAndSubstitute {
                pattern: Some(regex(pattern)),
                substitution: substitution.to_string(),
            });
        }
    }
}

fn mirror(mirror: &Mirror) -> RequestMirrorPolicy {
    RequestMirrorPolicy {
        cluster: mirror.cluster.to_string(),
        runtime_fraction: Some(RuntimeFractionalPercent {
            default_value: Some(fraction(mirror.share)),
            runtime_key: String::new(),
        }),
        ..Default::default()
    }
}

/// In percent where that is exact, as people read it.
fn fraction(share: Fraction) -> FractionalPercent {
    let millionths = share.millionths();
    let (numerator, denominator) = match millionths % 10_000 {
        0 => (millionths / 10_000, DenominatorType::Hundred),
        _ => (millionths, DenominatorType::Million),
    };
    FractionalPercent { numerator, denominator: denominator.into() }
}

/// How often Envoy looks for an endpoint that has not failed the request yet; then it takes the one that it found last,
/// which is the only one where there is no other. Of two endpoints, one that fails at once has the fewest requests: by
/// that, three looks of four find it again.
const LOOKS: i64 = 60;

fn retry(retry: &Retry, forward: &Forward) -> proto::RetryPolicy {
    // Who asks for a hash wants its endpoint and no other.
    let elsewhere = retry.count > 0 && forward.hash.is_empty();
    proto::RetryPolicy {
        retry_on: retry.on.to_string(),
        num_retries: Some(UInt32Value { value: retry.count }),
        per_try_timeout: timeout(retry.per_try),
        retriable_status_codes: retry.status_codes.clone(),
        retry_back_off: retry
            .back_off
            .map(|base| RetryBackOff { base_interval: Some(duration(base)), ..Default::default() }),
        retry_host_predicate: elsewhere.then(not_again).into_iter().collect(),
        host_selection_retry_max_attempts: if elsewhere { LOOKS } else { 0 },
        ..Default::default()
    }
}

/// Not to an endpoint that has failed the request.
fn not_again() -> RetryHostPredicate {
    let config = pack(&PreviousHostsPredicate {});
    RetryHostPredicate {
        name: "envoy.retry_host_predicates.previous_hosts".to_owned(),
        config_type: Some(retry_host_predicate::ConfigType::TypedConfig(config)),
    }
}

fn websocket() -> UpgradeConfig {
    UpgradeConfig { upgrade_type: "websocket".to_owned(), ..Default::default() }
}
