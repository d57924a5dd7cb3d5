//! `tenon serve`: engine, webhook intake and API in one process.

use std::net::SocketAddr;
use std::time::Duration;

use tenon_server::{Server, ServerConfig};
use tenon_store::Store as _;
use tenon_value::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::api::{self, Starting};
use crate::arguments::Serve;
use crate::exit::{Ended, Failure};

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
        looks: false,
        tells: true,
        unlimited: serve.unlimited,
        time_scale: serve.time_scale,
        keep_free_mib: Some(serve.keep_free_mib),
        traces: serve.traces.clone(),
    };
    let dir = &serve.directory.dir;
    let (runtime, store) = api::start(dir, serve.project.project.as_deref(), starting).await?;
    let runtime = std::sync::Arc::new(runtime);
    // Before anybody hears that it is ready, and may ask it to end.
    let mut signals = Signals::heard()?;
    let config = ServerConfig { listen, directory: Some(dir.clone()), ..ServerConfig::default() };
    let server = Server::start(std::sync::Arc::clone(&runtime), config)
        .await
        .map_err(|e| Failure::usage(e.to_string()).hint("choose another address with --listen"))?;
    let address = format!("http://{}", server.address);
    outln!("{}", json::write(&Value::of([("address", Value::text(&address))])));
    eprintln!("the engine runs; webhooks come in at {address}/in/CONNECTION/TOPIC, Ctrl-C ends it");
    tokio::select! {
        _ = signals.next() => {}
        reason = runtime.fatal() => {
            server.stop().await;
            return Err(Failure::internal(format!("the store failed: {reason}"))
                .hint("mend the disk, then start again: everything acknowledged is kept"));
        }
    }
    let grace_s = serve.grace_s;
    eprintln!("going down: calls under way get {grace_s} s; a second signal ends it at once");
    let down = async {
        // The server answers meanwhile: a webhook that comes now hears when to come again.
        runtime.stop(Duration::from_secs(grace_s)).await;
        server.stop().await;
        store.close().await
    };
    tokio::select! {
        closed = down => closed.map_err(|e| Failure::internal(e.to_string()))?,
        code = signals.next() => {
            eprintln!("ended at once; what was under way is found again at the next start");
            std::process::exit(code);
        }
    }
    Ok(0)
}

/// The signals that ask a process to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on they are heard, and end nothing by themselves.
    fn heard() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next of them, as the exit code of a process that it ended: 128 and its number.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => 128 + SignalKind::terminate().as_raw_value(),
            _ = self.interrupt.recv() => 128 + SignalKind::interrupt().as_raw_value(),
        }
    }
}

/// Resolves on Ctrl-C or SIGTERM.
///
/// # Errors
/// When the system lets no signal be heard.
pub async fn asked_to_end() -> Result<(), Failure> {
    Signals::heard()?.next().await;
    Ok(())
}
