//! `tenon serve`: engine, webhook intake and API in one process.

use std::net::SocketAddr;
use std::time::Duration;

use tenon_server::{Server, ServerConfig};
use tenon_store::Store as _;
use tenon_value::{Value, json};

use crate::api::{self, Starting};
use crate::arguments::Serve;
use crate::exit::{Ended, Failure};

/// How long calls under way may take when the server is asked to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the command until Ctrl-C or SIGTERM. Its first line is a JSON object with the address.
///
/// # Errors
/// When the integration has errors, the store can't be opened, the address is taken, or the store
/// fails while running.
pub async fn run(serve: Serve) -> Ended {
    let listen: SocketAddr = serve.listen.parse().map_err(|_| {
        Failure::usage(format!("`{}` is no address", serve.listen)).hint("write 127.0.0.1:4440")
    })?;
    let starting = Starting {
        idle: serve.held,
        polls: !serve.held,
        unlimited: serve.unlimited,
        time_scale: serve.time_scale,
        keep_free_mib: Some(serve.keep_free_mib),
    };
    let dir = &serve.directory.dir;
    let (runtime, store) = api::start(dir, serve.project.project.as_deref(), starting).await?;
    let runtime = std::sync::Arc::new(runtime);
    let config = ServerConfig { listen, directory: Some(dir.clone()), ..ServerConfig::default() };
    let server = Server::start(std::sync::Arc::clone(&runtime), config)
        .await
        .map_err(|e| Failure::usage(e.to_string()).hint("choose another address with --listen"))?;
    let address = format!("http://{}", server.address);
    outln!("{}", json::write(&Value::of([("address", Value::text(&address))])));
    eprintln!("the engine runs; webhooks come in at {address}/in/CONNECTION/TOPIC, Ctrl-C ends it");
    let fatal = tokio::select! {
        ended = asked_to_end() => { ended?; None }
        reason = runtime.fatal() => Some(reason),
    };
    server.stop().await;
    if let Some(reason) = fatal {
        return Err(Failure::internal(format!("the store failed: {reason}"))
            .hint("mend the disk, then start again: everything acknowledged is kept"));
    }
    if let Some(runtime) = std::sync::Arc::into_inner(runtime) {
        runtime.stop(PATIENCE).await;
    }
    store.close().await.map_err(|e| Failure::internal(e.to_string()))?;
    Ok(0)
}

/// Resolves on Ctrl-C or SIGTERM.
///
/// # Errors
/// When the system lets no signal be heard.
pub async fn asked_to_end() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
