//! JSON among the manifests.

use std::borrow::Cow;

/// Whether a document is meant as JSON.
pub(crate) fn is_meant(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// A text for the YAML reader in which every character stays where it is, only to find places in it.
///
/// JSON allows tabs between tokens, where YAML does not, and pairs of `\u` escapes that mean nothing in YAML.
pub(crate) fn as_yaml(text: &str) -> Cow<'_, str> {
    if !is_meant(text) || !text.contains(['\t', '\\']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = false;
    let same_width = |c: char| {
        let after_backslash = escaped;
        escaped = c == '\\' && !after_backslash;
        match c {
            '\t' => ' ',
            // Neither an escape nor the end of the string.
            '\\' => '_',
            '"' if after_backslash => '_',
            other => other,
        }
    };
    Cow::Owned(text.chars().map(same_width).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_tabs_keep_their_width() {
        assert_eq!(
            as_yaml("{\t\"a\\\"\": \"\\\\\", \"b\": \"\\ud83d\"}"),
            "{ \"a__\": \"__\", \"b\": \"_ud83d\"}"
        );
        assert_eq!(as_yaml("a:\t\"\\\"\""), "a:\t\"\\\"\"");
    }
}
