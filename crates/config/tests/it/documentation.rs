//! `docs/configuration.md` says what the code does.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use config::{Commands, Key, Standing, Topic};

use crate::good;

/// What follows this line is written by this test, with `UPDATE=1`.
const MARK: &str = "<!-- From here on written from the code. -->\n";

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md")
}

fn written() -> String {
    let mut text = String::from(MARK);
    for Topic { title, keys } in config::topics() {
        let _ = writeln!(text, "\n## {title}\n");
        text +=
            "| in the file | in a ContourConfiguration | flag | default | meaning |\n|---|---|---|---|---|\n";
        keys.iter().for_each(|key| row(key, &mut text));
    }
    text +=
        "\n## Operators of access logs\n\nThese stand alone, and are names of JSON fields in lower case:\n";
    let operators: Vec<_> = rules::log_operators().map(|name| format!("`{name}`")).collect();
    let _ = writeln!(text, "{}.", operators.join(", "));
    text
}

fn row(key: &Key, text: &mut String) {
    let code = |name: Option<&str>| name.map(|name| format!("`{name}`")).unwrap_or_default();
    let object = code(key.path.strip_prefix("spec."));
    let flag = key.flag.map(|flag| format!("`--{flag}`")).unwrap_or_default();
    let variable =
        key.variables.map(|[ours, contours]| format!(", `{ours}` or `{contours}`")).unwrap_or_default();
    let commands = match key.commands {
        Commands::NotUp if key.flag.is_some() => " (not `up`)",
        Commands::All | Commands::NotUp | Commands::Serve => "",
    };
    let standing = match key.standing {
        Standing::Honoured | Standing::Ignored => "",
        Standing::Cluster => " (Of use in a cluster.)",
    };
    let (default, meaning) = (key.default.replace('|', "\\|"), key.meaning);
    let _ = writeln!(
        text,
        "| {} | {object} | {flag}{variable}{commands} | {default} | {meaning}{standing} |",
        code(key.file)
    );
}

#[test]
fn the_page_has_every_key_with_what_the_code_says_of_it() {
    let page = page();
    let text = fs::read_to_string(&page).expect("the page is there");
    let (head, found) = text.split_once(MARK).expect("the page has the mark");
    let expected = written();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&page, format!("{head}{expected}")).expect("the page can be written");
        return;
    }
    assert!(
        format!("{MARK}{found}") == expected,
        "docs/configuration.md is old: run this test with UPDATE=1"
    );
}

#[test]
fn the_files_of_the_page_are_good() {
    let text = fs::read_to_string(page()).expect("the page is there");
    let examples: Vec<_> =
        text.split("```yml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 3);
    examples.into_iter().for_each(|example| drop(good(example)));
}
