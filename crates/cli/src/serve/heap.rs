//! Where the memory goes, as far as the allocator knows.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use tikv_jemalloc_ctl::{Access, AsName, epoch, stats};

/// Memory as the system has it, so that a profile can be written where nothing else can.
const MEMORY: &str = "/dev/shm";

/// What allocations the memory in use comes from, in the form that `jeprof` and `pprof` read.
///
/// # Errors
/// When the allocator was not told to keep account, which it can only be told at start.
pub(super) fn profile() -> anyhow::Result<Vec<u8>> {
    let keeps_account: bool = b"opt.prof\0".name().read().unwrap_or(false);
    if !keeps_account {
        bail!(
            "the allocator keeps no account of where memory goes; start the controller with \
             _RJEM_MALLOC_CONF=prof:true in its environment"
        );
    }
    let folder = Path::new(MEMORY);
    let file = match folder.is_dir() {
        true => tempfile::NamedTempFile::new_in(folder),
        false => tempfile::NamedTempFile::new(),
    };
    let file = file.context("there is no room for the profile")?;
    // The allocator wants a name that stays: some bytes for each profile that somebody asks for.
    let path: &'static [u8] = format!("{}\0", file.path().display()).into_bytes().leak();
    b"prof.dump\0".name().write(path).map_err(|why| anyhow!("the allocator writes no profile: {why}"))?;
    std::fs::read(file.path()).context("the profile cannot be read")
}

/// Bytes by what they are.
pub(super) fn bytes() -> Option<[(&'static str, usize); 3]> {
    // Without this the figures are those of the last time.
    epoch::advance().ok()?;
    Some([
        ("allocated", stats::allocated::read().ok()?),
        ("resident", stats::resident::read().ok()?),
        ("retained", stats::retained::read().ok()?),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_did_not_ask_at_start_is_told_how_to() {
        let refused = profile().expect_err("tests are not started with it").to_string();
        assert!(refused.contains("_RJEM_MALLOC_CONF=prof:true"), "{refused}");
    }

    #[test]
    fn what_is_allocated_is_counted() {
        let before = bytes().expect("figures")[0].1;
        let much = vec![1_u8; 32 << 20];
        let after = bytes().expect("figures")[0].1;
        assert!(after >= before + much.len() / 2, "{before} bytes, then {after}");
    }
}
