//! Puts a filter into the resources of a layout: what a policy does, for hosts that can have none. When there is a policy
//! it takes this one's place, and the matrix stays.

use envoy::{Output, OwnName, References, Resource, ResourceType};
use envoy_protos::google::protobuf::Any;
use harness::Edit;
use prost::Name;
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};

use super::filters::{AUTHORIZATION_CLUSTER, Filter};

/// The filter's name in the chain: no other is called so.
const NAME: &str = "test.guard";

/// How a filter comes into force for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The filter is there, and a message of its own tells it what to do: the rule of this project.
    Message,
    /// A route switches the filter on: what must never be done.
    Switch,
}

/// A filter in front of some hosts.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) filter: Filter,
    pub(super) by: By,
    /// The names of virtual hosts.
    pub(super) hosts: &'static [&'static str],
    /// The prefixes of the routes that it leaves alone.
    pub(super) open: &'static [&'static str],
    /// The port of the authorization service.
    pub(super) authorization: u16,
}

impl Edit for Guarded {
    fn outputs(&self, outputs: Vec<Output>) -> Vec<Output> {
        outputs.into_iter().flat_map(|output| self.output(output)).collect()
    }
}

impl Guarded {
    /// The cluster comes with the listener that is there from the start.
    fn output(&self, output: Output) -> Vec<Output> {
        match output {
            Output::Set(resource) => {
                let cluster = (&*resource.name == "ingress_http" && resource.resource_type == LISTENER)
                    .then(|| Output::Set(self.cluster()));
                cluster.into_iter().chain([Output::Set(self.resource(resource))]).collect()
            }
            removed @ Output::Remove(..) => vec![removed],
        }
    }

    fn resource(&self, resource: Resource) -> Resource {
        match resource.resource_type {
            ResourceType::Listener
            | ResourceType::RouteConfiguration
            | ResourceType::ScopedRouteConfiguration => {
                let mut json = envoy::to_json(&resource);
                self.walk(&mut json);
                Resource { body: encode(json).into(), own_name: OwnName::InBody, ..resource }
            }
            _ => resource,
        }
    }

    fn walk(&self, json: &mut Value) {
        match json {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.field(name, value);
                    self.walk(value);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.walk(value)),
            _ => {}
        }
    }

    fn field(&self, name: &str, value: &mut Value) {
        let Value::Array(values) = value else { return };
        match name {
            "http_filters" => self.insert(values),
            "upgrade_configs" => {
                let filters =
                    values.iter_mut().filter_map(|config| config.get_mut("filters")?.as_array_mut());
                filters.for_each(|filters| self.insert(filters));
            }
            "virtual_hosts" => values.iter_mut().for_each(|host| self.virtual_host(host)),
            _ => {}
        }
    }

    /// Behind our own filters, where those of features are.
    fn insert(&self, filters: &mut Vec<Value>) {
        let is_ours =
            |filter: &Value| filter["name"].as_str().is_some_and(|name| name.starts_with("isobath."));
        let behind = filters.iter().rposition(is_ours).map_or(0, |position| position + 1);
        let mut filter = json!({"name": NAME, "typed_config": self.filter.config});
        if self.by == By::Switch {
            filter["disabled"] = true.into();
        }
        filters.insert(behind, filter);
    }

    fn virtual_host(&self, host: &mut Value) {
        let is_guarded = host["name"].as_str().is_some_and(|name| self.hosts.contains(&name));
        self.set(host, is_guarded);
        for route in host.get_mut("routes").and_then(Value::as_array_mut).into_iter().flatten() {
            let prefix = ["prefix", "path_separated_prefix"].map(|field| route["match"][field].as_str());
            if prefix.into_iter().flatten().any(|prefix| self.open.contains(&prefix)) {
                self.set(route, false);
            }
        }
    }

    fn set(&self, message: &mut Value, is_guarded: bool) {
        let config = match (is_guarded, self.by) {
            (true, _) => &self.filter.on,
            (false, By::Message) => &self.filter.off,
            (false, By::Switch) => return,
        };
        message["typed_per_filter_config"][NAME] = config.clone();
    }

    fn cluster(&self) -> Resource {
        let address = json!({"address": "127.0.0.1", "port_value": self.authorization});
        let endpoint = json!({"endpoint": {"address": {"socket_address": address}}});
        let cluster = json!({
            "@type": ResourceType::Cluster.type_url(),
            "name": AUTHORIZATION_CLUSTER,
            "type": "STATIC",
            "load_assignment": {
                "cluster_name": AUTHORIZATION_CLUSTER,
                "endpoints": [{"lb_endpoints": [endpoint]}],
            },
        });
        Resource {
            resource_type: ResourceType::Cluster,
            name: AUTHORIZATION_CLUSTER.into(),
            body: encode(cluster).into(),
            own_name: OwnName::InBody,
            refs: References::default(),
            warming: envoy::Warming::Quick,
            is_shared: false,
        }
    }
}

const LISTENER: ResourceType = ResourceType::Listener;

/// The bytes of a message with its `@type`.
fn encode(json: Value) -> prost::bytes::Bytes {
    let descriptor = envoy_protos::descriptors().get_message_by_name(&Any::full_name()).unwrap();
    let message = DynamicMessage::deserialize(descriptor, json);
    message.unwrap().transcode_to::<Any>().unwrap().value
}
