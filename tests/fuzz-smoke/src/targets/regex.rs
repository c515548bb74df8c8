//! The checker of expressions and substitutions.

use re2::InvalidKind;

/// Judges the bytes as an expression, as a literal, and as a substitution.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let captures = match re2::check(&text) {
        Ok(checked) => {
            assert!(checked.program_size_estimate <= re2::MAX_PROGRAM_SIZE);
            checked.captures
        }
        Err(invalid) => {
            assert!(text.is_char_boundary(invalid.offset.min(text.len())), "{invalid:?}");
            assert!(!invalid.message.contains(['\n', '\r']), "{invalid:?}");
            0
        }
    };
    if let Err(invalid) = re2::check(&re2::quote(&text)) {
        assert!(matches!(invalid.kind, InvalidKind::Empty | InvalidKind::TooLong), "{invalid:?}");
    }
    let _ = re2::check_substitution(&text, captures);
    let quoted = re2::quote_substitution(&text);
    assert!(re2::check_substitution(&quoted, 0).is_ok() || text.contains(['\r', '\n', '\0']));
}
