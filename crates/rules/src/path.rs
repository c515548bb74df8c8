//! Paths: in conditions, rewrites, redirects and health checks.

use std::fmt;

use crate::Invalid;
use crate::invalid::{excerpt, first_outside};

const PATH: &str = "path";
const MAX_PATH: usize = 16 * 1024;

/// A path of a condition: begins with `/`, has no query, fragment, space or control character.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(String);

impl Path {
    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A prefix that ends between segments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathPrefix {
    /// `/`: everything. Envoy refuses it as a separated prefix.
    All,
    /// `/a/b`, without a trailing slash.
    Segments(String),
}

/// A path or prefix that a condition compares.
///
/// # Errors
/// A path that no request can have: without `/` in front, with a query, fragment, space or control character.
pub fn path(text: &str) -> Result<Path, Invalid> {
    rooted(PATH, text)?;
    no_query(PATH, text)?;
    Ok(Path(text.to_owned()))
}

/// A prefix of whole segments (`pathType: Prefix`): trailing slashes are dropped.
///
/// # Errors
/// As [`path`].
pub fn separated_prefix(text: &str) -> Result<PathPrefix, Invalid> {
    let path = path(text)?.0;
    Ok(match path.trim_end_matches('/') {
        "" => PathPrefix::All,
        segments => PathPrefix::Segments(segments.to_owned()),
    })
}

/// How a path of a condition is compared with those of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// As a whole, or by whole segments: its end is the end of a segment.
    Whole,
    /// By its letters: its last segment may go on.
    Beginning,
}

/// Whether requests have such a path when they are compared: Envoy resolves dot segments before, and then takes several
/// slashes for one, unless the operator wants them as they are.
///
/// # Errors
/// A path that is compared with no request as it stands, and how it would be found.
pub fn normal_path(text: &str, compared: Compared, merges_slashes: bool) -> Result<(), Invalid> {
    if is_plain_path(text) {
        return Ok(());
    }
    let resolved = resolved(text, compared);
    let normal = if merges_slashes { merged_slashes(&resolved) } else { resolved.clone() };
    let why = match (resolved == text, normal == text) {
        (false, _) => "has dot segments, which are resolved before requests are compared with it",
        (true, false) => "has several slashes in a row, which are one when requests are compared with it",
        (true, true) => return Ok(()),
    };
    Err(Invalid::new(PATH, text, why, write(&normal)))
}

/// Whether requests have such a path and clients send it, as can be seen of nearly all paths at a glance: no other
/// has to be taken apart.
#[must_use]
pub fn is_plain_path(text: &str) -> bool {
    text.is_ascii() && !text.contains("/.") && !text.contains("//")
}

/// Whether clients send such a path: what is beyond ASCII they encode.
///
/// # Errors
/// A path with letters beyond ASCII, and how they are written.
pub fn encoded_path(text: &str) -> Result<(), Invalid> {
    if text.is_ascii() {
        return Ok(());
    }
    let encoded: String = text.chars().map(encoded).collect();
    let why = "has letters beyond ASCII, which clients percent-encode";
    Err(Invalid::new(PATH, text, why, write(&encoded)))
}

fn write(path: &str) -> String {
    const SHOWN: usize = 200;
    format!("write \"{}\"", excerpt(path, SHOWN))
}

