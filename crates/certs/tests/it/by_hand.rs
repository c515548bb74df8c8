//! The guide for those who make certificates themselves: its commands are run as they stand there.

use std::path::Path;
use std::process::Command;

use isobath_certs::{Material, generate};

use crate::handshake::handshake;
use crate::options;

const GUIDE: &str = include_str!("../../../../docs/certificates.md");

/// The commands of the section.
fn commands() -> &'static str {
    let (_, section) = GUIDE.split_once("<!-- by-hand -->\n```sh\n").expect("the guide has the section");
    section.split_once("```").expect("the block ends").0
}

fn material(folder: &Path, name: &str) -> Material {
    let read = |file: &str| std::fs::read(folder.join(file)).unwrap();
    Material::parse(&read("ca.crt"), &read(&format!("{name}.crt")), &read(&format!("{name}.key"))).unwrap()
}

#[test]
fn what_the_guide_makes_is_taken_on_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("bash").args(["-euc", commands()]).current_dir(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (server, client) = (material(folder.path(), "isobath"), material(folder.path(), "envoy"));
    for name in ["isobath", "isobath.isobath.svc.cluster.local"] {
        handshake(&server, &client, name).unwrap();
    }
    // Controllers ask one another.
    handshake(&server, &server, "isobath").unwrap();
    // Nobody is let in by another CA's certificate, and an Envoy's is no server's.
    let strangers = generate(&options()).unwrap();
    handshake(&server, &strangers.client_material().unwrap(), "isobath").unwrap_err();
    handshake(&client, &client, "envoy").unwrap_err();
}
