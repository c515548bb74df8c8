//! ContourDeployments as the parameters of GatewayClasses and Gateways: which one is named, and whether it can be used.

use std::fmt;

use k8s_openapi::api::core::v1::Volume;

use super::{ContourDeploymentSpec, ContourSettings, EnvoySettings, Gateways, Tenancy};
use crate::gateway_api::gateway::GatewaySpec;
use crate::gateway_api::gateway_class::GatewayClassSpec;
use crate::meta::ObjectMeta;
use crate::{Choice, Choices};

/// The ContourDeployment that a GatewayClass or a Gateway names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParametersRef<'a> {
    owner: Owner,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// Whose parameters they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The operator's, by the GatewayClass.
    Class,
    /// Of whoever owns the Gateway, beside it.
    Gateway,
}

/// Why parameters cannot be used: the field that names them, what is wrong, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidParameters(String);

impl InvalidParameters {
    /// The same, told to somebody who looks at another object than the one that names them.
    #[must_use]
    pub fn of(self, object: impl fmt::Display) -> Self {
        Self(format!("{object}: {self}"))
    }
}

impl fmt::Display for InvalidParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidParameters {}

impl<'a> ParametersRef<'a> {
    /// The parameters of a class; `None` when it names none.
    ///
    /// # Errors
    /// When it names something else, or no namespace.
    pub fn of_class(class: &'a GatewayClassSpec) -> Result<Option<Self>, InvalidParameters> {
        let Some(reference) = &class.parameters_ref else { return Ok(None) };
        let owner = Owner::Class;
        owner.must_know(&reference.group, &reference.kind)?;
        let name = &*reference.name;
        let namespace = reference.namespace.as_deref().ok_or_else(|| {
            owner.invalid(".namespace", &format!("is missing, want that of ContourDeployment {name}"))
        })?;
        Ok(Some(Self { owner, namespace, name }))
    }

    /// The parameters of a Gateway in a namespace; `None` when it names none.
    ///
    /// # Errors
    /// When it names something else.
    pub fn of_gateway(
        namespace: &'a str,
        gateway: &'a GatewaySpec,
    ) -> Result<Option<Self>, InvalidParameters> {
        let infrastructure = gateway.infrastructure.as_deref();
        let Some(reference) = infrastructure.and_then(|all| all.parameters_ref.as_ref()) else {
            return Ok(None);
        };
        let owner = Owner::Gateway;
        owner.must_know(&reference.group, &reference.kind)?;
        Ok(Some(Self { owner, namespace, name: &reference.name }))
    }

    /// What the object says, as it was found.
    ///
    /// # Errors
    /// When it is not there, or says what cannot be done.
    pub fn usable<'o>(
        &self,
        found: Option<&'o ContourDeploymentSpec>,
    ) -> Result<&'o ContourDeploymentSpec, InvalidParameters> {
        let Self { owner, namespace, name } = self;
        let invalid = |why: &str| owner.invalid("", &format!("ContourDeployment {namespace}/{name}{why}"));
        let missing = " is not there, or cannot be read; create it, or take the reference out";
        let spec = found.ok_or_else(|| invalid(missing))?;
        match check(spec, *owner) {
            Ok(()) => Ok(spec),
            Err(Fault { field, why }) => Err(invalid(&format!(": spec.{field}: {why}"))),
        }
    }
}

/// The parameters that a class names, as `find` has them; `None` when it names none.
///
/// # Errors
/// When they cannot be used.
pub fn parameters_of_class<'c, 'o>(
    class: &'c GatewayClassSpec,
    find: impl FnOnce(ParametersRef<'c>) -> Option<&'o ContourDeploymentSpec>,
) -> Result<Option<&'o ContourDeploymentSpec>, InvalidParameters> {
    ParametersRef::of_class(class)?.map(|named| named.usable(find(named))).transpose()
}

/// The annotation of a GatewayClass by which it keeps what its parameters say of its Gateways, for when they are lost.
pub const KEPT_GATEWAYS: &str = "projectcontour.io/gateways";

