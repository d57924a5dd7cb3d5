//! One test binary over the whole workspace; each module is one kind of test.

mod cut;
mod demo;
mod program;
mod tidy;
mod world;
