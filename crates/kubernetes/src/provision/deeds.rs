//! What is done for one fleet: objects are applied one after the other, then those that are not wanted go.

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use model::{FleetOwner, GatewayName};
use provisioner::{ChildId, MANAGER, Plan, made_for};
use serde_json::Value;

use super::sources::{Source, child, resource};

/// An object to apply.
pub(super) struct Deed {
    pub(super) object: Value,
    /// Whether it is there already: then it is one of those that were made here.
    pub(super) is_there: bool,
}

/// What came of it.
pub(super) struct Done {
    pub(super) owner: FleetOwner,
    /// What was applied, and what the API server made of it.
    pub(super) settled: Vec<(Value, Value)>,
    pub(super) result: Result<(), Failure>,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Somebody else's object has the name.
    #[error(
        "{kind} {name}: is there already and was not made for {owner}; delete it, or give that another name"
    )]
    Taken { kind: &'static str, name: String, owner: FleetOwner },
    /// The API server refuses, or is away.
    #[error("{kind} {name}: {why}")]
    Refused { kind: &'static str, name: String, why: Box<kube::Error> },
}

/// What is to be done, in this order.
pub(super) struct Deeds {
    /// What is merged into the Gateway, or into the class.
    pub(super) sign: Option<Value>,
    pub(super) apply: Vec<Deed>,
    pub(super) delete: Vec<ChildId>,
}

pub(super) async fn carry_out(client: Client, owner: FleetOwner, deeds: Deeds) -> Done {
    let Deeds { sign, apply: wanted, delete: unwanted } = deeds;
    let mut settled = Vec::new();
    let result = async {
        let signed = match &sign {
            Some(sign) => merge(&client, &owner, sign).await,
            None => Ok(()),
        };
        let mut refused = match (signed, &owner) {
            (Err(failure), FleetOwner::Gateway(_)) => return Err(failure),
            // Envoys do not wait for a sign that is for later.
            (signed, _) => signed.err(),
        };
        for deed in wanted {
            match apply(&client, &owner, &deed).await {
                Ok(object) => settled.push((deed.object, object)),
                // Nothing may lean on somebody else's object.
                Err(taken @ Failure::Taken { .. }) => return Err(taken),
                // One port that a load balancer cannot have keeps no Envoy from being there.
                Err(failure @ Failure::Refused { .. }) => drop(refused.get_or_insert(failure)),
            }
        }
        refused.map_or(Ok(()), Err)?;
        // What is to go has something in its place by now.
        for id in unwanted {
            delete(&client, &id).await?;
        }
        Ok::<_, Failure>(())
    };
    let result = result.await;
    Done { owner, settled, result }
}

/// What a plan asks for.
pub(super) fn deeds(plan: Plan, is_there: impl Fn(&Value) -> bool) -> Deeds {
    let deed = |object: Value| Deed { is_there: is_there(&object), object };
    let Plan { sign, apply, delete } = plan;
    Deeds { sign, apply: apply.into_iter().map(deed).collect(), delete }
}

fn objects(client: &Client, id: &ChildId) -> Api<DynamicObject> {
    let (client, resource) = (client.clone(), resource(id.kind));
    match id.kind.is_of_cluster() {
        true => Api::all_with(client, &resource),
        false => Api::namespaced_with(client, &id.namespace, &resource),
    }
}

async fn merge(client: &Client, owner: &FleetOwner, sign: &Value) -> Result<(), Failure> {
    let client = client.clone();
    let (kind, name, objects): (_, _, Api<DynamicObject>) = match owner {
        FleetOwner::Gateway(GatewayName { namespace, name }) => {
            ("Gateway", name, Api::namespaced_with(client, namespace, &Source::Gateways.resource()))
        }
        FleetOwner::Class(name) => ("GatewayClass", name, Api::all_with(client, &Source::Classes.resource())),
    };
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let merged = objects.patch_metadata(name, &params, &Patch::Merge(sign)).await;
    merged.map(drop).map_err(refused(kind, name))
}

async fn apply(client: &Client, owner: &FleetOwner, deed: &Deed) -> Result<Value, Failure> {
    let Some(id) = ChildId::of(&deed.object) else { return Ok(Value::Null) };
    let objects = objects(client, &id);
    let ChildId { kind, namespace, name } = id;
    let refused = refused(kind.name(), &name);
    if !deed.is_there {
        let found = objects.get_metadata_opt(&name).await.map_err(&refused)?;
        if found.is_some_and(|found| made_for(&found.metadata, &namespace).as_ref() != Some(owner)) {
            return Err(Failure::Taken { kind: kind.name(), name, owner: owner.clone() });
        }
    }
    let params = PatchParams::apply(MANAGER).force();
    let applied = objects.patch(&name, &params, &Patch::Apply(&deed.object)).await;
    Ok(child(applied.map_err(refused)?, kind))
}

async fn delete(client: &Client, id: &ChildId) -> Result<(), Failure> {
    match objects(client, id).delete(&id.name, &DeleteParams::background()).await {
        Err(kube::Error::Api(refusal)) if refusal.code == 404 => Ok(()),
        answer => answer.map(drop).map_err(refused(id.kind.name(), &id.name)),
    }
}

fn refused(kind: &'static str, name: &str) -> impl Fn(kube::Error) -> Failure + use<> {
    let name = name.to_owned();
    move |why| Failure::Refused { kind, name: name.clone(), why: Box::new(why) }
}
