//! The sandbox's clock: the machine's, shifted or frozen on demand.

use std::sync::{Mutex, PoisonError};

/// Time as both stand-ins see it, in milliseconds since 1970.
#[derive(Debug)]
pub struct Clock(Mutex<State>);

#[derive(Debug, Clone, Copy)]
struct State {
    frozen_at_ms: Option<i64>,
    shift_ms: i64,
}

impl Clock {
    /// A clock that stands still at an instant, or runs.
    #[must_use]
    pub fn new(frozen_at_ms: Option<i64>) -> Clock {
        Clock(Mutex::new(State { frozen_at_ms, shift_ms: 0 }))
    }

    /// Now.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        let state = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.frozen_at_ms.unwrap_or_else(machine_ms) + state.shift_ms
    }

    /// Moves the clock forward; backward when negative.
    pub fn advance(&self, ms: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).shift_ms += ms;
    }

    /// Freezes the clock at an instant, or lets it run again; either way any shift is forgotten.
    pub fn freeze(&self, at_ms: Option<i64>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            State { frozen_at_ms: at_ms, shift_ms: 0 };
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox is an outside system with its own clock"
)]
fn machine_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let clock = Clock::new(Some(1_000));
        assert_eq!(clock.now_ms(), 1_000);
        clock.advance(250);
        assert_eq!(clock.now_ms(), 1_250);
        clock.freeze(Some(5));
        assert_eq!(clock.now_ms(), 5);
    }

    #[test]
    fn a_running_clock_can_be_shifted() {
        let clock = Clock::new(None);
        let before = clock.now_ms();
        clock.advance(3_600_000);
        assert!(clock.now_ms() >= before + 3_600_000);
    }
}
