//! `isobath crds`: what a cluster must know of the kinds that are ours to define.

use std::io::{self, Write};

use clap::Args;

use crate::output::Outcome;

/// Prints the CustomResourceDefinitions, for `kubectl apply -f -`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> anyhow::Result<Outcome> {
    let mut out = io::stdout().lock();
    for (_, document) in documents()? {
        write!(out, "---\n{document}")?;
    }
    Ok(Outcome::Good)
}

/// Each definition with the name of its file in `config/crd`.
fn documents() -> anyhow::Result<Vec<(String, String)>> {
    let definitions = api::crd::definitions();
    definitions
        .into_iter()
        .map(|definition| {
            let name = definition["metadata"]["name"].as_str().unwrap_or_default();
            let text = serde_saphyr::to_string(&definition)?;
            Ok((format!("{name}.yaml"), format!("{}\n", text.trim_end())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::{env, fs};

    /// For those who apply folders.
    fn kustomization(files: &BTreeMap<String, String>) -> String {
        let head = "# What `isobath crds` prints, for those who apply folders.\n\
                    apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n";
        files.keys().fold(head.to_owned(), |text, file| text + "- " + file + "\n")
    }

    #[test]
    fn the_committed_definitions_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/crd");
        let mut wanted: BTreeMap<_, _> = super::documents().unwrap().into_iter().collect();
        wanted.insert("kustomization.yaml".to_owned(), kustomization(&wanted));
        if env::var_os("UPDATE").is_some() {
            fs::create_dir_all(&folder).unwrap();
            for (name, text) in &wanted {
                fs::write(folder.join(name), text).unwrap();
            }
        }
        let entries = fs::read_dir(&folder).unwrap().map(Result::unwrap);
        let committed: BTreeMap<_, _> = entries
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        assert!(committed == wanted, "config/crd is old: UPDATE=1 cargo test -p isobath-cli crds");
    }
}
