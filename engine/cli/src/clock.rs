//! The engine's clock, faster where a test or a demonstration asks for it.
//!
//! Retries, breakers, limits and the time a lost write is given to settle all keep their proportions,
//! so what stands on the other side must keep them too: a sandbox's windows and lifetimes are divided
//! by the same scale (`sandbox up --time-scale`). A sandbox that acts some milliseconds after it cut a
//! connection does so in true time: that delay must stay below the connector's `settle` divided by the
//! scale. With Fortnox' 10 s and a scale of 20 these are 500 ms; the demonstration uses 200 ms.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tenon_runtime::{Seam, SystemSeam, Wait};

use crate::exit::Failure;

/// Holds, in a directory whose time was scaled, when that began.
const BEGAN: &str = "scaled-time-began-ms";

/// The system's clock, or one on which time passes `scale` times faster since the directory was
/// first used so: a restart does not set it back.
///
/// # Errors
/// When the beginning can't be read or kept.
pub fn seam(scale: u32, dir: &Path) -> Result<Arc<dyn Seam>, Failure> {
    if scale <= 1 {
        return Ok(Arc::new(SystemSeam));
    }
    let file = dir.join(BEGAN);
    let known = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
    let began_ms = match known {
        Some(began_ms) => began_ms,
        None => {
            let now = SystemSeam.now_ms();
            std::fs::write(&file, now.to_string())?;
            now
        }
    };
    Ok(Arc::new(Scaled { scale: i64::from(scale), began_ms }))
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
