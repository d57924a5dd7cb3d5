//! The breaker of one connection: opens on failures across tasks, probes with one canary, and
//! releases what waited in growing waves. Pure; times are milliseconds given by the caller.

/// How a connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Requests pass.
    Up,
    /// The peer as a whole does not answer.
    Down {
        /// Since when.
        since_ms: i64,
        /// When the next canary may go.
        canary_at_ms: i64,
    },
    /// Credentials were refused; only new ones help.
    Auth {
        /// Since when.
        since_ms: i64,
        /// In the peer's or our words.
        why: String,
    },
    /// A person paused it.
    Paused {
        /// Who.
        by: String,
    },
}

/// What a request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Go.
    Go,
    /// Go as the one canary.
    Canary,
    /// Park.
    Park,
}

/// When the breaker opens and how it probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Consecutive failures across tasks that open it.
    pub failures: u32,
    /// Milliseconds to the first canary.
    pub first_ms: i64,
    /// Longest time between two canaries.
    pub most_ms: i64,
}

impl Default for BreakerPolicy {
    fn default() -> BreakerPolicy {
        BreakerPolicy { failures: 8, first_ms: 5_000, most_ms: 300_000 }
    }
}

/// The breaker of one connection.
#[derive(Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    standing: Standing,
    failures: u32,
    canary_out: bool,
    probes: u32,
    wave: usize,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(policy: BreakerPolicy) -> Breaker {
        Breaker {
            policy,
            standing: Standing::Up,
            failures: 0,
            canary_out: false,
            probes: 0,
            wave: 0,
        }
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Whether a request may go now.
    pub fn ask(&mut self, now: i64) -> Pass {
        match &self.standing {
            Standing::Up => Pass::Go,
            Standing::Down { canary_at_ms, .. } if *canary_at_ms <= now && !self.canary_out => {
                self.canary_out = true;
                Pass::Canary
            }
            Standing::Down { .. } | Standing::Auth { .. } | Standing::Paused { .. } => Pass::Park,
        }
    }

    /// Whether a canary is to be sent now: it is time, and none is out.
    #[must_use]
    pub fn wants_canary(&self, now: i64) -> bool {
        let due =
            matches!(&self.standing, Standing::Down { canary_at_ms, .. } if *canary_at_ms <= now);
        due && !self.canary_out
    }

    /// A request was answered by the peer itself. True when that brought the connection up.
    pub fn answered(&mut self) -> bool {
        self.failures = 0;
        self.canary_out = false;
        self.probes = 0;
        let was_down = matches!(self.standing, Standing::Down { .. });
        if was_down {
            self.standing = Standing::Up;
            self.wave = 1;
        }
        was_down
    }

    /// A request failed as the peer's whole does. True when that opened the breaker.
    /// `jitter` is any number; it spreads the canaries.
    pub fn failed(&mut self, now: i64, jitter: u64) -> bool {
        self.failures = self.failures.saturating_add(1);
        match self.standing {
            Standing::Up if self.failures >= self.policy.failures => {
                self.probes = 0;
                self.standing =
                    Standing::Down { since_ms: now, canary_at_ms: self.next_probe(now, jitter) };
                true
            }
            // Only the canary's failure moves the schedule; stragglers sent before do not.
            Standing::Down { since_ms, .. } if self.canary_out => {
                self.canary_out = false;
                self.probes = self.probes.saturating_add(1);
                self.standing =
                    Standing::Down { since_ms, canary_at_ms: self.next_probe(now, jitter) };
                false
            }
            _ => false,
        }
    }

    /// The canary ended without telling anything (its task was taken away).
    pub fn canary_lost(&mut self) {
        self.canary_out = false;
    }

    /// The peer said itself that it is down: opens at once.
    pub fn said_down(&mut self, now: i64, jitter: u64) -> bool {
        self.failures = self.failures.max(self.policy.failures.saturating_sub(1));
        self.failed(now, jitter)
    }

    fn next_probe(&self, now: i64, jitter: u64) -> i64 {
        let factor = 1_i64 << self.probes.min(20);
        let wait = self.policy.first_ms.saturating_mul(factor).min(self.policy.most_ms);
        let spread = (wait / 4).max(1);
        let part = i64::try_from(jitter % spread.unsigned_abs()).unwrap_or(0);
        now.saturating_add(wait - part)
    }

    /// Credentials were refused.
    pub fn refused(&mut self, now: i64, why: &str) {
        if !matches!(self.standing, Standing::Auth { .. }) {
            self.standing = Standing::Auth { since_ms: now, why: why.to_owned() };
        }
        self.canary_out = false;
    }

    /// New credentials, or a person's word: up again.
    pub fn reset(&mut self) {
        self.standing = Standing::Up;
        self.failures = 0;
        self.canary_out = false;
        self.probes = 0;
        self.wave = 1;
    }

    /// A person pauses it.
    pub fn pause(&mut self, by: &str) {
        self.standing = Standing::Paused { by: by.to_owned() };
    }

    /// How many parked tasks to release now: 1, 2, 4 … while the connection stays up.
    pub fn next_wave(&mut self) -> usize {
        if self.standing != Standing::Up {
            return 0;
        }
        let wave = self.wave.max(1);
        self.wave = wave.saturating_mul(2).min(1024);
        wave
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_on_failures_in_a_row_and_sends_one_canary_at_a_time() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        for _ in 0..7 {
            assert!(!breaker.failed(0, 0));
        }
        breaker.answered();
        for _ in 0..7 {
            assert!(!breaker.failed(0, 0));
        }
        assert!(breaker.failed(0, 0));
        assert_eq!(breaker.ask(4_999), Pass::Park);
        assert_eq!(breaker.ask(5_000), Pass::Canary);
        assert_eq!(breaker.ask(5_000), Pass::Park);
        assert!(!breaker.failed(5_000, 0));
        assert_eq!(breaker.ask(14_999), Pass::Park);
        assert_eq!(breaker.ask(15_000), Pass::Canary);
        assert!(breaker.answered());
        assert_eq!(breaker.ask(15_000), Pass::Go);
        assert_eq!([breaker.next_wave(), breaker.next_wave(), breaker.next_wave()], [1, 2, 4]);
    }

    #[test]
    fn refused_credentials_hold_until_new_ones_come() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        breaker.refused(1, "invalid_grant");
        assert_eq!(breaker.ask(1_000_000), Pass::Park);
        assert!(!breaker.answered(), "an old answer does not open it");
        assert_eq!(breaker.ask(1_000_000), Pass::Park);
        assert_eq!(breaker.next_wave(), 0);
        breaker.reset();
        assert_eq!(breaker.ask(1_000_000), Pass::Go);
    }
}
