//! What the cluster runs, where it is, and why there can be none on this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use launcher::Search;

/// What must be there beside the kernel: each with the Debian package that has it.
const TOOLS: &[(&str, &str)] = &[
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("nsenter", "util-linux"),
    ("setpriv", "util-linux"),
    ("sysctl", "procps"),
    ("unshare", "util-linux"),
];

/// Names the folder with `isobath` and `isobath-echo`, when they are not to be built.
const BINARIES: &str = "ISOBATH_TESTBED_BINARIES";

/// Names a Contour, for those who want to see it in a cluster; there is none without it.
const CONTOUR: &str = "PEER_CONTOUR";

/// Names the folder that `hack/conformance` prints, where pods of the conformance suite are to run.
const CONFORMANCE: &str = "ISOBATH_TESTBED_CONFORMANCE";

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The folder with etcd, `kube-apiserver`, `kube-controller-manager` and `kubectl`.
    pub kubernetes: PathBuf,
    /// Our own `isobath`.
    pub isobath: PathBuf,
    /// Our own `isobath-echo`.
    pub echo: PathBuf,
    /// The pinned Envoy.
    pub envoy: PathBuf,
    /// A Contour.
    contour: Option<PathBuf>,
    /// The folder with what runs in pods of the conformance suite.
    pub conformance: Option<PathBuf>,
}

impl Programs {
    /// Finds them, and builds those that are built from this repository.
    pub fn prepare() -> Result<Self> {
        let binaries = our_binaries()?;
        let mut search = Search::from_environment();
        search.tools_above.push(repository());
        let envoy = search.pinned_envoy().map_or_else(|| search.envoy(), Ok)?;
        Ok(Self {
            kubernetes: kubernetes()?,
            isobath: binaries.join("isobath"),
            echo: binaries.join("isobath-echo"),
            envoy,
            contour: std::env::var_os(CONTOUR).map(PathBuf::from),
            conformance: std::env::var_os(CONFORMANCE).map(PathBuf::from),
        })
    }

    /// The program behind an image: the first whose word is part of the image's name.
    pub(crate) fn of_image(&self, image: &str) -> Result<PathBuf> {
        let of_suite = |program| self.conformance.as_ref().map(|folder| folder.join(program));
        // What is not there without a variable of the environment has its name beside it.
        let images = [
            ("gateway-api/echo-basic", of_suite("echo-basic"), CONFORMANCE),
            ("coredns", of_suite("coredns"), CONFORMANCE),
            ("envoyproxy/envoy", Some(self.envoy.clone()), ""),
            ("echo", Some(self.echo.clone()), ""),
            ("isobath", Some(self.isobath.clone()), ""),
            ("projectcontour/contour", self.contour.clone(), CONTOUR),
        ];
        let Some((_, program, variable)) = images.into_iter().find(|(word, ..)| image.contains(word)) else {
            bail!("the test bed has no program for the image {image:?}");
        };
        program.with_context(|| {
            format!(
                "the program for the image {image:?} is not known: name it by {variable} (CONTRIBUTING.md)"
            )
        })
    }
}

/// Why there can be no cluster on this machine, in one line.
pub fn why_not() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("network namespaces are Linux's".to_owned());
    }
    if !rustix::process::geteuid().is_root() {
        return Some("network namespaces and mounts need root".to_owned());
    }
    if let Some((tool, package)) = TOOLS.iter().find(|(tool, _)| !is_there(tool)) {
        return Some(format!("`{tool}` is not installed (Debian: apt-get install {package})"));
    }
    if !succeeds(
        Command::new("unshare").args(["--net", "--mount", "ip", "link", "add", "br0", "type", "bridge"]),
    ) {
        return Some("this machine allows no network namespaces, or no bridges in them".to_owned());
    }
    if !is_there("go") && !is_there("python3") {
        return Some("there is no Go (or python3, to fetch one) to build Kubernetes with".to_owned());
    }
    None
}

/// The root of this repository.
pub(crate) fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

fn kubernetes() -> Result<PathBuf> {
    Ok(output(&mut Command::new(repository().join("hack/build-cluster")))?.trim().into())
}

/// Builds them as `hack/run` does, so that both share what was built.
fn our_binaries() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os(BINARIES) {
        return Ok(folder.into());
    }
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "isobath-cli", "--package", "isobath-echo"]);
    build.args(["--package", "isobath-xtask"]).current_dir(repository());
    output(&mut build)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(repository().join(target).join("debug"))
}

/// What a command prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn is_there(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(conformance: Option<&str>) -> Programs {
        Programs {
            kubernetes: "/k".into(),
            isobath: "/i/isobath".into(),
            echo: "/i/isobath-echo".into(),
            envoy: "/e/envoy".into(),
            contour: None,
            conformance: conformance.map(PathBuf::from),
        }
    }

    #[test]
    fn images_are_known_by_a_part_of_their_names() {
        let programs = programs(Some("/c"));
        for (image, program) in [
            ("registry.k8s.io/gateway-api/echo-basic:v1.5.1", "/c/echo-basic"),
            ("registry.k8s.io/coredns/coredns:v1.12.2", "/c/coredns"),
            ("docker.io/envoyproxy/envoy:v1.40.0", "/e/envoy"),
            ("isobath-echo", "/i/isobath-echo"),
            ("ghcr.io/isobath/isobath:latest", "/i/isobath"),
        ] {
            assert_eq!(programs.of_image(image).unwrap(), Path::new(program), "{image}");
        }
        let error = programs.of_image("nginx").unwrap_err().to_string();
        assert_eq!(error, "the test bed has no program for the image \"nginx\"");
    }

    #[test]
    fn images_of_the_suite_are_never_taken_for_our_own() {
        let error =
            programs(None).of_image("registry.k8s.io/gateway-api/echo-basic:v1.5.1").unwrap_err().to_string();
        assert_eq!(
            error,
            "the program for the image \"registry.k8s.io/gateway-api/echo-basic:v1.5.1\" is not known: name it by \
             ISOBATH_TESTBED_CONFORMANCE (CONTRIBUTING.md)"
        );
    }
}
