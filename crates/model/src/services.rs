//! Services that Envoy itself asks for all hosts: the operator names them.

use std::fmt;
use std::sync::Arc;

use crate::{
    AuthorizationProtocol, Check, ClusterKey, GlobalRateLimit, Kind, ObjectId, Question, QuestionBody,
    Timeout,
};

/// The namespace and name of an ExtensionService.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExtensionName {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl ExtensionName {
    /// One from its two parts.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The object.
    #[must_use]
    pub fn object(&self) -> ObjectId {
        ObjectId::new(Kind::ExtensionService, self.namespace.clone(), self.name.clone())
    }

    /// The cluster of one that all hosts ask. It keeps its name whatever changes in it: every listener names it, and a
    /// change of each of them would end all connections.
    #[must_use]
    pub fn cluster(&self) -> ClusterKey {
        ClusterKey::fixed(format!("extension/{self}"))
    }
}

impl fmt::Display for ExtensionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// An ExtensionService that all hosts ask, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    /// Which.
    pub extension: ExtensionName,
    /// The host that questions name: the ExtensionService knows it.
    pub authority: Arc<str>,
    /// How long its answer may take; where the operator says nothing, the ExtensionService does.
    pub timeout: Timeout,
}

impl Asked {
    /// One of which nothing else is known.
    #[must_use]
    pub fn new(extension: ExtensionName) -> Self {
        let authority = format!("extension.{}.{}", extension.namespace, extension.name).into();
        Self { extension, authority, timeout: Timeout::Default }
    }
}

/// The service that counts requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RateLimitService {
    /// Who is asked.
    pub asked: Asked,
    /// The domain of all that it counts; not empty.
    pub domain: Arc<str>,
    /// Whether requests pass when it does not answer.
    pub fail_open: bool,
    /// Whether clients are told in `x-ratelimit-` headers how much is left.
    pub limit_headers: bool,
    /// Whether gRPC clients are told `RESOURCE_EXHAUSTED` rather than `UNAVAILABLE`.
    pub resource_exhausted: bool,
    /// What is counted of hosts that say nothing about it.
    pub default: Option<Arc<GlobalRateLimit>>,
}

/// The service that is asked about all hosts whether requests may pass, but for hosts that ask another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GlobalAuthorization {
    /// Who is asked.
    pub asked: Asked,
    /// What it speaks.
    pub protocol: AuthorizationProtocol,
    /// Whether requests pass when it does not answer.
    pub fail_open: bool,
    /// How much it is told of the body.
    pub body: Option<QuestionBody>,
    /// Whether nobody is asked about hosts and routes that do not want it.
    pub is_skipped: bool,
    /// What it is told where hosts say nothing; sorted, each name once.
    pub context: Vec<(Arc<str>, Arc<str>)>,
}

impl GlobalAuthorization {
    /// What holds for hosts that say nothing about it.
    #[must_use]
    pub fn check(&self) -> Check {
        if self.is_skipped { Check::Skip } else { Check::Ask { context: self.context.clone() } }
    }

    /// How it is asked.
    #[must_use]
    pub fn question(&self) -> Question {
        let Self { asked, protocol, fail_open, body, is_skipped: _, context: _ } = self;
        Question {
            protocol: protocol.clone(),
            authority: asked.authority.clone(),
            timeout: asked.timeout,
            fail_open: *fail_open,
            body: *body,
        }
    }
}

/// What an ExtensionService says about questions to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Known {
    /// The host that questions name.
    pub authority: Arc<str>,
    /// How long its answer may take.
    pub response: Timeout,
}

impl Asked {
    /// Takes what the ExtensionService says, where the operator does not.
    pub(crate) fn learn(&mut self, known: &Known) {
        self.authority = known.authority.clone();
        if self.timeout == Timeout::Default {
            self.timeout = known.response;
        }
    }
}
