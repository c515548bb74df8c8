//! Tests that choose their layouts themselves. All others run with the layout that `ISOBATH_TEST_LAYOUT` names, and run
//! again with each.

mod addresses;
mod anything;
mod authorization;
mod beside;
mod client_certificates;
mod cookies;
mod cors;
mod equality;
mod fallback;
mod global_authorization;
mod global_rate_limits;
mod guards;
mod internal_redirects;
mod on_demand;
mod on_demand_hosts;
mod rate_limits;
mod scoped;
mod scoped_tls;
mod survival;
mod tokens;