fn encoded(c: char) -> String {
    let mut bytes = [0; 4];
    let bytes = c.encode_utf8(&mut bytes).bytes();
    bytes.map(|byte| if c.is_ascii() { c.to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The path without dot segments; `..` takes the segment before it away, an empty one too.
fn resolved(path: &str, compared: Compared) -> String {
    let (mut kept, mut segments) = (Vec::new(), path.split('/').skip(1).peekable());
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if !matches!(segment, "." | "..") || is_last && compared == Compared::Beginning {
            kept.push(segment);
            continue;
        }
        if segment == ".." {
            kept.pop();
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

/// A path in which several slashes in a row are one.
#[must_use]
pub fn merged_slashes(path: &str) -> String {
    let mut merged = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !merged.ends_with('/') {
            merged.push(c);
        }
    }
    merged
}

/// What a matched prefix or path is replaced with on the way to a backend.
///
/// # Errors
/// A text that breaks the request line: without `/` in front, with a query, fragment, space, control character or one beyond ASCII.
pub fn rewrite_path(text: &str) -> Result<String, Invalid> {
    const REWRITE: &str = "path rewrite";
    rooted(REWRITE, text)?;
    no_query(REWRITE, text)?;
    ascii(REWRITE, text)
}

/// The path of a redirect, which may have a query.
///
/// # Errors
/// A text that breaks the `location` header: without `/` in front, with a space, control character or one beyond ASCII.
pub fn redirect_path(text: &str) -> Result<String, Invalid> {
    const REDIRECT: &str = "redirect path";
    rooted(REDIRECT, text)?;
    ascii(REDIRECT, text)
}

/// The path of a health check or of an authorization service, which may have a query.
///
/// # Errors
/// A text that breaks the request line.
pub fn health_check_path(text: &str) -> Result<String, Invalid> {
    const CHECK: &str = "health check path";
    rooted(CHECK, text)?;
    ascii(CHECK, text)
}

fn rooted(subject: &'static str, text: &str) -> Result<(), Invalid> {
    if !text.starts_with('/') {
        return Err(Invalid::new(subject, text, "does not begin with a slash", "put / in front"));
    }
    if text.len() > MAX_PATH {
        return Err(Invalid::new(subject, text, "is longer than 16384 bytes", "shorten it"));
    }
    first_outside(text, |c| c != ' ' && !c.is_control())
        .map_or(Ok(()), |why| Err(Invalid::new(subject, text, why, "percent-encode it, a space as %20")))
}

fn no_query(subject: &'static str, text: &str) -> Result<(), Invalid> {
    let way_out =
        "match a query with a queryParameter condition; percent-encode a literal ? as %3F and # as %23";
    first_outside(text, |c| c != '?' && c != '#')
        .map_or(Ok(()), |why| Err(Invalid::new(subject, text, why, way_out)))
}

fn ascii(subject: &'static str, text: &str) -> Result<String, Invalid> {
    first_outside(text, |c| c.is_ascii())
        .map_or_else(|| Ok(text.to_owned()), |why| Err(Invalid::new(subject, text, why, "percent-encode it")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_a_request_can_have() {
        // rt-path-query, rt-path-frag, rt-path-empty, rt-path-nl, rt-prefix-query, rt-prefix-empty, rt-prefix-noslash.
        assert_eq!(path("/a/b.c-d%20/").unwrap().as_str(), "/a/b.c-d%20/");
        for bad in ["", "a", "/a?b", "/a#b", "/a\nb", "/a b", "/\0"] {
            assert!(path(bad).is_err(), "{bad:?}");
        }
        assert!(path(&format!("/{}", "a".repeat(16384))).is_err());
    }

    #[test]
    fn a_separated_prefix_has_no_trailing_slash() {
        // rt-psp-root, rt-psp-dslash, rt-psp-query, rt-psp-frag, rt-psp-noslash, rt-psp-nl.
        assert_eq!(separated_prefix("/"), Ok(PathPrefix::All));
        assert_eq!(separated_prefix("//"), Ok(PathPrefix::All));
        assert_eq!(separated_prefix("/a/b//"), Ok(PathPrefix::Segments("/a/b".into())));
        for bad in ["", "a", "/a?", "/a#", "/a\n"] {
            assert!(separated_prefix(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_path_is_found_in_its_normal_form() {
        use Compared::{Beginning, Whole};
        let way_out =
            |text, compared, merges| normal_path(text, compared, merges).err().map(|why| why.way_out);
        for found in ["/", "/a/b/", "/.well-known/x", "/a/...", "/a/..b/c", "/a/.b"] {
            assert_eq!(normal_path(found, Whole, true), Ok(()), "{found}");
        }
        for (written, normal) in [
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/../b", "/b"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("/..", "/"),
            ("//", "/"),
            ("/a//b/", "/a/b/"),
            ("/a//../b", "/a/b"),
        ] {
            assert_eq!(
                way_out(written, Whole, true),
                Some(format!("write \"{normal}\"").into()),
                "{written}"
            );
        }
        assert_eq!(normal_path("/a/..", Beginning, true), Ok(()), "/a/..b begins with it");
        assert!(normal_path("/a/../b", Beginning, true).is_err());
        assert_eq!(normal_path("/a//b", Whole, false), Ok(()));
    }

    #[test]
    fn a_path_beyond_ascii_has_a_spelling_that_clients_send() {
        assert_eq!(encoded_path("/a%20~"), Ok(()));
        let message = encoded_path("/münchen/€").unwrap_err().to_string();
        let why = "has letters beyond ASCII, which clients percent-encode";
        assert_eq!(message, format!("path \"/münchen/€\" {why}; write \"/m%C3%BCnchen/%E2%82%AC\""));
    }

    #[test]
    fn a_rewrite_keeps_the_request_line_whole() {
        // rt-rw-space, rt-rw-noslash, rt-rw-frag.
        assert_eq!(rewrite_path("/x/").unwrap(), "/x/");
        for bad in ["", "x", "/x y", "/x#y", "/x?y", "/é", "/x\r\ny"] {
            assert!(rewrite_path(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_redirect_may_have_a_query_but_no_line_break() {
        // rt-redir-path-query, rt-redir-path-nl.
        assert_eq!(redirect_path("/a?b=c#d").unwrap(), "/a?b=c#d");
        assert!(redirect_path("/a\r\nx: y").is_err());
        assert!(redirect_path("a").is_err());
    }

    #[test]
    fn a_health_check_path_is_a_request_target() {
        // cl-hc-pathempty, cl-hc-pathsp, cl-hc-pathnoslash, ls-flt-authz-prefix.
        assert_eq!(health_check_path("/healthz?full=1").unwrap(), "/healthz?full=1");
        for bad in ["", "healthz", "/a b", "/a\n"] {
            assert!(health_check_path(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_message_names_the_way_out() {
        let message = path("/a b").unwrap_err().to_string();
        assert_eq!(message, "path \"/a b\" has a space at offset 2; percent-encode it, a space as %20");
    }
}
