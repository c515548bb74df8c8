//! What is installed: the manifests as kustomize and helm render them.
//!
//! [`kustomize`] and [`helm`] give the objects; the tests look at them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// Objects by kind and name.
pub type Objects = BTreeMap<(String, String), Value>;

/// The root of this repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("it lies two folders deep").to_owned()
}

/// The folder that a script of `hack/` prints; `None`, and the reason on the standard output of the process, when it
/// cannot build. In continuous integration it must.
fn built(script: &str) -> Option<PathBuf> {
    let ran = Command::new(repository().join("hack").join(script)).output().ok()?;
    if !ran.status.success() {
        let why = String::from_utf8_lossy(&ran.stderr);
        assert!(std::env::var_os("CI").is_none(), "hack/{script}: {why}");
        // Not by `println`: the output of tests that pass is shown to nobody.
        let _ = writeln!(std::io::stdout(), "left out: tests of manifests: {}", why.trim_end());
        return None;
    }
    Some(PathBuf::from(String::from_utf8_lossy(&ran.stdout).trim_end().to_owned()))
}

static KUBECTL: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| built("build-cluster").map(|folder| folder.join("kubectl")));
static HELM: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| built("build-helm").map(|folder| folder.join("helm")));

fn run(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let ran = Command::new(program).args(arguments).current_dir(repository()).output();
    let ran = ran.map_err(|error| format!("{}: {error}", program.display()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if ran.status.success() { Ok(text(&ran.stdout)) } else { Err(text(&ran.stdout) + &text(&ran.stderr)) }
}

/// What kustomize makes of a folder, as text; `None` when this machine can build no kubectl.
#[must_use]
pub fn kustomize_text(folder: &str) -> Option<String> {
    let kubectl = KUBECTL.as_ref()?;
    Some(run(kubectl, &["kustomize", folder]).unwrap_or_else(|refused| panic!("{folder}: {refused}")))
}

/// What kustomize makes of a folder; `None` when this machine can build no kubectl.
#[must_use]
pub fn kustomize(folder: &str) -> Option<Objects> {
    kustomize_text(folder).map(|text| objects(&text))
}

/// What helm makes of the chart with these values (`--set`), or why it refuses; `None` when this machine can build no
/// helm.
#[must_use]
pub fn helm(values: &[&str]) -> Option<Result<Objects, String>> {
    let helm = HELM.as_ref()?;
    let mut arguments = vec![
        "template",
        "isobath",
        "charts/isobath",
        "--namespace",
        "isobath",
        "--include-crds",
        "--kube-version",
        "1.36.0",
    ];
    arguments.extend(values.iter().flat_map(|value| ["--set", *value]));
    Some(run(helm, &arguments).map(|text| objects(&text)))
}

/// What `helm lint` says; `None` when this machine can build no helm.
#[must_use]
pub fn helm_lint() -> Option<Result<String, String>> {
    let helm = HELM.as_ref()?;
    Some(run(helm, &["lint", "--strict", "charts/isobath"]))
}

/// The objects of a stream of documents.
#[must_use]
pub fn objects(text: &str) -> Objects {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).expect("it is YAML");
    let documents = documents.into_iter().filter(|document| !document.is_null());
    let named = documents.map(|object| {
        let part = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        ((part("/kind"), part("/metadata/name")), object)
    });
    named.collect()
}

/// The template of each pod, by the name of what makes it.
#[must_use]
pub fn pods(objects: &Objects) -> BTreeMap<String, &Value> {
    let template = |object: &'_ Value| {
        let paths = ["/spec/template", "/spec/jobTemplate/spec/template"];
        paths.into_iter().find(|path| object.pointer(path).is_some())
    };
    let with = objects.iter().filter_map(|((kind, name), object)| {
        let path = template(object)?;
        Some((format!("{kind}/{name}"), object.pointer(path)?))
    });
    with.collect()
}

/// The containers of a pod, those that run first included.
pub fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["/spec/initContainers", "/spec/containers"];
    lists.into_iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten()
}
