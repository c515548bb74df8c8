//! The quickstart's request list: what is printed for people is what is run and checked.
//!
//! A list is a text file of blocks. `# TEXT` says what is shown, `$ COMMAND` is the line to type (`\` at the end
//! continues it), and the lines below say what its output must have: `has TEXT`, `lacks TEXT`, or
//! `count MIN..MAX TEXT` (a line is a number in these bounds and then the text, as `uniq -c` writes it).

use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::Failed;
use crate::repository::root;

/// One block of the list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    about: String,
    command: String,
    expected: Vec<Expected>,
}

/// What the output of a command must satisfy.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Has(String),
    Lacks(String),
    Count { at_least: usize, at_most: usize, text: String },
}

/// `cargo xtask requests print FILE` and `… check FILE`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let [what, file] = arguments else { return Err(usage()) };
    let requests = read(Path::new(file))?;
    match what.as_str() {
        "print" => print(&requests),
        "check" => check_all(&requests),
        _ => Err(usage()),
    }
}

fn usage() -> Failed {
    Failed("usage: requests print FILE | requests check FILE".to_owned())
}

fn print(requests: &[Request]) -> Result<(), Failed> {
    let indented = |request: &Request| request.command.replace('\n', "\n  ");
    let block = |request: &Request| format!("  # {}\n  {}\n\n", request.about, indented(request));
    let text: String = requests.iter().map(block).collect();
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| Failed(format!("standard output: {error}")))
}

fn read(file: &Path) -> Result<Vec<Request>, Failed> {
    let failed = |why: String| Failed(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(root().join(file)).map_err(|error| failed(error.to_string()))?;
    parse(&text).map_err(failed)
}

fn parse(text: &str) -> Result<Vec<Request>, String> {
    let mut requests: Vec<Request> = Vec::new();
    let mut is_continued = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(about) = line.strip_prefix("# ") {
            requests.push(Request { about: about.to_owned(), ..Request::default() });
        } else if !line.is_empty() {
            let request = requests.last_mut().ok_or("line 1: expected `# TEXT`")?;
            add_line(request, line, is_continued).map_err(|why| format!("line {}: {why}", index + 1))?;
        }
        is_continued = line.ends_with('\\');
    }
    match requests.iter().find(|request| request.command.is_empty() || request.expected.is_empty()) {
        Some(request) => Err(format!("`{}` has no command or no expectation", request.about)),
        None => Ok(requests),
    }
}

fn add_line(request: &mut Request, line: &str, is_continued: bool) -> Result<(), String> {
    if is_continued {
        request.command.push('\n');
        request.command.push_str(line);
    } else if let Some(command) = line.strip_prefix("$ ") {
        command.clone_into(&mut request.command);
    } else {
        request.expected.push(parse_expected(line)?);
    }
    Ok(())
}

fn parse_expected(line: &str) -> Result<Expected, String> {
    match line.split_once(' ') {
        Some(("has", text)) => Ok(Expected::Has(text.to_owned())),
        Some(("lacks", text)) => Ok(Expected::Lacks(text.to_owned())),
        Some(("count", rest)) => {
            parse_count(rest).ok_or_else(|| format!("expected `MIN..MAX TEXT`, not `{rest}`"))
        }
        _ => Err(format!("expected `$ COMMAND`, `has`, `lacks` or `count`, not `{line}`")),
    }
}

fn parse_count(rest: &str) -> Option<Expected> {
    let (bounds, text) = rest.split_once(' ')?;
    let (at_least, at_most) = bounds.split_once("..")?;
    Some(Expected::Count {
        at_least: at_least.parse().ok()?,
        at_most: at_most.parse().ok()?,
        text: text.to_owned(),
    })
}

fn check_all(requests: &[Request]) -> Result<(), Failed> {
    let failed = requests.iter().filter(|request| !passes(request)).count();
    println!("{} requests answered as expected, {failed} not", requests.len() - failed);
    if failed == 0 { Ok(()) } else { Err(Failed(format!("{failed} of {} requests failed", requests.len()))) }
}

