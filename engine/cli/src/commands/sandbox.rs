//! `tenon sandbox up`: stand-ins of a shop and a ledger.

use tenon_sandbox::{Limits, Sandbox, SandboxConfig};
use tenon_value::{Value, json};

use crate::arguments::{SandboxCommand, SandboxUp};
use crate::exit::{Ended, Failure};

/// Runs the command until Ctrl-C. Its first line is a JSON object with the address.
///
/// # Errors
/// When the port is taken.
pub async fn run(command: SandboxCommand) -> Ended {
    let SandboxCommand::Up(up) = command;
    let running = Sandbox::start(config(&up)).await.map_err(|e| {
        Failure::usage(e.to_string())
            .hint("choose another port with --port, or --port 0 for a free one")
    })?;
    let shop = &running.parts.shop;
    let made = match up.orders {
        None => shop.seed_demo(),
        Some(count) => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            shop.generate(count, up.seed).map(|orders| orders.len())
        }
    };
    let made = made.map_err(|e| Failure::internal(e.to_string()))?;
    let ready = Value::of([
        ("address", Value::from(running.url())),
        ("orders", Value::from(i64::try_from(made).unwrap_or(i64::MAX))),
    ]);
    outln!("{}", json::write(&ready));
    eprintln!("a shop with {made} orders and a ledger at {}; Ctrl-C ends them", running.url());
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(0)
}

fn config(up: &SandboxUp) -> SandboxConfig {
    let scale = i64::from(up.time_scale.max(1));
    let real = Limits::default();
    let shorter = |ms: i64| ms.checked_div(scale).unwrap_or(ms).max(1);
    SandboxConfig {
        port: up.port,
        seed: up.seed,
        webhook_target: up.webhooks.clone(),
        limits: Limits {
            on: up.limits,
            fortnox_window_ms: shorter(real.fortnox_window_ms),
            fortnox_access_ms: shorter(real.fortnox_access_ms),
            shopify_restore_per_s: real.shopify_restore_per_s.saturating_mul(up.time_scale.max(1)),
            shopify_clock_of_others: up.time_scale.max(1),
            webhook_pause_divisor: up.time_scale.max(1),
            ..real
        },
        ..SandboxConfig::default()
    }
}
