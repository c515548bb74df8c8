//! A field path that costs nothing until it is written.

/// Where in the object a check is.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    /// The object itself.
    Root,
    /// A field of what is before it.
    Field(&'a At<'a>, &'a str),
    /// An element of the list before it.
    Index(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    pub(super) fn field(&'a self, name: &'a str) -> Self {
        Self::Field(self, name)
    }

    /// Runs a check on every element of the list in field `name`.
    pub(super) fn each<T>(&self, name: &str, items: &[T], mut check: impl FnMut(&T, &At<'_>)) {
        for (index, item) in items.iter().enumerate() {
            check(item, &At::Index(&At::Field(self, name), index));
        }
    }
}

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            At::Root => Ok(()),
            At::Field(At::Root, name) => f.write_str(name),
            At::Field(parent, name) => write!(f, "{parent}.{name}"),
            At::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