/// Runs the command as a person would, in the root of the repository, and says how it went.
fn passes(request: &Request) -> bool {
    let wrong = match output(&request.command) {
        Ok(output) => wrong_in(request, &output),
        Err(why) => vec![why],
    };
    println!("{} {}", if wrong.is_empty() { "ok    " } else { "FAILED" }, request.about);
    if !wrong.is_empty() {
        println!("    {}\n    {}", request.command.replace('\n', "\n    "), wrong.join("\n    "));
    }
    wrong.is_empty()
}

fn output(command: &str) -> Result<String, String> {
    let output = Command::new("bash").args(["-o", "pipefail", "-c", command]).current_dir(root()).output();
    let output = output.map_err(|error| format!("bash: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(format!("{}: {}{text}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// The expectations that the output does not meet, and the output after them.
fn wrong_in(request: &Request, output: &str) -> Vec<String> {
    let unmet = request.expected.iter().filter(|expected| !is_met(expected, output));
    let mut wrong: Vec<String> = unmet.map(|expected| format!("expected: {expected:?}")).collect();
    if !wrong.is_empty() {
        wrong.extend(output.lines().map(|line| format!("| {line}")));
    }
    wrong
}

fn is_met(expected: &Expected, output: &str) -> bool {
    match expected {
        Expected::Has(text) => output.contains(text),
        Expected::Lacks(text) => !output.contains(text),
        Expected::Count { at_least, at_most, text } => {
            let counted = output.lines().filter_map(|line| line.trim_start().split_once(' '));
            let count = counted.filter(|(_, what)| what == text).find_map(|(count, _)| count.parse().ok());
            count.is_some_and(|count| (*at_least..=*at_most).contains(&count))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_a_sentence_a_command_and_expectations() {
        let text = "# Shows a\n$ curl \\\n  x\nhas 200\nlacks red\ncount 1..2 b c\n\n# Next\n$ y\nhas z\n";
        let first = Request {
            about: "Shows a".to_owned(),
            command: "curl \\\n  x".to_owned(),
            expected: vec![
                Expected::Has("200".to_owned()),
                Expected::Lacks("red".to_owned()),
                Expected::Count { at_least: 1, at_most: 2, text: "b c".to_owned() },
            ],
        };
        let second = Request {
            about: "Next".to_owned(),
            command: "y".to_owned(),
            expected: vec![Expected::Has("z".to_owned())],
        };
        assert_eq!(parse(text), Ok(vec![first, second]));
    }

    #[test]
    fn a_block_that_checks_nothing_is_refused() {
        assert!(parse("# a\n$ curl\n").is_err());
        assert!(parse("# a\nhas 200\n").is_err());
        assert!(parse("$ curl\nhas 200\n").is_err());
        assert!(parse("# a\n$ curl\ncount many x\n").is_err());
        assert!(parse("# a\n$ curl\nhass 200\n").is_err());
    }

    #[test]
    fn what_is_not_met_is_told_with_the_output() {
        let requests = parse("# a\n$ true\nhas 200\nlacks 404\ncount 2..3 x\n").expect("it is a list");
        let wrong = |output| wrong_in(&requests[0], output).len();
        assert_eq!(wrong("200 y\n   2 x\n"), 0);
        assert_eq!(wrong("200 y\n   4 x\n"), 1 + 2);
        assert_eq!(wrong("200 y\n"), 1 + 1);
        assert_eq!(wrong("404 x\n"), 3 + 1);
    }

    #[test]
    fn a_command_that_fails_fails_the_request() {
        let run =
            |command: &str| passes(&parse(&format!("# a\n$ {command}\nhas 1\n")).expect("it is a list")[0]);
        assert!(run("echo 1"));
        assert!(!run("echo 2"));
        assert!(!run("echo 1 && false"));
        assert!(!run("false | echo 1"));
    }
}
