//! What is done for one fleet: objects are applied one after the other, then those that are not wanted go.

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use model::FleetOwner;
use provisioner::{ChildId, ChildKind, MANAGER, Plan, made_for};
use serde_json::Value;

use super::sources::{child, resource};

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

pub(super) async fn carry_out(
    client: Client,
    owner: FleetOwner,
    deeds: Vec<Deed>,
    unwanted: Vec<ChildId>,
) -> Done {
    let mut settled = Vec::new();
    let result = async {
        for deed in deeds {
            let object = apply(&client, &owner, &deed).await?;
            settled.push((deed.object, object));
        }
        // What is to go has something in its place by now.
        for id in unwanted {
            delete(&client, &id).await?;
        }
        Ok::<_, Failure>(())
    };
    let result = result.await;
    Done { owner, settled, result }
}

/// Splits a plan into deeds and deletions.
pub(super) fn deeds(plan: Plan, is_there: impl Fn(&Value) -> bool) -> (Vec<Deed>, Vec<ChildId>) {
    let deed = |object: Value| Deed { is_there: is_there(&object), object };
    (plan.apply.into_iter().map(deed).collect(), plan.delete)
}

async fn apply(client: &Client, owner: &FleetOwner, deed: &Deed) -> Result<Value, Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &deed.object["metadata"];
    let (kind, namespace, name) =
        (text(&deed.object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]));
    let Some(kind) = ChildKind::all().find(|each| each.name() == kind) else { return Ok(Value::Null) };
    let objects: Api<DynamicObject> = Api::namespaced_with(client.clone(), &namespace, &resource(kind));
    let refused = refused(kind, &name);
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
    let objects: Api<DynamicObject> = Api::namespaced_with(client.clone(), &id.namespace, &resource(id.kind));
    match objects.delete(&id.name, &DeleteParams::background()).await {
        Err(kube::Error::Api(refusal)) if refusal.code == 404 => Ok(()),
        answer => answer.map(drop).map_err(refused(id.kind, &id.name)),
    }
}

fn refused(kind: ChildKind, name: &str) -> impl Fn(kube::Error) -> Failure + use<> {
    let (kind, name) = (kind.name(), name.to_owned());
    move |why| Failure::Refused { kind, name: name.clone(), why: Box::new(why) }
}
