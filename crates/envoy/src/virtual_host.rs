//! One host with its routes.

use std::collections::BTreeMap;

use envoy_protos::envoy::config::route::v3 as proto;
use envoy_protos::google::protobuf::Any;
use model::{Demand, Host, Route, Settings, VirtualHost};

use crate::route::{Table, answer_all, answer_uncertified};
use crate::{filters, route};

/// A host with its routes.
pub(crate) fn virtual_host(value: &VirtualHost, routes: &[Route], table: Table<'_>) -> proto::VirtualHost {
    proto::VirtualHost {
        routes: route::routes(value, routes, table),
        typed_per_filter_config: filters::messages_of_host(value),
        ..bare(&value.host)
    }
}

/// A host without anything.
pub(crate) fn bare(host: &Host) -> proto::VirtualHost {
    proto::VirtualHost { name: host.as_str().to_owned(), domains: domains(host), ..Default::default() }
}

/// A dot at the end says that a name is complete, as it is anyway.
fn domains(host: &Host) -> Vec<String> {
    let host = host.as_str();
    if host == "*" { vec![host.to_owned()] } else { vec![host.to_owned(), [host, "."].concat()] }
}

/// What answers 421 to connections without a certificate, in front of the routes of a host that demands one: they were
/// opened before that, or by the chain of another host, and the answer sends the client to a connection of its own
/// (RFC 9110 15.5.20). Nobody's policy is about it.
///
/// That a certificate was found good is not asked for: Envoy does not look again when a session is resumed.
pub(crate) fn certified(mut own: proto::VirtualHost, value: &VirtualHost) -> proto::VirtualHost {
    let asked = value.tls.as_ref().and_then(|tls| tls.clients.certificates());
    if asked.is_some_and(|asked| asked.demand == Demand::Required) {
        let typed_per_filter_config = filters::silences(value);
        let answer = answer_uncertified("no-certificate", 421);
        own.routes.insert(0, proto::Route { typed_per_filter_config, ..answer });
    }
    own
}

/// What answers 421 to every host that is not the one of the connection.
///
/// HTTP/2 clients share a connection among hosts whose names its certificate carries (RFC 9110 7.4); the
/// answer sends them to a connection of their own. No script is needed where one host is served.
pub(crate) fn misdirected(whom: Asked) -> proto::VirtualHost {
    let typed_per_filter_config = whom.silence();
    proto::VirtualHost {
        name: "mismatch".to_owned(),
        domains: vec!["*".to_owned()],
        routes: vec![proto::Route { typed_per_filter_config, ..answer_all("mismatch", 421) }],
        ..Default::default()
    }
}

/// Whether somebody may be asked about requests of a connection whether they may pass: what is misdirected is nobody's
/// business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Nobody is.
    Nobody,
    /// Somebody is, unless a route says otherwise.
    Somebody,
}

impl Asked {
    /// Of the connections of a host's own chain.
    pub(crate) fn by(value: &VirtualHost) -> Self {
        Self::somebody_if(filters::may_ask(value))
    }

    /// Of connections of which nothing is known but what holds for all hosts.
    pub(crate) const fn of_all(settings: &Settings) -> Self {
        Self::somebody_if(settings.global_authorization.is_some())
    }

    /// What is said where nobody is to be asked.
    pub(crate) fn silence(self) -> BTreeMap<String, Any> {
        match self {
            Self::Nobody => BTreeMap::new(),
            Self::Somebody => filters::unasked(),
        }
    }

    const fn somebody_if(is_asked: bool) -> Self {
        if is_asked { Self::Somebody } else { Self::Nobody }
    }
}
