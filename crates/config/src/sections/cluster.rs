//! The cluster that is served.

use crate::key::{Form, Key, key};

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
    key("own.kubernetesClientQps", Form::Number)
        .file("kubernetesClientQPS")
        .flag("kubernetes-client-qps")
        .cluster()
        .default("any number")
        .means("How many requests the API server gets in a second."),
    key("own.kubernetesClientBurst", Form::Number)
        .file("kubernetesClientBurst")
        .flag("kubernetes-client-burst")
        .cluster()
        .default("any number")
        .means("How many requests the API server gets at once."),
    key("spec.gateway.gatewayRef", Form::Name)
        .file("gateway.gatewayRef")
        .cluster()
        .default("none")
        .means("The Gateway that is served."),
    key("spec.ingress.statusAddress", Form::Text)
        .file("ingress-status-address")
        .flag("ingress-status-address")
        .cluster()
        .default("those of Envoy's Service")
        .means("Addresses and names, separated by commas, for the status of Ingresses and HTTPProxies."),
    key("spec.envoy.service.namespace", Form::Text)
        .file("envoy-service-namespace")
        .flag("envoy-service-namespace")
        .cluster()
        .default("projectcontour")
        .means("The namespace of Envoy's Service."),
    key("spec.envoy.service.name", Form::Text)
        .file("envoy-service-name")
        .flag("envoy-service-name")
        .cluster()
        .default("envoy")
        .means("The name of Envoy's Service."),
];
