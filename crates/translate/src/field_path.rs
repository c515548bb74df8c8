//! Where something stands in an object.

use std::fmt;

/// A path of fields, `spec.routes[3].services[0].port`: links on the stack, written out only when there is
/// something to say about the place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldPath<'a> {
    above: Option<&'a FieldPath<'a>>,
    field: &'a str,
    index: Option<usize>,
}

impl<'a> FieldPath<'a> {
    /// A field of the object itself, or a path that is written already.
    pub(crate) const fn root(field: &'a str) -> Self {
        Self { above: None, field, index: None }
    }

    /// A field of the value at this path.
    pub(crate) const fn field(&'a self, field: &'a str) -> Self {
        Self { above: Some(self), field, index: None }
    }

    /// An item of a list in the value at this path.
    pub(crate) const fn item(&'a self, field: &'a str, index: usize) -> Self {
        Self { above: Some(self), field, index: Some(index) }
    }
}

impl fmt::Display for FieldPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            write!(f, "{above}.")?;
        }
        f.write_str(self.field)?;
        self.index.map_or(Ok(()), |index| write!(f, "[{index}]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_users_write_it() {
        let spec = FieldPath::root("spec");
        let route = spec.item("routes", 3);
        assert_eq!(route.field("pathRewritePolicy").to_string(), "spec.routes[3].pathRewritePolicy");
        assert_eq!(spec.to_string(), "spec");
    }
}
