//! What stands in the status of each kind.

use isobath_status::{Input, Kind, service_addresses};
use model::{Problem, Verdict};
use serde_json::{Value, json};

use crate::world::{World, acknowledged, addresses, applied, error, proxy, target, warning};

const BEGIN: &str = "2026-01-01T00:00:00Z";

/// Those whose configuration no Envoy acknowledges.
const OTHERS: [(Kind, &str); 4] = [
    (Kind::TlsCertificateDelegation, "TLSCertificateDelegation"),
    (Kind::HeptioCertificateDelegation, "TLSCertificateDelegation"),
    (Kind::ExtensionService, "ExtensionService"),
    (Kind::ContourConfiguration, "ContourConfiguration"),
];

/// What the status of a new object says in the end, when all Envoys have acknowledged its configuration.
fn status(kind: Kind, verdict: Verdict, problems: Vec<Problem>) -> Value {
    let mut world = World::new();
    let target = target(kind, "web");
    world.apply(&target);
    world.tell(acknowledged(1));
    world.say(&target, verdict, problems, 1);
    world.settle();
    world.cluster.status(&target)
}

fn programmed(status: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": "Programmed",
        "status": status,
        "observedGeneration": 1,
        "lastTransitionTime": BEGIN,
        "reason": reason,
        "message": message,
    })
}

fn valid(kind: &str) -> Value {
    json!({
        "type": "Valid",
        "status": "True",
        "observedGeneration": 1,
        "lastTransitionTime": BEGIN,
        "reason": "Valid",
        "message": format!("Valid {kind}"),
    })
}

/// Proves HTTPProxy status.currentStatus, HTTPProxy status.description, HTTPProxy status.conditions.
/// Proves HTTPProxy status.conditions[].type, HTTPProxy status.conditions[].status.
/// Proves HTTPProxy status.conditions[].reason, HTTPProxy status.conditions[].message.
/// Proves HTTPProxy status.conditions[].observedGeneration, HTTPProxy status.conditions[].lastTransitionTime.
#[test]
fn a_valid_proxy_says_so_in_contours_words_and_that_envoys_have_it() {
    let wanted = json!({
        "currentStatus": "valid",
        "description": "Valid HTTPProxy",
        "conditions": [
            valid("HTTPProxy"),
            programmed("True", "Programmed", "Acknowledged by all connected Envoys"),
        ],
    });
    assert_eq!(status(Kind::HttpProxy, Verdict::Valid, vec![]), wanted);
}

/// Proves HTTPProxy status.conditions[].errors, HTTPProxy status.conditions[].errors[].type.
/// Proves HTTPProxy status.conditions[].errors[].status, HTTPProxy status.conditions[].errors[].reason.
/// Proves HTTPProxy status.conditions[].errors[].message, HTTPProxy status.conditions[].warnings.
#[test]
fn an_invalid_proxy_lists_errors_and_warnings_in_the_order_in_which_they_were_found() {
    let unresolved = "Spec.Routes unresolved service reference: service \"shop/a\" not found";
    let problems = vec![error(unresolved), warning("ignored"), error("second")];
    let entry = |kind: &str, reason: &str, message: &str| {
        let message = format!("{message} (spec.routes[0].services[0])");
        json!({"type": kind, "status": "True", "reason": reason, "message": message})
    };
    let of_service = |message| entry("ServiceError", "ServiceUnresolvedReference", message);
    let several = "At least one error present, see Errors for details";
    let wanted = json!({
        "currentStatus": "invalid",
        "description": several,
        "conditions": [
            {
                "type": "Valid",
                "status": "False",
                "observedGeneration": 1,
                "lastTransitionTime": BEGIN,
                "reason": "ErrorPresent",
                "message": several,
                "errors": [of_service(unresolved), of_service("second")],
                "warnings": [entry("SpecError", "IgnoredField", "ignored")],
            },
            programmed("False", "Invalid", "See the condition Valid"),
        ],
    });
    assert_eq!(status(Kind::HttpProxy, Verdict::Invalid, problems), wanted);
}

