//! Judges regular expressions by the rules of RE2, as Envoy uses it, without running them.
//!
//! Envoy refuses a whole route table for one expression that RE2 refuses, and Rust's `regex` crate
//! disagrees with RE2 both ways (`a{` and `\C` are RE2, `a**` and `(?x)` are not). Envoy 1.40 reads
//! expressions as Latin-1, other users of RE2 as UTF-8; [`check`] accepts what both readings accept.
//!
//! It does *not* match anything, and it builds no automaton: the program size is an upper estimate,
//! which may refuse a legal giant and never lets one through. No recursion, and time linear in the
//! expression's length (times its logarithm within one character class).
//!
//! The three types to know: [`Checked`] (what is known about a good expression), [`InvalidRegex`] (where
//! and why not, with the way out) and [`InvalidKind`].

mod class;
mod cursor;
mod error;
mod escape;
mod group;
mod groups;
mod parser;
mod quote;
mod repeat;
mod size;
mod substitution;

pub use error::{InvalidKind, InvalidRegex};
pub use quote::quote;
pub use substitution::{InvalidSubstitution, check_substitution, quote_substitution};

/// The greatest count in `{n,m}`, and the greatest product of nested counts (RE2's limit).
pub const MAX_REPEAT: u32 = 1000;

/// The longest expression, in bytes.
pub const MAX_PATTERN_BYTES: usize = 64 * 1024;

/// The largest estimated program, in instructions.
///
/// RE2 gives up at 699,050 instructions forward and 349,525 backward under its default 8 MiB; Envoy's own
/// limit is `re2.max_program_size.error_level`, which the bootstrap sets to 1,048,576.
pub const MAX_PROGRAM_SIZE: u32 = 300_000;

/// The program size from which a user is worth warning: such an expression costs every request.
pub const WARN_PROGRAM_SIZE: u32 = 1000;

/// What is known about an expression that Envoy accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// At most so many instructions in RE2's program.
    pub program_size_estimate: u32,
    /// Capturing groups, named ones included: `\1` to this may stand in a substitution.
    pub captures: u32,
    /// It has characters or Unicode groups beyond ASCII. Envoy matches bytes: `é` is two of them, so
    /// `[é]` and `é*` do not mean what they say, and `\p{Greek}` never matches.
    pub beyond_ascii: bool,
}

/// Judges `pattern` as Envoy would. Beside giants, one legal form is refused: in a class, a range that ends
/// beyond ASCII with a hyphen right behind it (`[a-日-\xe9-é]`), which the two readings divide differently.
///
/// # Errors
/// The first fault, in the order of reading.
pub fn check(pattern: &str) -> Result<Checked, InvalidRegex> {
    if pattern.is_empty() {
        return Err(InvalidRegex::new(InvalidKind::Empty, 0, ""));
    }
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(InvalidRegex::new(InvalidKind::TooLong, MAX_PATTERN_BYTES, ""));
    }
    let (node, captures) = parser::parse(pattern)?;
    let size = node.program_size();
    if size > u64::from(MAX_PROGRAM_SIZE) {
        return Err(InvalidRegex::new(InvalidKind::TooLarge, 0, ""));
    }
    Ok(Checked {
        program_size_estimate: u32::try_from(size).unwrap_or(u32::MAX),
        captures,
        beyond_ascii: node.beyond_ascii(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pattern: &str, kind: InvalidKind, offset: usize) {
        let error = check(pattern).unwrap_err();
        assert_eq!((error.kind, error.offset), (kind, offset), "{pattern}: {error}");
    }

    #[test]
    fn what_rust_refuses_and_re2_knows_is_accepted() {
        for pattern in
            ["/foo/{id}", "\\C", "[\\d-z]", "(?)a", "(?P<n>a)(?P<n>b)", "a{,5}", "\\Qa.b\\E", "\\077"]
        {
            assert!(check(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn what_rust_accepts_and_re2_does_not_is_refused() {
        refused("a**", InvalidKind::DoubledRepeat, 1);
        refused("x{1001}", InvalidKind::RepeatTooLarge, 1);
        refused("(x{30}){40}", InvalidKind::RepeatTooLarge, 7);
        refused("\\u1234", InvalidKind::BadEscape, 0);
        refused("[a--b]", InvalidKind::ReversedRange, 1);
        refused("(?x)a b", InvalidKind::UnsupportedGroup, 0);
    }

    #[test]
    fn what_only_envoy_refuses_is_refused() {
        refused("", InvalidKind::Empty, 0);
        refused("a\\x{100}", InvalidKind::EscapeBeyondByte, 1);
        refused("(?P<é>x)", InvalidKind::BadGroupName, 0);
    }

    #[test]
    fn an_unclosed_group_is_shown_where_it_opens() {
        refused("/a(b(c)", InvalidKind::MissingParenthesis, 2);
        refused("a[b", InvalidKind::MissingBracket, 1);
        refused("ab)", InvalidKind::UnexpectedParenthesis, 2);
    }

    #[test]
    fn a_message_quotes_what_was_found_and_names_the_way_out() {
        let message = check("/a{1001}").unwrap_err().to_string();
        assert_eq!(
            message,
            "`{1001}` at offset 2: a repetition counts upwards and to at most 1000, nested counts multiplied; use a smaller count, `*` or `+`"
        );
    }

    #[test]
    fn size_and_captures_are_reported() {
        let checked = check("(a|b)(?P<n>c)(?:d)").unwrap();
        assert_eq!(checked, Checked { program_size_estimate: 13, captures: 2, beyond_ascii: false });
        assert!(check("é").unwrap().beyond_ascii);
        assert!(check("\\p{Greek}").unwrap().beyond_ascii);
    }

    #[test]
    fn a_giant_is_refused_by_its_size() {
        refused("\\pL{1000}", InvalidKind::TooLarge, 0);
        refused(&"a".repeat(MAX_PATTERN_BYTES + 1), InvalidKind::TooLong, MAX_PATTERN_BYTES);
    }

    #[test]
    fn deep_nesting_is_read_without_recursion() {
        let deep = format!("{}a{}", "(".repeat(20_000), ")".repeat(20_000));
        assert_eq!(check(&deep).unwrap().captures, 20_000);
    }
}
