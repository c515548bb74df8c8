//! The one shape of a refusal.

use std::borrow::Cow;

/// The longest piece of a value that a message quotes, in characters.
const EXCERPT: usize = 60;

/// A value that may not reach Envoy.
///
/// The `Display` form is one line without a full stop; callers put the field path in front.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject} \"{found}\" {why}; {way_out}")]
pub struct Invalid {
    /// What the value is: `header name`.
    pub subject: &'static str,
    /// What was found, shortened, without control characters.
    pub found: String,
    /// What is wrong with it, as the rest of a sentence: `has a space at offset 3`.
    pub why: Cow<'static, str>,
    /// What is allowed or what to write instead.
    pub way_out: Cow<'static, str>,
}

impl Invalid {
    pub(crate) fn new(
        subject: &'static str,
        found: &(impl ToString + ?Sized),
        why: impl Into<Cow<'static, str>>,
        way_out: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            subject,
            found: excerpt(&found.to_string(), EXCERPT),
            why: why.into(),
            way_out: way_out.into(),
        }
    }
}

/// The first characters of a text, in one line.
pub(crate) fn excerpt(found: &str, shown: usize) -> String {
    let mut short: String = found.chars().take(shown).map(visible).collect();
    if found.chars().nth(shown).is_some() {
        short.push('…');
    }
    short
}

fn visible(c: char) -> char {
    if c.is_control() { '\u{fffd}' } else { c }
}

/// The first character that `allowed` refuses, in words for [`Invalid::why`].
pub(crate) fn first_outside(text: &str, allowed: impl Fn(char) -> bool) -> Option<String> {
    let (offset, c) = text.char_indices().find(|&(_, c)| !allowed(c))?;
    let name = match c {
        ' ' => "a space".to_owned(),
        '\r' | '\n' => "a line break".to_owned(),
        '\0' => "a NUL".to_owned(),
        '"' => "a double quote".to_owned(),
        c if c.is_control() => format!("the control character U+{:04X}", u32::from(c)),
        c => format!("\"{c}\""),
    };
    Some(format!("has {name} at offset {offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_short_line_whatever_was_found() {
        let invalid = Invalid::new("host", &"a\r\nb".repeat(100), "is odd", "write another");
        let message = invalid.to_string();
        assert!(message.starts_with("host \"a\u{fffd}\u{fffd}ba"), "{message}");
        assert!(message.ends_with("…\" is odd; write another"), "{message}");
        assert!(message.chars().count() < 110 && !message.contains('\n'));
    }

    #[test]
    fn the_offending_character_is_named() {
        assert_eq!(first_outside("a b", |c| c != ' ').as_deref(), Some("has a space at offset 1"));
        assert_eq!(
            first_outside("a\u{1}", |c| c == 'a').as_deref(),
            Some("has the control character U+0001 at offset 1")
        );
        assert_eq!(first_outside("ab", |_| true), None);
    }
}
