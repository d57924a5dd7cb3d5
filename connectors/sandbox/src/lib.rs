//! Local stand-ins of the systems Tenon talks to: a Shopify shop and a Fortnox ledger.
//!
//! One server on the loopback address speaks the published interfaces of both, keeps the state they
//! would keep, counts what it was asked, and misbehaves on demand. It is a process of its own that
//! outlives the engine, so what it says about duplicates and losses is independent of the engine.
//!
//! | path | what |
//! |---|---|
//! | `/shopify/{shop}/admin/api/{version}/graphql.json` | the shop's GraphQL interface |
//! | `/fortnox/3/...` | the ledger's REST interface |
//! | `/fortnox/oauth-v1/auth`, `/fortnox/oauth-v1/token` | the ledger's authorisation |
//! | `/control/...` | faults, clock, limits, counts, books: see [`control`] |

pub mod books;
pub mod clock;
pub mod config;
pub mod control;
pub mod faults;
pub mod fortnox;
pub mod serve;
pub mod shopify;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use thiserror::Error;

pub use books::ExpectedOrder;
pub use clock::Clock;
pub use config::{Limits, LimitsCell, SandboxConfig};

/// Why a sandbox could not be started.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The address could not be bound.
    #[error("port {port} of the loopback address cannot be used: {source}")]
    Bind {
        /// The wanted port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// A stand-in could not be made.
    #[error("the {system} stand-in could not be made: {reason}")]
    Setup {
        /// `shopify` or `fortnox`.
        system: &'static str,
        /// Why.
        reason: String,
    },
}

/// Everything a running sandbox consists of; the parts can also be used without a server.
#[derive(Clone)]
pub struct Parts {
    /// What the sandbox was started with.
    pub config: Arc<SandboxConfig>,
    /// The clock both systems read.
    pub clock: Arc<Clock>,
    /// Rate limits and lifetimes, changeable while running.
    pub limits: Arc<LimitsCell>,
    /// The ledger.
    pub ledger: Arc<fortnox::Ledger>,
    /// The shop (one state; every configured shop name answers with it).
    pub shop: Arc<shopify::Shop>,
    /// Faults to be made.
    pub faults: Arc<faults::Faults>,
    /// What was asked how often.
    pub counts: Arc<books::Counts>,
}

impl Parts {
    /// Makes the parts of a sandbox.
    ///
    /// # Errors
    /// [`SandboxError::Setup`] when a stand-in cannot be made from the configuration.
    pub fn new(config: &SandboxConfig) -> Result<Parts, SandboxError> {
        let clock = Arc::new(Clock::new(config.frozen_at_ms));
        let limits = Arc::new(LimitsCell::new(config.limits.clone()));
        let ledger = fortnox::Ledger::new(config, clock.clone(), limits.clone())
            .map_err(|reason| SandboxError::Setup { system: "fortnox", reason })?;
        let shop = shopify::Shop::new(config, clock.clone(), limits.clone())
            .map_err(|reason| SandboxError::Setup { system: "shopify", reason })?;
        let faults = faults::Faults::new(config.seed);
        faults.add(config.faults.clone());
        Ok(Parts {
            config: Arc::new(config.clone()),
            clock,
            limits,
            ledger: Arc::new(ledger),
            shop: Arc::new(shop),
            faults: Arc::new(faults),
            counts: Arc::new(books::Counts::default()),
        })
    }

    /// The whole router: both systems below the fault layer, and the control interface beside it.
    pub fn router(&self) -> Router {
        let systems = Router::new()
            .merge(fortnox::router(self.ledger.clone()))
            .merge(shopify::router(self.shop.clone()));
        faults::layer(systems, self.clone())
            .merge(control::router(self.clone()))
            .merge(shopify::control_router(self.shop.clone()))
    }
}

/// Starts sandboxes.
pub struct Sandbox;

impl Sandbox {
    /// Starts a sandbox on the loopback address; port 0 takes a free one.
    ///
    /// # Errors
    /// [`SandboxError`] when the port is taken or a stand-in cannot be made.
    pub async fn start(config: SandboxConfig) -> Result<Running, SandboxError> {
        let parts = Parts::new(&config)?;
        let (server, address) = serve::start(config.port, parts.router())
            .await
            .map_err(|source| SandboxError::Bind { port: config.port, source })?;
        Ok(Running { address, parts, server })
    }
}

/// A sandbox that serves requests until it is stopped or dropped.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its parts, for tests and demonstrations in one process.
    pub parts: Parts,
    server: serve::Server,
}

impl Running {
    /// The address with its scheme, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops taking requests and closes the connections.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

#[cfg(test)]
mod tests;
