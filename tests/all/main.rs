//! One test binary over the whole workspace; each module is one kind of test.

mod bad_input;
mod cut;
mod demo;
mod intake;
mod program;
mod stage;
mod strace;
mod tidy;
mod world;
