//! Secrets are in none of the outputs of a controller, whatever is asked of it and however much it is to say.

mod planted;

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use isobath_cluster_tests::{eventually, install_definitions};
use planted::{Canary, Planted};
use testbed::{Bed, Mode};

use crate::controller::{Controller, text};
use crate::install::kubectl;

/// All that a controller writes into a cluster.
const WRITTEN: &str = "httpproxies,ingressroutes,ingresses,extensionservices,contourconfigurations,\
     tlscertificatedelegations.projectcontour.io,tlscertificatedelegations.contour.heptio.com,\
     events.events.k8s.io,leases";
/// What `isobath cli` may be asked about without being told names.
const TYPES: [&str; 3] = ["cds", "lds", "srds"];

/// What makes a controller say all that it can.
const TALKATIVE: [(&str, &str); 3] =
    [("ISOBATH_LOG", "trace"), ("RUST_BACKTRACE", "1"), ("_RJEM_MALLOC_CONF", "prof:true")];

/// Texts by where they come from.
type Outputs = Vec<(String, String)>;

/// Which canaries are where.
fn found(canaries: &[Canary], outputs: &[(String, String)]) -> Vec<String> {
    let is_in = |canary: &Canary, text: &str| canary.forms.iter().any(|form| text.contains(form));
    let pairs = outputs.iter().flat_map(|output| canaries.iter().map(move |canary| (canary, output)));
    let found = pairs.filter(|(canary, (_, text))| is_in(canary, text));
    found.map(|(canary, (place, _))| format!("{} in {place}", canary.name)).collect()
}

/// The pages of a controller, by port and path: those of the guide, and what may stand behind them.
fn pages() -> Vec<(u16, String)> {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let guide = fs::read_to_string(guide).unwrap();
    let mut pages = vec![(8000, "/metrics".to_owned())];
    for row in guide.lines().filter(|line| line.starts_with("| 8000 | `/") || line.starts_with("| 6060, ")) {
        let port = if row.starts_with("| 8000") { 8000 } else { 6060 };
        let quoted: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        pages.push((port, quoted[0].to_owned()));
        let forms = quoted[1..].iter().filter(|form| form.starts_with('?'));
        pages.extend(forms.map(|form| (port, format!("{}{form}", quoted[0]))));
    }
    assert!(pages.len() >= 6, "{pages:?}");
    pages
}

/// What is asked of a controller that runs.
async fn asked(bed: &Bed, controller: &Controller) -> Outputs {
    let mut outputs = Outputs::new();
    for (port, path) in pages() {
        outputs.push((path.clone(), controller.page(port, &path).await));
    }
    for form in ["text", "json"] {
        outputs.push((format!("isobath status --output {form}"), controller.status(form)));
    }
    outputs.push((
        "the cluster".to_owned(),
        kubectl(bed, &["get", WRITTEN, "--namespace", &bed.namespace, "--output=json"]).await,
    ));
    outputs
}

/// What `isobath cli` shows of what Envoys are given. A resource that Envoys reject is not offered again.
fn shown_to_envoys(bed: &Bed, controller: &Controller) -> Outputs {
    let certificate = format!("{}/served", bed.namespace);
    let questions = TYPES.iter().map(|kind| vec![*kind]).chain([vec!["sds", &certificate]]);
    let all = questions.flat_map(|question| [question.clone(), [question, vec!["--delta"]].concat()]);
    let ask = |question: &Vec<&str>| {
        controller.cli(&[&["--once"][..], question].concat()).output().expect("it runs")
    };
    all.map(|question| (format!("isobath cli {question:?}"), text(&ask(&question)))).collect()
}

