//! What is logged of requests.

use std::fs;
use std::path::Path;

use harness::manifests::{HostCertificate, http_proxy, service};
use harness::{Options, World};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Backend, ClientTls, Trust, eventually, open};
use tokio::io::AsyncReadExt;

/// A world with this configuration whose logs are files `http` and `https` in a folder. `site.example` answers 200
/// under `/200`, 404 under `/404`, 500 under `/500`, and 503 with a flag under `/none`.
async fn world(configuration: &str) -> (World, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::configured(configuration);
    let file = |name: &str| folder.path().join(name).to_string_lossy().into();
    options.settings.http_access_log = file("http");
    options.settings.https_access_log = file("https");
    options.arguments = ["--file-flush-interval-msec", "20"].map(str::to_owned).to_vec();
    let mut world = World::with(options).await;
    world.write("service", &service("default", "nobody", &[]));
    world.write("secret", &HostCertificate::new("site.example").secret("site"));
    let answer = |status: u16| {
        format!(
            "- {{conditions: [{{prefix: /{status}}}], permitInsecure: true, directResponsePolicy: {{statusCode: {status}}}}}\n"
        )
    };
    let spec = format!(
        "virtualhost: {{fqdn: site.example, tls: {{secretName: site}}}}\nroutes:\n{}{}{}\
         - {{permitInsecure: true, services: [{{name: nobody, port: 80}}]}}\n",
        answer(200),
        answer(404),
        answer(500)
    );
    world.apply("site", &http_proxy("site", &spec)).await;
    (world, folder)
}

/// The lines of a log, once there are as many.
async fn lines(folder: &TempDir, name: &str, count: usize) -> Vec<String> {
    let path = folder.path().join(name);
    eventually("the lines are in the file", async || {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        if lines.len() == count && text.ends_with('\n') { Ok(lines) } else { Err(text) }
    })
    .await
}