impl Gateways {
    /// Which Envoys serve the Gateways of a class with these parameters, if it has some.
    #[must_use]
    pub fn said_by(parameters: Option<&ContourDeploymentSpec>) -> Self {
        let envoy = parameters.and_then(|parameters| parameters.envoy.as_deref());
        envoy.and_then(|envoy| envoy.gateways.as_ref()?.known()).unwrap_or(Self::Separate)
    }

    /// What a class has kept of parameters that could be used.
    #[must_use]
    pub fn kept_by(class: &ObjectMeta) -> Self {
        let kept = class.annotations.as_ref().and_then(|annotations| annotations.get(KEPT_GATEWAYS));
        let kept = kept.and_then(|kept| Self::ALL.iter().find(|(word, _)| word == kept));
        kept.map_or(Self::Separate, |(_, gateways)| *gateways)
    }
}

impl Owner {
    const fn field(self) -> &'static str {
        match self {
            Self::Class => "spec.parametersRef",
            Self::Gateway => "spec.infrastructure.parametersRef",
        }
    }

    /// `below` is what stands behind the field that names the parameters.
    fn invalid(self, below: &str, why: &str) -> InvalidParameters {
        InvalidParameters(format!("{}{below}: {why}", self.field()))
    }

    fn must_know(self, group: &str, kind: &str) -> Result<(), InvalidParameters> {
        const KNOWN: (&str, &str) = ("projectcontour.io", "ContourDeployment");
        if (group, kind) == KNOWN {
            return Ok(());
        }
        let (known_group, known_kind) = KNOWN;
        let why = format!("found {kind:?} of group {group:?}, want {known_kind:?} of group {known_group:?}");
        Err(self.invalid("", &why))
    }
}

/// What is wrong with a field of `spec`.
struct Fault {
    field: String,
    why: String,
}

impl Fault {
    fn new(field: impl Into<String>, why: String) -> Self {
        Self { field: field.into(), why }
    }

    fn within(self, part: &str) -> Self {
        Self { field: format!("{part}.{}", self.field), ..self }
    }
}

/// What an API server would not have taken either, and what only some may ask for.
fn check(spec: &ContourDeploymentSpec, owner: Owner) -> Result<(), Fault> {
    let envoy = spec.envoy.as_deref().map_or(Ok(()), |envoy| check_envoy(envoy, owner));
    envoy.map_err(|fault| fault.within("envoy"))?;
    let contour = spec.contour.as_deref().map_or(Ok(()), |contour| check_contour(contour, owner));
    contour.map_err(|fault| fault.within("contour"))?;
    check_tenancy(spec, owner)
}

/// Envoys that all Gateways of a class share cannot have the controller of one of them. Of the Gateways of a class a
/// single one says nothing.
fn check_tenancy(spec: &ContourDeploymentSpec, owner: Owner) -> Result<(), Fault> {
    let tenancy = spec.contour.as_deref().and_then(|contour| contour.tenancy.as_ref()?.known());
    match (owner, Gateways::said_by(Some(spec)), tenancy) {
        (Owner::Class, Gateways::Merged, Some(Tenancy::Dedicated)) => {
            let why = "found \"Dedicated\", want Shared, as spec.envoy.gateways is Merged; a Gateway may have a controller \
                       of its own where that is Separate";
            Err(Fault::new("contour.tenancy", why.to_owned()))
        }
        _ => Ok(()),
    }
}

