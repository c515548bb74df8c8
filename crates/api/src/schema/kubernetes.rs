//! Schemas of structures that Kubernetes defines and our kinds contain.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// A quantity such as `500m` or `1Gi`.
const QUANTITY: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

/// What a container needs and may use.
pub(crate) fn resources(_: &mut SchemaGenerator) -> Schema {
    let quantity = json!({
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "pattern": QUANTITY,
        "x-kubernetes-int-or-string": true,
    });
    let quantities =
        |about: &str| json!({"description": about, "type": "object", "additionalProperties": quantity});
    let claim = structure(
        &json!({"name": text("The claim of the Pod."), "request": text("One of its requests.")}),
        &["name"],
    );
    json_schema!({
        "type": "object",
        "properties": {
            "claims": {
                "description": "Claims of the Pod that the container uses.",
                "type": "array",
                "items": claim,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
            "limits": quantities("At most."),
            "requests": quantities("At least."),
        },
    })
}

/// How Pods are replaced, by a Deployment or a DaemonSet.
pub(crate) fn rollout(_: &mut SchemaGenerator) -> Schema {
    let share = |about: &str| {
        json!({
            "description": about,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": true,
        })
    };
    let rolling = structure(
        &json!({
            "maxSurge": share("Pods above the wanted number, or percent of it."),
            "maxUnavailable": share("Pods below the wanted number, or percent of it."),
        }),
        &[],
    );
    json_schema!({
        "type": "object",
        "properties": {"type": text("The strategy."), "rollingUpdate": rolling},
    })
}

/// Texts by name: how many there may be, and how long each.
pub(crate) fn texts(most: u64, longest: u64) -> Schema {
    let text = json!({"type": "string", "maxLength": longest});
    json_schema!({"type": "object", "maxProperties": most, "additionalProperties": text})
}

/// Labels that something must have.
pub(crate) fn selector(_: &mut SchemaGenerator) -> Schema {
    let expression = structure(
        &json!({
            "key": text("The label."),
            "operator": text("In, NotIn, Exists, DoesNotExist."),
            "values": {"description": "For In and NotIn.", "type": "array", "items": {"type": "string"}},
        }),
        &["key", "operator"],
    );
    let labels = json!({
        "description": "Labels with these values.",
        "type": "object",
        "additionalProperties": {"type": "string"},
    });
    let expressions = json!({"description": "More about labels.", "type": "array", "items": expression});
    json_schema!({
        "type": "object",
        "properties": {"matchLabels": labels, "matchExpressions": expressions},
    })
}

/// Taints that do not matter.
pub(crate) fn tolerations(_: &mut SchemaGenerator) -> Schema {
    let toleration = structure(
        &json!({
            "key": text("The taint; empty: all."),
            "operator": text("Exists, or Equal (default)."),
            "value": text("Its value."),
            "effect": text("NoSchedule, PreferNoSchedule, NoExecute; empty: all."),
            "tolerationSeconds": {"description": "For how long.", "type": "integer", "format": "int64"},
        }),
        &[],
    );
    json_schema!({"type": "array", "items": toleration})
}

/// Volumes of a Pod. Their sources are many, and checked when the Pod is made.
pub(crate) fn volumes(_: &mut SchemaGenerator) -> Schema {
    let mut volume = structure(&json!({"name": text("Its name in the Pod.")}), &["name"]);
    volume["x-kubernetes-preserve-unknown-fields"] = json!(true);
    json_schema!({"type": "array", "items": volume})
}

/// Where volumes are mounted.
pub(crate) fn volume_mounts(_: &mut SchemaGenerator) -> Schema {
    let mount = structure(
        &json!({
            "name": text("The volume."),
            "mountPath": text("Where in the container; without a colon."),
            "subPath": text("A part of the volume."),
            "subPathExpr": text("The same, with variables of the environment."),
            "readOnly": {"description": "Not for writing; false.", "type": "boolean"},
            "recursiveReadOnly": text("Disabled (default), IfPossible, Enabled."),
            "mountPropagation": text("How mounts are shared with the node."),
        }),
        &["mountPath", "name"],
    );
    json_schema!({"type": "array", "items": mount})
}

fn text(about: &str) -> Value {
    json!({"description": about, "type": "string"})
}

fn structure(properties: &Value, required: &[&str]) -> Value {
    match required {
        [] => json!({"type": "object", "properties": properties}),
        required => json!({"type": "object", "properties": properties, "required": required}),
    }
}
