//! Short deterministic runs of every fuzz target.

use std::fs;
use std::path::{Path, PathBuf};

use fuzz_smoke::{Mutator, Random, Target, convert, manifest, pem, regex, rules, xds_session};

/// How many inputs each target gets, and from which seed, unless `FUZZ_INPUTS` and `FUZZ_SEED` say otherwise.
const INPUTS: u64 = 20_000;
const SEED: u64 = 1;

fn setting(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a number"))
}

/// Runs a target on so many damaged seeds.
fn run(target: Target, seeds: &[Vec<u8>], words: &[&str], longest: usize) {
    assert!(seeds.len() > 3 && seeds.iter().any(|seed| seed.len() > 20), "seeds to start from");
    seeds.iter().for_each(|seed| target(seed));
    let mut mutator = Mutator::new(setting("FUZZ_SEED", SEED), seeds, words, longest);
    (0..setting("FUZZ_INPUTS", INPUTS)).for_each(|_| target(&mutator.next_input()));
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All files below a folder of the repository with one of these extensions, sorted.
fn files_below(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if extensions.contains(&extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read_all(paths: &[PathBuf]) -> Vec<Vec<u8>> {
    paths.iter().map(|path| fs::read(path).expect("a readable file")).collect()
}

/// Pieces that mean something to whoever reads YAML.
const YAML: &[&str] =
    &["---\n", "\n- ", ": ", "[", "{", "}", "&a ", "*a", "|\n  ", "#", "\"", "'", "kind: List\nitems:\n"];

#[test]
fn files_of_any_bytes_are_converted() {
    let seeds = read_all(&files_below("testdata/cases/ingress-route", &["yaml"]));
    run(convert::run, &seeds, &[YAML, &["match: /"]].concat(), 1200);
}

#[test]
fn manifests_of_any_bytes_are_read() {
    let seeds = read_all(&files_below("examples", &["yaml"]));
    let rare = &[
        "]",
        "!!binary ",
        ">-\n  ",
        "<<: *a\n",
        "\t",
        "\u{feff}",
        "null",
        "~",
        "1e999",
        "0x7fffffffffffffff",
        "é",
        "apiVersion: projectcontour.io/v1\n",
        "\r\n",
        "%YAML 1.2\n",
    ];
    run(manifest::run, &seeds, &[YAML, rare].concat(), 700);
}

#[test]
fn certificates_of_any_bytes_are_judged() {
    let seeds = read_all(&files_below("crates/x509/testdata/envoy", &["crt", "key", "pem"]));
    let words = [
        "-----BEGIN CERTIFICATE-----\n",
        "-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\n",
        "\n",
        "\0",
        "=",
        "MII",
        "\r\n",
    ];
    run(pem::run, &seeds, &words, 4000);
}

#[test]
fn expressions_of_any_bytes_are_judged() {
    let corpus = fs::read_to_string(repository().join("crates/re2/testdata/corpus.tsv")).expect("the corpus");
    let seeds: Vec<Vec<u8>> = corpus
        .lines()
        .filter_map(|line| line.split('\t').next())
        .map(|cell| cell.trim_matches('"').into())
        .collect();
    let words =
        ["(?", "(?P<", "[^", "[[:", "\\Q", "\\p{", "\\x{", "{1000}", "{2,}", "|", ")*", "é", "(?i)", "\\"];
    run(regex::run, &seeds, &words, 300);
}

#[test]
fn values_of_any_bytes_are_judged() {
    let seeds: Vec<Vec<u8>> = [
        "*.example.com",
        "/api/v1/%20x",
        "X-Request-Id",
        "%REQ(X-Host?:authority):10%-%HOSTNAME%",
        "10.0.0.0/8",
        "fd00::1",
        "localhost:8080",
        "gateway-error",
        "a.b.c.d.e.f",
        "%CONTOUR_SERVICE_NAME%.%CONTOUR_NAMESPACE%",
        ":method",
    ]
    .map(|seed| seed.as_bytes().to_vec())
    .into();
    let words =
        ["%", "%%", "\r\n", "\0", "*.", ".", "/", "?", "#", ":", ";", " ", "é", "REQ(", ")%", "host", "xn--"];
    run(rules::run, &seeds, &words, 300);
}

#[test]
fn sessions_survive_any_script() {
    let mut random = Random::new(7);
    let seeds: Vec<Vec<u8>> =
        (0..200).map(|_| (0..random.below(1500)).map(|_| random.bits().to_le_bytes()[0]).collect()).collect();
    let words = ["type.googleapis.com/envoy.config.cluster.v3.Cluster", "*", "\0\0\0", "\u{1}", "\u{2}\u{3}"];
    run(xds_session::run, &seeds, &words, 1500);
}
