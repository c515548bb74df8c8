//! What holds for every text.

use isobath_rules as rules;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_text_gets_a_verdict_from_every_rule(text in any::<String>()) {
        let verdicts = [
            rules::HeaderName::parse(&text).err(),
            rules::matched_header(&text).err(),
            rules::Host::parse(&text).err(),
            rules::authority(&text).err(),
            rules::path(&text).err(),
            rules::normal_path(&text, rules::Compared::Whole, true).err(),
            rules::encoded_path(&text).err(),
            rules::rewrite_path(&text).err(),
            rules::redirect_path(&text).err(),
            rules::cookie_path(&text).err(),
            rules::cookie_domain(&text).err(),
            rules::cidr(&text).err(),
            rules::retry_on(&text).err(),
        ];
        for invalid in verdicts.into_iter().flatten() {
            prop_assert!(!invalid.to_string().contains(['\n', '\r', '\0']));
        }
    }

    #[test]
    fn a_host_is_read_the_same_again(text in "(\\*\\.)?[a-zA-Z0-9.-]{1,40}") {
        if let Ok(host) = rules::Host::parse(&text) {
            prop_assert_eq!(rules::Host::parse(host.as_str()), Ok(host.clone()));
            prop_assert!(!host.as_str().ends_with('.') && !host.as_str().bytes().any(|b| b.is_ascii_uppercase()));
        }
    }

    #[test]
    fn an_escaped_value_has_percents_only_in_pairs_and_commands(text in "[%A-Z()_?:a-z0-9]{0,40}") {
        let escaped = rules::escape_header_value(&text, &rules::Substitutions::default()).unwrap();
        let literal = escaped.replace("%%", "");
        prop_assert!(literal.matches('%').count().is_multiple_of(2), "{}", escaped);
    }
}
