//! One test binary over the whole workspace; each module is one kind of test.

mod addresses;
mod auth;
mod bad_input;
mod cut;
mod demo;
mod deploys;
mod documents;
mod examples;
mod fuzz;
mod intake;
mod money;
mod program;
mod properties;
mod shutdown;
mod simulation;
mod stage;
mod store;
mod strace;
mod telemetry;
mod tidy;
mod verbs;
mod workflows;
mod world;
