//! Endpoints that come, stay for a while, and go.

use harness::World;
use harness::manifests::{http_proxy, service, simple_proxy};
use testkit::{Backend, Load, Mode, eventually};

const GOING: &str = "{ready: false, serving: true, terminating: true}";
const GONE: &str = "{ready: false, serving: false, terminating: true}";

/// The Service `web` and one slice for each endpoint, with these conditions.
fn web(endpoints: &[(&Backend, &str)]) -> String {
    let ports: Vec<_> = endpoints.iter().map(|(backend, _)| backend.port()).collect();
    let mut yaml = service("default", "web", &ports);
    for (_, conditions) in endpoints {
        let bare = "endpoints: [{addresses: [127.0.0.1]}]";
        yaml = yaml.replacen(
            bare,
            &format!("endpoints: [{{addresses: [127.0.0.1], conditions: {conditions}}}]"),
            1,
        );
    }
    yaml
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoints_that_go_away_serve_until_others_are_ready() {
    let mut world = World::start().await;
    let (old, new) = (Backend::start("old").await, Backend::start("new").await);
    world.write("site", &simple_proxy("site", "site.example", "web"));
    world.apply("web", &web(&[(&old, "{}")])).await;
    let loads = [Mode::KeepAlive, Mode::NewConnections]
        .map(|mode| Load::new(world.get("site.example", "/")).clients(2).mode(mode).start());
    let serves = async |world: &World, name: &str| {
        eventually("the right endpoint serves", async || match world.ask("site.example", "/").await {
            (200, found) if found == name => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    };
    // The only Pod of a Deployment is asked to leave before the next one is ready.
    for (endpoints, expected) in [
        ([(&old, GOING), (&new, "{ready: false}")], "old"),
        ([(&old, GOING), (&new, "{ready: true}")], "new"),
        ([(&old, GONE), (&new, "{ready: true}")], "new"),
    ] {
        world.apply("web", &web(&endpoints)).await;
        serves(&world, expected).await;
        for load in &loads {
            load.more(20).await;
        }
    }
    for load in loads {
        load.stop().await.assert_clean();
    }
    world.apply("web", &web(&[(&new, GONE)])).await;
    eventually("nobody serves", async || match world.ask("site.example", "/").await {
        (503, _) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn connections_are_shared_out_by_weight() {
    let mut world = World::start().await;
    let mut backends = Vec::new();
    for name in ["one", "two", "three"] {
        let backend = Backend::start_tls(name, "tcp.example").await;
        world.write(name, &service("default", name, &[backend.port()]));
        backends.push(backend);
    }
    let services = "[{name: one, port: 80, weight: 60}, {name: two, port: 80, weight: 40}, \
        {name: three, port: 80, weight: 0}]";
    let spec = format!(
        "virtualhost: {{fqdn: tcp.example, tls: {{passthrough: true}}}}\ntcpproxy: {{services: {services}}}\n"
    );
    world.apply("site", &http_proxy("site", &spec)).await;
    for _ in 0..60 {
        assert_eq!(world.get_tls("tcp.example", "/").send().await.unwrap().code(), 200);
    }
    let requests: Vec<_> = backends.iter().map(Backend::requests).collect();
    // One of the two stays below 5 of 60 once in 10^9 times.
    assert!(requests[0] >= 5 && requests[1] >= 5 && requests[2] == 0, "{requests:?}");
    world.assert_nothing_rejected().await;
}
