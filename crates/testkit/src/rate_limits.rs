//! A rate limit service.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use envoy_protos::envoy::service::ratelimit::v3::rate_limit_response::rate_limit::Unit;
use envoy_protos::envoy::service::ratelimit::v3::rate_limit_response::{
    Code as Verdict, DescriptorStatus, RateLimit,
};
use envoy_protos::envoy::service::ratelimit::v3::{RateLimitRequest, RateLimitResponse};
use prost::Message;

use crate::grpc::{Answers, Call, Code, GrpcServer};

/// A service that lets a few requests of each descriptor pass, and no more. It keeps what it was asked.
pub struct RateLimitServer {
    server: GrpcServer,
    state: Arc<State>,
}

/// Keys and values, in order.
pub type Descriptor = Vec<(String, String)>;

struct State {
    allowed: u32,
    counts: Mutex<BTreeMap<(String, Descriptor), u32>>,
    asked: Mutex<Vec<Asked>>,
}

/// A question: the host that it was sent to, the domain, and the descriptors.
struct Asked {
    authority: String,
    domain: String,
    descriptors: Vec<Descriptor>,
}

impl RateLimitServer {
    /// Speaks HTTP/2 in clear text. Lets `allowed` requests of each descriptor pass.
    pub async fn start(allowed: u32) -> Self {
        let state = State::new(allowed);
        Self { server: GrpcServer::start(state.clone()).await, state }
    }

    /// The same over TLS, with a certificate for `host` that it makes itself.
    pub async fn start_tls(allowed: u32, host: &str) -> Self {
        let state = State::new(allowed);
        Self { server: GrpcServer::start_tls(state.clone(), host).await, state }
    }

    /// What it was asked since this, or [`take_authorities`](Self::take_authorities), was called last: domains, each
    /// with descriptors.
    pub fn take_asked(&self) -> Vec<(String, Vec<Descriptor>)> {
        self.state.take().into_iter().map(|asked| (asked.domain, asked.descriptors)).collect()
    }

    /// The hosts that it was asked under since then.
    pub fn take_authorities(&self) -> Vec<String> {
        self.state.take().into_iter().map(|asked| asked.authority).collect()
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The certificate that clients have to trust, in PEM; None without TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.server.certificate()
    }
}

impl fmt::Debug for RateLimitServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.server.fmt(f)
    }
}

const UNIMPLEMENTED: Code = 12;
const INVALID_ARGUMENT: Code = 3;

impl Answers for State {
    fn answer(&self, call: &Call) -> Result<Bytes, Code> {
        if call.path != "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit" {
            return Err(UNIMPLEMENTED);
        }
        let request = RateLimitRequest::decode(call.message.clone()).map_err(|_| INVALID_ARGUMENT)?;
        let descriptors = request.descriptors.into_iter().map(|each| {
            each.entries.into_iter().map(|entry| (entry.key, entry.value)).collect::<Descriptor>()
        });
        let descriptors: Vec<_> = descriptors.collect();
        let statuses: Vec<_> =
            descriptors.iter().map(|descriptor| self.count(&request.domain, descriptor)).collect();
        let is_over = statuses.iter().any(|status| status.code() == Verdict::OverLimit);
        let verdict = if is_over { Verdict::OverLimit } else { Verdict::Ok };
        let (authority, domain) = (call.authority.clone(), request.domain);
        let asked = Asked { authority, domain, descriptors };
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        let response = RateLimitResponse { overall_code: verdict.into(), statuses, ..Default::default() };
        Ok(response.encode_to_vec().into())
    }
}

impl State {
    fn new(allowed: u32) -> Arc<Self> {
        Arc::new(Self { allowed, counts: Mutex::default(), asked: Mutex::default() })
    }

    fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count(&self, domain: &str, descriptor: &Descriptor) -> DescriptorStatus {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((domain.to_owned(), descriptor.clone())).or_default();
        *count += 1;
        let code = if *count > self.allowed { Verdict::OverLimit } else { Verdict::Ok };
        let limit =
            RateLimit { requests_per_unit: self.allowed, unit: Unit::Hour.into(), ..Default::default() };
        DescriptorStatus {
            code: code.into(),
            current_limit: Some(limit),
            limit_remaining: self.allowed.saturating_sub(*count),
            ..Default::default()
        }
    }
}
