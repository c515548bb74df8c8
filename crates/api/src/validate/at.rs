//! A field path that costs nothing until it is written.

use crate::decode::push_field;

/// Where in the object a check is.
#[derive(Clone, Copy, Debug)]
pub enum At<'a> {
    /// The object itself.
    Root,
    /// A field of what is before it.
    Field(&'a At<'a>, &'a str),
    /// An element of the list before it.
    Index(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    /// A field of what is before it.
    pub fn field(&'a self, name: &'a str) -> Self {
        Self::Field(self, name)
    }

    /// A field of what is before it, or with no name that itself.
    pub(super) fn below(&'a self, name: &'a str) -> Self {
        if name.is_empty() { *self } else { self.field(name) }
    }

    fn push(&self, path: &mut String) {
        match self {
            At::Root => {}
            At::Field(parent, name) => {
                parent.push(path);
                push_field(path, name);
            }
            At::Index(parent, index) => {
                parent.push(path);
                path.push_str(&format!("[{index}]"));
            }
        }
    }
}

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut path = String::new();
        self.push(&mut path);
        f.write_str(&path)
    }
}
