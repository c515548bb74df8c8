//! The leading controller is killed: another one leads, and Envoys are sent nothing that they have.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use isobath_cluster_tests::eventually;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use testbed::Bed;
use testkit::{ClientTls, Request, Stats, Trust};

use crate::controller::certificates;
use crate::install::{Condition, NAMESPACE, condition, pods};
use crate::objects::{http_proxy, pair, secret};
use crate::rollouts::{all_is_served, installed, loads};
use crate::statuses::{apply, becomes};

const LEASE: &str = "leader-elect";
/// What Envoy calls the controllers in its statistics.
const CONTROLLERS: &str = "cluster.isobath_isobath_8001.";
/// The resource of a host, and where Envoy counts updates of hosts on plain HTTP.
const HOSTS: &str = "ScopedRouteConfiguration";
const UPDATES_OF_HOSTS: &str = "http.ingress_http.scoped_rds.scopes.update_success";

fn address(pod: &Pod) -> String {
    pod.status.as_ref().and_then(|status| status.pod_ip.clone()).unwrap()
}

/// A page of figures that a pod serves.
async fn page(pod: &Pod, port: u16, path: &str) -> Result<String, String> {
    let at: SocketAddr = format!("{}:{port}", address(pod)).parse().unwrap();
    let answer = Request::get(at, "localhost", path).send().await.map_err(|error| error.to_string())?;
    if answer.code() == 200 { Ok(answer.text()) } else { Err(answer.text()) }
}

async fn statistics(envoys: &[Pod]) -> Vec<Stats> {
    let mut all = Vec::new();
    for envoy in envoys {
        all.push(Stats::parse(&page(envoy, 8002, "/stats").await.unwrap()));
    }
    all
}

/// The figures of one metric of a controller, by the value of the label that tells them apart.
async fn metric(controller: &Pod, name: &str, label: &str) -> Result<BTreeMap<String, u64>, String> {
    let text = page(controller, 8000, "/metrics").await?;
    let figures = text.lines().filter_map(|line| {
        let (labels, figure) = line.strip_prefix(name)?.strip_prefix('{')?.rsplit_once("} ")?;
        let (_, value) = labels.split_once(&format!("{label}=\""))?;
        Some((value.split('"').next()?.to_owned(), figure.parse().ok()?))
    });
    Ok(figures.collect())
}

/// How many Envoys a controller feeds, all of which have everything.
async fn fed(controller: &Pod) -> Result<usize, String> {
    let behind = metric(controller, "isobath_envoy_lag", "node").await?;
    if behind.values().all(|lag| *lag == 0) { Ok(behind.len()) } else { Err(format!("{behind:?}")) }
}

/// How many responses a controller has sent to Envoys, by the type of their resources.
async fn sent(controller: &Pod) -> BTreeMap<String, u64> {
    metric(controller, "isobath_xds_responses_total", "type").await.unwrap()
}

/// Which of the controllers leads, and the other one.
async fn by_role(bed: &Bed) -> [Pod; 2] {
    let leases: Api<Lease> = Api::namespaced(bed.client.clone(), NAMESPACE);
    eventually("one of two controllers leads", async || {
        let lease = leases.get(LEASE).await.map_err(|error| error.to_string())?;
        let holder = lease.spec.and_then(|spec| spec.holder_identity).unwrap_or_default();
        let leads = |pod: &Pod| holder.split('_').next() == Some(&*pod.name_any());
        let (leading, others): (Vec<_>, Vec<_>) = pods(bed, "controller").await.into_iter().partition(leads);
        match <[Pod; 2]>::try_from([leading, others].concat()) {
            Ok(both) if leads(&both[0]) => Ok(both),
            _ => Err(format!("{holder} leads")),
        }
    })
    .await
}

/// Waits until each controller feeds Envoys. Chance decides where an Envoy goes, and decides again when it is started
/// again.
async fn both_feed(bed: &Bed, controllers: &[Pod; 2], envoys: &[Pod]) {
    eventually("each controller feeds Envoys", async || {
        let [first, second] = [fed(&controllers[0]).await?, fed(&controllers[1]).await?];
        if first + second == envoys.len() && first.min(second) == 0 {
            bed.cluster.kill(&envoys[0], "envoy").map_err(|error| error.to_string())?;
        }
        if first + second == envoys.len() && first.min(second) > 0 {
            Ok(())
        } else {
            Err(format!("{first} and {second}"))
        }
    })
    .await;
}

