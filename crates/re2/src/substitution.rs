//! The text that a rewrite puts in place of a match.
//!
//! Envoy accepts faulty ones and then applies them in part or not at all (cases rt-rxrw-nogroup and
//! rt-rxrw-trailing), so they are refused here.

/// A substitution that would not do what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSubstitution {
    /// A backslash at the end.
    #[error("the substitution ends with a single backslash; write `\\\\` for a literal one")]
    TrailingBackslash,
    /// A backslash before something other than a digit or a backslash.
    #[error(
        "`\\{0}` in the substitution: a backslash is followed by a group's digit or by another backslash"
    )]
    BadEscape(char),
    /// A group that the expression does not have.
    #[error("`\\{group}` in the substitution: the expression has {captures} capturing groups")]
    NoSuchGroup {
        /// The group asked for.
        group: u32,
        /// The groups there are.
        captures: u32,
    },
    /// CR, LF or NUL.
    #[error(
        "the substitution has a line break or a NUL, which would end the header or the request line; remove it"
    )]
    Control,
}

/// Judges a substitution for an expression with so many capturing groups ([`crate::Checked::captures`]).
///
/// # Errors
/// The first fault.
pub fn check_substitution(text: &str, captures: u32) -> Result<(), InvalidSubstitution> {
    if text.contains(['\r', '\n', '\0']) {
        return Err(InvalidSubstitution::Control);
    }
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            continue;
        }
        let escaped = rest.next().ok_or(InvalidSubstitution::TrailingBackslash)?;
        match escaped.to_digit(10) {
            Some(group) if group > captures => {
                return Err(InvalidSubstitution::NoSuchGroup { group, captures });
            }
            None if escaped != '\\' => return Err(InvalidSubstitution::BadEscape(escaped)),
            _ => {}
        }
    }
    Ok(())
}

/// A substitution that stands for `literal` and nothing else.
#[must_use]
pub fn quote_substitution(literal: &str) -> String {
    literal.replace('\\', "\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_must_exist() {
        assert_eq!(check_substitution("/x\\1", 1), Ok(()));
        assert_eq!(check_substitution("/x\\0", 0), Ok(()));
        let missing = InvalidSubstitution::NoSuchGroup { group: 2, captures: 1 };
        assert_eq!(check_substitution("\\2", 1), Err(missing));
    }

    #[test]
    fn a_backslash_escapes_a_digit_or_itself() {
        assert_eq!(check_substitution("a\\", 0), Err(InvalidSubstitution::TrailingBackslash));
        assert_eq!(check_substitution("\\n", 0), Err(InvalidSubstitution::BadEscape('n')));
        assert_eq!(check_substitution(&quote_substitution("\\1\\"), 0), Ok(()));
    }

    #[test]
    fn line_breaks_are_refused() {
        assert_eq!(check_substitution("a\r\nb", 0), Err(InvalidSubstitution::Control));
    }
}
