//! The one seam through which time, identity and randomness enter the engine.
//!
//! Nothing else in the engine reads a clock or makes a random number; a simulator replaces this.

use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::Duration;

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;
use tokio::time::Instant;

/// A future owned by whoever awaits it.
pub type Wait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Clock, ids and randomness.
pub trait Seam: Send + Sync {
    /// Milliseconds since 1970 (UTC).
    fn now_ms(&self) -> i64;
    /// A new id, `PREFIX_…`, later ones sorting after earlier ones.
    fn id(&self, prefix: &str) -> String;
    /// Fills the buffer with bytes nobody can guess.
    fn random(&self, into: &mut [u8]);
    /// Resolves when `at_ms` has come: late perhaps, never early.
    fn sleep_until(&self, at_ms: i64) -> Wait<'_>;
    /// Where [`Seam::now_ms`] would be had nobody set the clock since the process began: for what
    /// measures how much time passes, as limits and probes do.
    fn steady_ms(&self) -> i64;
    /// Resolves when [`Seam::steady_ms`] has come to `at_ms`.
    fn sleep_steady(&self, at_ms: i64) -> Wait<'_>;
}

/// When the process first asked: by the clock, and by what only grows.
static BEGAN: LazyLock<(i64, Instant)> = LazyLock::new(|| (SystemSeam.now_ms(), Instant::now()));

/// The machine's own clock and randomness.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemSeam;

impl Seam for SystemSeam {
    fn now_ms(&self) -> i64 {
        #[expect(clippy::disallowed_methods, reason = "this is the seam")]
        let now = std::time::SystemTime::now();
        now.duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn id(&self, prefix: &str) -> String {
        format!("{prefix}_{}", uuid::Uuid::now_v7().simple())
    }

    fn random(&self, into: &mut [u8]) {
        OsRng.fill_bytes(into);
    }

    fn sleep_until(&self, at_ms: i64) -> Wait<'_> {
        Box::pin(async move {
            loop {
                let left = at_ms.saturating_sub(self.now_ms());
                let Ok(left) = u64::try_from(left) else { return };
                if left == 0 {
                    return;
                }
                // A long sleep is cut so that a clock set forward is noticed.
                tokio::time::sleep(Duration::from_millis(left.min(60_000))).await;
            }
        })
    }

    fn steady_ms(&self) -> i64 {
        let (began_ms, began) = *BEGAN;
        began_ms.saturating_add(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep_steady(&self, at_ms: i64) -> Wait<'_> {
        let left = u64::try_from(at_ms.saturating_sub(self.steady_ms())).unwrap_or(0);
        Box::pin(tokio::time::sleep(Duration::from_millis(left)))
    }
}

/// A clock that runs faster, for tests and demonstrations: retries, breakers, limits and settling
/// all keep their proportions.
#[derive(Debug, Clone, Copy)]
pub struct ScaledSeam {
    scale: i64,
    began_ms: i64,
}

impl ScaledSeam {
    /// A clock that runs so many times faster since an instant in milliseconds since 1970.
    #[must_use]
    pub fn new(scale: u32, began_ms: i64) -> ScaledSeam {
        ScaledSeam { scale: i64::from(scale.max(1)), began_ms }
    }

    /// How long that is on the machine's clock, rounded up; none is left of what is past.
    fn real(self, left: i64) -> u64 {
        let real = left.saturating_add(self.scale).checked_div(self.scale).unwrap_or(left);
        u64::try_from(real).unwrap_or(0)
    }
}

impl Seam for ScaledSeam {
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
                let real = self.real(left).clamp(1, 60_000);
                tokio::time::sleep(Duration::from_millis(real)).await;
            }
        })
    }

    fn steady_ms(&self) -> i64 {
        let passed = SystemSeam.steady_ms().saturating_sub(self.began_ms);
        self.began_ms.saturating_add(passed.saturating_mul(self.scale))
    }

    fn sleep_steady(&self, at_ms: i64) -> Wait<'_> {
        let left = self.real(at_ms.saturating_sub(self.steady_ms()));
        Box::pin(tokio::time::sleep(Duration::from_millis(left)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_prefix_and_sort_by_birth() {
        let ids: Vec<String> = (0..1000).map(|_| SystemSeam.id("task")).collect();
        assert!(ids.iter().all(|id| id.starts_with("task_") && id.len() == 37));
        assert!(ids.is_sorted());
    }
}