/// A host with a certificate, so that Envoys have resources of all types.
async fn served_by_tls(bed: &Bed, entrance: SocketAddr) {
    apply(bed, &secret("certificate", "kubernetes.io/tls", &pair(&certificates(0).server))).await;
    let (tls, route) =
        (json!({"tls": {"secretName": "certificate"}}), json!({"services": [{"name": "echo", "port": 80}]}));
    apply(bed, &http_proxy("safe", tls, &route)).await;
    let at = SocketAddr::new(entrance.ip(), 443);
    let request = Request::get(at, "safe.example", "/").tls(ClientTls::new("safe.example", &Trust::Anything));
    eventually("the host is served by TLS", async || {
        let answer = request.send().await.map_err(|error| error.to_string())?;
        if answer.code() == 200 { Ok(()) } else { Err(answer.code().to_string()) }
    })
    .await;
    is_programmed(bed, "httpproxy/safe").await;
}

async fn is_programmed(bed: &Bed, object: &str) {
    let programmed = Condition { status: "True".to_owned(), reason: "Programmed".to_owned(), generation: 1 };
    becomes("its status says that it is served", Some(programmed), async || {
        condition(bed, object, "Programmed").await
    })
    .await;
}

/// What the controllers wrote of the Lease and of the status of an object: who, by address, and what, each when it was
/// first.
fn written(audit: &str, object: &str) -> Vec<(String, &'static str)> {
    let mut written = Vec::new();
    // The last line may be on its way.
    for event in audit.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let what =
            match (text("/objectRef/resource"), text("/objectRef/subresource"), text("/objectRef/name")) {
                ("leases", "", LEASE) => "Lease",
                ("httpproxies", "status", name) if name == object => "status",
                _ => continue,
            };
        let is_write = ["create", "update", "patch"].contains(&text("/verb"));
        let is_done =
            event.pointer("/responseStatus/code").and_then(Value::as_u64).is_some_and(|code| code < 300);
        let one = (text("/sourceIPs/0").to_owned(), what);
        if is_write && is_done && !written.contains(&one) {
            written.push(one);
        }
    }
    written
}

/// The connections and streams that an Envoy has opened to controllers.
fn opened(stats: &Stats) -> [u64; 2] {
    ["upstream_cx_total", "upstream_rq_total"].map(|name| stats.get(&format!("{CONTROLLERS}{name}")))
}

/// The updates that an Envoy has taken since: of what, and how many.
fn taken(now: &Stats, before: &Stats) -> BTreeSet<(String, u64)> {
    let changed = now.since(before).into_iter();
    // The names of controllers are looked up again and again.
    let updates =
        changed.filter(|(name, ..)| name.ends_with(".update_success") && !name.starts_with(CONTROLLERS));
    updates.map(|(name, before, now)| (name, now - before)).collect()
}

#[test]
fn when_the_leader_is_killed_another_leads_and_envoys_are_sent_only_what_is_new() {
    testbed::test_alone("shop", async |bed| {
        let entrance = installed(bed, 2).await;
        served_by_tls(bed, entrance).await;
        let (controllers, envoys) = (by_role(bed).await, pods(bed, "envoy").await);
        both_feed(bed, &controllers, &envoys).await;
        let [leader, other] = &controllers;
        let (kept, had) = (fed(other).await.unwrap(), sent(other).await);
        let before = statistics(&envoys).await;
        let loads = loads(entrance);

        // What the node starts in its place cannot come to the API server, so that nobody but the other can lead.
        bed.cluster.cut_off(&address(leader)).unwrap();
        bed.cluster.kill(leader, "isobath").unwrap();
        let late = http_proxy("late", json!({}), &json!({"directResponsePolicy": {"statusCode": 299}}));
        apply(bed, &late).await;
        is_programmed(bed, "httpproxy/late").await;
        becomes("the other feeds all Envoys", Ok(envoys.len()), async || fed(other).await).await;
        all_is_served(loads).await;

        let by = [leader, other].map(address);
        let in_order = [(&by[0], "Lease"), (&by[1], "Lease"), (&by[1], "status")];
        let in_order = in_order.map(|(who, what)| (who.clone(), what));
        assert_eq!(written(&bed.cluster.audit().unwrap(), "late"), in_order);
        let mut expected = had;
        *expected.entry(HOSTS.to_owned()).or_default() += 3;
        assert_eq!(sent(other).await, expected, "the new host goes to each Envoy, and nothing else to any");
        let after = statistics(&envoys).await;
        let one_host = BTreeSet::from([(UPDATES_OF_HOSTS.to_owned(), 1)]);
        for (now, before) in after.iter().zip(&before) {
            assert_eq!(taken(now, before), one_host);
        }
        let unmoved = after.iter().zip(&before).filter(|(now, before)| opened(now) == opened(before));
        assert_eq!(unmoved.count(), kept, "who was with the other stays on the connection and the stream");
    });
}
