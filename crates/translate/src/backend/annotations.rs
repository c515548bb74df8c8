//! What the annotations of a Service say about the way to it (reference 5.2), and which of them say nothing.

use model::{CircuitBreakers, Kind, Settings};
use store::ServicePort;

use super::{Target, Upstream};
use crate::annotation;
use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::text::quoted;

/// The annotations of a Service that list ports, and what is spoken on these.
const PROTOCOLS: [(&str, Upstream); 3] = [
    ("projectcontour.io/upstream-protocol.tls", Upstream::Tls),
    ("projectcontour.io/upstream-protocol.h2c", Upstream::H2c),
    ("projectcontour.io/upstream-protocol.h2", Upstream::H2),
];

/// The annotations of a Service that limit its use.
const LIMITS: [&str; 5] = [
    "projectcontour.io/max-connections",
    "projectcontour.io/max-pending-requests",
    "projectcontour.io/max-requests",
    "projectcontour.io/max-retries",
    "projectcontour.io/per-host-max-connections",
];

impl Target<'_> {
    pub(super) fn annotated_upstream(&self) -> Upstream {
        if self.service.annotations.is_empty() {
            return Upstream::Plain;
        }
        self.listing().first().map_or(Upstream::Plain, |(_, upstream)| *upstream)
    }

    /// The annotations that list the port. The first one counts: the port is looked for by name, then by number; of
    /// several protocols TLS goes first, as in Contour.
    fn listing(&self) -> Vec<(&'static str, Upstream)> {
        let number = self.number.to_string();
        let ports = [&*self.port.name, &number].into_iter().filter(|port| !port.is_empty());
        let lists = ports.flat_map(|port| PROTOCOLS.iter().map(move |protocol| (port, protocol)));
        let lists = lists.filter_map(|(port, (annotation, upstream))| {
            let (key, list) = self.service.annotation(annotation)?;
            listed(list).any(|item| item == port).then_some((key, *upstream))
        });
        lists.collect()
    }

    /// The limits of the Service, each in front of that of the operator.
    pub(super) fn circuit_breakers(&self, settings: &Settings) -> CircuitBreakers {
        let everyones = &settings.upstream.circuit_breakers;
        let limit = |annotation: &str, everyones| self.limit(annotation).ok().flatten().or(everyones);
        let [connections, pending, requests, retries, per_host] = LIMITS;
        CircuitBreakers {
            max_connections: limit(connections, everyones.max_connections),
            max_pending_requests: limit(pending, everyones.max_pending_requests),
            max_requests: limit(requests, everyones.max_requests),
            max_retries: limit(retries, everyones.max_retries),
            retry_budget: everyones.retry_budget,
            per_host_max_connections: limit(per_host, everyones.per_host_max_connections),
        }
    }

    /// A limit of the Service; `None` for none, and for zero. Else the annotation that is no number.
    fn limit(&self, annotation: &str) -> Result<Option<u32>, (&'static str, &str)> {
        let Some((key, text)) = self.service.annotation(annotation) else { return Ok(None) };
        text.parse().map(|limit| Some(limit).filter(|limit| *limit > 0)).map_err(|_| (key, text))
    }

    /// The annotations of the Service that say nothing. They are told to who uses it, at this place: the Service itself
    /// has no report.
    pub(crate) fn ignored_annotations(&self, at: &FieldPath<'_>) -> Vec<Fault> {
        // As nearly all are.
        if self.service.annotations.is_empty() && self.service.strays.is_empty() {
            return vec![];
        }
        let unreadable = LIMITS.iter().filter_map(|limit| self.limit(limit).err());
        let mut faults: Vec<_> = unreadable
            .map(|(key, text)| {
                let why = format!("{} is no number from 0 to 4294967295", quoted(text));
                self.ignored(at, key, "", &why)
            })
            .collect();
        faults.extend(self.ports_that_are_not_there(at));
        faults.extend(self.second_protocols(at));
        faults.extend(self.service.strays.iter().map(|key| {
            let (why, help) = annotation::why_stray(Kind::Service, key);
            self.ignored(at, key, "", &why).with_help(help)
        }));
        faults
    }

    fn ports_that_are_not_there(&self, at: &FieldPath<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (key, list) in PROTOCOLS.iter().filter_map(|(annotation, _)| self.service.annotation(annotation))
        {
            let is_there = |item: &str| self.service.ports.iter().any(|port| is_called(port, item));
            for item in listed(list).filter(|item| !is_there(item)) {
                let fault = self.ignored(
                    at,
                    key,
                    &format!(" for port {}", quoted(item)),
                    "the Service has no such port",
                );
                faults.push(
                    fault.with_help("name ports of the Service, or their numbers, with commas between them"),
                );
            }
        }
        faults
    }

    /// The protocols of the port that give way to another. Where `appProtocol` says it, none of them is looked at.
    fn second_protocols(&self, at: &FieldPath<'_>) -> Vec<Fault> {
        if self.port.app_protocol.is_some() {
            return vec![];
        }
        let mut listing = self.listing();
        listing.dedup();
        let Some(((first, counts), others)) = listing.split_first() else { return vec![] };
        let others = others.iter().filter(|(_, upstream)| upstream != counts);
        let told = others.map(|(key, _)| {
            let port = format!(" for port {}", self.number);
            let fault = self.ignored(at, key, &port, &format!("{first} lists it, too, and goes first"));
            fault.with_help("list the port in one of them")
        });
        told.collect()
    }

    fn ignored(&self, at: &FieldPath<'_>, key: &str, part: &str, why: &str) -> Fault {
        let message = format!("annotation {key} of Service {} is ignored{part}: {why}", self.id);
        Fault::new("ServiceError", "IgnoredAnnotation", at, message)
    }
}

fn listed(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn is_called(port: &ServicePort, item: &str) -> bool {
    *port.name == *item || port.port.to_string() == item
}
