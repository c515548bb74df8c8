//! Literal text as an expression.

/// An expression that matches `literal` and nothing else; the same as RE2's `QuoteMeta`.
///
/// Letters, digits, `_` and characters beyond ASCII stay, a NUL becomes `\x00`, all else gets a backslash.
#[must_use]
pub fn quote(literal: &str) -> String {
    let mut quoted = String::with_capacity(literal.len() * 2);
    for c in literal.chars() {
        match c {
            '\0' => quoted.push_str("\\x00"),
            _ if c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii() => quoted.push(c),
            _ => quoted.extend(['\\', c]),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn punctuation_is_escaped_and_letters_are_not() {
        assert_eq!(quote("/a.b_c/{x}é\0"), "\\/a\\.b_c\\/\\{x\\}é\\x00");
    }
}
