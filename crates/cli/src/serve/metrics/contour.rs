//! Metrics under Contour's names, for dashboards that know those.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use admin::{Exposition, Kind};
use kubernetes::watch::Tallies;
use model::{ObjectId, Verdict};
use store::Change;

use super::{Happened, by_kind};

/// The metrics of HTTPProxies.
const PROXIES: [(&str, &str); 5] = [
    ("contour_httpproxy", "HTTPProxies."),
    ("contour_httpproxy_root", "HTTPProxies with a host."),
    ("contour_httpproxy_valid", "HTTPProxies without errors."),
    ("contour_httpproxy_invalid", "HTTPProxies with errors."),
    ("contour_httpproxy_orphaned", "HTTPProxies that no root includes."),
];

/// What is needed for Contour's names and for nothing else.
#[derive(Default)]
pub(in crate::serve) struct Contour {
    /// The host of each root HTTPProxy.
    hosts: Mutex<BTreeMap<ObjectId, Box<str>>>,
    /// Changes by kind and by whether they took something away.
    operations: Mutex<BTreeMap<(&'static str, model::Kind), u64>>,
}

impl Contour {
    /// Notes what is needed of changes.
    pub(in crate::serve) fn note(&self, changes: &[Change]) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            let object = change.object();
            let operation = match change {
                Change::Applied(_) => "update",
                Change::Removed(_) => "delete",
            };
            *operations.entry((operation, object.kind)).or_default() += 1;
            match host(change) {
                Some(host) => drop(hosts.insert(object, host)),
                None => drop(hosts.remove(&object)),
            }
        }
    }

    pub(super) fn write(&self, happened: &Happened, tallies: &Tallies, to: &mut Exposition) {
        to.metric("contour_build_info", Kind::Gauge, "The release.")
            .sample(&[("branch", &"isobath"), ("revision", &""), ("version", &env!("CARGO_PKG_VERSION"))], 1);
        let rebuilds = happened.publications.load(Ordering::Relaxed);
        to.number("contour_dagrebuild_total", Kind::Counter, "Configurations that were published.", rebuilds);
        let help = "How long configurations took to compute; of the last 1,000.";
        to.summary("contour_dagrebuild_seconds", help, &happened.engine_lately);
        let last = happened.last.load(Ordering::Relaxed);
        to.number("contour_dagrebuild_timestamp", Kind::Gauge, "When one was published last.", last);
        let mut samples = to.metric("contour_dag_cache_object", Kind::Gauge, "Objects that are known.");
        for (kind, tallies) in by_kind(tallies) {
            let objects = tallies.iter().map(|tally| tally.objects()).sum::<u64>();
            // Of two kinds of one name, Contour knows one.
            if !kind.api_version().starts_with("contour.heptio.com/") {
                samples.sample(&[("kind", &kind.name())], objects);
            }
        }
        self.write_operations(to);
        self.write_proxies(happened, to);
    }

    fn write_operations(&self, to: &mut Exposition) {
        let operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        let mut by_name = BTreeMap::new();
        for ((operation, kind), count) in operations.iter() {
            *by_name.entry((*operation, kind.as_str())).or_insert(0) += count;
        }
        let help = "Changes of objects.";
        let mut samples = to.metric("contour_eventhandler_operation_total", Kind::Counter, help);
        for ((operation, kind), count) in by_name {
            samples.sample(&[("op", &operation), ("kind", &kind)], count);
        }
    }

    fn write_proxies(&self, happened: &Happened, to: &mut Exposition) {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counts = BTreeMap::<&str, BTreeMap<(Arc<str>, Option<String>), u64>>::new();
        let mut count = |name, namespace: &Arc<str>, host: Option<&str>| {
            let labels = (Arc::clone(namespace), host.map(ToOwned::to_owned));
            *counts.entry(name).or_default().entry(labels).or_default() += 1;
        };
        for (object, judgement) in happened.judged.objects().iter() {
            if object.kind != model::Kind::HttpProxy {
                continue;
            }
            let host = hosts.get(object).map(|host| &**host);
            count("contour_httpproxy", &object.namespace, None);
            if host.is_some() {
                count("contour_httpproxy_root", &object.namespace, None);
            }
            match judgement.verdict {
                Verdict::Valid => count("contour_httpproxy_valid", &object.namespace, host.or(Some(""))),
                Verdict::Invalid => count("contour_httpproxy_invalid", &object.namespace, host.or(Some(""))),
                Verdict::Orphaned => count("contour_httpproxy_orphaned", &object.namespace, None),
            }
        }
        for (name, help) in PROXIES {
            let mut metric = to.metric(name, Kind::Gauge, help);
            for ((namespace, host), count) in counts.remove(name).unwrap_or_default() {
                match host {
                    Some(host) => metric.sample(&[("namespace", &namespace), ("vhost", &host)], count),
                    None => metric.sample(&[("namespace", &namespace)], count),
                }
            }
        }
    }
}

/// The host of a root HTTPProxy.
fn host(change: &Change) -> Option<Box<str>> {
    let Change::Applied(api::Object::HttpProxy(proxy)) = change else { return None };
    proxy.spec.virtualhost.as_ref().map(|host| host.fqdn.as_str().into())
}
