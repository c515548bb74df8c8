//! Tests in a cluster with a real API server. Without root, or where a cluster is impossible for another reason, they say
//! so and pass.

mod install;
mod pods;
mod schemas;
mod statuses;
