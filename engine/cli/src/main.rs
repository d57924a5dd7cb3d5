//! `tenon`: one binary for authors, integrators and operators.
//!
//! Data goes to standard output, talk to standard error. Exit codes: 0 done, 1 findings or a record
//! that failed, 2 wrong use, 3 an outside system or a server did not do its part, 4 our own fault.

/// Prints to standard output; ends the process quietly where nobody reads it any more.
macro_rules! out {
    ($($part:tt)*) => { $crate::output::write(&format!($($part)*)) };
}
/// As [`out!`], with the end of the line.
macro_rules! outln {
    () => { $crate::output::write("\n") };
    ($($part:tt)*) => { $crate::output::write(&format!("{}\n", format_args!($($part)*))) };
}

mod api;
mod arguments;
mod bench_load;
mod bench_mapper;
mod clock;
mod commands;
mod demo;
mod exit;
mod output;
mod project;
mod rehearsal;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::Arguments;
use crate::exit::Failure;

/// Many small values of differing lives: the system's allocator took a third of an order's processor
/// time, and kept what was freed (`engine/decisions/0007-allocator.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(failure) = start_logging(&arguments) {
        return failure.report();
    }
    // Chosen once, here: every client of the process uses it. It is refused only when chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            return Failure::internal(format!("the asynchronous runtime did not start: {e}"))
                .report();
        }
    };
    match runtime.block_on(commands::run(arguments)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(),
    }
}

/// Logs go to standard error; `-v` and `-vv` say more, `TENON_LOG` says exactly which.
fn start_logging(arguments: &Arguments) -> Result<(), Failure> {
    use tracing_subscriber::EnvFilter;
    let default = match arguments.verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = match std::env::var("TENON_LOG") {
        Ok(wanted) => EnvFilter::try_new(&wanted)
            .map_err(|e| Failure::usage(format!("TENON_LOG is no log filter: {e}")))?,
        Err(_) => EnvFilter::new(default),
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Ok(())
}
