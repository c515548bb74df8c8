//! Many objects at once: what their owners are told, and what it costs the API server.

use std::collections::BTreeMap;
use std::time::Instant;

use futures::StreamExt as _;
use isobath_cluster_tests::eventually;
use kube::api::{DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use testbed::{Bed, Mode};
use testkit::Request;

use crate::install::{MANIFESTS, OBJECTS, address, is_installed, kubectl};

/// Of an ordinary run; `ISOBATH_TEST_CASES_FACTOR` multiplies it.
const OBJECTS_AT_ONCE: usize = 200;
const AT_MOST: usize = 5_000;
/// What all controllers may ask for beside statuses, however many objects there are: events, watches that begin anew.
const OTHER_CALLS: usize = 50;

fn count() -> usize {
    let factor = std::env::var("ISOBATH_TEST_CASES_FACTOR").ok().and_then(|factor| factor.parse().ok());
    (OBJECTS_AT_ONCE * factor.unwrap_or(1)).min(AT_MOST)
}

fn proxy(number: usize) -> Value {
    json!({
        "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy", "metadata": {"name": format!("flood-{number}")},
        "spec": {
            "virtualhost": {"fqdn": format!("flood-{number}.example")},
            "routes": [{"services": [{"name": "echo", "port": 80}]}],
        },
    })
}

/// Whether its status says that Envoys have it.
fn is_programmed(proxy: &DynamicObject) -> bool {
    let conditions = proxy.data.pointer("/status/conditions").and_then(Value::as_array);
    let holds = |name: &str| {
        conditions
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == name && condition["status"] == "True")
    };
    holds("Valid") && holds("Programmed")
}

/// How many of the calls of controllers wrote a status of a flooding object, and how many were others, of which kinds. What
/// is asked for again and again as time goes by is left out: leases, and kinds that the server does not have.
fn calls(audit: &str) -> (usize, BTreeMap<String, usize>) {
    let events = audit.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_controllers =
        events.filter(|event| event["user"]["username"] == "system:serviceaccount:isobath:isobath");
    let is_status = |event: &Value| {
        let object = &event["objectRef"];
        let name = object["name"].as_str().unwrap_or_default();
        object["subresource"] == "status" && name.starts_with("flood-")
    };
    let is_of_time = |event: &Value| {
        let is_absent = event["verb"] == "watch" && event["responseStatus"]["code"] == 404;
        is_absent || event["objectRef"]["resource"] == "leases"
    };
    let (statuses, others): (Vec<_>, Vec<_>) =
        of_controllers.filter(|event| !is_of_time(event)).partition(is_status);
    let mut kinds = BTreeMap::new();
    for event in others {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let object = &event["objectRef"];
        let kind = [&event["verb"], &object["resource"], &object["subresource"]].map(word).join(" ");
        *kinds.entry(kind).or_default() += 1;
    }
    (statuses.len(), kinds)
}

async fn apply_all(bed: &Bed, count: usize) {
    let applied = (0..count).map(|number| async move {
        bed.objects.apply_one(&proxy(number), Mode::Keep).await.unwrap();
    });
    futures::stream::iter(applied).buffer_unordered(16).collect::<()>().await;
}

#[test]
fn many_objects_are_told_that_envoys_have_them_in_few_writes() {
    testbed::test_alone("shop", async |bed| {
        kubectl(bed, &["apply", "--server-side", "--filename", MANIFESTS]).await;
        is_installed(bed).await;
        bed.objects.apply(OBJECTS).await.unwrap();
        let (_, before) = calls(&bed.cluster.audit().unwrap());

        let (count, begin) = (count(), Instant::now());
        apply_all(bed, count).await;
        let applied = begin.elapsed();
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("projectcontour.io", "v1", "HTTPProxy"));
        let proxies: Api<DynamicObject> = Api::namespaced_with(bed.client.clone(), &bed.namespace, &kind);
        eventually("all are programmed", async || {
            let all = proxies.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
            let floods = all.items.iter().filter(|proxy| proxy.name_any().starts_with("flood-"));
            let done = floods.filter(|proxy| is_programmed(proxy)).count();
            if done == count { Ok(()) } else { Err(format!("{done} of {count}")) }
        })
        .await;
        println!(
            "{count} objects: applied in {applied:?}, all programmed {:?} later",
            begin.elapsed() - applied
        );

        let last = format!("flood-{}.example", count - 1);
        let answer = Request::get(address(bed).await, &last, "/").send().await.unwrap();
        assert_eq!(answer.code(), 200);
        let (statuses, after) = calls(&bed.cluster.audit().unwrap());
        println!("{statuses} writes of statuses");
        // One, and a second where Envoy's acknowledgement came after the writer had waited long enough for it.
        assert!((count..=2 * count).contains(&statuses), "{statuses} writes for {count} objects");
        let others = after.values().sum::<usize>() - before.values().sum::<usize>();
        assert!(others <= OTHER_CALLS, "{others} other calls: {after:?}, before: {before:?}");
    });
}
