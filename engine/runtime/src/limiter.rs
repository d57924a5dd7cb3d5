//! Limits of one account as pure data: sliding windows, cost buckets with feedback, calls in flight.
//!
//! All times are milliseconds given by the caller; costs are kept in thousandths of a point.

use std::collections::VecDeque;

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bucket {
    /// So many requests in any window of that length.
    Sliding {
        /// Requests, headroom already taken off.
        requests: usize,
        /// Window in milliseconds.
        per_ms: i64,
    },
    /// A bucket of points that refills; the peer's answers say how full it is.
    Cost {
        /// Most it holds, in points.
        size: u32,
        /// Points restored a second.
        restore: u32,
    },
    /// Calls under way at once.
    InFlight {
        /// Most of them.
        calls: usize,
    },
}

/// What an answer said about the account's limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feedback {
    /// Nothing should be sent for so many milliseconds.
    pub wait_ms: Option<i64>,
    /// A cost bucket: points there now, most it holds, points restored a second.
    pub bucket: Option<(u32, u32, u32)>,
}

#[derive(Debug)]
enum Meter {
    Sliding { requests: usize, per_ms: i64, sent: VecDeque<i64> },
    Cost { size: i64, restore: i64, there: i64, at_ms: i64, reserved: i64 },
    InFlight { calls: usize },
}

/// Counts what was sent and says when the next request may go.
#[derive(Debug)]
pub struct Limiter {
    meters: Vec<Meter>,
    in_flight: usize,
    blocked_until: i64,
}

/// Nothing may be sent before that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// Until that millisecond.
    Until(i64),
    /// Until a call under way has ended.
    CallEnds,
}

impl Limiter {
    /// A limiter of these buckets, all fresh.
    #[must_use]
    pub fn new(buckets: &[Bucket]) -> Limiter {
        let meters = buckets
            .iter()
            .map(|bucket| match bucket {
                Bucket::Sliding { requests, per_ms } => Meter::Sliding {
                    requests: (*requests).max(1),
                    per_ms: *per_ms,
                    sent: VecDeque::new(),
                },
                Bucket::Cost { size, restore } => Meter::Cost {
                    size: milli(*size),
                    restore: i64::from(*restore).max(1),
                    there: milli(*size),
                    at_ms: i64::MIN,
                    reserved: 0,
                },
                Bucket::InFlight { calls } => Meter::InFlight { calls: (*calls).max(1) },
            })
            .collect();
        Limiter { meters, in_flight: 0, blocked_until: i64::MIN }
    }

    /// Takes room for one request of `cost` points.
    ///
    /// # Errors
    /// When there is none: until when.
    pub fn take(&mut self, now: i64, cost: u32) -> Result<(), Blocked> {
        let mut until = if self.blocked_until > now { Some(self.blocked_until) } else { None };
        let mut full = false;
        for meter in &mut self.meters {
            match meter.free_at(now, cost, self.in_flight) {
                Free::Now => {}
                Free::At(at) => until = Some(until.map_or(at, |u| u.max(at))),
                Free::CallEnds => full = true,
            }
        }
        if full {
            return Err(Blocked::CallEnds);
        }
        if let Some(until) = until {
            return Err(Blocked::Until(until));
        }
        for meter in &mut self.meters {
            meter.take(now, cost);
        }
        self.in_flight += 1;
        Ok(())
    }

    /// A request of `cost` points has ended; what its answer said.
    pub fn ended(&mut self, now: i64, cost: u32, feedback: &Feedback) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(wait) = feedback.wait_ms {
            self.blocked_until = self.blocked_until.max(now.saturating_add(wait.max(0)));
        }
        for meter in &mut self.meters {
            meter.ended(now, cost, feedback);
        }
    }
}

enum Free {
    Now,
    At(i64),
    CallEnds,
}

fn milli(points: u32) -> i64 {
    i64::from(points) * 1000
}

