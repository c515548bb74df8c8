//! Messages as people read them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use envoy_protos::google::protobuf::Any;
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, FieldDescriptor, SerializeOptions};
use serde_json::Value;

use crate::any::pack;
use crate::{Resource, ResourceType};

/// A resource in protobuf's JSON, with Envoy's own spelling of fields and with `@type` first.
///
/// Messages within are expanded. Private keys are not shown: what this gives may be printed.
#[must_use]
pub fn to_json(resource: &Resource) -> Value {
    let mut json =
        render(&Any { type_url: resource.resource_type.type_url().to_owned(), value: resource.message() });
    if resource.resource_type == ResourceType::Secret {
        hide_key(&mut json);
    }
    json
}

/// A resource that came from elsewhere, in the same form.
///
/// # Errors
/// When it is of no type that Envoy has, or not what it says.
pub fn received(any: &Any) -> Result<Value, String> {
    let mut json = try_render(any)?;
    hide_key(&mut json);
    Ok(json)
}

/// Any message, in the same form (a bootstrap, say); for messages without keys.
#[must_use]
pub fn message_to_json<M: Message + Name>(message: &M) -> Value {
    let mut json = render(&pack(message));
    if let Some(fields) = json.as_object_mut() {
        fields.shift_remove("@type");
    }
    json
}

fn render(any: &Any) -> Value {
    try_render(any).expect("the descriptors hold every type that is encoded here")
}

fn try_render(any: &Any) -> Result<Value, String> {
    let descriptor = envoy_protos::descriptors()
        .get_message_by_name(&Any::full_name())
        .expect("the descriptors hold the well-known types");
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(true);
    let message = DynamicMessage::decode(descriptor, any.encode_to_vec().as_slice());
    let message = message.map_err(|error| error.to_string())?;
    let json = message.serialize_with_options(serde_json::value::Serializer, &options);
    let mut json = json.map_err(|error| error.to_string())?;
    sort_maps(&mut json);
    Ok(json)
}

/// Fields that are maps in some message: their order is nobody's, and what is printed must not change.
static MAPS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let fields =
        envoy_protos::descriptors().all_messages().flat_map(|message| message.fields().collect::<Vec<_>>());
    fields.filter(FieldDescriptor::is_map).map(|field| field.name().to_owned()).collect()
});

fn sort_maps(json: &mut Value) {
    match json {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let (true, Value::Object(map)) = (MAPS.contains(name), &mut *value) {
                    map.sort_keys();
                }
                sort_maps(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(sort_maps),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn hide_key(secret: &mut Value) {
    if let Some(key) = secret.pointer_mut("/tls_certificate/private_key") {
        *key = serde_json::json!({ "inline_string": "[redacted]" });
    }
}
