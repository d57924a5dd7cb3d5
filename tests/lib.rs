//! Conformance, crash, end-to-end and tidy tests over the whole of Tenon; see `all/`. Here stands
//! the simulator, which the tests and the program `tenon-sim` share.

pub mod simulation;
