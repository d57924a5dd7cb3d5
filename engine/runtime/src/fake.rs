//! A seam with virtual time for tests: tokio's paused clock, counted ids, seeded randomness.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::seam::{Seam, Wait};

/// Virtual time that begins at [`FakeSeam::BIRTH`] and moves when everything waits.
pub struct FakeSeam {
    born: Instant,
    count: AtomicU64,
    random: AtomicU64,
    set_back_ms: AtomicI64,
}

impl FakeSeam {
    /// 2026-01-01T00:00:00Z in milliseconds.
    pub const BIRTH: i64 = 1_767_225_600_000;

    /// A seam whose randomness comes from the seed.
    pub fn new(seed: u64) -> FakeSeam {
        FakeSeam {
            born: Instant::now(),
            count: AtomicU64::new(0),
            random: AtomicU64::new(seed),
            set_back_ms: AtomicI64::new(0),
        }
    }

    /// Sets the clock back.
    pub fn set_back(&self, by_ms: i64) {
        self.set_back_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}

impl Seam for FakeSeam {
    fn now_ms(&self) -> i64 {
        self.steady_ms() - self.set_back_ms.load(Ordering::Relaxed)
    }

    fn id(&self, prefix: &str) -> String {
        format!("{prefix}_{:032x}", self.count.fetch_add(1, Ordering::Relaxed))
    }

    fn random(&self, into: &mut [u8]) {
        for byte in into {
            let step = |s: u64| Some(s.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99));
            let state = self.random.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
            *byte = u8::try_from(state.unwrap() >> 56).unwrap();
        }
    }

    fn sleep_until(&self, at_ms: i64) -> Wait<'_> {
        Box::pin(async move {
            let left = u64::try_from(at_ms - self.now_ms()).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(left)).await;
        })
    }

    fn steady_ms(&self) -> i64 {
        FakeSeam::BIRTH + i64::try_from(self.born.elapsed().as_millis()).unwrap()
    }

    fn sleep_steady(&self, at_ms: i64) -> Wait<'_> {
        let left = u64::try_from(at_ms - self.steady_ms()).unwrap_or(0);
        Box::pin(tokio::time::sleep(Duration::from_millis(left)))
    }
}
