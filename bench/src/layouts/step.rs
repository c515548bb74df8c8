//! What happens to the host that changes, and how a client sees it.

use std::fmt;
use std::str::FromStr;

/// How clients reach hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Plain HTTP.
    Http,
    /// HTTPS, each host with a certificate of its own.
    Tls,
}

impl FromStr for Transport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "http" => Ok(Self::Http),
            "tls" => Ok(Self::Tls),
            other => Err(format!("http or tls, not {other}")),
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Tls => "tls",
        })
    }
}

/// One change of the host. In the order of [`Step::all`] they make a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Added,
    RouteChanged,
    CertificateChanged,
    Removed,
}

impl Step {
    /// All that can happen.
    pub(super) const fn all(transport: Transport) -> &'static [Self] {
        match transport {
            Transport::Http => &[Self::Added, Self::RouteChanged, Self::Removed],
            Transport::Tls => &[Self::Added, Self::RouteChanged, Self::CertificateChanged, Self::Removed],
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Added => "host added",
            Self::RouteChanged => "its route changed",
            Self::CertificateChanged => "its certificate changed",
            Self::Removed => "host removed",
        }
    }

    /// The path that shows it.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::RouteChanged => "/new",
            Self::Added | Self::CertificateChanged | Self::Removed => "/base",
        }
    }

    /// The answer that shows it.
    pub(super) const fn wanted(self, transport: Transport) -> Wanted {
        match (self, transport) {
            (Self::Added, Transport::Tls) => Wanted::OkAnew,
            (Self::Added | Self::RouteChanged, _) => Wanted::Ok,
            (Self::CertificateChanged, _) => Wanted::OtherCertificate,
            (Self::Removed, Transport::Http) => Wanted::NotFound,
            (Self::Removed, Transport::Tls) => Wanted::NoHandshake,
        }
    }
}

/// What a client waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// 200 on a connection that it keeps.
    Ok,
    /// 200 on a new connection.
    OkAnew,
    /// 404 on a connection that it keeps.
    NotFound,
    /// On a new connection, another certificate than the first time.
    OtherCertificate,
    /// That no new connection comes about.
    NoHandshake,
}

impl Wanted {
    const ALL: [Self; 5] =
        [Self::Ok, Self::OkAnew, Self::NotFound, Self::OtherCertificate, Self::NoHandshake];

    /// Whether each request takes a connection of its own.
    pub(super) const fn is_on_new_connections(self) -> bool {
        match self {
            Self::Ok | Self::NotFound => false,
            Self::OkAnew | Self::OtherCertificate | Self::NoHandshake => true,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::OkAnew => "ok-anew",
            Self::NotFound => "not-found",
            Self::OtherCertificate => "other-certificate",
            Self::NoHandshake => "no-handshake",
        }
    }
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|each| each.word() == text).ok_or_else(|| format!("not wanted: {text}"))
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
