//! Field paths as problems carry them: `spec.routes[0].services[1].port`, `data["tls.crt"]`.

/// One step from a value to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Field(String),
    Index(usize),
}

/// The steps of a path. Any text is a path: what is not understood is taken for a field's name.
pub(crate) fn parse(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let (step, left) = if let Some(inside) = rest.strip_prefix("[\"") {
            let (name, left) = inside.split_once("\"]").unwrap_or((inside, ""));
            (Step::Field(name.to_owned()), left)
        } else if let Some(inside) = rest.strip_prefix('[') {
            let (inside, left) = inside.split_once(']').unwrap_or((inside, ""));
            (inside.parse().map_or_else(|_| Step::Field(inside.to_owned()), Step::Index), left)
        } else {
            let (name, left) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
            (Step::Field(name.to_owned()), left)
        };
        steps.push(step);
        rest = left;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_into_steps() {
        let field = |name: &str| Step::Field(name.to_owned());
        assert_eq!(
            parse("spec.routes[10].name"),
            [field("spec"), field("routes"), Step::Index(10), field("name")]
        );
        assert_eq!(parse("data[\"tls.crt\"]"), [field("data"), field("tls.crt")]);
        assert_eq!(
            parse("metadata.annotations[a.b/c]"),
            [field("metadata"), field("annotations"), field("a.b/c")]
        );
        assert_eq!(parse(""), []);
    }

    #[test]
    fn broken_paths_end() {
        for path in [".", "[", "[\"", "a..b", "a[", "]", "[]x", "."] {
            parse(path);
        }
    }
}
