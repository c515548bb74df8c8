//! What holds for every input.

use isobath_re2 as re2;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_text_gets_a_verdict(text in any::<String>()) {
        let _ = re2::check(&text);
    }

    #[test]
    fn text_of_metacharacters_gets_a_verdict(text in "[\\\\\\[\\](){}|*+?^$.:=!<>PQEpxiUms0-9,é-]{0,60}") {
        if let Err(error) = re2::check(&text) {
            prop_assert!(error.offset <= text.len());
            prop_assert!(text.is_char_boundary(error.offset));
            prop_assert!(!error.message.is_empty() && !error.message.contains('\n'));
        }
    }

    #[test]
    fn quoted_text_is_an_expression_of_its_own_size(text in "\\PC{1,50}") {
        let checked = re2::check(&re2::quote(&text)).unwrap();
        prop_assert_eq!(checked.program_size_estimate as usize, text.len() + 4);
        prop_assert_eq!(checked.captures, 0);
    }

    #[test]
    fn a_quoted_substitution_is_good(text in "\\PC{0,50}") {
        prop_assert_eq!(re2::check_substitution(&re2::quote_substitution(&text), 0), Ok(()));
    }
}