#[tokio::test]
async fn each_listener_has_a_file_with_lines_in_the_form_that_is_said() {
    let line = "%REQ(:METHOD)% %REQ_WITHOUT_QUERY(:PATH):12% %RESPONSE_CODE% 100%% %START_TIME(%Y)%\\n";
    let (mut world, folder) = world(&format!("accesslog-format-string: \"{line}\"\n")).await;
    world.get("site.example", "/200?a=b").send().await.unwrap();
    world.get_tls("site.example", "/404/and-more").send().await.unwrap();
    for (name, expected) in [("http", "GET /200 200 100% 2"), ("https", "GET /404/and-mor 404 100% 2")] {
        let lines = lines(&folder, name, 1).await;
        assert!(lines[0].starts_with(expected), "{lines:?}");
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn without_a_word_the_line_is_envoys() {
    let (_world, folder) = {
        let (world, folder) = world("").await;
        world.get("site.example", "/200").send().await.unwrap();
        (world, folder)
    };
    let lines = lines(&folder, "http", 1).await;
    assert!(lines[0].contains("\"GET /200 HTTP/1.1\" 200 - "), "{lines:?}");
}

async fn objects(folder: &TempDir, name: &str, count: usize) -> Vec<Value> {
    lines(folder, name, count).await.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn objects_have_the_fields_that_are_there_when_nobody_chooses() {
    let (mut world, folder) = world("accesslog-format: json\n").await;
    for request in [world.get("site.example", "/200"), world.get_tls("site.example", "/200")] {
        request.header("user-agent", "a \"test\"").send().await.unwrap();
    }
    for name in ["http", "https"] {
        let object = objects(&folder, name, 1).await.remove(0);
        assert_eq!((&object["method"], &object["path"]), (&"GET".into(), &"/200".into()), "{object}");
        assert_eq!((&object["response_code"], &object["user_agent"]), (&200.into(), &"a \"test\"".into()));
        assert_eq!(object.get("requested_server_name").is_some(), name == "https", "{object}");
        assert_eq!(object.get("upstream_host"), None, "what is empty is left out: {object}");
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn objects_name_the_object_that_asked_for_the_route() {
    let fields =
        "[contour_config_kind, contour_config_namespace, contour_config_name, 'tenant=%REQ(X-TENANT)%']";
    let (mut world, folder) = world(&format!("accesslog-format: json\njson-fields: {fields}\n")).await;
    for request in [world.get("Site.example:80", "/200"), world.get_tls("site.example", "/none")] {
        request.header("x-tenant", "7").send().await.unwrap();
    }
    let expected = serde_json::json!({
        "contour_config_kind": "HTTPProxy", "contour_config_namespace": "default", "contour_config_name": "site",
        "tenant": "7"
    });
    for name in ["http", "https"] {
        assert_eq!(objects(&folder, name, 1).await, std::slice::from_ref(&expected), "{name}");
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn envoy_has_all_operators_that_may_be_said() {
    let with_arguments = [
        "%REQ(A?:PATH):5%",
        "%RESP(A)%",
        "%TRAILER(A)%",
        "%REQ_WITHOUT_QUERY(:PATH)%",
        "%ENVIRONMENT(HOME)%",
        "%METADATA(ROUTE:a:b)%",
        "%UPSTREAM_FILTER_STATE(a)%",
        "%START_TIME(%s)%",
        "%GRPC_STATUS(SNAKE_STRING)%",
        "%REQUESTED_SERVER_NAME(SNI_FIRST)%",
    ];
    let alone = rules::log_operators().map(str::to_lowercase);
    let numbered = with_arguments.iter().enumerate();
    let fields: Vec<_> =
        alone.chain(numbered.map(|(number, format)| format!("a{number}={format}"))).collect();
    let (mut world, folder) =
        world(&format!("accesslog-format: json\njson-fields: {}\n", serde_json::to_string(&fields).unwrap()))
            .await;
    for request in [world.get("site.example", "/200"), world.get_tls("site.example", "/200")] {
        request.send().await.unwrap();
    }
    for name in ["http", "https"] {
        assert_eq!(objects(&folder, name, 1).await[0]["response_code"], 200, "{name}");
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn only_the_requests_of_the_level_are_logged() {
    for (level, expected) in [
        ("info", &["/200", "/404", "/500", "/none", "/404"][..]),
        ("error", &["/404", "/500", "/none", "/404"]),
        ("critical", &["/500", "/none"]),
        ("disabled", &[]),
    ] {
        let (mut world, folder) =
            world(&format!("accesslog-level: {level}\naccesslog-format-string: \"%REQ(:PATH)%\\n\"\n")).await;
        for path in ["/200", "/404", "/500", "/none", "/404"] {
            world.get("site.example", path).send().await.unwrap();
        }
        if expected.is_empty() {
            assert!(!Path::exists(&folder.path().join("http")), "{level}");
        } else {
            assert_eq!(lines(&folder, "http", expected.len()).await, expected, "{level}");
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn connections_that_are_carried_are_logged_with_https() {
    let (mut world, folder) =
        world("accesslog-format-string: \"%UPSTREAM_CLUSTER% %BYTES_SENT%\\n\"\n").await;
    let backend = Backend::start_tcp("raw").await;
    world.write("raw-service", &service("default", "raw", &[backend.port()]));
    world.write("raw-secret", &HostCertificate::new("raw.example").secret("raw"));
    let spec = "virtualhost: {fqdn: raw.example, tls: {secretName: raw}}\n\
        tcpproxy: {services: [{name: raw, port: 80}]}\n";
    world.apply("raw", &http_proxy("raw", spec)).await;
    let tls = ClientTls::new("raw.example", &Trust::Anything);
    let mut stream = open(world.https(), Some(&tls)).await.unwrap();
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).await.unwrap();
    drop(stream);
    let lines = lines(&folder, "https", 1).await;
    assert!(lines[0] == "default_raw_80 4", "{lines:?}");
    world.assert_nothing_rejected().await;
}