#[test]
fn warnings_leave_a_proxy_valid() {
    let status = status(Kind::HttpProxy, Verdict::Valid, vec![warning("ignored")]);
    let condition = &status["conditions"][0];
    assert_eq!((&status["currentStatus"], &condition["status"]), (&json!("valid"), &json!("True")));
    assert_eq!(condition["warnings"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_orphan_is_described_by_what_it_lacks() {
    let words = "this HTTPProxy is not part of a delegation chain from a root HTTPProxy";
    let orphaned = Problem { kind: "Orphaned", reason: "Orphaned", path: String::new(), ..error(words) };
    let status = status(Kind::HttpProxy, Verdict::Orphaned, vec![orphaned]);
    assert_eq!((&status["currentStatus"], &status["description"]), (&json!("orphaned"), &json!(words)));
}

/// Proves IngressRoute status.currentStatus, IngressRoute status.description.
#[test]
fn an_ingress_route_has_two_texts_and_nothing_else() {
    let wanted = json!({"currentStatus": "valid", "description": "valid IngressRoute"});
    assert_eq!(status(Kind::IngressRoute, Verdict::Valid, vec![]), wanted);
    let problems = vec![error("Service [a:80] is invalid or missing"), error("second")];
    let wanted = json!({"currentStatus": "invalid", "description": "Service [a:80] is invalid or missing"});
    assert_eq!(status(Kind::IngressRoute, Verdict::Invalid, problems), wanted);
}

/// Proves TLSCertificateDelegation status.conditions, TLSCertificateDelegation status.conditions[].type.
/// Proves TLSCertificateDelegation status.conditions[].status, TLSCertificateDelegation status.conditions[].reason.
/// Proves TLSCertificateDelegation status.conditions[].message.
/// Proves TLSCertificateDelegation status.conditions[].observedGeneration.
/// Proves TLSCertificateDelegation status.conditions[].lastTransitionTime.
#[test]
fn kinds_that_no_envoy_acknowledges_have_the_condition_valid_alone() {
    for (kind, name) in OTHERS {
        assert_eq!(status(kind, Verdict::Valid, vec![]), json!({"conditions": [valid(name)]}));
    }
}

/// Proves TLSCertificateDelegation status.conditions[].errors.
/// Proves TLSCertificateDelegation status.conditions[].errors[].type.
/// Proves TLSCertificateDelegation status.conditions[].errors[].status.
/// Proves TLSCertificateDelegation status.conditions[].errors[].reason.
/// Proves TLSCertificateDelegation status.conditions[].errors[].message.
/// Proves TLSCertificateDelegation status.conditions[].warnings.
#[test]
fn what_is_wrong_with_them_is_listed_as_with_a_proxy() {
    let of = |kind| status(kind, Verdict::Invalid, vec![error("a"), warning("b")])["conditions"][0].clone();
    let wanted = of(Kind::HttpProxy);
    assert_eq!(wanted["errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(wanted["warnings"].as_array().map(Vec::len), Some(1));
    for (kind, _) in OTHERS {
        assert_eq!(of(kind), wanted);
    }
}

/// Proves HTTPProxy status.loadBalancer, HTTPProxy status.loadBalancer.ingress.
/// Proves HTTPProxy status.loadBalancer.ingress[].ip, HTTPProxy status.loadBalancer.ingress[].hostname.
/// Proves HTTPProxy status.loadBalancer.ingress[].ipMode, HTTPProxy status.loadBalancer.ingress[].ports.
/// Proves HTTPProxy status.loadBalancer.ingress[].ports[].port.
/// Proves HTTPProxy status.loadBalancer.ingress[].ports[].protocol.
/// Proves HTTPProxy status.loadBalancer.ingress[].ports[].error.
#[test]
fn proxies_and_ingresses_have_the_addresses_of_the_load_balancer() {
    let ports = json!([{"port": 80, "protocol": "TCP", "error": "Taken"}]);
    let addresses = json!([{"ip": "192.0.2.1", "ipMode": "VIP", "ports": ports}, {"hostname": "lb.example"}]);
    let service = json!({"metadata": {}, "status": {"loadBalancer": {"ingress": addresses}}});
    let service = serde_json::from_value(service).unwrap();
    let mut world = World::new();
    world.tell(Input::Addresses(service_addresses(&service)));
    for target in [Kind::HttpProxy, Kind::Ingress, Kind::IngressRoute].map(|kind| target(kind, "web")) {
        world.apply(&target);
        world.blame(&target, "wrong");
        world.settle();
    }
    let found = |kind| world.cluster.status(&target(kind, "web"));
    assert_eq!(found(Kind::HttpProxy)["loadBalancer"], json!({"ingress": addresses}));
    // An Ingress has no field for the mode.
    let without_mode = json!([{"ip": "192.0.2.1", "ports": ports}, {"hostname": "lb.example"}]);
    assert_eq!(found(Kind::Ingress), json!({"loadBalancer": {"ingress": without_mode}}));
    assert_eq!(found(Kind::IngressRoute).get("loadBalancer"), None);
}

#[test]
fn addresses_stay_until_others_are_known() {
    let mut world = World::new();
    let target = proxy("web");
    world.apply(&target);
    let status = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}});
    world.cluster.write_status(&target, status.clone());
    world.observe(&target);
    world.blame(&target, "wrong");
    let write = world.next_write().expect("it is due");
    assert_eq!(applied(&write)["status"]["loadBalancer"], status["loadBalancer"], "ours now, or it would go");
    let outcome = world.cluster.take(&write);
    world.tell(Input::Finished(target.clone(), outcome));
    world.tell(addresses("192.0.2.1"));
    world.tell(Input::Addresses(vec![]));
    assert_eq!(world.settle(), 1);
    assert_eq!(world.cluster.status(&target)["loadBalancer"], json!({"ingress": [{"ip": "192.0.2.1"}]}));
}
