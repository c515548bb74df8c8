use std::sync::{Arc, Mutex};
use std::time::Duration;

use files::{Folder, Reload, WatchSettings, watch};
use tokio::sync::mpsc::{Receiver, channel};

use crate::world::{World, changes, documents, service};

/// No look without an event, so that each batch proves one; patient enough for a busy machine.
fn slow() -> WatchSettings {
    WatchSettings {
        quiet: Duration::from_millis(400),
        longest: Duration::from_secs(30),
        rescan: Duration::from_secs(3600),
        open: Duration::from_secs(3600),
    }
}

/// A watch of a folder that has been read; it ends with its receiver.
struct Watched {
    batches: Receiver<Reload>,
}

impl Watched {
    async fn new(world: &World) -> Self {
        Self::of(world.fresh()).await
    }

    async fn of(folder: Folder) -> Self {
        Self::with(folder, slow()).await
    }

    async fn with(folder: Folder, settings: WatchSettings) -> Self {
        let folder = Arc::new(Mutex::new(folder));
        let (sender, batches) = channel(16);
        tokio::spawn(watch(folder, settings, sender));
        let mut watched = Self { batches };
        watched.changes().await;
        watched
    }

    async fn batch(&mut self) -> Reload {
        let batch = tokio::time::timeout(Duration::from_secs(60), self.batches.recv());
        batch.await.expect("a batch within a minute").expect("the watch goes on")
    }

    async fn changes(&mut self) -> Vec<String> {
        changes(&self.batch().await)
    }
}

#[tokio::test]
async fn a_saved_file_is_one_batch() {
    let world = World::new(&[("a.yaml", &service("a", 1))]);
    let mut watched = Watched::new(&world).await;
    world.write("a.yaml", service("a", 2));
    assert_eq!(watched.changes().await, ["+ Service default/a"]);
    world.write("b.yaml", service("b", 2));
    assert_eq!(watched.changes().await, ["+ Service default/b"]);
    world.remove("b.yaml");
    assert_eq!(watched.changes().await, ["- Service default/b"]);
}

#[tokio::test]
async fn a_file_that_is_replaced_by_a_rename_is_seen() {
    let world = World::new(&[("a.yaml", &service("a", 1))]);
    let mut watched = Watched::new(&world).await;
    for port in 2..5 {
        world.write(".a.yaml.tmp", service("a", port));
        std::fs::rename(world.file(".a.yaml.tmp"), world.file("a.yaml")).unwrap();
        assert_eq!(watched.changes().await, ["+ Service default/a"]);
    }
}

#[tokio::test]
async fn a_file_that_is_moved_away_and_written_anew_is_never_missing() {
    let world = World::new(&[("a.yaml", &service("a", 1))]);
    let mut watched = Watched::new(&world).await;
    std::fs::rename(world.file("a.yaml"), world.file("a.yaml~")).unwrap();
    world.write("a.yaml", service("a", 2));
    assert_eq!(watched.changes().await, ["+ Service default/a"]);
}

#[tokio::test]
async fn folders_that_come_and_go_are_seen() {
    let world = World::new(&[("a.yaml", &service("a", 1))]);
    let mut watched = Watched::new(&world).await;
    world.write("sub/deep/b.yaml", service("b", 1));
    assert_eq!(watched.changes().await, ["+ Service default/b"]);
    world.write("sub/deep/b.yaml", service("b", 2));
    assert_eq!(watched.changes().await, ["+ Service default/b"]);
    std::fs::remove_dir_all(world.file("sub")).unwrap();
    assert_eq!(watched.changes().await, ["- Service default/b"]);
}

#[tokio::test]
async fn swapped_links_of_a_volume_are_seen() {
    let world = World::new(&[("..1/a.yaml", &service("a", 1)), ("..2/a.yaml", &service("a", 2))]);
    std::os::unix::fs::symlink("..1", world.file("..data")).unwrap();
    std::os::unix::fs::symlink("..data/a.yaml", world.file("a.yaml")).unwrap();
    let mut watched = Watched::new(&world).await;
    std::os::unix::fs::symlink("..2", world.file("..data_tmp")).unwrap();
    std::fs::rename(world.file("..data_tmp"), world.file("..data")).unwrap();
    assert_eq!(watched.changes().await, ["+ Service default/a"]);
}

/// Where the system tells that a file was closed, a rest of the writer is no end.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_that_is_written_in_parts_is_never_seen_in_part() {
    use std::io::Write;

    let world = World::new(&[("a.yaml", &documents(&[service("a", 1), service("b", 1)]))]);
    // Neither the longest wait nor the regular look is an end.
    let millis = Duration::from_millis;
    let settings = WatchSettings { quiet: millis(20), longest: millis(40), rescan: millis(50), ..slow() };
    let mut watched = Watched::with(world.fresh(), settings).await;
    let mut file = std::fs::File::create(world.file("a.yaml")).unwrap();
    let rest = || tokio::time::sleep(millis(400));
    rest().await;
    file.write_all(service("a", 2).as_bytes()).unwrap();
    rest().await;
    // Others do not wait for it.
    world.write("c.yaml", service("c", 1));
    assert_eq!(watched.changes().await, ["+ Service default/c"]);
    file.write_all(format!("---\n{}", service("b", 2)).as_bytes()).unwrap();
    drop(file);
    assert_eq!(watched.changes().await, ["+ Service default/a", "+ Service default/b"]);
}

