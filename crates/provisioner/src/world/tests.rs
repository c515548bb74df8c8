mod merging;

use serde_json::{from_value, json};

use super::*;
use crate::objects::tests::{certificate, controller_secrets, settings};
use crate::tenancy::{DEDICATED, Stage, TENANCY, is_dedicated};

fn web() -> FleetOwner {
    FleetOwner::gateway("shop", "web")
}

fn web_id() -> GatewayName {
    ObjectName::new("shop", "web").into()
}

fn gateway(fields: &Value) -> Gateway {
    let mut spec = json!({
        "gatewayClassName": "isobath",
        "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
    });
    for (field, value) in fields.as_object().unwrap() {
        spec[field] = value.clone();
    }
    from_value(json!({"metadata": {"namespace": "shop", "name": "web", "uid": "1"}, "spec": spec})).unwrap()
}

fn class(name: &str, controller: &str, parameters: &Value) -> GatewayClass {
    let spec = json!({"controllerName": controller, "parametersRef": parameters});
    from_value(json!({"metadata": {"name": name}, "spec": spec})).unwrap()
}

/// A world with the Gateway `shop/web` of our class, and nothing made for it.
fn world() -> World {
    let mut world = World::new(settings());
    let ours = settings().controller_name;
    world.apply_class(class("isobath", &ours, &Value::Null));
    world.apply_class(class("other", "example.com/other", &Value::Null));
    world.apply_gateway(gateway(&json!({})));
    world
}

fn certificates() -> Certificates {
    Certificates { shared: Some(certificate()), dedicated: controller_secrets() }
}

/// What is applied and what is deleted, by kind.
fn plan(world: &World) -> (Vec<String>, Vec<&'static str>) {
    let plan = world.plan(&web(), &certificates()).unwrap();
    let kind = |object: &Value| object["kind"].as_str().unwrap().to_owned();
    (plan.apply.iter().map(kind).collect(), plan.delete.iter().map(|child| child.kind.name()).collect())
}

/// Does what is to be done, as an API server that fills in what it likes.
fn carry_out(world: &mut World) {
    let Plan { sign, apply, delete } = world.plan(&web(), &certificates()).unwrap();
    if let Some(sign) = sign {
        let mut gateway = world.gateways[&web_id()].clone();
        gateway.metadata.annotations = from_value(sign["metadata"]["annotations"].clone())
            .map(|annotations: BTreeMap<String, Option<String>>| {
                annotations.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
            })
            .ok();
        world.apply_gateway(gateway);
    }
    let applied = apply.into_iter().map(|object| {
        let mut kept = object.clone();
        kept["metadata"]["resourceVersion"] = "1".into();
        (object, kept)
    });
    let applied = applied.collect();
    world.end(&web(), applied);
    delete.iter().for_each(|child| world.lose(child));
    while world.next_fleet().is_some() {}
}

fn nothing() -> (Vec<String>, Vec<&'static str>) {
    (vec![], vec![])
}

fn applies(kinds: &[&str]) -> (Vec<String>, Vec<&'static str>) {
    (kinds.iter().map(|kind| (*kind).to_owned()).collect(), vec![])
}

#[test]
fn no_key_is_shown() {
    let plan = world().plan(&web(), &certificates()).unwrap();
    let key = plan.apply[1]["data"]["tls.key"].as_str().unwrap();
    assert!(!format!("{plan:?}").contains(key));
}

#[test]
fn what_is_missing_is_applied_once() {
    let mut world = world();
    assert_eq!(world.next_fleet(), Some(web()));
    assert_eq!(plan(&world), applies(&["ServiceAccount", "Secret", "Service", "DaemonSet"]));
    carry_out(&mut world);
    assert_eq!(plan(&world), nothing());
    let set = ChildId { kind: ChildKind::DaemonSet, namespace: "shop".into(), name: "isobath-web".into() };
    world.lose(&set);
    assert_eq!(world.next_fleet(), Some(web()));
    assert_eq!(plan(&world), applies(&["DaemonSet"]));
}

