//! Our definitions in a real API server: what it refuses and what we say that it refuses are the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use api::Kind;
use futures::StreamExt as _;
use isobath_cluster_tests::install_definitions;
use serde_json::{Value, json};
use testbed::{Bed, Mode, Objects};

/// The kinds that are ours to define.
fn kind_of(object: &Value) -> Option<Kind> {
    let kind = Kind::find(object["apiVersion"].as_str()?, object["kind"].as_str()?)?;
    api::crd::definition(kind).map(|_| kind)
}

/// All objects of our kinds in the cases, each with its file.
fn objects_of_cases() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/cases");
    let mut objects = Vec::new();
    for file in files(&folder) {
        let text = fs::read_to_string(&file).expect("a case can be read");
        // What is no YAML is a case too, of another kind.
        for object in Objects::parse(&text).unwrap_or_default() {
            if kind_of(&object).is_some() {
                objects.push((file.strip_prefix(&folder).unwrap_or(&file).display().to_string(), object));
            }
        }
    }
    assert!(objects.len() > 500, "{} objects", objects.len());
    objects
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder of cases").flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let inner = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    let all = entries.into_iter().flat_map(inner);
    all.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}

/// Why we say that the API server would refuse it.
fn our_refusal(object: &Value) -> Option<String> {
    let kind = kind_of(object)?;
    match api::decode(kind, object.clone()) {
        Err(problem) => Some(problem.to_string()),
        Ok(decoded) => {
            let unknown = decoded.unknown.iter().map(|path| format!("{path}: is not known"));
            let all: Vec<String> =
                decoded.violations.iter().map(ToString::to_string).chain(unknown).collect();
            (!all.is_empty()).then(|| all.join("; "))
        }
    }
}

async fn servers_refusal(bed: &Bed, object: &Value) -> Option<String> {
    let mut object = object.clone();
    // The namespaces of the cases do not exist here.
    if object.pointer("/metadata/namespace").is_some() {
        object["metadata"]["namespace"] = json!(bed.namespace);
    }
    let refusal = bed.objects.apply_one(&object, Mode::DryRun).await.err()?;
    Some(format!("{refusal:#}"))
}

/// Says where both differ.
async fn difference(bed: &Bed, from: &str, object: &Value) -> Option<String> {
    match (our_refusal(object), servers_refusal(bed, object).await) {
        (Some(ours), None) => Some(format!("{from}: only we refuse: {ours}\n  {object}")),
        (None, Some(servers)) => Some(format!("{from}: only the server refuses: {servers}\n  {object}")),
        _ => None,
    }
}

/// Asks about several objects at once.
async fn differences(bed: &Bed, objects: Vec<(String, Value)>) -> Vec<String> {
    let asked = objects.iter().map(|(from, object)| difference(bed, from, object));
    futures::stream::iter(asked).buffered(8).filter_map(async |found| found).collect().await
}

fn assert_none(differences: &[String]) {
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn the_server_refuses_what_we_say_that_it_refuses() {
    testbed::test("schemas", async |bed| {
        install_definitions(bed).await;
        assert_none(&differences(bed, objects_of_cases()).await);
    });
}

/// What is put in the place of each field, one after the other. No `null`: in files it counts as not given, and the
/// server takes it or refuses it depending on how it is sent.
fn odd_values() -> Vec<Value> {
    let long = "a".repeat(300);
    vec![
        json!(""),
        json!("a b"),
        json!("A.example"),
        json!(long),
        json!(-1),
        json!(0),
        json!(65536),
        json!(1.5),
        json!(true),
        json!([]),
        json!([""]),
        json!({}),
    ]
}

/// Volumes of Pods, which the definition of ContourDeployment leaves to the API server: it looks at them when a Pod is
/// made of them. We look at once.
const OPEN: &str = "/spec/envoy/extraVolumes/0/";

/// The places of all values in an object's `spec`, as JSON pointers.
fn places(value: &Value, pointer: &str, into: &mut Vec<String>) {
    into.push(pointer.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| places(value, &format!("{pointer}/{name}"), into));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| places(value, &format!("{pointer}/{at}"), into));
        }
        _ => {}
    }
}

/// The field that a pointer leads to, whichever items of lists it goes through.
fn field(kind: Kind, pointer: &str) -> String {
    let parts = pointer.split('/').map(|part| if part.parse::<usize>().is_ok() { "*" } else { part });
    format!("{kind}{}", parts.collect::<Vec<_>>().join("/"))
}

/// Each field that any case has, with each odd value in it.
fn objects_with_odd_values() -> Vec<(String, Value)> {
    let (mut seen, mut objects) = (BTreeSet::new(), Vec::new());
    for (_, object) in objects_of_cases() {
        let Some(kind) = kind_of(&object).filter(|_| our_refusal(&object).is_none()) else { continue };
        let mut all = Vec::new();
        places(&object["spec"], "/spec", &mut all);
        for pointer in all.into_iter().filter(|pointer| !pointer.contains('~') && !pointer.starts_with(OPEN))
        {
            if !seen.insert(field(kind, &pointer)) {
                continue;
            }
            for odd in odd_values() {
                let mut changed = object.clone();
                let Some(place) = changed.pointer_mut(&pointer) else { continue };
                *place = odd.clone();
                objects.push((format!("{kind}{pointer} is {odd}"), changed));
            }
        }
    }
    assert!(seen.len() > 200, "{} fields", seen.len());
    objects
}

#[test]
fn odd_values_of_any_field_are_refused_by_both_or_by_none() {
    testbed::test("odd-values", async |bed| {
        install_definitions(bed).await;
        assert_none(&differences(bed, objects_with_odd_values()).await);
    });
}
