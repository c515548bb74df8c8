//! HTTP for probes, for those who collect metrics and for people who look for faults.
//!
//! A [`Server`] answers GET with [`Page`]s that are made when somebody asks; an [`Exposition`] is the text that
//! Prometheus reads; a [`Histogram`] and a [`Summary`] count how long things took.
//!
//! [`fetch`] is the other side.
//!
//! It does not: know what there is to say. Nothing here changes anything: there is no method but GET.
//!
//! The three types to know: [`Server`], [`Page`], [`Exposition`].

mod exposition;
mod fetch;
mod histogram;
mod page;
mod server;
mod summary;

pub use exposition::{Exposition, Kind};
pub use fetch::fetch;
pub use histogram::Histogram;
pub use page::{Page, Pages};
pub use server::{Server, TlsSource};
pub use summary::Summary;
