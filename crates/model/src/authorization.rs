//! Services that are asked whether requests may pass.

use std::num::NonZeroU16;
use std::sync::Arc;

use crate::{ClusterKey, Timeout};

/// A service that a host asks whether requests may pass.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authorization {
    /// The way to it.
    pub cluster: ClusterKey,
    /// How it is asked.
    pub question: Question,
}

/// How a service is asked whether a request may pass.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// What it speaks.
    pub protocol: AuthorizationProtocol,
    /// The host that questions name.
    pub authority: Arc<str>,
    /// How long its answer may take.
    pub timeout: Timeout,
    /// Whether requests pass when it does not answer.
    pub fail_open: bool,
    /// How much it is told of the body.
    pub body: Option<QuestionBody>,
}

/// What an authorization service speaks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AuthorizationProtocol {
    /// `envoy.service.auth.v3.Authorization`.
    Grpc,
    /// HTTP: an answer with status 200 lets the request pass.
    Http {
        /// What stands before the path of the request; empty, or a path.
        path_prefix: Arc<str>,
        /// Headers of the request that it gets beside those that it always gets.
        request_headers: Vec<NameMatch>,
        /// Headers of its answer that the backend gets.
        upstream_headers: Vec<NameMatch>,
    },
}

/// Which headers are meant; lower case, never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NameMatch {
    /// The one of this name.
    Exact(Arc<str>),
    /// Those whose names begin so.
    Prefix(Arc<str>),
    /// Those whose names end so.
    Suffix(Arc<str>),
    /// Those whose names have this in them.
    Contains(Arc<str>),
}

/// How much an authorization service is told of the body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QuestionBody {
    /// This many bytes at most; at least 1.
    pub most: u32,
    /// Whether it is told the beginning of a longer one; else such a request is answered with 413.
    pub partial: bool,
    /// Whether it gets bytes rather than text.
    pub as_bytes: bool,
}

/// What a host or a route says about authorization.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Check {
    /// Nobody is asked.
    Skip,
    /// The service is asked, and told this.
    Ask {
        /// Names and values; sorted, each name once.
        context: Vec<(Arc<str>, Arc<str>)>,
    },
}

/// A service that a route of a Gateway asks whether its requests may pass. While it does not answer, none passes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RouteAuthorization {
    /// The way to it.
    pub cluster: ClusterKey,
    /// What it speaks.
    pub protocol: RouteAuthorizationProtocol,
    /// The host that questions name.
    pub authority: Arc<str>,
    /// How long its answer may take.
    pub timeout: Timeout,
    /// How many bytes of the body it is told, the first ones of a longer one. `None` for none.
    pub body: Option<NonZeroU16>,
}

/// What an authorization service of a route speaks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RouteAuthorizationProtocol {
    /// `envoy.service.auth.v3.Authorization`.
    Grpc {
        /// Headers of the request that it is told, in lower case; `None` for all.
        request_headers: Option<Vec<Arc<str>>>,
    },
    /// HTTP: an answer with status 200 lets the request pass.
    Http {
        /// What stands before the path of the request; empty, or a path.
        path_prefix: Arc<str>,
        /// Headers of the request that it gets beside those that it always gets; lower case.
        request_headers: Vec<Arc<str>>,
        /// Headers of its answer that the backend gets, in lower case; `None` for all.
        answer_headers: Option<Vec<Arc<str>>>,
    },
}
