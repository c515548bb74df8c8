//! The rules of this repository that no compiler and no linter knows. Each is a value in [`RULES`].

mod architecture;
mod edges;
mod layout;
mod purity;
mod source;
mod text;

use crate::Failed;
use crate::repository::Repository;

/// One rule: what it is called, why it is there, and what breaks it.
pub(crate) struct Rule {
    name: &'static str,
    reason: &'static str,
    /// One line for each place that breaks the rule, beginning with the file.
    check: fn(&Repository) -> Vec<String>,
}

const RULES: &[Rule] = &[
    Rule {
        name: "model-is-pure",
        reason: "the vocabulary is shared by all: whatever it drags in, everyone has",
        check: edges::model_is_pure,
    },
    Rule {
        name: "core-has-no-runtime",
        reason: "the core is synchronous and owns no connection; async and clients live in the shell",
        check: edges::core_has_no_runtime,
    },
    Rule {
        name: "xds-is-generic",
        reason: "the server carries opaque resources; what they mean is not its concern",
        check: edges::xds_is_generic,
    },
    Rule {
        name: "envoy-knows-no-objects",
        reason: "Envoy's side of the model must not see what users wrote, or layouts would depend on it",
        check: edges::envoy_knows_no_objects,
    },
    Rule {
        name: "few-speak-to-the-cluster",
        reason: "a Kubernetes client in a second place is a second set of watches, limits and rights",
        check: edges::few_speak_to_the_cluster,
    },
    Rule {
        name: "core-does-no-io",
        reason: "clock, environment, files and sockets come in as values, or tests could not repeat a run",
        check: purity::core_does_no_io,
    },
    Rule {
        name: "no-mod-rs",
        reason: "`foo.rs` stands beside `foo/`: an open tab then says which module it is",
        check: layout::no_mod_rs,
    },
    Rule {
        name: "files-stay-short",
        reason: "a file of more than 700 lines is two files; most are split at 500",
        check: layout::files_stay_short,
    },
    Rule {
        name: "no-vague-names",
        reason: "a module whose name says nothing collects everything",
        check: layout::no_vague_names,
    },
    Rule {
        name: "lints-are-inherited",
        reason: "a crate without the workspace's lints is a crate without rules",
        check: layout::lints_are_inherited,
    },
    Rule {
        name: "crates-say-what-they-do",
        reason: "the head of a crate is the first thing that a newcomer reads",
        check: layout::crates_say_what_they_do,
    },
    Rule {
        name: "no-tabs",
        reason: "tabs look different in every tool (shell scripts and the Makefile need them)",
        check: text::no_tabs,
    },
    Rule {
        name: "no-trailing-blanks",
        reason: "they make differences that nobody sees",
        check: text::no_trailing_blanks,
    },
    Rule {
        name: "no-machine-paths",
        reason: "a path of one machine is wrong on all others",
        check: text::no_machine_paths,
    },
    Rule {
        name: "no-registry-hosts",
        reason: "where packages come from is configured on the machine, not here",
        check: text::no_registry_hosts,
    },
    Rule {
        name: "architecture-is-complete",
        reason: "a crate that the code map does not name is found by nobody",
        check: architecture::is_complete,
    },
    Rule {
        name: "architecture-is-short",
        reason: "beyond 400 lines nobody reads it, and nobody corrects it",
        check: architecture::is_short,
    },
];

/// `cargo xtask tidy`: prints what breaks a rule, with the rule's reason.
pub(crate) fn run(_arguments: &[String]) -> Result<(), Failed> {
    let repository = Repository::read()?;
    let broken = RULES.iter().filter(|rule| report(rule, &(rule.check)(&repository))).count();
    match broken {
        0 => {
            println!("tidy: {} rules hold", RULES.len());
            Ok(())
        }
        broken => Err(Failed(format!("{broken} of {} rules are broken", RULES.len()))),
    }
}

