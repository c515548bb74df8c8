#[path = "../../../../tests/cases.rs"]
mod cases;

use proptest::prelude::*;

use self::cases::cases;
use crate::world::World;

/// Pieces that manifests, and broken ones, are made of.
fn fragments() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "apiVersion: v1\n",
        "kind: Service\n",
        "kind: List\n",
        "items:\n",
        "- ",
        "  ",
        "\t",
        "metadata: {name: a}\n",
        "---\n",
        "...\n",
        "&a ",
        "*a",
        "<<: ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        ": ",
        "|\n",
        ">-\n",
        "? ",
        "!!str ",
        "%YAML 1.2\n",
        "# é😀\n",
        "\r\n",
        "\r",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\\u",
        "\\ud83d",
        "spec: ",
        "ports: ",
        "x",
        "1",
        "é",
        "\u{0}",
        ",",
        "@",
        "`",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn broken_manifests_never_panic(text in fragments()) {
        files::read_any(text.as_bytes());
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        files::read_any(&bytes);
    }
}

proptest! {
    #![proptest_config(cases(64))]

    /// However the files got there, a folder that was never broken says what a fresh look says.
    #[test]
    fn reloading_ends_where_a_fresh_look_begins(edits in prop::collection::vec((0..3_usize, prop::collection::vec((0..4_u8, 1..3_u16), 0..4)), 1..12)) {
        let world = World::new(&[]);
        let mut folder = world.fresh();
        let mut ids = std::collections::BTreeSet::new();
        for (file, services) in edits {
            let text: Vec<String> = services.iter().map(|(name, port)| crate::world::service(&format!("s{name}"), *port)).collect();
            world.write(&format!("{file}.yaml"), crate::world::documents(&text));
            for change in folder.reload().changes {
                match change {
                    files::FolderChange::Applied(object) => drop(ids.insert(object.id())),
                    files::FolderChange::Removed(id) => prop_assert!(ids.remove(&id)),
                }
            }
            let (fresh, loaded) = files::Folder::load([world.path()]);
            prop_assert_eq!(ids.iter().collect::<Vec<_>>(), loaded.objects.keys().collect::<Vec<_>>());
            prop_assert_eq!(folder.diagnostics(), fresh.diagnostics());
            for id in &ids {
                prop_assert_eq!(folder.source(id), fresh.source(id));
            }
        }
    }
}
