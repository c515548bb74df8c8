//! Rust sources as far as the rules need them: without comments and without the tests at the end.

/// Whether all of the file is tests: `tests.rs`, or in a folder `tests`.
pub(super) fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Whether the file was written by a program.
pub(super) fn is_generated(path: &str) -> bool {
    path.split('/').any(|part| part == "generated")
}

/// The code up to the tests at the end of the file, with its comments emptied; the line numbers stay.
///
/// A `//` inside a string ends the line too. That can hide a mention that stands after a URL on one line, which
/// no reader would miss; it never invents one.
pub(super) fn code_without_tests(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let end = (0..lines.len()).find(|at| begin_tests(&lines[*at..])).unwrap_or(lines.len());
    let code = lines[..end].iter().map(|line| line.split("//").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n")
}

/// Whether a test module begins here, in place: a module of tests in another file does not end this one.
fn begin_tests(lines: &[&str]) -> bool {
    let mut lines = lines.iter();
    let marked = lines.next().is_some_and(|line| line.starts_with("#[cfg(test)]"));
    let module = lines.find(|line| !line.starts_with("#["));
    marked && module.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_tests_are_cut_and_lines_keep_their_numbers() {
        let text = "//! head\nlet a = 1; // why\n\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(code_without_tests(text), "\nlet a = 1; \n");
    }

    #[test]
    fn a_test_module_in_another_file_does_not_end_this_one() {
        let text = "#[cfg(test)]\nmod tests;\nfn f() {}\n#[cfg(test)]\n#[allow(x)]\nmod more {\n";
        assert_eq!(code_without_tests(text), "#[cfg(test)]\nmod tests;\nfn f() {}");
    }

    #[test]
    fn test_files_and_generated_files_are_known_by_their_paths() {
        assert!(is_test_file("crates/a/src/b/tests.rs") && is_test_file("crates/a/tests/b.rs"));
        assert!(!is_test_file("crates/a/src/attests.rs"));
        assert!(is_generated("crates/a/src/generated/b.rs") && !is_generated("crates/a/src/generated.rs"));
    }
}