/// Prints the findings of a rule; false when there are none.
fn report(rule: &Rule, findings: &[String]) -> bool {
    if !findings.is_empty() {
        println!("{}: {}", rule.name, rule.reason);
    }
    for finding in findings {
        println!("  {finding}");
    }
    !findings.is_empty()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::repository::Crate;

    /// What breaks a rule: the files and the crates of a repository in which nothing else is wrong.
    struct Broken {
        rule: &'static str,
        files: &'static [(&'static str, &'static str)],
        /// Package, its dependencies.
        crates: &'static [(&'static str, &'static [&'static str])],
    }

    const BROKEN: &[Broken] = &[
        Broken { rule: "model-is-pure", files: &[], crates: &[("isobath-model", &["serde"])] },
        Broken { rule: "core-has-no-runtime", files: &[], crates: &[("isobath-translate", &["tokio"])] },
        Broken { rule: "core-has-no-runtime", files: &[], crates: &[("isobath-re2", &["kube-client"])] },
        Broken { rule: "xds-is-generic", files: &[], crates: &[("isobath-xds", &["isobath-model"])] },
        Broken {
            rule: "envoy-knows-no-objects",
            files: &[],
            crates: &[("isobath-envoy", &["isobath-store"])],
        },
        Broken { rule: "few-speak-to-the-cluster", files: &[], crates: &[("isobath-cli", &["kube"])] },
        Broken {
            rule: "core-does-no-io",
            files: &[("crates/store/src/clock.rs", "fn now() -> Instant {\n    Instant::now()\n}\n")],
            crates: &[("isobath-store", &[])],
        },
        Broken {
            rule: "no-mod-rs",
            files: &[("crates/model/src/host/mod.rs", "struct Host;\n")],
            crates: &[],
        },
        Broken {
            rule: "no-vague-names",
            files: &[("crates/model/src/utils.rs", "fn f() {}\n")],
            crates: &[],
        },
        Broken {
            rule: "no-vague-names",
            files: &[("crates/model/src/a.rs", "pub mod helpers {\n")],
            crates: &[],
        },
        Broken {
            rule: "lints-are-inherited",
            files: &[("crates/a/Cargo.toml", "[package]\nname = \"a\"\n")],
            crates: &[],
        },
        Broken {
            rule: "crates-say-what-they-do",
            files: &[("crates/a/src/lib.rs", "//! .\nmod b;\n")],
            crates: &[],
        },
        Broken { rule: "no-tabs", files: &[("README.md", "a\tb\n")], crates: &[] },
        Broken { rule: "no-trailing-blanks", files: &[("README.md", "a \nb\n")], crates: &[] },
        Broken {
            rule: "no-machine-paths",
            files: &[("README.md", concat!("see `/", "root/.cargo`\n"))],
            crates: &[],
        },
        Broken {
            rule: "no-registry-hosts",
            files: &[("README.md", concat!("from https://pypi", ".org/simple\n"))],
            crates: &[],
        },
        Broken {
            rule: "architecture-is-complete",
            files: &[("ARCHITECTURE.md", "nothing here\n")],
            crates: &[("isobath-model", &[])],
        },
    ];

    fn repository(broken: &Broken) -> Repository {
        let files = broken.files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let crates = broken.crates.iter().map(|(name, dependencies)| {
            let direct: BTreeSet<String> = dependencies.iter().map(|name| (*name).to_owned()).collect();
            let folder = name.replace("isobath-", "crates/");
            ((*name).to_owned(), Crate { folder, closure: direct.clone(), direct })
        });
        let mut repository = Repository { files: files.collect(), crates: crates.collect() };
        // The map is there in every example but the one about it.
        let map = broken.crates.iter().map(|(name, _)| format!("`{}`", name.replace("isobath-", "")));
        let map = map.collect::<Vec<_>>().join("\n");
        repository.files.entry("ARCHITECTURE.md".to_owned()).or_insert(map);
        repository
    }

    fn broken_rules(repository: &Repository) -> Vec<&'static str> {
        RULES.iter().filter(|rule| !(rule.check)(repository).is_empty()).map(|rule| rule.name).collect()
    }

    #[test]
    fn each_example_breaks_its_own_rule_and_no_other() {
        for broken in BROKEN {
            assert_eq!(broken_rules(&repository(broken)), [broken.rule]);
        }
    }

    #[test]
    fn files_that_grow_too_long_break_their_rule() {
        let long = |path: &str, lines: usize| Repository {
            files: [(path.to_owned(), "line\n".repeat(lines))].into(),
            ..Repository::default()
        };
        assert_eq!(broken_rules(&long("crates/a/src/b.rs", 701)), ["files-stay-short"]);
        assert_eq!(broken_rules(&long("ARCHITECTURE.md", 401)), ["architecture-is-short"]);
        assert_eq!(broken_rules(&long("crates/a/src/b.rs", 700)), [""; 0]);
        assert_eq!(broken_rules(&long("crates/a/src/generated/b.rs", 9000)), [""; 0]);
    }

    #[test]
    fn every_rule_can_fail() {
        let elsewhere = ["files-stay-short", "architecture-is-short"];
        let shown: BTreeSet<&str> = BROKEN.iter().map(|broken| broken.rule).chain(elsewhere).collect();
        let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(shown, rules);
    }
}
