//! Scripts of other origins (CORS).

use std::sync::Arc;

/// Which scripts of other origins may send requests to a host and read its answers: what browsers are told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CorsPolicy {
    /// Where such scripts may come from; at least one, sorted, each once.
    pub origins: Vec<CorsOrigin>,
    /// The methods that they may use; at least one, in the order of the user.
    pub methods: Vec<Arc<str>>,
    /// The headers that they may send; in the order of the user.
    pub allowed_headers: Vec<Arc<str>>,
    /// The headers of answers that they may read; in the order of the user.
    pub exposed_headers: Vec<Arc<str>>,
    /// Whether requests carry what the client is known by, such as cookies.
    pub credentials: bool,
    /// For how many seconds a browser may remember all this; `None` leaves it to the browser.
    pub max_age: Option<u64>,
    /// Whether scripts of public sites may do so where the host is in a private network.
    pub private_network: bool,
    /// Whether browsers that ask for scripts of other origins are answered here, too, and not by the backends.
    pub answers_others: bool,
}

/// Where a script may come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CorsOrigin {
    /// Anywhere.
    Any,
    /// This origin, in any case: `scheme://host[:port]`.
    Exact(Arc<str>),
    /// Origins that this expression matches as a whole.
    Regex(Arc<str>),
}
