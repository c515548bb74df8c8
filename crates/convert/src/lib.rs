//! Objects of one API written in another, in the files that they stand in.
//!
//! Does: takes the texts of files, gives the texts with the objects converted, and says of each object that cannot be
//! converted which field keeps it from it. Comments and the order of fields are kept; documents that are not
//! concerned stay byte for byte. What is converted does the same as before: where that cannot be had, an object and
//! all that belongs to it stay as they are.
//!
//! Does not: read or write files, or judge objects; `lint` does.
//!
//! Start with [`ingress_routes`], [`Conversion`] and [`Finding`]. Another conversion is another module beside
//! `ingress_route` that gives nodes of a `tree`; `document` writes them.

mod document;
mod ingress_route;
mod tree;

use api::ObjectId;

pub use ingress_route::ingress_routes;

/// What became of files.
#[derive(Debug, Default)]
pub struct Conversion {
    /// The new text of each file, in the order in which they were given.
    pub texts: Vec<String>,
    /// The objects that were converted, as they were called.
    pub converted: Vec<ObjectId>,
    /// What there is to say, by object.
    pub findings: Vec<Finding>,
}

/// Something to know about the conversion of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The object.
    pub object: ObjectId,
    /// Whether it keeps the object from being converted; else something was left out that had no effect, or is
    /// written otherwise.
    pub refuses: bool,
    /// The field; empty for the whole.
    pub path: String,
    /// What was found.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
}
