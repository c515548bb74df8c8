//! The pages in `docs/`: their manifests are lint, and their commands print what stands there.
//!
//! All manifests of a page are one folder: blocks that are marked `yaml`, or `yaml NAME.yaml`, and what stands in
//! comments that begin with `<!-- manifests`. A Secret `certificate` in the namespace `default` is there, too. They have
//! no problem but for those in blocks that are marked `yaml wrong`: each of these is followed by a block `text` with its
//! problems, a line each. In a block `console`, a line that begins with `$ isobath` is run in that folder, and the lines
//! below it are what it prints. Blocks that are marked `yml` are configuration files: the manifests are linted with the
//! first of them, and all must be good.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{run_in, workspace};

/// A block of a page.
struct Block<'p> {
    mark: &'p str,
    text: &'p str,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = page;
    let starts = ["```", "<!-- manifests"];
    while let Some(at) = starts.iter().filter_map(|start| find_line(rest, start)).min() {
        let end = if rest[at..].starts_with("```") { "\n```" } else { "\n-->" };
        let (mark, text) = rest[at..].split_once('\n').unwrap();
        let length = text.find(end).unwrap_or_else(|| panic!("a block without an end: {mark}"));
        let mark = mark.strip_prefix("```").unwrap_or("manifests");
        blocks.push(Block { mark, text: &text[..=length] });
        rest = &text[length + end.len()..];
    }
    blocks
}

/// Where a line begins with something.
fn find_line(text: &str, start: &str) -> Option<usize> {
    let is_start = |at: &usize| *at == 0 || text[..*at].ends_with('\n');
    text.match_indices(start).map(|(at, _)| at).find(is_start)
}

/// Writes the manifests of a page into a folder, and gives the problems that it says they have.
fn write(folder: &Path, blocks: &[Block<'_>]) -> BTreeSet<String> {
    let mut expected = BTreeSet::new();
    for (number, block) in blocks.iter().enumerate() {
        let name = match block.mark.split_once(' ') {
            Some(("yaml", name)) if name.ends_with(".yaml") => name.to_owned(),
            _ => format!("{number:02}.yaml"),
        };
        match block.mark.split(' ').next() {
            Some("yaml" | "manifests") => fs::write(folder.join(name), block.text).unwrap(),
            _ => continue,
        }
        if block.mark == "yaml wrong" {
            let problems = blocks.get(number + 1).filter(|next| next.mark == "text");
            let problems = problems.expect("what is wrong is followed by its problems").text;
            expected.extend(problems.lines().map(str::to_owned));
        }
    }
    let case = fs::read_to_string(workspace().join("testdata/cases/ingress/tls.yaml")).unwrap();
    let secret = case.split("\n---\n").find(|document| document.contains("\nkind: Secret\n")).unwrap();
    fs::write(folder.join("certificate.yaml"), secret.replace("name: cert\n", "name: certificate\n"))
        .unwrap();
    expected
}

/// The problems of all manifests in a folder, with a configuration: the field, and what is wrong with it.
fn problems(folder: &Path, configuration: &str) -> BTreeSet<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), configuration).unwrap();
    let path = file.path().to_str().unwrap();
    let ended = run_in(folder, &["lint", "--config-path", path, "-o", "json", "."]);
    assert!(!ended.err.contains("the configuration has errors"), "{configuration}{}", ended.err);
    let answer: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}", ended.err));
    let problems = answer["problems"].as_array().unwrap().iter();
    let word = |problem: &Value, key: &str| problem[key].as_str().unwrap_or_default().to_owned();
    let line = |problem: &Value| {
        let message = word(problem, "message");
        let message = message.rsplit_once(" (").map_or(&*message, |(message, _)| message);
        format!("{} {message}", word(problem, "path")).trim().to_owned()
    };
    problems.filter(|problem| problem["severity"] != "note").map(line).collect()
}

/// Runs the commands of a block, and compares what they print.
fn run_commands(folder: &Path, text: &str) {
    let mut rest = text.strip_prefix("$ isobath ");
    while let Some(commands) = rest {
        let (command, printed) = commands.split_once('\n').unwrap();
        let (printed, next) = match printed.split_once("\n$ isobath ") {
            Some((printed, next)) => (format!("{printed}\n"), Some(next)),
            None => (printed.to_owned(), None),
        };
        let arguments: Vec<_> = command.split(' ').collect();
        let ended = run_in(folder, &arguments);
        assert_eq!(ended.out, printed, "{command}\n{}", ended.err);
        rest = next;
    }
}

#[test]
fn manifests_and_commands_of_all_pages_are_as_they_say() {
    let mut pages: Vec<_> =
        fs::read_dir(workspace().join("docs")).unwrap().map(|page| page.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    let mut manifests = 0;
    for path in pages {
        let page = fs::read_to_string(&path).unwrap();
        let blocks = blocks(&page);
        manifests += blocks.iter().filter(|block| block.mark.starts_with("yaml")).count();
        let folder = tempfile::tempdir().unwrap();
        let expected = write(folder.path(), &blocks);
        let files: Vec<_> =
            blocks.iter().filter(|block| block.mark == "yml").map(|block| block.text).collect();
        for configuration in files.iter().skip(1) {
            problems(folder.path(), configuration);
        }
        let found = problems(folder.path(), files.first().copied().unwrap_or_default());
        assert_eq!(found, expected, "{}", path.display());
        for block in blocks.iter().filter(|block| block.mark == "console") {
            run_commands(folder.path(), block.text);
        }
    }
    assert!(manifests > 0, "no page has a manifest");
}
