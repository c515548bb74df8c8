//! Which objects are read, and how.

use std::sync::Arc;

use model::{FleetId, SecretName, Settings};

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const GATEWAY: &str = "spec.gateway.gatewayRef";

pub(super) const KEYS: &[Key] = &[
    key("spec.ingress.classNames", Form::Texts)
        .flag("ingress-class-name")
        .default("objects without a class, and of class isobath or contour")
        .means("The classes of objects that are served."),
    key("spec.httpproxy.rootNamespaces", Form::Texts)
        .flag("root-namespaces")
        .default("all")
        .means("The namespaces where root HTTPProxies and root IngressRoutes may live; its former name `--ingressroute-root-namespaces` is taken, too."),
    key("spec.enableExternalNameService", Form::Switch)
        .file("enableExternalNameService")
        .flag("enable-external-name-service")
        .default("false")
        .means("Lets ExternalName Services be backends."),
    key("spec.httpproxy.disablePermitInsecure", Form::Switch)
        .file("disablePermitInsecure")
        .flag("disable-permit-insecure")
        .default("false")
        .means("Redirects to HTTPS even where a route says permitInsecure."),
    key("own.duplicateFqdn", Form::Text)
        .flag("duplicate-fqdn")
        .default("oldest-wins")
        .means("Which of several root HTTPProxies with one fqdn is served: oldest-wins, or invalid-all for none, as in Contour."),
    key(GATEWAY, Form::Name)
        .file("gateway.gatewayRef")
        .default("none")
        .means("The Gateway whose Envoys serve Ingresses, HTTPProxies and IngressRoutes, in place of those of the ingress."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let spec = &written.spec;
    let names = |names: &[String]| names.iter().map(|name| Arc::from(name.as_str())).collect();
    if let Some(ingress) = &spec.ingress {
        settings.ingress_classes = names(&ingress.class_names);
    }
    if let Some(proxies) = &spec.httpproxy {
        settings.root_namespaces = names(&proxies.root_namespaces);
        settings.disable_permit_insecure = proxies.disable_permit_insecure.unwrap_or_default();
    }
    settings.external_names = spec.enable_external_name_service.unwrap_or_default();
    let gateway = spec.gateway.as_ref().and_then(|gateway| gateway.gateway_ref.as_ref());
    if let Some(SecretName { namespace, name }) = faults.name(GATEWAY, gateway) {
        settings.roots = FleetId::gateway(namespace, name);
    }
    if let Some(duplicate) = faults.word("own.duplicateFqdn", written.own.duplicate_fqdn.as_ref()) {
        settings.duplicate_fqdn = duplicate.0;
    }
}
