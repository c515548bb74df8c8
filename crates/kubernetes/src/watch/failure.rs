//! Why a list or a watch ended, as far as it makes a difference.

use std::time::Duration;

use kube::core::Status;

/// Why a list or a watch ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// What happened since the last look is not known any more.
    Expired,
    /// There is no such kind.
    Absent,
    /// We may not.
    Refused(String),
    /// We asked for something that this API server cannot do.
    Unsupported(String),
    /// We are to wait.
    Busy(Duration),
    /// So many objects are gone that the list is not believed yet.
    Implausible(usize),
    /// Anything else: it may go better the next time.
    Broken(String),
    /// Nobody wants to know any more.
    Unwanted,
}

/// What a failure asks for, beside another attempt after a pause.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Remedy {
    /// Whether the watch counts as failing until the next success.
    pub(super) counts: bool,
    /// Whether everything is listed anew.
    pub(super) lists: bool,
    /// What the API server asks us to wait.
    pub(super) wait: Option<Duration>,
}

impl Failure {
    /// What it asks for.
    pub(super) const fn remedy(&self) -> Remedy {
        match self {
            Self::Expired => Remedy { counts: false, lists: true, wait: None },
            Self::Implausible(_) => Remedy { counts: true, lists: true, wait: None },
            Self::Busy(wait) => Remedy { counts: true, lists: false, wait: Some(*wait) },
            Self::Absent | Self::Refused(_) | Self::Unsupported(_) | Self::Broken(_) | Self::Unwanted => {
                Remedy { counts: true, lists: false, wait: None }
            }
        }
    }
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => (*status).into(),
            other => Self::Broken(chain(&other)),
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let wait = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
        match status.code {
            410 => Self::Expired,
            404 => Self::Absent,
            401 | 403 => Self::Refused(status.message),
            // Everywhere wait is asked for: 429 and 503 at least.
            _ if wait > 0 => Self::Busy(Duration::from_secs(wait.into())),
            400 | 405 | 422 => Self::Unsupported(status.message),
            code => Self::Broken(format!("{code} {}", status.message)),
        }
    }
}

/// An error with all that it comes from.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let words = inner.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: u16, wait: u32) -> Failure {
        let status =
            serde_json::json!({"code": code, "message": "m", "details": {"retryAfterSeconds": wait}});
        serde_json::from_value::<Status>(status).unwrap().into()
    }

    #[test]
    fn codes_say_what_to_do() {
        assert_eq!(of(410, 0), Failure::Expired);
        assert_eq!(of(404, 0), Failure::Absent);
        assert_eq!(of(403, 0), Failure::Refused("m".into()));
        assert_eq!(of(422, 0), Failure::Unsupported("m".into()));
        assert_eq!(of(429, 7), Failure::Busy(Duration::from_secs(7)));
        assert_eq!(of(429, 0), Failure::Broken("429 m".into()));
        assert_eq!(of(500, 0), Failure::Broken("500 m".into()));
    }
}
