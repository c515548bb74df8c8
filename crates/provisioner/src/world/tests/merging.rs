//! Gateways that share the Envoys of their class.

use api::contour_deployment::KEPT_GATEWAYS;

use super::*;

#[test]
fn gateways_that_share_envoys_have_one_set_of_objects_beside_the_controllers() {
    let mut world = merged();
    assert_eq!(marked(&mut world), [web(), FleetOwner::gateway("team", "web"), of_class()]);
    assert_eq!(plan_of(&world, &web()), (vec![], vec![]));
    assert_eq!(plan_of(&world, &of_class()), (texts(&OF_CLASS), vec![]));
    let plan = world.plan(&of_class(), &certificates()).unwrap();
    let ports: Vec<_> =
        plan.apply[2]["spec"]["ports"].as_array().unwrap().iter().map(|port| port["port"].clone()).collect();
    assert_eq!(ports, [80, 9000]);
    carry_out_for(&mut world, &of_class(), true);
    marked(&mut world);
    // What somebody takes away comes back.
    let id = ChildId {
        kind: ChildKind::Service,
        namespace: "isobath".into(),
        name: "isobath-gatewayclass-isobath".into(),
    };
    world.lose(&id);
    assert_eq!(marked(&mut world), [of_class()]);
    assert_eq!(plan_of(&world, &of_class()).0, [OF_CLASS[2]]);
}

#[test]
fn what_gateways_share_changes_with_them_and_goes_with_the_last() {
    let mut world = merged();
    carry_out_for(&mut world, &of_class(), true);
    marked(&mut world);
    world.remove_gateway(&ObjectName::new("team", "web").into());
    assert_eq!(marked(&mut world), [of_class()]);
    let plan = world.plan(&of_class(), &certificates()).unwrap();
    assert_eq!(plan.apply[0]["spec"]["ports"].as_array().unwrap().len(), 1);
    carry_out_for(&mut world, &of_class(), true);
    marked(&mut world);
    world.remove_gateway(&web_id());
    assert_eq!(marked(&mut world), [of_class()]);
    assert_eq!(plan_of(&world, &of_class()), (vec![], texts(&OF_CLASS)));
}

#[test]
fn envoys_stay_until_those_that_take_their_place_are_ready() {
    let mut world = world();
    carry_out_for(&mut world, &web(), true);
    marked(&mut world);
    set_gateways(&mut world, "Merged");
    assert_eq!(marked(&mut world), [web(), of_class()]);
    assert_eq!(plan_of(&world, &web()), (vec![], vec![]));
    carry_out_for(&mut world, &of_class(), false);
    assert_eq!(plan_of(&world, &web()), (vec![], vec![]));
    marked(&mut world);
    assert_eq!(plan_of(&world, &of_class()), (vec![], vec![]));
    // They become ready.
    let children: Vec<_> = world.children_of(&of_class()).map(|(child, _)| child.clone()).collect();
    for child in children {
        let mut object = world.children[&child].object.clone();
        object["status"] = all_there();
        world.see(object);
    }
    assert_eq!(marked(&mut world), [web(), of_class()]);
    assert_eq!(plan_of(&world, &web()).1.len(), OF_WEB.len());
    carry_out_for(&mut world, &web(), true);
    // And back.
    set_gateways(&mut world, "Separate");
    assert_eq!(plan_of(&world, &of_class()), (vec![], vec![]));
    carry_out_for(&mut world, &web(), true);
    assert_eq!(plan_of(&world, &of_class()).1.len(), OF_CLASS.len());
}

#[test]
fn envoys_that_were_made_for_others_take_no_place_before_they_have_its_ports() {
    let mut world = merged();
    carry_out_for(&mut world, &of_class(), true);
    // Another Gateway has Envoys of its own at a port that the class's Service has not.
    set_gateways(&mut world, "Separate");
    let other = gateway(&json!({"listeners": [{"name": "dns", "port": 9000, "protocol": "UDP"}]}));
    world.apply_gateway(other);
    carry_out_for(&mut world, &web(), true);
    set_gateways(&mut world, "Merged");
    assert_eq!(plan_of(&world, &web()), (vec![], vec![]));
    assert_eq!(ports(&world, &of_class()).0, [9000, 9000]);
    carry_out_for(&mut world, &of_class(), true);
    assert_eq!(plan_of(&world, &web()), (vec![], texts(&OF_WEB)));
}

#[test]
fn a_gateway_that_comes_from_another_class_keeps_its_envoys_until_the_shared_ones_are_ready_for_it() {
    let mut world = merged();
    world.apply_class(class("plain", &settings().controller_name, &Value::Null));
    world.apply_gateway(gateway(&json!({"gatewayClassName": "plain"})));
    carry_out_for(&mut world, &web(), true);
    // Those of the class are ready for the other Gateway.
    carry_out_for(&mut world, &of_class(), true);
    world.apply_gateway(gateway(&json!({})));
    assert_eq!(plan_of(&world, &web()), (vec![], vec![]));
    marked(&mut world);
    carry_out_for(&mut world, &of_class(), true);
    assert!(marked(&mut world).contains(&web()));
    assert_eq!(plan_of(&world, &web()), (vec![], texts(&OF_WEB)));
}

#[test]
fn a_class_keeps_that_its_gateways_share_envoys_until_its_parameters_say_otherwise() {
    let sign = |world: &World| world.plan(&of_class(), &certificates()).map(|plan| plan.sign);
    let patch = |kept: Value| Some(json!({"metadata": {"uid": null, "annotations": {KEPT_GATEWAYS: kept}}}));
    let mut world = merged();
    assert_eq!(sign(&world), Ok(patch("Merged".into())));
    let mut class = world.classes["isobath"].clone();
    class.metadata.annotations = Some([(KEPT_GATEWAYS.to_owned(), "Merged".to_owned())].into());
    world.apply_class(class.clone());
    assert_eq!(sign(&world), Ok(None));
    world.remove_parameters(&ObjectName::new("ops", "p"));
    assert!(sign(&world).is_err());
    marked(&mut world);
    // Nothing that was made says that there is something to do.
    set_gateways(&mut world, "Separate");
    world.apply_class(class);
    assert!(marked(&mut world).contains(&of_class()));
    assert_eq!(sign(&world), Ok(patch(Value::Null)));
}