#[test]
fn what_somebody_changed_is_applied_again_and_what_somebody_added_is_left_alone() {
    let mut world = world();
    carry_out(&mut world);
    let service = ChildId { kind: ChildKind::Service, namespace: "shop".into(), name: "isobath-web".into() };
    let mut object = world.children[&service].object.clone();
    object["metadata"]["labels"]["theirs"] = "yes".into();
    world.see(object.clone());
    assert_eq!((world.next_fleet(), plan(&world)), (Some(web()), nothing()));
    object["spec"]["ports"][0]["targetPort"] = 1.into();
    world.see(object);
    assert_eq!(plan(&world), applies(&["Service"]));
}

#[test]
fn a_value_that_the_api_server_writes_in_another_form_is_no_drift() {
    let mut world = world();
    let applied = world.plan(&web(), &certificates()).unwrap().apply.pop().unwrap();
    let mut kept = applied.clone();
    kept["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = "300".into();
    carry_out(&mut world);
    world.end(&web(), vec![(applied, kept.clone())]);
    assert_eq!(plan(&world), nothing());
    kept["status"] = json!({"numberReady": 1});
    world.see(kept.clone());
    assert_eq!(plan(&world), nothing());
    kept["spec"]["template"]["spec"]["serviceAccountName"] = "other".into();
    world.see(kept);
    assert_eq!(plan(&world), applies(&["DaemonSet"]));
}

#[test]
fn another_workload_takes_the_place_of_the_one_before() {
    let mut world = world();
    carry_out(&mut world);
    let ours = settings().controller_name;
    let reference =
        json!({"group": "projectcontour.io", "kind": "ContourDeployment", "namespace": "ops", "name": "p"});
    world.apply_class(class("isobath", &ours, &reference));
    let missing = world.plan(&web(), &certificates()).unwrap_err().to_string();
    assert_eq!(
        missing,
        "GatewayClass isobath: spec.parametersRef: ContourDeployment ops/p is not there, or cannot be read; create it, or take \
         the reference out"
    );
    let parameters = json!({"workloadType": "Deployment"});
    world.apply_parameters(
        from_value(json!({"metadata": {"namespace": "ops", "name": "p"}, "spec": {"envoy": parameters}}))
            .unwrap(),
    );
    assert_eq!(world.next_fleet(), Some(web()));
    let expected = (applies(&["Deployment", "PodDisruptionBudget"]).0, vec!["DaemonSet"]);
    assert_eq!(plan(&world), expected);
    carry_out(&mut world);
    assert_eq!(plan(&world), nothing());
}

#[test]
fn somebody_may_scale_a_deployment_unless_the_parameters_say_how_many() {
    let mut world = world();
    let reference = json!({"group": "projectcontour.io", "kind": "ContourDeployment", "name": "p"});
    world.apply_gateway(gateway(&json!({"infrastructure": {"parametersRef": reference}})));
    let parameters = |replicas: Value| {
        let envoy = json!({"workloadType": "Deployment", "deployment": {"replicas": replicas}});
        from_value(json!({"metadata": {"namespace": "shop", "name": "p"}, "spec": {"envoy": envoy}})).unwrap()
    };
    world.apply_parameters(parameters(Value::Null));
    carry_out(&mut world);
    let id = ChildId { kind: ChildKind::Deployment, namespace: "shop".into(), name: "isobath-web".into() };
    let mut object = world.children[&id].object.clone();
    assert_eq!(object["spec"]["replicas"], 2);
    object["spec"]["replicas"] = 9.into();
    world.see(object);
    assert_eq!(plan(&world), nothing());
    world.apply_parameters(parameters(3.into()));
    assert_eq!(plan(&world), applies(&["Deployment"]));
}

#[test]
fn what_was_made_goes_when_the_class_is_anothers_and_stays_when_there_is_none() {
    let mut world = world();
    carry_out(&mut world);
    world.remove_class("isobath");
    assert_eq!(plan(&world), nothing());
    world.apply_gateway(gateway(&json!({"gatewayClassName": "other"})));
    assert_eq!(world.next_fleet(), Some(web()));
    assert_eq!(plan(&world), (vec![], vec!["ServiceAccount", "Secret", "Service", "DaemonSet"]));
    world.remove_gateway(&web_id());
    assert_eq!((world.next_fleet(), plan(&world)), (None, nothing()));
}

#[test]
fn a_gateway_that_is_being_deleted_gets_nothing_any_more() {
    let mut world = world();
    let mut deleted = gateway(&json!({}));
    deleted.metadata.deletion_timestamp = from_value(json!("2026-01-01T00:00:00Z")).unwrap();
    world.apply_gateway(deleted);
    assert_eq!(plan(&world), nothing());
}

#[test]
fn a_service_stays_while_a_gateway_has_no_port() {
    let mut world = world();
    carry_out(&mut world);
    world.apply_gateway(gateway(&json!({"listeners": []})));
    assert_eq!(plan(&world), nothing());
}

/// The ports of the Service that is applied, and those that it asks of nodes.
fn ports(world: &World, fleet: &FleetOwner) -> (Vec<u64>, Vec<u64>) {
    let plan = world.plan(fleet, &certificates()).unwrap();
    let service = plan.apply.iter().find(|object| object["kind"] == "Service").unwrap();
    let numbers = |field: &str| {
        service["spec"]["ports"].as_array().unwrap().iter().filter_map(|port| port[field].as_u64()).collect()
    };
    (numbers("port"), numbers("nodePort"))
}

#[test]
fn nobody_outside_is_led_to_a_port_that_the_pod_needs() {
    let mut world = world();
    let listener = |port: u16| json!({"name": format!("p{port}"), "port": port, "protocol": "HTTP"});
    // Envoy's sides of 2 and 90 are the port of statistics and that of the shutdown manager.
    world.apply_gateway(gateway(&json!({"listeners": [listener(2), listener(80), listener(90)]})));
    assert_eq!(ports(&world, &web()).0, [80]);
}

#[test]
fn shared_envoys_ask_no_port_of_nodes_by_number() {
    let listeners = json!({"listeners": [{"name": "a", "port": 30_080, "protocol": "HTTP"}]});
    let mut world = world();
    world.apply_gateway(gateway(&listeners));
    let node_ports = json!({"type": "NodePortService"});
    parameters(&mut world, &json!({"envoy": {"networkPublishing": node_ports}}));
    assert_eq!(ports(&world, &web()), (vec![30_080], vec![30_080]));
    parameters(&mut world, &json!({"envoy": {"gateways": "Merged", "networkPublishing": node_ports}}));
    assert_eq!(ports(&world, &of_class()), (vec![30_080], vec![]));
}

#[test]
fn a_listener_set_marks_the_gateway_that_it_belongs_to() {
    let mut world = world();
    carry_out(&mut world);
    let set = |parent: &str| -> ListenerSet {
        from_value(json!({
            "metadata": {"namespace": "team", "name": "more"},
            "spec": {
                "parentRef": {"namespace": "shop", "name": parent},
                "listeners": [{"name": "tcp", "port": 9000, "protocol": "TCP"}],
            },
            "status": {"listeners": [
                {"name": "tcp", "conditions": [{"type": "Accepted", "status": "True"}]},
            ]},
        }))
        .unwrap()
    };
    world.apply_listener_set(set("web"));
    assert_eq!((world.next_fleet(), plan(&world)), (Some(web()), applies(&["Service"])));
    carry_out(&mut world);
    world.apply_listener_set(set("none"));
    assert_eq!(
        (world.next_fleet(), plan(&world)),
        (Some(FleetOwner::gateway("shop", "none")), applies(&["Service"]))
    );
}

#[test]
fn objects_of_another_controller_are_left_alone() {
    let mut world = world();
    let mut theirs = world.plan(&web(), &certificates()).unwrap().apply.remove(0);
    theirs["metadata"]["annotations"][MADE_BY] = "example.com/other".into();
    world.next_fleet();
    world.see(theirs.clone());
    assert_eq!((world.next_fleet(), world.knows(&web(), &theirs)), (None, false));
}

#[test]
fn an_object_of_another_fleet_is_not_known_by_its_name() {
    let mut world = merged();
    let object = world.plan(&of_class(), &certificates()).unwrap().apply.remove(0);
    world.see(object.clone());
    let of_its_name = FleetOwner::gateway("isobath", "gatewayclass-isobath");
    assert_eq!([&of_class(), &of_its_name].map(|fleet| world.knows(fleet, &object)), [true, false]);
}

/// The class `isobath` with these parameters.
fn parameters(world: &mut World, spec: &Value) {
    let reference =
        json!({"group": "projectcontour.io", "kind": "ContourDeployment", "namespace": "ops", "name": "p"});
    world.apply_class(class("isobath", &settings().controller_name, &reference));
    let object = json!({"metadata": {"namespace": "ops", "name": "p"}, "spec": spec});
    world.apply_parameters(from_value(object).unwrap());
}

/// The Gateways of the class share their Envoys, or do not.
fn set_gateways(world: &mut World, gateways: &str) {
    parameters(world, &json!({"envoy": {"gateways": gateways}}));
}

/// The class says that its Gateways have controllers of their own, or that they have not.
fn set_tenancy(world: &mut World, tenancy: &str) {
    parameters(world, &json!({"contour": {"tenancy": tenancy, "watchNamespaces": ["team"]}}));
}

fn of_class() -> FleetOwner {
    FleetOwner::Class("isobath".into())
}

/// Gateways that share Envoys: `shop/web` at port 80, `team/web` at another.
fn merged() -> World {
    let mut world = world();
    set_gateways(&mut world, "Merged");
    let listeners = json!([{"name": "tcp", "port": 9000, "protocol": "TCP"}]);
    let mut other = gateway(&json!({"listeners": listeners}));
    other.metadata.namespace = Some("team".to_owned());
    world.apply_gateway(other);
    world
}

/// What is to be done for a fleet: what is applied, and what is deleted, by kind, namespace and name.
fn plan_of(world: &World, fleet: &FleetOwner) -> (Vec<String>, Vec<String>) {
    let plan = world.plan(fleet, &certificates()).unwrap();
    let text = |id: ChildId| format!("{} {}/{}", id.kind.name(), id.namespace, id.name);
    (
        plan.apply.iter().filter_map(ChildId::of).map(text).collect(),
        plan.delete.into_iter().map(text).collect(),
    )
}

/// The status of whatever was made, once all of it is there; of objects in their first generation.
fn all_there() -> Value {
    json!({
        "observedGeneration": 1, "numberAvailable": 3, "desiredNumberScheduled": 3,
        "loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]},
    })
}

/// Does what is to be done for a fleet, and all of it is there at once if `ready`.
fn carry_out_for(world: &mut World, fleet: &FleetOwner, ready: bool) {
    let Plan { sign: _, apply, delete } = world.plan(fleet, &certificates()).unwrap();
    for mut object in apply {
        object["metadata"]["generation"] = 1.into();
        if ready {
            object["status"] = all_there();
        }
        world.see(object);
    }
    delete.iter().for_each(|child| world.lose(child));
}

fn marked(world: &mut World) -> Vec<FleetOwner> {
    std::iter::from_fn(|| world.next_fleet()).collect()
}

const OF_CLASS: [&str; 4] = [
    "ServiceAccount isobath/isobath-gatewayclass-isobath",
    "Secret isobath/isobath-gatewayclass-isobath",
    "Service isobath/isobath-gatewayclass-isobath",
    "DaemonSet isobath/isobath-gatewayclass-isobath",
];
const OF_WEB: [&str; 4] = [
    "ServiceAccount shop/isobath-web",
    "Secret shop/isobath-web",
    "Service shop/isobath-web",
    "DaemonSet shop/isobath-web",
];

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// An object as it was when an apply was answered, and as a watch told of it before that answer was taken.
fn answered_and_told(applied: &Value) -> [Value; 2] {
    let [mut answer, mut told] = [applied.clone(), applied.clone()];
    answer["metadata"]["resourceVersion"] = "9".into();
    told["metadata"]["resourceVersion"] = "10".into();
    told["metadata"]["generation"] = 1.into();
    told["status"] = all_there();
    [answer, told]
}

#[test]
fn what_a_watch_told_before_an_answer_was_taken_is_not_forgotten() {
    let mut world = world();
    carry_out_for(&mut world, &web(), true);
    set_gateways(&mut world, "Merged");
    let applied = world.plan(&of_class(), &certificates()).unwrap().apply;
    world.begin(of_class());
    let answers = applied.into_iter().map(|applied| {
        let [answer, told] = answered_and_told(&applied);
        world.see(told);
        (applied, answer)
    });
    let answers = answers.collect();
    world.end(&of_class(), answers);
    assert_eq!(plan_of(&world, &web()).1, OF_WEB);
}

#[test]
fn what_went_before_an_answer_was_taken_is_made_again() {
    let mut world = world();
    let applied = world.plan(&web(), &certificates()).unwrap().apply;
    world.begin(web());
    assert!(world.is_busy(&web()));
    let answers: Vec<_> = applied.into_iter().map(|applied| answered_and_told(&applied)).collect();
    answers.iter().for_each(|[_, told]| world.see(told.clone()));
    marked(&mut world);
    let service = ChildId { kind: ChildKind::Service, namespace: "shop".into(), name: "isobath-web".into() };
    world.lose(&service);
    assert_eq!(marked(&mut world), [web()]);
    world.end(&web(), answers.into_iter().map(|[answer, told]| (told, answer)).collect());
    assert!(!world.is_busy(&web()));
    assert_eq!(plan(&world), applies(&["Service"]));
}

#[test]
fn without_parameters_that_can_be_used_everything_stays() {
    let mut world = merged();
    carry_out_for(&mut world, &of_class(), true);
    world.remove_parameters(&ObjectName::new("ops", "p"));
    for fleet in [of_class(), web()] {
        assert!(world.plan(&fleet, &certificates()).is_err());
    }
    world.remove_class("isobath");
    assert_eq!(plan_of(&world, &of_class()), (vec![], vec![]));
    world.apply_class(class("isobath", "example.com/other", &Value::Null));
    assert_eq!(plan_of(&world, &of_class()).1.len(), OF_CLASS.len());
}

/// All Pods of an object are there, and none of before.
fn roll_out(world: &mut World, kind: ChildKind, name: &str) {
    let id = ChildId { kind, namespace: "shop".into(), name: name.into() };
    let mut object = world.children[&id].object.clone();
    object["status"] = json!({
        "observedGeneration": 1, "availableReplicas": 2, "updatedReplicas": 2, "replicas": 2,
        "updatedNumberScheduled": 1, "numberAvailable": 1, "desiredNumberScheduled": 1,
    });
    world.see(object);
}

/// Where the Gateway is, whether it says that it is served by its own controller, and what is there for it.
fn there(world: &World) -> (Stage, bool, BTreeSet<String>) {
    let is_signed = is_dedicated(&world.gateways[&web_id()]);
    let children = world.children.keys().map(|id| format!("{} {}/{}", id.kind.name(), id.namespace, id.name));
    (world.stage(&web()).unwrap().unwrap(), is_signed, children.collect())
}

/// What stands in the status of the Gateway.
fn say_status(world: &mut World, address: &str, reason: &str) {
    let mut gateway = world.gateways[&web_id()].clone();
    let status = if reason == "Programmed" { "True" } else { "False" };
    let status = json!({
        "addresses": [{"type": "IPAddress", "value": address}],
        "conditions": [{"type": "Programmed", "status": status, "reason": reason}],
    });
    gateway.status = from_value(status).unwrap();
    world.apply_gateway(gateway);
}

const ENVOYS: [&str; 3] =
    ["ServiceAccount shop/isobath-web", "Service shop/isobath-web", "DaemonSet shop/isobath-web"];
const SHARED: [&str; 1] = ["Secret shop/isobath-web"];
const CONTROLLER: [&str; 10] = [
    "ServiceAccount shop/isobathcontroller-web",
    "Secret shop/envoycert-web",
    "Secret shop/isobathcert-web",
    "Service shop/isobathcontroller-web",
    "Deployment shop/isobathcontroller-web",
    "PodDisruptionBudget shop/isobathcontroller-web",
    "RoleBinding shop/isobathcontroller-web",
    "RoleBinding shop/isobathcontroller-web:own",
    "RoleBinding team/isobathcontroller:shop:web",
    "ClusterRoleBinding /isobathcontroller:shop:web",
];

fn is_there(stage: Stage, is_signed: bool, parts: &[&[&str]]) -> (Stage, bool, BTreeSet<String>) {
    (stage, is_signed, parts.concat().into_iter().map(str::to_owned).collect())
}

#[test]
fn a_gateway_goes_to_a_controller_of_its_own_and_back_without_a_gap() {
    let mut world = world();
    carry_out(&mut world);
    assert_eq!(there(&world), is_there(Stage::Shared, false, &[&ENVOYS, &SHARED]));
    set_tenancy(&mut world, "Dedicated");
    carry_out(&mut world);
    assert_eq!(there(&world), is_there(Stage::Preparing, false, &[&ENVOYS, &SHARED, &CONTROLLER]));
    assert_eq!(plan(&world), nothing());

    // Envoys come once the controller can serve them; the shared ones are served until they are gone.
    roll_out(&mut world, ChildKind::Deployment, "isobathcontroller-web");
    assert_eq!(plan(&world), applies(&["DaemonSet"]));
    carry_out(&mut world);
    assert_eq!(there(&world), is_there(Stage::Leaving, false, &[&ENVOYS, &SHARED, &CONTROLLER]));
    roll_out(&mut world, ChildKind::DaemonSet, "isobath-web");
    carry_out(&mut world);
    assert_eq!(there(&world), is_there(Stage::Dedicated, true, &[&ENVOYS, &CONTROLLER]));
    assert_eq!(plan(&world), nothing());

    set_tenancy(&mut world, "Shared");
    assert_eq!(plan(&world), applies(&["Secret", "DaemonSet"]));
    carry_out(&mut world);
    assert_eq!(there(&world), is_there(Stage::Returning, false, &[&ENVOYS, &SHARED, &CONTROLLER]));
    roll_out(&mut world, ChildKind::DaemonSet, "isobath-web");
    carry_out(&mut world);
    assert_eq!(there(&world), is_there(Stage::Shared, false, &[&ENVOYS, &SHARED]));
}

#[test]
fn a_new_gateway_is_never_served_by_others_than_its_own_controller() {
    let mut world = world();
    set_tenancy(&mut world, "Dedicated");
    let plan = world.plan(&web(), &certificates()).unwrap();
    assert_eq!(plan.sign.unwrap()["metadata"]["annotations"], json!({TENANCY: DEDICATED}));
    let kinds: Vec<_> = plan.apply.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "ServiceAccount",
            "RoleBinding",
            "RoleBinding",
            "RoleBinding",
            "ClusterRoleBinding",
            "Secret",
            "Secret",
            "Service",
            "Deployment",
            "PodDisruptionBudget",
            "ServiceAccount",
            "Service",
            "DaemonSet",
        ]
    );
}

