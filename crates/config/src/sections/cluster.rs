//! The cluster that is served.

use model::{SecretName, Settings};

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::serving::{Cluster, Election, Feature, Serving, StatusAddress};
use crate::written::{Own, Written};

pub(super) const KEYS: &[Key] = &[
    key("own.incluster", Form::Switch)
        .file("incluster")
        .flag("incluster")
        .cluster()
        .default("false")
        .means("Finds the API server as a Pod does."),
    key("own.kubeconfig", Form::Text)
        .file("kubeconfig")
        .flag("kubeconfig")
        .cluster()
        .default("$HOME/.kube/config")
        .means("The file that says where the API server is."),
    key(QPS, Form::Number)
        .file("kubernetesClientQPS")
        .flag("kubernetes-client-qps")
        .cluster()
        .default("any number")
        .means("How many requests the API server gets in a second."),
    key(BURST, Form::Number)
        .file("kubernetesClientBurst")
        .flag("kubernetes-client-burst")
        .cluster()
        .default("any number")
        .means("How many requests the API server gets at once."),
    key(STATUS, Form::Text)
        .file("ingress-status-address")
        .flag("ingress-status-address")
        .cluster()
        .default("those of Envoy's Service")
        .means("Addresses and names, separated by commas, for the status of Ingresses and HTTPProxies."),
    key("spec.envoy.service.namespace", Form::Text)
        .file("envoy-service-namespace")
        .flag("envoy-service-namespace")
        .variables("ISOBATH_NAMESPACE", "CONTOUR_NAMESPACE")
        .cluster()
        .default("isobath")
        .means("The namespace of Envoy's Service."),
    key("spec.envoy.service.name", Form::Text)
        .file("envoy-service-name")
        .flag("envoy-service-name")
        .cluster()
        .default("envoy")
        .means("The name of Envoy's Service."),
    key(WATCHED, Form::Texts)
        .flag("watch-namespaces")
        .cluster()
        .default("all")
        .means("The namespaces that are read."),
    key(DISABLED, Form::Texts).flag("disable-feature").cluster().default("none").means(
        "Kinds that are not read: extensionservices, tlsroutes, grpcroutes, tcproutes, backendtlspolicies.",
    ),
    key("own.leaderElection.disabled", Form::Switch)
        .flag("disable-leader-election")
        .cluster()
        .default("false")
        .means("Lets every controller write."),
    key("own.leaderElection.name", Form::Text)
        .flag("leader-election-resource-name")
        .cluster()
        .default("leader-elect")
        .means("The name of the Lease."),
    key("own.leaderElection.namespace", Form::Text)
        .flag("leader-election-resource-namespace")
        .variables("ISOBATH_NAMESPACE", "CONTOUR_NAMESPACE")
        .cluster()
        .default("isobath")
        .means("The namespace of the Lease."),
    key(LEASE, Form::Text)
        .flag("leader-election-lease-duration")
        .cluster()
        .default("15s")
        .means("How long a leader that says nothing stays the leader."),
    key(RENEW, Form::Text)
        .flag("leader-election-renew-deadline")
        .cluster()
        .default("10s")
        .means("How long a leader tries to stay it."),
    key(RETRY, Form::Text)
        .flag("leader-election-retry-period")
        .cluster()
        .default("2s")
        .means("How often the others ask."),
];

const QPS: &str = "own.kubernetesClientQps";
const BURST: &str = "own.kubernetesClientBurst";
const STATUS: &str = "spec.ingress.statusAddress";
const SERVICE: &str = "spec.envoy.service";
const WATCHED: &str = "own.watchNamespaces";
const DISABLED: &str = "own.disabledFeatures";
const LEASE: &str = "own.leaderElection.leaseDuration";
const RENEW: &str = "own.leaderElection.renewDeadline";
const RETRY: &str = "own.leaderElection.retryPeriod";

const FEATURES: [(&str, Feature); 5] = [
    ("extensionservices", Feature::ExtensionServices),
    ("tlsroutes", Feature::TlsRoutes),
    ("grpcroutes", Feature::GrpcRoutes),
    ("tcproutes", Feature::TcpRoutes),
    ("backendtlspolicies", Feature::BackendTlsPolicies),
];

