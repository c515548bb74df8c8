//! What a release is optimized for: the work of a controller, each kind of it often.

use model::Layout;

use crate::engine_bench::{self, Size};
use crate::{end_to_end, streams};

/// How often a file is saved.
const SAVES: usize = 200;

/// First configurations and changes of both layouts, files that change, and a change to many streams.
pub(crate) fn all() {
    for (layout, hosts, routes) in [
        (Layout::Scoped, 10_000, 1),
        (Layout::Table, 10_000, 1),
        (Layout::Scoped, 1_000, 10),
        (Layout::Scoped, 100_000, 1),
    ] {
        engine_bench::one_size(Size { layout, hosts, routes }, None);
    }
    end_to_end::save_often(SAVES);
    streams::run();
}
