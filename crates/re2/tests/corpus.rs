//! The checker against RE2's own verdicts (`testdata/corpus.tsv`, written by `gen_corpus.py`).

use isobath_re2 as re2;
use re2::InvalidKind;

struct Row {
    pattern: String,
    accepted_as_latin1: bool,
    accepted_as_utf8: bool,
    /// The greater of the two programs.
    size: u32,
}

fn parse(line: &str) -> Row {
    let cells: Vec<&str> = line.split('\t').collect();
    let [pattern, latin1, latin1_size, utf8, utf8_size] = cells[..] else { panic!("five columns: {line}") };
    let size = |cell: &str| cell.parse::<u32>().expect("a number");
    Row {
        pattern: serde_json::from_str(pattern).expect("a JSON string"),
        accepted_as_latin1: latin1 == "\"ok\"",
        accepted_as_utf8: utf8 == "\"ok\"",
        size: size(latin1_size).max(size(utf8_size)),
    }
}

/// What is wrong with our verdict, if anything.
fn disagreement(row: &Row) -> Option<String> {
    let expected = row.accepted_as_latin1 && row.accepted_as_utf8;
    match re2::check(&row.pattern) {
        Ok(_) if !expected => Some(format!("accepted, but RE2 refuses: {:?}", row.pattern)),
        Err(error) if expected && error.kind != InvalidKind::TooLarge => {
            Some(format!("refused, but RE2 accepts: {:?}: {error}", row.pattern))
        }
        // The estimate may refuse a legal giant, not a program that nobody would be warned of.
        Err(_) if expected && row.size < re2::WARN_PROGRAM_SIZE => {
            Some(format!("refused for its size of {}: {:?}", row.size, row.pattern))
        }
        Ok(checked) if checked.program_size_estimate < row.size => {
            let estimate = checked.program_size_estimate;
            Some(format!("estimated at {estimate}, is {}: {:?}", row.size, row.pattern))
        }
        _ => None,
    }
}

#[test]
fn every_verdict_of_the_corpus_is_ours() {
    // A larger corpus can be judged once by hand.
    let larger = std::env::var("RE2_CORPUS").ok().map(|path| std::fs::read_to_string(path).unwrap());
    let corpus = larger.as_deref().unwrap_or(include_str!("../testdata/corpus.tsv"));
    let rows: Vec<Row> = corpus.lines().map(parse).collect();
    assert!(rows.len() >= 4000);
    let wrong: Vec<String> = rows.iter().filter_map(disagreement).collect();
    let shown: Vec<&String> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty(), "{} of {} rows: {shown:#?}", wrong.len(), rows.len());
}

#[test]
fn the_corpus_holds_both_verdicts_in_number() {
    let rows: Vec<Row> = include_str!("../testdata/corpus.tsv").lines().map(parse).collect();
    let accepted = rows.iter().filter(|row| row.accepted_as_latin1 && row.accepted_as_utf8).count();
    assert!(accepted > 1500 && rows.len() - accepted > 1500, "{accepted} of {}", rows.len());
}