#[tokio::test]
async fn a_file_that_is_kept_open_for_very_long_is_seen() {
    let world = World::new(&[("a.yaml", &service("a", 1))]);
    let settings =
        WatchSettings { rescan: Duration::from_millis(50), open: Duration::from_millis(100), ..slow() };
    let mut watched = Watched::with(world.fresh(), settings).await;
    let file = std::fs::File::options().write(true).truncate(true).open(world.file("a.yaml")).unwrap();
    std::io::Write::write_all(&mut &file, service("a", 2).as_bytes()).unwrap();
    assert_eq!(watched.changes().await, ["+ Service default/a"]);
    drop(file);
}

#[tokio::test]
async fn a_broken_file_is_told_and_changes_nothing() {
    let world = World::new(&[("a.yaml", &service("a", 1))]);
    let mut watched = Watched::new(&world).await;
    world.write("a.yaml", "a: [\n");
    let batch = watched.batch().await;
    assert_eq!((changes(&batch), batch.diagnostics.len()), (vec![], 2));
    world.write("a.yaml", service("a", 2));
    assert_eq!(watched.changes().await, ["+ Service default/a"]);
}

#[tokio::test]
async fn the_watch_ends_with_its_receiver() {
    let world = World::new(&[]);
    let (sender, batches) = channel(1);
    drop(batches);
    let folder = Arc::new(Mutex::new(world.fresh()));
    watch(folder, WatchSettings::default(), sender).await.unwrap();
}

#[tokio::test]
async fn a_file_given_by_name_is_watched_through_renames() {
    let world = World::new(&[("manifest", &service("a", 1))]);
    let mut watched = Watched::of(Folder::new([world.file("manifest")])).await;
    for port in 2..4 {
        world.write("other", service("a", port));
        std::fs::rename(world.file("other"), world.file("manifest")).unwrap();
        assert_eq!(watched.changes().await, ["+ Service default/a"]);
    }
    world.write("manifest", service("a", 9));
    assert_eq!(watched.changes().await, ["+ Service default/a"]);
}

#[tokio::test]
async fn a_folder_that_is_made_anew_is_watched_again() {
    let world = World::new(&[("root/a.yaml", &service("a", 1))]);
    let mut watched = Watched::of(Folder::new([world.file("root")])).await;
    std::fs::remove_dir_all(world.file("root")).unwrap();
    let gone = watched.batch().await;
    assert_eq!((changes(&gone), gone.diagnostics.len()), (vec!["- Service default/a".to_owned()], 1));
    world.write("root/a.yaml", service("a", 2));
    assert_eq!(watched.changes().await, ["+ Service default/a"]);
    world.write("root/a.yaml", service("a", 3));
    assert_eq!(watched.changes().await, ["+ Service default/a"]);
}

#[tokio::test]
async fn another_name_of_a_file_that_is_replaced_is_a_file_of_its_own() {
    let world = World::new(&[("a.yaml", &service("a", 1))]);
    std::fs::hard_link(world.file("a.yaml"), world.file("b.yaml")).unwrap();
    let mut watched = Watched::new(&world).await;
    world.write(".tmp", service("b", 1));
    std::fs::rename(world.file(".tmp"), world.file("a.yaml")).unwrap();
    // What `a.yaml` was before is in `b.yaml` still, whose name no event had in it.
    assert_eq!(watched.changes().await, ["+ Service default/b"]);
    std::fs::remove_file(world.file("b.yaml")).unwrap();
    assert_eq!(watched.changes().await, ["- Service default/a"]);
}

#[tokio::test]
async fn a_file_that_becomes_a_link_to_another_is_no_file_of_its_own() {
    let world = World::new(&[("a.yaml", &service("a", 1)), ("b.yaml", &service("b", 1))]);
    let mut watched = Watched::new(&world).await;
    std::os::unix::fs::symlink("a.yaml", world.file(".tmp")).unwrap();
    std::fs::rename(world.file(".tmp"), world.file("b.yaml")).unwrap();
    assert_eq!(watched.changes().await, ["- Service default/b"]);
}

#[tokio::test]
async fn a_file_that_is_saved_again_and_again_does_not_put_off_the_regular_look() {
    let world = World::new(&[("a.yaml", &service("a", 1))]);
    let unseen = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(unseen.path().join("b"), world.file("b.yaml")).unwrap();
    let settings =
        WatchSettings { quiet: Duration::from_millis(1), rescan: Duration::from_millis(100), ..slow() };
    let mut watched = Watched::with(world.fresh(), settings).await;
    // Behind a link that leads out of the folder, where no event comes from.
    std::fs::write(unseen.path().join("b"), service("b", 1)).unwrap();
    let mut port = 1;
    loop {
        port += 1;
        world.write("a.yaml", service("a", port));
        if watched.changes().await.contains(&"+ Service default/b".to_owned()) {
            return;
        }
    }
}

#[tokio::test]
async fn a_long_file_is_seen_too() {
    let many = |port: u16| {
        let all: Vec<_> = (0..2000).map(|number| service(&format!("s{number}"), port)).collect();
        documents(&all)
    };
    let world = World::new(&[("a.yaml", &many(1))]);
    let mut watched = Watched::new(&world).await;
    world.write("a.yaml", many(1).replace("{name: s7}", "{name: other}"));
    assert_eq!(watched.changes().await, ["+ Service default/other", "- Service default/s7"]);
}
