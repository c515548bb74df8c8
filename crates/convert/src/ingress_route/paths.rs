//! Paths of IngressRoutes, which are whole, and of HTTPProxies, which go on from those of the includes above.

/// A path as requests have it: several slashes are one.
pub(super) fn collapsed(path: &str) -> String {
    let mut collapsed = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !collapsed.ends_with('/') {
            collapsed.push(c);
        }
    }
    collapsed
}

/// What is handed over by a path: the same without its last slash; nothing for everything.
pub(super) fn base(path: &str) -> String {
    collapsed(path).trim_end_matches('/').to_owned()
}

/// What a path is below a base; `None` where it is not below.
pub(super) fn below(path: &str, base: &str) -> Option<String> {
    let path = collapsed(path);
    let rest = path.strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_on_from_a_base_by_whole_segments() {
        assert_eq!(base("/blog//x/"), "/blog/x");
        assert_eq!(base("/"), "");
        assert_eq!(below("/blog", "/blog").as_deref(), Some(""));
        assert_eq!(below("/blog/", "/blog").as_deref(), Some("/"));
        assert_eq!(below("/blog//x", "/blog").as_deref(), Some("/x"));
        assert_eq!(below("/x", "").as_deref(), Some("/x"));
        assert_eq!(below("/blogs", "/blog"), None);
    }
}
