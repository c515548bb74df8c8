//! Random traces: a fleet's configuration changes at random, an Envoy asks, acknowledges, rejects, delays, leaves and
//! comes back at random, and the statements of the protocol hold in every state. Traces are numbered; a failing one
//! is repeated with `XDS_TRACE=<number>`; `XDS_TRACES=<count>` runs another number of them, and
//! `ISOBATH_TEST_CASES_FACTOR` multiplies it.

#![expect(clippy::unwrap_used, reason = "tests may fail")]

mod client;
mod random;
mod trace;
mod world;

use trace::{Mode, Trace};

/// For each of the two modes.
const TRACES: u64 = 50_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

fn run(mode: Mode) {
    let numbers = match number("XDS_TRACE") {
        Some(one) => one..one + 1,
        None => {
            let factor = number("ISOBATH_TEST_CASES_FACTOR").unwrap_or(1);
            0..number("XDS_TRACES").unwrap_or(TRACES) * factor
        }
    };
    for seed in numbers {
        if !holds(&mut Trace::new(mode, seed)) {
            let mut again = Trace::new(mode, seed).logged();
            holds(&mut again);
            for line in again.log() {
                eprintln!("{line}");
            }
            panic!("trace {seed} of {mode:?} failed: see above");
        }
    }
}

fn holds(trace: &mut Trace) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| trace.run())).is_ok()
}

#[test]
fn x_086_order_and_convergence_hold_under_random_delays() {
    run(Mode::Clean);
}

#[test]
fn x_086_order_and_convergence_hold_with_rejections() {
    run(Mode::Rejecting);
}
