//! Removes key material from Envoy's words.
//!
//! A rejection may quote the rejected message, private key included (`reference/reliability.md` §0, fact 2), so
//! the text is scrubbed before it reaches a log, a status or a metric.

use std::borrow::Cow;

/// What stands where something was taken out.
const MARK: &str = "[removed]";
/// Longer runs of base64 characters are taken out: 64 is a whole line of a PEM block.
const LONGEST_RUN: usize = 48;
/// A text is cut here; Envoy quotes whole messages.
const LONGEST_TEXT: usize = 4096;

/// The text without PEM blocks and without long runs of base64, cut at 4 KiB.
pub fn scrub(text: &str) -> String {
    let without_blocks = without_pem(text);
    let mut clean = without_runs(&without_blocks);
    truncate(&mut clean);
    clean
}

/// Takes out everything from `-----BEGIN` to the end of the matching `-----END …-----` line, or to the end of the
/// text where Envoy cut the block.
fn without_pem(text: &str) -> Cow<'_, str> {
    if !text.contains("-----BEGIN") {
        return Cow::Borrowed(text);
    }
    let mut clean = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN") {
        clean.push_str(&rest[..start]);
        clean.push_str(MARK);
        rest = after_block(&rest[start..]);
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

fn after_block(block: &str) -> &str {
    const END: &str = "-----END";
    let Some(end) = block.find(END) else { return "" };
    let label = &block[end + END.len()..];
    label.find("-----").map_or("", |close| &label[close + 5..])
}

/// Takes out runs of base64 (both alphabets), joined over escaped and real line ends.
fn without_runs(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = run_length(rest);
        if run > LONGEST_RUN && looks_random(&rest[..run]) {
            clean.push_str(MARK);
        } else {
            clean.push_str(&rest[..run]);
        }
        rest = &rest[run..];
        let other = rest.find(is_base64).unwrap_or(rest.len());
        clean.push_str(&rest[..other]);
        rest = &rest[other..];
    }
    clean
}

/// Names of clusters are long too, but lower-case; so many random characters have all three kinds.
fn looks_random(run: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| run.as_bytes().iter().any(kind);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

fn run_length(text: &str) -> usize {
    let mut length = 0;
    let bytes = text.as_bytes();
    while length < bytes.len() {
        if is_base64(bytes[length] as char) {
            length += 1;
        } else if bytes[length..].starts_with(b"\\n") && is_joined(bytes, length + 2) {
            length += 2;
        } else if bytes[length] == b'\n' && is_joined(bytes, length + 1) {
            length += 1;
        } else {
            break;
        }
    }
    length
}

fn is_joined(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(|byte| is_base64(*byte as char))
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-')
}

fn truncate(text: &mut String) {
    if text.len() <= LONGEST_TEXT {
        return;
    }
    let mut end = LONGEST_TEXT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push('…');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_blocks_are_removed_even_when_cut() {
        let whole = "bad: -----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n at field x";
        assert_eq!(scrub(whole), "bad: [removed]\n at field x");
        assert_eq!(scrub("bad: -----BEGIN RSA PRIVATE KEY-----\\nMIIEvQ"), "bad: [removed]");
        assert_eq!(
            scrub("a -----BEGIN X-----b-----END X----- c -----BEGIN Y-----d"),
            "a [removed] c [removed]"
        );
    }

    #[test]
    fn long_base64_is_removed_also_over_line_ends() {
        let line = "Ab3/".repeat(10);
        assert_eq!(scrub(&format!("key \"{line}{line}\" end")), "key \"[removed]\" end");
        assert_eq!(scrub(&format!("key {line}\n{line}==")), "key [removed]");
        assert_eq!(scrub(&format!("key {line}\\n{line}")), "key [removed]");
    }

    #[test]
    fn ordinary_words_stay() {
        let text = "Error adding/updating cluster(s) \
                    some-namespace/some-very-long-service-name/8080/0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d: Proto constraint validation failed \
                    (ClusterValidationError.ConnectTimeout: value must be greater than 0s)";
        assert_eq!(scrub(text), text);
        assert_eq!(scrub("ünïcode – stays"), "ünïcode – stays");
    }

    #[test]
    fn very_long_text_is_cut_at_a_character() {
        let text = "ä ".repeat(LONGEST_TEXT);
        let clean = scrub(&text);
        assert!(clean.len() <= LONGEST_TEXT + '…'.len_utf8());
        assert!(clean.ends_with('…'));
    }
}
