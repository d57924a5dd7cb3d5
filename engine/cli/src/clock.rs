//! The engine's clock, faster where a test or a demonstration asks for it.
//!
//! Retries, breakers, limits and the time a lost write is given to settle all keep their proportions,
//! so what stands on the other side must keep them too: a sandbox's windows and lifetimes are divided
//! by the same scale (`sandbox up --time-scale`). A sandbox that acts some milliseconds after it cut a
//! connection does so in true time: that delay must stay below the connector's `settle` divided by the
//! scale. With Fortnox' 10 s and a scale of 20 these are 500 ms; the demonstration takes four seconds divided by the scale.

use std::path::Path;
use std::sync::Arc;

use tenon_runtime::{ScaledSeam, Seam, SystemSeam};

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
    Ok(Arc::new(ScaledSeam::new(scale, began_ms)))
}
