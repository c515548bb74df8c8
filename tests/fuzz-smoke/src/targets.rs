//! One module for each target.

pub mod convert;
pub mod manifest;
pub mod pem;
pub mod regex;
pub mod rules;
pub mod xds_session;