pub(super) fn serving(written: &Written, serving: &mut Serving, faults: &mut Faults) {
    let Written { spec, own } = written;
    serving.cluster = Cluster {
        inside: own.incluster.unwrap_or_default(),
        kubeconfig: own.kubeconfig.as_deref().filter(|path| !path.is_empty()).map(Into::into),
        requests_per_second: own.kubernetes_client_qps.filter(|rate| *rate != 0.0),
        requests_at_once: faults
            .number(BURST, own.kubernetes_client_burst, 0..=u32::MAX)
            .filter(|most| *most > 0),
    };
    if own.kubernetes_client_qps.is_some_and(|rate| !(rate >= 0.0 && rate.is_finite())) {
        faults.error(QPS, "expected a number of 0 and above");
    }
    serving.status_addresses =
        addresses(spec.ingress.as_ref().and_then(|said| said.status_address.as_deref()), faults);
    if let Some(said) = spec.envoy.as_ref().and_then(|envoy| envoy.service.as_ref()) {
        let usual = Serving::default().envoy_service;
        let namespace = said.namespace.as_deref().unwrap_or(&usual.namespace);
        let name = said.name.as_deref().unwrap_or(&usual.name);
        serving.envoy_service = SecretName::new(namespace, name);
        if namespace.is_empty() || name.is_empty() {
            faults.error(SERVICE, "needs a namespace and a name");
        }
    }
    serving.watched = own.watch_namespaces.iter().map(|name| name.as_str().into()).collect();
    let find = |name: &str| FEATURES.iter().find(|(word, _)| *word == name).map(|(_, feature)| *feature);
    let allowed = FEATURES.map(|(word, _)| word);
    serving.disabled = faults.names(DISABLED, &own.disabled_features, find, &allowed);
    election(own, &mut serving.election, faults);
}

fn addresses(said: Option<&str>, faults: &mut Faults) -> Vec<StatusAddress> {
    let said = said.unwrap_or_default().split(',').map(str::trim).filter(|text| !text.is_empty());
    let address = |text: &str| match rules::ip_address(text) {
        Ok(address) => Some(StatusAddress::Ip(address)),
        Err(_) => faults.rule(STATUS, rules::server_name(text)).map(|name| StatusAddress::Name(name.into())),
    };
    said.filter_map(address).collect()
}

fn election(own: &Own, election: &mut Election, faults: &mut Faults) {
    let Some(said) = &own.leader_election else { return };
    election.disabled = said.disabled.unwrap_or_default();
    let namespace = said.namespace.as_deref().unwrap_or(&election.lease.namespace);
    election.lease = SecretName::new(namespace, said.name.as_deref().unwrap_or(&election.lease.name));
    let mut duration =
        |path, text: &Option<String>, usual| faults.duration(path, text.as_deref()).unwrap_or(usual);
    election.duration = duration(LEASE, &said.lease_duration, election.duration);
    election.renew = duration(RENEW, &said.renew_deadline, election.renew);
    election.retry = duration(RETRY, &said.retry_period, election.retry);
    if election.renew >= election.duration {
        faults.error(RENEW, "is not shorter than the lease");
    }
    if election.retry >= election.renew {
        faults.error(RETRY, "is not shorter than the time to renew the lease");
    }
}

/// What is read must be watched.
pub(super) fn refuse_what_is_not_watched(settings: &Settings, serving: &Serving, faults: &mut Faults) {
    let is_watched = |namespace: &str| {
        serving.watched.is_empty() || serving.watched.iter().any(|each| **each == *namespace)
    };
    if settings.root_namespaces.iter().any(|root| !is_watched(root)) {
        faults.error("spec.httpproxy.rootNamespaces", "not all root namespaces are being watched");
    }
    for (path, what, secret) in [
        ("spec.httpproxy.fallbackCertificate", "fallbackCertificate", &settings.fallback_certificate),
        ("spec.envoy.clientCertificate", "clientCertificate", &settings.upstream.client_certificate),
    ] {
        if let Some(secret) = secret.as_ref().filter(|secret| !is_watched(&secret.namespace)) {
            faults.error(path, format!("the {what} namespace ({}) must be watched", secret.namespace));
        }
    }
}
