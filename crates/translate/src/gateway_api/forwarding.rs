//! TLSRoutes, TCPRoutes and UDPRoutes: connections and datagrams that are carried to backends.

use std::collections::{BTreeMap, BTreeSet};

use api::Choice;
use api::gateway_api::forwarding::{ForwardingRule, UseDefaultGateways};
use api::gateway_api::references::ParentReference;
use model::{Kind, ObjectId, Settings, Targets, Traffic, WeightedCluster};
use store::{Age, Carries, OfferedListener, Reader};

use super::attach::{self, attach};
use super::backend::Speaks;
use super::default_gateways;
use super::translation::{SPEC, Translation};
use crate::Contribution;

/// What the kinds of these routes have in common.
struct Forwarding<'s> {
    age: Age,
    parents: &'s [ParentReference],
    hosts: Option<&'s [String]>,
    default_gateways: Option<&'s Choice<UseDefaultGateways>>,
    rules: &'s [ForwardingRule],
}

fn find<'s>(reader: &Reader<'s>, id: &ObjectId) -> Option<Forwarding<'s>> {
    let (namespace, name) = (&*id.namespace, &*id.name);
    if id.kind == Kind::TlsRoute {
        let fact = reader.tls_route(namespace, name)?;
        let spec = &fact.spec;
        let (parents, hosts) = (&*spec.parent_refs, Some(&*spec.hostnames));
        let default_gateways = spec.use_default_gateways.as_ref();
        return Some(Forwarding { age: fact.age, parents, hosts, default_gateways, rules: &spec.rules });
    }
    let fact = match id.kind {
        Kind::UdpRoute => reader.udp_route(namespace, name)?,
        _ => reader.tcp_route(namespace, name)?,
    };
    let (parents, rules) = (&*fact.spec.parent_refs, &*fact.spec.rules);
    let default_gateways = fact.spec.use_default_gateways.as_ref();
    Some(Forwarding { age: fact.age, parents, hosts: None, default_gateways, rules })
}

/// What a TLSRoute, a TCPRoute or a UDPRoute contributes.
pub(super) fn contribution(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Contribution {
    let Some(Forwarding { age, parents, hosts, default_gateways, rules }) = find(reader, id) else {
        return Contribution::default();
    };
    let attachments = attach(reader, attach::Route { id, parents, hosts });
    if attachments.is_empty() {
        return Contribution::default();
    }
    let mut translation = Translation::new(reader, settings, id);
    translation.serves = true;
    translation.check_hosts(hosts.unwrap_or_default());
    if let Some(ignored) = default_gateways::of_route(default_gateways) {
        translation.note(ignored);
    }
    let mut ways: BTreeSet<_> = attach::attached(&attachments).map(speaks).collect();
    if ways.is_empty() {
        ways.insert(if id.kind == Kind::UdpRoute { Speaks::Datagrams } else { Speaks::Stream });
    }
    for (shown, places) in attach::places(&attachments) {
        translation.shown.clone_from(shown);
        let targets = |way: &Speaks| (*way, translation.targets(rules, *way));
        let targets: BTreeMap<_, _> = ways.iter().map(targets).collect();
        for place in places {
            let targets = targets[&speaks(place.listener)].clone();
            let traffic = match id.kind {
                Kind::UdpRoute => Traffic::Udp(targets),
                _ => Traffic::Tcp(targets),
            };
            translation.add(age, place, traffic);
        }
    }
    translation.finish(&attachments)
}

/// What is carried to backends from a listener.
fn speaks(listener: &OfferedListener) -> Speaks {
    match listener.carries {
        Carries::Udp => Speaks::Datagrams,
        Carries::PassedTls => Speaks::PassedTls,
        Carries::Http | Carries::Https | Carries::HttpsOfRoots | Carries::TerminatedTls | Carries::Tcp => {
            Speaks::Stream
        }
    }
}

impl Translation<'_, '_> {
    /// The backends of all rules with their shares.
    fn targets(&mut self, rules: &[ForwardingRule], speaks: Speaks) -> Targets {
        let mut targets = Targets::default();
        for (rule, spec) in rules.iter().enumerate() {
            let at = SPEC.item("rules", rule);
            for (index, backend) in spec.backend_refs.iter().enumerate() {
                let weight = u32::try_from(backend.weight).unwrap_or_default();
                let at = at.item("backendRefs", index);
                match self.cluster(&at, &backend.object(), speaks) {
                    Ok(cluster) if weight > 0 => {
                        let cluster = self.out.add_cluster(cluster);
                        targets.clusters.push(WeightedCluster::plain(cluster, weight));
                    }
                    Ok(_) => {}
                    Err(failure) => {
                        self.unresolved(&at, failure);
                        targets.invalid = targets.invalid.saturating_add(weight);
                    }
                }
            }
        }
        targets
    }
}
