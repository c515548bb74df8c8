//! The layouts that worlds run with.

use envoy::XdsMode;
use model::{Layout, Settings};

/// All of them.
pub const LAYOUTS: [Layout; 3] = [Layout::Table, Layout::Scoped, Layout::OnDemand];

/// The environment variable that chooses the layout of tests that do not choose one themselves.
const VARIABLE: &str = "ISOBATH_TEST_LAYOUT";

/// The layout that `ISOBATH_TEST_LAYOUT` names (`table`, `scoped`, `on-demand`), else the product's default. The
/// suite runs again with each: see the steps of `make test` and `make test-long`.
pub fn suite_layout() -> Layout {
    match std::env::var(VARIABLE).as_deref() {
        Err(_) => Settings::default().layout,
        Ok("table") => Layout::Table,
        Ok("scoped") => Layout::Scoped,
        Ok("on-demand") => Layout::OnDemand,
        Ok(other) => panic!("{VARIABLE} is {other:?}; it may be table, scoped or on-demand"),
    }
}

/// [`suite_layout`], where Envoy asks in this way. On demand needs the delta protocol; without it, the layout that
/// is most like it.
pub fn suite_layout_for(mode: XdsMode) -> Layout {
    match (suite_layout(), mode) {
        (Layout::OnDemand, XdsMode::AdsSotw | XdsMode::Sotw) => Layout::Scoped,
        (layout, _) => layout,
    }
}

/// The defaults, with [`suite_layout`].
pub fn settings() -> Settings {
    Settings { layout: suite_layout(), ..Settings::default() }
}