fn check_contour(contour: &ContourSettings, owner: Owner) -> Result<(), Fault> {
    let words =
        [("tenancy", unknown(contour.tenancy.as_ref())), ("logLevel", unknown(contour.log_level.as_ref()))];
    let words = words.into_iter().filter_map(|(field, why)| Some(Fault::new(field, why?)));
    let features = contour.disabled_features.iter().enumerate().filter_map(|(index, feature)| {
        Some(Fault::new(format!("disabledFeatures[{index}]"), unknown(Some(feature))?))
    });
    // They give rights there, and a Gateway's owner may have none.
    let elsewhere = (owner == Owner::Gateway && !contour.watch_namespaces.is_empty()).then(|| {
        let why = format!(
            "found {}, want none; namespaces beside the Gateway's own may be in the parameters of the class",
            contour.watch_namespaces.join(", ")
        );
        Fault::new("watchNamespaces", why)
    });
    words.chain(features).chain(elsewhere).next().map_or(Ok(()), Err)
}

fn check_envoy(envoy: &EnvoySettings, owner: Owner) -> Result<(), Fault> {
    check_words(envoy)?;
    check_volumes(envoy, owner)?;
    check_mounts(envoy)
}

fn check_words(envoy: &EnvoySettings) -> Result<(), Fault> {
    let network = envoy.network_publishing.as_deref();
    let words = [
        ("gateways", unknown(envoy.gateways.as_ref())),
        ("workloadType", unknown(envoy.workload_type.as_ref())),
        ("logLevel", unknown(envoy.log_level.as_ref())),
        ("networkPublishing.type", unknown(network.and_then(|network| network.r#type.as_ref()))),
        (
            "networkPublishing.externalTrafficPolicy",
            unknown(network.and_then(|network| network.external_traffic_policy.as_ref())),
        ),
        (
            "networkPublishing.ipFamilyPolicy",
            unknown(network.and_then(|network| network.ip_family_policy.as_ref())),
        ),
    ];
    let mut faults = words.into_iter().filter_map(|(field, why)| Some(Fault::new(field, why?)));
    faults.next().map_or(Ok(()), Err)
}

fn unknown<T: Choices>(choice: Option<&Choice<T>>) -> Option<String> {
    let found = choice.filter(|choice| choice.known().is_none())?.as_str();
    let words: Vec<_> = T::ALL.iter().map(|(word, _)| *word).collect();
    Some(format!("found {found:?}, want one of {}", words.join(", ")))
}

/// Volumes that a Pod may have everywhere. Others reach into the machine, and a Gateway's owner may not be one who can
/// make Pods.
const PLAIN_VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

fn check_volumes(envoy: &EnvoySettings, owner: Owner) -> Result<(), Fault> {
    if owner == Owner::Class {
        return Ok(());
    }
    let kinds = envoy.extra_volumes.iter().map(kind_of).enumerate();
    let mut others = kinds.filter(|(_, kind)| !PLAIN_VOLUMES.contains(&&**kind));
    others.next().map_or(Ok(()), |(index, kind)| {
        let allowed = PLAIN_VOLUMES.join(", ");
        let why = format!(
            "found a volume of type {kind}, want one of {allowed}; others may be in the parameters of the class"
        );
        Err(Fault::new(format!("extraVolumes[{index}]"), why))
    })
}

/// The field beside its name that a volume has.
fn kind_of(volume: &Volume) -> String {
    let value = serde_json::to_value(volume).unwrap_or_default();
    let fields = value.as_object().into_iter().flat_map(serde_json::Map::keys);
    fields.filter(|field| *field != "name").map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn check_mounts(envoy: &EnvoySettings) -> Result<(), Fault> {
    let is_there = |name: &str| envoy.extra_volumes.iter().any(|volume| volume.name == name);
    let names = envoy.extra_volume_mounts.iter().map(|mount| &mount.name).enumerate();
    let mut missing = names.filter(|(_, name)| !is_there(name));
    missing.next().map_or(Ok(()), |(index, name)| {
        let why = format!("found {name:?}, want the name of a volume in extraVolumes");
        Err(Fault::new(format!("extraVolumeMounts[{index}].name"), why))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn class(reference: &Value) -> GatewayClassSpec {
        from_value(json!({"controllerName": "a/b", "parametersRef": reference})).unwrap()
    }

    fn gateway(reference: &Value) -> GatewaySpec {
        from_value(json!({"infrastructure": {"parametersRef": reference}})).unwrap()
    }

    fn reference(namespace: Option<&str>) -> Value {
        json!({"group": "projectcontour.io", "kind": "ContourDeployment", "namespace": namespace, "name": "p"})
    }

    fn spec(envoy: &Value) -> ContourDeploymentSpec {
        from_value(json!({"envoy": envoy})).unwrap()
    }

    /// What there is to say of an object that a class and a Gateway name.
    fn judged(found: Option<&ContourDeploymentSpec>) -> [Result<(), String>; 2] {
        let (class, gateway) = (class(&reference(Some("ops"))), gateway(&reference(None)));
        let of_class = ParametersRef::of_class(&class).unwrap().unwrap();
        let of_gateway = ParametersRef::of_gateway("shop", &gateway).unwrap().unwrap();
        [of_class, of_gateway].map(|named| named.usable(found).map(drop).map_err(|why| why.to_string()))
    }

    #[test]
    fn who_names_no_contour_deployment_is_told_what_to_name() {
        let nothing = GatewayClassSpec::default();
        assert_eq!(ParametersRef::of_class(&nothing), Ok(None));
        assert_eq!(ParametersRef::of_gateway("shop", &GatewaySpec::default()), Ok(None));
        assert_eq!(
            ParametersRef::of_class(&class(&reference(None))).unwrap_err().to_string(),
            "spec.parametersRef.namespace: is missing, want that of ContourDeployment p"
        );
        let other = json!({"group": "", "kind": "ConfigMap", "namespace": "ops", "name": "p"});
        let found =
            "found \"ConfigMap\" of group \"\", want \"ContourDeployment\" of group \"projectcontour.io\"";
        assert_eq!(
            ParametersRef::of_class(&class(&other)).unwrap_err().to_string(),
            format!("spec.parametersRef: {found}")
        );
        assert_eq!(
            ParametersRef::of_gateway("shop", &gateway(&other)).unwrap_err().to_string(),
            format!("spec.infrastructure.parametersRef: {found}")
        );
    }

    #[test]
    fn an_object_that_is_not_there_is_missed_where_it_is_named() {
        let why = "is not there, or cannot be read; create it, or take the reference out";
        assert_eq!(
            judged(None),
            [
                Err(format!("spec.parametersRef: ContourDeployment ops/p {why}")),
                Err(format!("spec.infrastructure.parametersRef: ContourDeployment shop/p {why}")),
            ]
        );
    }

    #[test]
    fn words_and_mounts_that_are_not_known_are_named() {
        let refused = |envoy: Value| judged(Some(&spec(&envoy)))[0].clone().unwrap_err();
        assert_eq!(
            refused(json!({"workloadType": "Pod"})),
            "spec.parametersRef: ContourDeployment ops/p: spec.envoy.workloadType: found \"Pod\", want one of DaemonSet, \
             Deployment"
        );
        assert_eq!(
            refused(json!({"networkPublishing": {"type": "Nobody"}})),
            "spec.parametersRef: ContourDeployment ops/p: spec.envoy.networkPublishing.type: found \"Nobody\", want one of \
             LoadBalancerService, NodePortService, ClusterIPService"
        );
        assert_eq!(
            refused(json!({"extraVolumeMounts": [{"name": "a", "mountPath": "/a"}]})),
            "spec.parametersRef: ContourDeployment ops/p: spec.envoy.extraVolumeMounts[0].name: found \"a\", want the name \
             of a volume in extraVolumes"
        );
    }

    #[test]
    fn only_a_class_may_reach_into_the_machine() {
        let plain = spec(&json!({"extraVolumes": [{"name": "b", "emptyDir": {}}]}));
        assert_eq!(judged(Some(&plain)), [Ok(()), Ok(())]);
        let host = spec(&json!({"extraVolumes": [{"name": "a", "hostPath": {"path": "/"}}]}));
        let refused = "spec.infrastructure.parametersRef: ContourDeployment shop/p: spec.envoy.extraVolumes[0]: found a \
                       volume of type hostPath, want one of configMap, csi, downwardAPI, emptyDir, ephemeral, \
                       persistentVolumeClaim, projected, secret; others may be in the parameters of the class";
        assert_eq!(judged(Some(&host)), [Ok(()), Err(refused.to_owned())]);
    }

    #[test]
    fn what_is_said_of_a_controller_is_checked_and_only_a_class_may_name_namespaces() {
        let of =
            |contour: Value| -> ContourDeploymentSpec { from_value(json!({"contour": contour})).unwrap() };
        for (contour, why) in [
            (json!({"tenancy": "Own"}), "tenancy: found \"Own\", want one of Shared, Dedicated"),
            (json!({"logLevel": "trace"}), "logLevel: found \"trace\", want one of info, debug"),
            (
                json!({"disabledFeatures": ["tlsroutes", "httproutes"]}),
                "disabledFeatures[1]: found \"httproutes\", want one of grpcroutes, tlsroutes, extensionservices, \
                 backendtlspolicies",
            ),
        ] {
            let expected = format!("spec.parametersRef: ContourDeployment ops/p: spec.contour.{why}");
            assert_eq!(judged(Some(&of(contour)))[0], Err(expected));
        }
        let refused = "spec.infrastructure.parametersRef: ContourDeployment shop/p: spec.contour.watchNamespaces: found a, \
                       b, want none; namespaces beside the Gateway's own may be in the parameters of the class";
        let elsewhere = of(json!({"tenancy": "Dedicated", "watchNamespaces": ["a", "b"]}));
        assert_eq!(judged(Some(&elsewhere)), [Ok(()), Err(refused.to_owned())]);
    }

    #[test]
    fn a_class_keeps_what_its_parameters_say_of_its_gateways() {
        let named = class(&reference(Some("ops")));
        let said = |found: Option<&ContourDeploymentSpec>| {
            parameters_of_class(&named, |_| found).map(Gateways::said_by).map_err(|why| why.to_string())
        };
        assert_eq!(parameters_of_class(&GatewayClassSpec::default(), |_| None), Ok(None));
        assert_eq!(said(Some(&spec(&json!({"gateways": "Merged"})))), Ok(Gateways::Merged));
        assert_eq!(said(Some(&spec(&json!({})))), Ok(Gateways::Separate));
        assert_eq!(said(None).map_err(|why| why.contains("ops/p is not there")), Err(true));
        let kept = |annotations: Value| {
            Gateways::kept_by(&from_value(json!({"name": "c", "annotations": annotations})).unwrap())
        };
        assert_eq!(kept(json!({KEPT_GATEWAYS: "Merged"})), Gateways::Merged);
        for other in [json!({KEPT_GATEWAYS: "Separate"}), json!({KEPT_GATEWAYS: "all"}), Value::Null] {
            assert_eq!(kept(other), Gateways::Separate);
        }
    }

    #[test]
    fn gateways_that_share_envoys_cannot_have_controllers_of_their_own() {
        let of = |gateways: &str, tenancy: &str| -> ContourDeploymentSpec {
            let (envoy, contour) = (json!({"gateways": gateways}), json!({"tenancy": tenancy}));
            from_value(json!({"envoy": envoy, "contour": contour})).unwrap()
        };
        let refused = "spec.parametersRef: ContourDeployment ops/p: spec.contour.tenancy: found \"Dedicated\", want \
                       Shared, as spec.envoy.gateways is Merged; a Gateway may have a controller of its own where that \
                       is Separate";
        assert_eq!(judged(Some(&of("Merged", "Dedicated"))), [Err(refused.to_owned()), Ok(())]);
        for (gateways, tenancy) in [("Merged", "Shared"), ("Separate", "Dedicated")] {
            assert_eq!(judged(Some(&of(gateways, tenancy))), [Ok(()), Ok(())], "{gateways} {tenancy}");
        }
    }
}
