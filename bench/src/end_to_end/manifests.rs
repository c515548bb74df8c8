//! A folder of manifests with many hosts, one of which changes.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The host that changes.
pub(super) const HOST: &str = "changing.example.com";
/// The path that comes and goes.
pub(super) const PATH: &str = "/new";
/// The files that all other hosts are in.
const FILES: usize = 10;

/// How a file is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Save {
    /// Written beside and renamed, as editors and `kubectl`-like tools do.
    Rename,
    /// Written over, as `cp` and the shell do.
    Overwrite,
}

/// A folder of manifests.
pub(super) struct Manifests {
    folder: TempDir,
}

impl Manifests {
    /// A folder with this many hosts, all of which one backend serves.
    pub(super) fn new(hosts: usize, backend: u16) -> Self {
        let folder = tempfile::Builder::new().prefix("isobath-bench-").tempdir().expect("a temporary folder");
        let manifests = Self { folder };
        let per_file = hosts.div_ceil(FILES);
        for first in (1..hosts).step_by(per_file) {
            let mut text = String::new();
            for host in first..hosts.min(first + per_file) {
                let name = format!("host-{host}");
                text += &backend_yaml(&name, backend);
                text += &proxy(&name, &format!("{name}.example.com"), &["/"]);
            }
            fs::write(manifests.path().join(format!("from-{first}.yaml")), text).expect("it is writable");
        }
        let backend = backend_yaml("changing", backend);
        fs::write(manifests.path().join("backend.yaml"), backend).expect("it is writable");
        manifests.save(Save::Overwrite, false);
        manifests
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Saves the host with or without the route for [`PATH`].
    pub(super) fn save(&self, how: Save, with_route: bool) {
        let paths: &[&str] = if with_route { &["/base", PATH] } else { &["/base"] };
        let text = proxy("changing", HOST, paths);
        let target = self.file("changing.yaml");
        match how {
            Save::Overwrite => fs::write(target, text).expect("it is writable"),
            Save::Rename => {
                let beside = self.file(".changing.yaml.tmp");
                fs::write(&beside, text).expect("it is writable");
                fs::rename(beside, target).expect("it is writable");
            }
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}

fn proxy(name: &str, fqdn: &str, paths: &[&str]) -> String {
    let mut text = format!(
        "---\napiVersion: projectcontour.io/v1\nkind: HTTPProxy\n\
         metadata: {{name: {name}, namespace: bench}}\n\
         spec:\n  virtualhost: {{fqdn: {fqdn}}}\n  routes:\n"
    );
    for path in paths {
        let route = writeln!(
            text,
            "    - conditions:\n        - prefix: {path}\n      services:\n        - {{name: {name}, port: 80}}"
        );
        route.expect("a string takes everything");
    }
    text
}

fn backend_yaml(name: &str, port: u16) -> String {
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: bench}}\n\
         spec:\n  ports:\n    - {{name: http, port: 80, targetPort: {port}}}\n\
         ---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n\
         metadata:\n  name: {name}\n  namespace: bench\n  labels:\n    kubernetes.io/service-name: {name}\n\
         addressType: IPv4\nports:\n  - {{name: http, port: {port}, protocol: TCP}}\n\
         endpoints:\n  - addresses: [127.0.0.1]\n    conditions: {{ready: true}}\n"
    )
}