impl Meter {
    fn free_at(&mut self, now: i64, cost: u32, in_flight: usize) -> Free {
        match self {
            Meter::Sliding { requests, per_ms, sent } => {
                while sent.front().is_some_and(|at| at.saturating_add(*per_ms) <= now) {
                    sent.pop_front();
                }
                if sent.len() < *requests {
                    return Free::Now;
                }
                sent.get(sent.len() - *requests)
                    .map_or(Free::Now, |at| Free::At(at.saturating_add(*per_ms)))
            }
            Meter::Cost { size, restore, there, at_ms, reserved } => {
                if *at_ms > i64::MIN {
                    let gained = now.saturating_sub(*at_ms).max(0).saturating_mul(*restore);
                    *there = there.saturating_add(gained).min(*size);
                }
                *at_ms = now.max(*at_ms);
                // A request dearer than the whole bucket may go when the bucket is full.
                let wanted = milli(cost).min(*size);
                let missing = wanted - *there;
                if missing <= 0 {
                    return Free::Now;
                }
                if *reserved > 0 && *size - *reserved < wanted {
                    return Free::CallEnds;
                }
                Free::At(now + (missing + *restore - 1) / *restore)
            }
            Meter::InFlight { calls } => {
                if in_flight < *calls {
                    Free::Now
                } else {
                    Free::CallEnds
                }
            }
        }
    }

    fn take(&mut self, now: i64, cost: u32) {
        match self {
            Meter::Sliding { sent, .. } => sent.push_back(now),
            Meter::Cost { there, reserved, .. } => {
                *there -= milli(cost);
                *reserved += milli(cost);
            }
            Meter::InFlight { .. } => {}
        }
    }

    fn ended(&mut self, now: i64, cost: u32, feedback: &Feedback) {
        if let Meter::Cost { size, restore, there, at_ms, reserved } = self {
            *reserved = (*reserved - milli(cost)).max(0);
            if let Some((left, most, per_second)) = feedback.bucket {
                *size = milli(most).max(1000);
                *restore = i64::from(per_second).max(1);
                // What is under way has not been counted there yet, at worst.
                *there = milli(left) - *reserved;
                *at_ms = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(state: &mut u64) -> u64 {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 33
    }

    #[test]
    fn no_window_ever_holds_more_than_its_requests() {
        for seed in 0..50 {
            let mut random = seed;
            let mut limiter = Limiter::new(&[Bucket::Sliding { requests: 20, per_ms: 5_000 }]);
            let mut now = 0;
            let mut sent = Vec::new();
            for _ in 0..500 {
                match limiter.take(now, 1) {
                    Ok(()) => {
                        sent.push(now);
                        limiter.ended(now, 1, &Feedback::default());
                        now += i64::try_from(draw(&mut random) % 200).unwrap();
                    }
                    Err(Blocked::Until(at)) => {
                        assert!(at > now, "a wait moves time on");
                        now = at;
                    }
                    Err(Blocked::CallEnds) => unreachable!(),
                }
            }
            for (i, at) in sent.iter().enumerate() {
                let inside = sent[i..].iter().take_while(|t| **t < at + 5_000).count();
                assert!(inside <= 20, "{inside} within one window");
            }
            assert!(sent.len() > 200);
        }
    }

    #[test]
    fn a_cost_bucket_follows_the_peers_own_count() {
        let mut limiter = Limiter::new(&[Bucket::Cost { size: 1000, restore: 50 }]);
        assert_eq!(limiter.take(0, 600), Ok(()));
        limiter.ended(10, 600, &Feedback { wait_ms: None, bucket: Some((100, 1000, 50)) });
        assert_eq!(limiter.take(10, 200), Err(Blocked::Until(2_010)));
        assert_eq!(limiter.take(2_010, 200), Ok(()));
        limiter.ended(2_020, 200, &Feedback { wait_ms: None, bucket: Some((900, 2000, 100)) });
        assert_eq!(limiter.take(2_020, 900), Ok(()), "and its size and speed");
    }

    #[test]
    fn calls_in_flight_and_an_asked_wait_hold_the_next_back() {
        let mut limiter = Limiter::new(&[Bucket::InFlight { calls: 2 }]);
        assert_eq!(limiter.take(0, 1), Ok(()));
        assert_eq!(limiter.take(0, 1), Ok(()));
        assert_eq!(limiter.take(0, 1), Err(Blocked::CallEnds));
        limiter.ended(5, 1, &Feedback { wait_ms: Some(5_000), bucket: None });
        assert_eq!(limiter.take(5, 1), Err(Blocked::Until(5_005)));
        assert_eq!(limiter.take(5_005, 1), Ok(()));
    }
}
