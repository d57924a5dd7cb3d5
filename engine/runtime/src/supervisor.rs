//! One owner of every spawned future: it joins them all, or ends them all.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

/// Owns what was spawned.
pub(crate) struct Supervisor {
    all: Mutex<JoinSet<()>>,
    runtime: tokio::runtime::Handle,
}

impl Supervisor {
    /// A supervisor on the runtime of the caller.
    pub(crate) fn new() -> Supervisor {
        Supervisor { all: Mutex::new(JoinSet::new()), runtime: tokio::runtime::Handle::current() }
    }

    /// Spawns a future; what ended before is let go of.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        while all.try_join_next().is_some() {}
        all.spawn_on(future, &self.runtime);
    }

    /// Waits until all have ended, or ends them when the patience is over. True when all ended by
    /// themselves.
    pub(crate) async fn join(&self, patience: Duration) -> bool {
        let mut all = {
            let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *all)
        };
        let ended = async { while all.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_ok() {
            return true;
        }
        all.shutdown().await;
        false
    }

    /// Ends all at once, wherever they are: what a crash does.
    pub(crate) fn abort(&self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}
