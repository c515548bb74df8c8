//! What runs beside an Envoy, and what is said where nothing runs.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use testkit::{Port, eventually_blocking};

use crate::command::{folder, isobath, run};

/// Takes one request on a socket, and gives its first line.
fn answer(listener: &UnixListener, body: &str) -> String {
    // Whoever has ended asks no more.
    listener.set_nonblocking(true).unwrap();
    let (mut stream, _) =
        eventually_blocking("somebody asks", || listener.accept().map_err(|why| why.to_string()));
    stream.set_nonblocking(false).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        .unwrap();
    String::from_utf8(head).unwrap().lines().next().unwrap().to_owned()
}

/// Connections of clients: those that are open, and all that were opened.
fn connections(open: u32, opened: u32) -> String {
    let sample = |name, count| {
        format!(
            "envoy_http_downstream_cx_{name}{{envoy_http_conn_manager_prefix=\"ingress_http\"}} {count}\n"
        )
    };
    sample("active", open) + &sample("total", opened)
}

#[test]
fn an_envoy_may_end_when_its_clients_have_gone() {
    let files = folder(&[("ok", "of an earlier run")]);
    let (socket, ok) = (files.path().join("admin.sock"), files.path().join("ok"));
    let admin = UnixListener::bind(&socket).unwrap();
    let port = Port::reserve();
    let mut waiting = isobath();
    waiting.args(["envoy", "shutdown-manager", "--ready-file"]).arg(&ok);
    let mut waiting = waiting.args(["--serve-port", &port.number().to_string()]).spawn().unwrap();
    eventually_blocking("the file of the earlier run is gone", || {
        if ok.exists() { Err("it is there".to_owned()) } else { Ok(()) }
    });

    let mut shutdown = isobath();
    shutdown.args(["envoy", "shutdown", "--check-interval", "1ms", "--admin-address"]).arg(&socket);
    let mut shutdown = shutdown.arg("--ready-file").arg(&ok).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(answer(&admin, ""), "POST /healthcheck/fail HTTP/1.1");
    for (open, opened, why) in [
        (0, 7, "whether clients still come is unknown"),
        (2, 9, "two clients are left"),
        (0, 10, "one more has come and gone"),
        (1, 11, "a client has come"),
        (1, 11, "a client is left"),
    ] {
        let asked = answer(&admin, &connections(open, opened));
        assert!(asked.starts_with("GET /stats/prometheus?filter="), "{asked}");
        assert!(!ok.exists(), "{why}");
    }
    answer(&admin, &connections(0, 11));
    assert!(shutdown.wait().unwrap().success());
    assert!(ok.exists());
    let asked = || {
        let mut stream =
            std::net::TcpStream::connect(("127.0.0.1", port.number())).map_err(|error| error.to_string())?;
        write!(stream, "GET /shutdown HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(answer) }
    };
    eventually_blocking("Envoy may end", asked);
    waiting.kill().unwrap();
    waiting.wait().unwrap();
}

#[test]
fn under_its_other_name_files_are_called_as_contours() {
    let files = folder(&[]);
    let mut command = Command::new(isobath().get_program());
    let status =
        command.arg0("/usr/bin/contour").arg("certgen").arg(files.path()).stdout(Stdio::null()).status();
    assert!(status.unwrap().success());
    assert!(files.path().join("contourcert.pem").exists());
    assert!(!files.path().join("isobathcert.pem").exists());
}

#[test]
fn xds_without_certificates_must_be_asked_for() {
    let kubeconfig = "\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
current-context: c
";
    let files = folder(&[("kubeconfig", kubeconfig)]);
    let path = files.path().join("kubeconfig").display().to_string();
    let port = Port::reserve().number().to_string();
    let ended = run(&["serve", "--kubeconfig", &path, "--xds-port", &port, "--status=off"]);
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("--contour-cafile") && ended.err.contains("--insecure"), "{}", ended.err);
    let some = run(&["serve", "--kubeconfig", &path, "--contour-cafile", "ca.crt"]);
    assert_eq!(some.code, Some(2));
    assert!(some.err.contains("needs all of the CA, the certificate and its key, or none"), "{}", some.err);
}

#[test]
fn where_no_controller_is_that_is_said() {
    let port = Port::reserve();
    let server = format!("127.0.0.1:{}", port.number());
    let status = run(&["status", "--server", &server]);
    assert_eq!(
        (status.code, status.err.contains("no controller answers")),
        (Some(2), true),
        "{}",
        status.err
    );
    let asked = run(&["cli", "cds", "--server", &server]);
    assert_eq!((asked.code, asked.err.contains(&server)), (Some(2), true), "{}", asked.err);
    let half = run(&["cli", "cds", "--cafile", "ca.crt"]);
    assert!(half.err.contains("name all three, or none"), "{}", half.err);
}