#[test]
fn what_does_not_go_with_its_gateway_is_deleted_and_nothing_else() {
    let mut world = world();
    set_tenancy(&mut world, "Dedicated");
    carry_out(&mut world);
    world.remove_gateway(&web_id());
    assert_eq!(world.next_fleet(), Some(web()));
    assert_eq!(plan(&world), (vec![], vec!["RoleBinding", "ClusterRoleBinding"]));
    // Whoever begins to lead finds what others have left.
    world.mark_all();
    assert_eq!(world.next_fleet(), Some(web()));
    carry_out(&mut world);
    world.mark_all();
    assert_eq!(world.next_fleet(), None);
}

#[test]
fn a_sign_that_somebody_else_has_made_is_taken_away() {
    let mut world = world();
    carry_out(&mut world);
    let mut gateway = world.gateways[&web_id()].clone();
    gateway.metadata.annotations = Some([(TENANCY.to_owned(), DEDICATED.to_owned())].into());
    world.apply_gateway(gateway);
    let sign = world.plan(&web(), &certificates()).unwrap().sign.unwrap();
    assert_eq!(sign, json!({"metadata": {"uid": "1", "annotations": {TENANCY: null}}}));
}

#[test]
fn a_gateway_leaves_its_own_controller_for_the_envoys_of_its_class() {
    let mut world = world();
    set_tenancy(&mut world, "Dedicated");
    carry_out(&mut world);
    set_gateways(&mut world, "Merged");
    carry_out_for(&mut world, &of_class(), true);
    // They do not serve it as long as it is left to its own controller.
    let sign = json!({"metadata": {"uid": "1", "annotations": {TENANCY: null}}});
    let unsigned = world.plan(&web(), &certificates()).unwrap();
    assert_eq!(unsigned, Plan { sign: Some(sign), ..Plan::default() });
    carry_out(&mut world);
    // They do when its status says where they are, and that they have it.
    for (address, reason) in [("192.0.2.9", "Programmed"), ("192.0.2.1", "Pending")] {
        say_status(&mut world, address, reason);
        assert_eq!((world.next_fleet(), plan(&world)), (Some(web()), nothing()), "{address} {reason}");
    }
    // One that cannot be served has nothing to wait for.
    for reason in ["Programmed", "Invalid"] {
        say_status(&mut world, "192.0.2.1", reason);
        assert_eq!(plan(&world).1.len(), ENVOYS.len() + CONTROLLER.len(), "{reason}");
    }
}

#[test]
fn a_gateway_has_envoys_of_its_own_controller_before_it_leaves_those_of_its_class() {
    let mut world = world();
    set_gateways(&mut world, "Merged");
    carry_out_for(&mut world, &of_class(), true);
    set_tenancy(&mut world, "Dedicated");
    carry_out(&mut world);
    let stage = |world: &World| (world.stage(&web()).unwrap(), is_dedicated(&world.gateways[&web_id()]));
    assert_eq!(stage(&world), (Some(Stage::Leaving), false));
    assert_eq!(plan_of(&world, &of_class()), (vec![], vec![]));
    roll_out(&mut world, ChildKind::DaemonSet, "isobath-web");
    carry_out(&mut world);
    assert_eq!(stage(&world), (Some(Stage::Dedicated), true));
}

#[test]
fn a_sign_of_another_controller_is_left_alone() {
    let mut world = world();
    let mut theirs = gateway(&json!({"gatewayClassName": "other"}));
    theirs.metadata.annotations = Some([(TENANCY.to_owned(), DEDICATED.to_owned())].into());
    world.apply_gateway(theirs);
    assert_eq!(world.plan(&web(), &certificates()).unwrap(), Plan::default());
}
