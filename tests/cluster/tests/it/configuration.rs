//! A controller that is configured by an object, which says how that went.

use std::process::{Child, Command, Stdio};

use isobath_cluster_tests::eventually;
use serde_json::Value;
use testbed::Bed;
use testkit::Port;

use crate::install::kubectl;

/// A controller that runs until it is dropped, or has ended by itself.
struct Controller {
    process: Child,
    /// Nobody else listens there.
    _ports: [Port; 4],
}

impl Controller {
    /// Configured by the object `isobath` of the bed's namespace. Flags say where it listens.
    fn start(bed: &Bed) -> Self {
        let ports = [(); 4].map(|()| Port::reserve());
        let flags = ["--xds-port", "--http-port", "--health-port", "--debug-http-port"];
        let mut command = Command::new(&bed.cluster.programs().isobath);
        command.args(["serve", "--contour-config-name=isobath", "--insecure", "--kubeconfig"]);
        command.arg(bed.cluster.kubeconfig()).env("ISOBATH_NAMESPACE", &bed.namespace);
        command.args(["--watch-namespaces", &bed.namespace]);
        for (flag, port) in flags.iter().zip(&ports) {
            command.args([flag, &*port.number().to_string()]);
        }
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("isobath starts");
        Self { process, _ports: ports }
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn configured(spec: &str) -> String {
    format!(
        "apiVersion: projectcontour.io/v1alpha1\nkind: ContourConfiguration\nmetadata: {{name: isobath}}\nspec: {spec}\n"
    )
}

/// The condition `Valid`: its status, the generation it is about, and the messages of its errors.
async fn valid(bed: &Bed) -> Option<(String, i64, Vec<String>)> {
    let get = ["get", "--namespace", &bed.namespace, "contourconfiguration/isobath", "--output=json"];
    let object: Value = serde_json::from_str(&kubectl(bed, &get).await).unwrap();
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let valid = conditions.iter().find(|condition| condition["type"] == "Valid")?;
    let errors = valid["errors"].as_array().into_iter().flatten();
    let messages = errors.filter_map(|error| error["message"].as_str().map(str::to_owned));
    let generation = valid["observedGeneration"].as_i64()?;
    Some((valid["status"].as_str()?.to_owned(), generation, messages.collect()))
}

async fn is_said(bed: &Bed, status: &str, generation: i64, errors: &[&str]) {
    let errors = errors.iter().map(|error| (*error).to_owned()).collect();
    let wanted = Some((status.to_owned(), generation, errors));
    eventually("its status says how it went", async || {
        let said = valid(bed).await;
        if said == wanted { Ok(()) } else { Err(format!("{said:?}")) }
    })
    .await;
}

#[test]
fn an_object_with_errors_says_them_and_a_mended_one_that_it_is_valid() {
    testbed::test("configured", async |bed| {
        isobath_cluster_tests::install_definitions(bed).await;
        let versions =
            "{envoy: {listener: {tls: {minimumProtocolVersion: '1.3', maximumProtocolVersion: '1.2'}}}}";
        bed.objects.apply(&configured(versions)).await.unwrap();
        let mut refused = Controller::start(bed);
        let code = refused.process.wait().unwrap().code();
        assert_eq!(code, Some(2), "a controller does not serve with half a configuration");
        let newer = "is newer than the newest version that is allowed (spec.envoy.listener.tls.minimumProtocolVersion)";
        is_said(bed, "False", 1, &[newer]).await;

        bed.objects
            .apply(&configured("{envoy: {listener: {tls: {minimumProtocolVersion: '1.3'}}}}"))
            .await
            .unwrap();
        let _serving = Controller::start(bed);
        is_said(bed, "True", 2, &[]).await;
    });
}
