//! The engine's clock, faster where a test or a demonstration asks for it.

use std::sync::Arc;
use std::time::Duration;

use tenon_runtime::{Seam, SystemSeam, Wait};

/// The system's clock, or one on which time passes `scale` times faster from now on.
pub fn seam(scale: u32) -> Arc<dyn Seam> {
    match scale {
        0 | 1 => Arc::new(SystemSeam),
        scale => Arc::new(Scaled { scale: i64::from(scale), began_ms: SystemSeam.now_ms() }),
    }
}

/// A clock that runs faster: retries, breakers, limits and settling all keep their proportions.
struct Scaled {
    scale: i64,
    began_ms: i64,
}

impl Seam for Scaled {
    fn now_ms(&self) -> i64 {
        let passed = SystemSeam.now_ms().saturating_sub(self.began_ms);
        self.began_ms.saturating_add(passed.saturating_mul(self.scale))
    }

    fn id(&self, prefix: &str) -> String {
        SystemSeam.id(prefix)
    }

    fn random(&self, into: &mut [u8]) {
        SystemSeam.random(into);
    }

    fn sleep_until(&self, at_ms: i64) -> Wait<'_> {
        Box::pin(async move {
            loop {
                let left = at_ms.saturating_sub(self.now_ms());
                if left <= 0 {
                    return;
                }
                let real = left.saturating_add(self.scale).checked_div(self.scale).unwrap_or(left);
                let real = u64::try_from(real).unwrap_or(1).clamp(1, 60_000);
                tokio::time::sleep(Duration::from_millis(real)).await;
            }
        })
    }
}
