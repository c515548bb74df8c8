//! A folder of certificates that changes as a volume of the kubelet does: all files at once.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use certs::{Identity, TlsFiles};

const DATA: &str = "..data";

/// `ca.crt`, `tls.crt` and `tls.key`, each a link into a folder that is itself a link.
pub(crate) struct Volume {
    path: PathBuf,
    round: u32,
}

impl Volume {
    pub(crate) fn new(path: &Path, ca: &str, identity: &Identity) -> Self {
        fs::create_dir(path).expect("the folder is writable");
        let mut volume = Self { path: path.to_owned(), round: 0 };
        volume.replace(ca, identity);
        for name in ["ca.crt", "tls.crt", "tls.key"] {
            symlink(Path::new(DATA).join(name), path.join(name)).expect("the folder is writable");
        }
        volume
    }

    pub(crate) fn replace(&mut self, ca: &str, identity: &Identity) {
        self.round += 1;
        let round = format!("..{}", self.round);
        let folder = self.path.join(&round);
        fs::create_dir(&folder).expect("the folder is writable");
        let key = identity.key.expose();
        for (name, content) in [("ca.crt", ca), ("tls.crt", &identity.certificate), ("tls.key", key)] {
            fs::write(folder.join(name), content).expect("the folder is writable");
        }
        let next = self.path.join("..data_tmp");
        symlink(round, &next).expect("the folder is writable");
        fs::rename(next, self.path.join(DATA)).expect("the folder is writable");
    }

    pub(crate) fn tls_files(&self) -> TlsFiles {
        let [ca, certificate, key] = ["ca.crt", "tls.crt", "tls.key"].map(|name| self.path.join(name));
        TlsFiles { ca, certificate, key }
    }
}
