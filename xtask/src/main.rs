//! The developer's commands, as `cargo xtask NAME`: the test suite, the tidy checks, the quickstart's requests.
//!
//! It builds in seconds (std and `serde_json` only), so that the suite starts before anything else is built.
//! It knows nothing of what Isobath does: it runs programs and reads files of this repository. What must survive
//! signals (`make run`) is a shell script in `hack/`.
//!
//! The three types to know: [`suite::Step`] (one step of the test suite), [`tidy::Rule`] (one tidy check),
//! [`quickstart::Request`] (a command line and what its output must have).

mod bench;
mod fuzz;
mod quickstart;
mod record;
mod repository;
mod suite;
mod tidy;

use std::process::ExitCode;

/// One command: its name, its line in the help, what it does with the arguments after its name.
struct Command {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<(), Failed>,
}

/// Why a command failed, for people; what went wrong in detail was printed already.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) String);

const COMMANDS: &[Command] = &[
    Command { name: "test", help: "everything that continuous integration asks for", run: suite::test },
    Command {
        name: "test-long",
        help: "100 times as many cases of the property tests, and a real Envoy with each layout; writes docs/test-long.md",
        run: suite::test_long,
    },
    Command { name: "bench", help: "measures, and writes docs/benchmarks.md", run: bench::run },
    Command { name: "docs", help: "the API documentation, broken links are errors", run: suite::docs },
    Command {
        name: "fuzz",
        help: "every fuzz target under libFuzzer for some seconds (the argument, 10 if none)",
        run: fuzz::run,
    },
    Command { name: "tidy", help: "the rules of this repository that no compiler knows", run: tidy::run },
    Command {
        name: "quickstart-check",
        help: "starts the quickstart, runs every printed line, checks the answers",
        run: suite::quickstart_check,
    },
    Command {
        name: "requests",
        help: "print FILE | check FILE: the command lines of a request list",
        run: quickstart::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(command) =
        arguments.first().and_then(|name| COMMANDS.iter().find(|command| command.name == name))
    else {
        eprintln!("{}", help());
        return ExitCode::from(2);
    };
    match (command.run)(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(why)) => {
            eprintln!("xtask {}: {why}", command.name);
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let lines = COMMANDS.iter().map(|command| format!("  {:<18}{}", command.name, command.help));
    let mut all = vec!["usage: cargo xtask COMMAND".to_owned()];
    all.extend(lines);
    all.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_command() {
        let help = help();
        assert!(COMMANDS.iter().all(|command| help.contains(command.name)), "{help}");
    }
}