/// What commands say of files with the same objects, and of some that are broken.
fn of_files(controller: &Controller, objects: &str, configuration: &Path, planted: &Planted) -> Outputs {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("objects.yaml"), objects).unwrap();
    for (number, broken) in planted.broken_files().into_iter().enumerate() {
        fs::write(folder.path().join(format!("broken-{number}.yaml")), broken).unwrap();
    }
    let path = folder.path().display().to_string();
    let with = format!("--config-path={}", configuration.display());
    let commands = [
        vec!["lint", &path, &with],
        vec!["lint", "--output=json", &path, &with],
        vec!["translate", "--bootstrap", &path, &with],
    ];
    commands.iter().map(|words| (words[..2].join(" "), text(&controller.isobath(words)))).collect()
}

/// An Envoy that rejects a certificate, and quotes its key as Envoys do.
struct Rejecting(Child);

impl Rejecting {
    async fn start(bed: &Bed, controller: &Controller, key: &str) -> Self {
        let words = format!("--nack=Failed to load private key from <inline>: {key}");
        let certificate = format!("{}/served", bed.namespace);
        let mut command = controller.cli(&["sds", &certificate, &words, "--node-id=rejecting"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let rejecting = Self(child);
        eventually("what it says is told, without the key", async || {
            let status = controller.status("json");
            if status.contains("Failed to load private key from <inline>: [removed]") {
                Ok(())
            } else {
                Err(status)
            }
        })
        .await;
        rejecting
    }
}

impl Drop for Rejecting {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything that comes out of one controller, from its start to its end.
async fn outputs(bed: &Bed, planted: &Planted, format: &str) -> (Outputs, Vec<Canary>) {
    let configuration = tempfile::NamedTempFile::new().unwrap();
    fs::write(configuration.path(), planted.configuration()).unwrap();
    let flags =
        [format!("--log-format={format}"), format!("--config-path={}", configuration.path().display())];
    let flags = [&*flags[0], &*flags[1], "--debug", "--kubernetes-debug=9", "--contour-metrics"];
    let controller = Controller::start(bed, &flags, &TALKATIVE).await;
    let keys = controller.certificates();
    let keys = vec![
        Canary::key("the controller's key", keys.server.key.expose()),
        Canary::key("Envoy's key", keys.client.key.expose()),
    ];
    for object in planted.objects() {
        bed.objects.apply_one(&object, Mode::Keep).await.unwrap();
    }
    for name in planted.wrong() {
        eventually("what is wrong is told", async || {
            let status = controller.status("text");
            let said = format!("error: HTTPProxy {}/{name}: ", bed.namespace);
            if status.contains(&said) { Ok(()) } else { Err(format!("{name}: {status}")) }
        })
        .await;
    }
    let mut outputs = shown_to_envoys(bed, &controller);
    let rejecting = Rejecting::start(bed, &controller, planted.served_key()).await;
    outputs.extend(asked(bed, &controller).await);
    drop(rejecting);
    let list = ["get", "httpproxies,services,secrets", "--namespace", &bed.namespace, "--output=yaml"];
    let objects = kubectl(bed, &list).await;
    outputs.extend(of_files(&controller, &objects, configuration.path(), planted));
    outputs.push((format!("the log as {format}"), controller.end()));
    (outputs, keys)
}

#[test]
fn secrets_are_in_none_of_the_outputs() {
    testbed::test("canaries", async |bed| {
        install_definitions(bed).await;
        let planted = Planted::new(&bed.namespace);
        let mut canaries = planted.canaries();
        let names: Vec<_> = canaries.iter().map(|canary| format!("{} in Secrets", canary.name)).collect();
        for format in ["text", "json"] {
            let (outputs, keys) = outputs(bed, &planted, format).await;
            canaries.extend(keys);
            assert_eq!(found(&canaries, &outputs), Vec::<String>::new());
            let silent = outputs.iter().filter(|(_, text)| text.is_empty());
            assert_eq!(silent.map(|(place, _)| place).collect::<Vec<_>>(), Vec::<&String>::new());
        }
        // They are found where they are.
        let secrets = kubectl(bed, &["get", "secrets", "--namespace", &bed.namespace, "--output=json"]).await;
        assert_eq!(found(&canaries, &[("Secrets".to_owned(), secrets)]), names);
    });
}
