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
    /// So many requests in each window; windows follow one another from 1970 on.
    Fixed {
        /// Requests, headroom already taken off.
        requests: usize,
        /// Window in milliseconds.
        per_ms: i64,
    },
    /// A bucket of requests that refills steadily, whatever the answers say.
    Tokens {
        /// Most requests at once.
        size: u32,
        /// Milliseconds until one more may go.
        each_ms: i64,
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
    Sliding {
        requests: usize,
        per_ms: i64,
        sent: VecDeque<i64>,
    },
    Fixed {
        requests: usize,
        per_ms: i64,
        window: i64,
        sent: usize,
    },
    /// `full_at_ms`: when the bucket is full again.
    Tokens {
        size: i64,
        each_ms: i64,
        full_at_ms: i64,
    },
    Cost {
        size: i64,
        restore: i64,
        there: i64,
        at_ms: i64,
        reserved: i64,
    },
    InFlight {
        calls: usize,
    },
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
                Bucket::Fixed { requests, per_ms } => Meter::Fixed {
                    requests: (*requests).max(1),
                    per_ms: (*per_ms).max(1),
                    window: i64::MIN,
                    sent: 0,
                },
                Bucket::Tokens { size, each_ms } => Meter::Tokens {
                    size: i64::from(*size).max(1),
                    each_ms: (*each_ms).max(1),
                    full_at_ms: i64::MIN,
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

    /// The room of the tightest window, and the time between two requests that fill it evenly.
    #[must_use]
    pub fn evenly(&self) -> Option<(usize, i64)> {
        let even = |requests: usize, per_ms: i64| {
            let each = per_ms.checked_div(i64::try_from(requests).unwrap_or(i64::MAX)).unwrap_or(0);
            (requests, each)
        };
        let windows = self.meters.iter().filter_map(|meter| match meter {
            Meter::Sliding { requests, per_ms, .. } | Meter::Fixed { requests, per_ms, .. } => {
                Some(even(*requests, *per_ms))
            }
            _ => None,
        });
        // A day's window says nothing about this second.
        windows.filter(|(_, each)| *each <= 1_000).max_by_key(|(_, each)| *each)
    }

    /// Counts every window as spent at that moment: another process may have used it. Windows over a
    /// minute are left to the peer's own count, which says so by a 429.
    pub fn assume_spent(&mut self, at_ms: i64) {
        for meter in &mut self.meters {
            meter.assume_spent(at_ms);
        }
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
            Meter::Fixed { requests, per_ms, window, sent } => {
                let current = now.div_euclid(*per_ms);
                if current > *window {
                    (*window, *sent) = (current, 0);
                }
                if *sent < *requests {
                    return Free::Now;
                }
                Free::At(window.saturating_add(1).saturating_mul(*per_ms))
            }
            Meter::Tokens { size, each_ms, full_at_ms } => {
                let free_at = full_at_ms.saturating_sub(size.saturating_sub(1) * *each_ms);
                if free_at <= now { Free::Now } else { Free::At(free_at) }
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
            Meter::Fixed { sent, .. } => *sent = sent.saturating_add(1),
            Meter::Tokens { each_ms, full_at_ms, .. } => {
                *full_at_ms = (*full_at_ms).max(now).saturating_add(*each_ms);
            }
            Meter::Cost { there, reserved, .. } => {
                *there -= milli(cost);
                *reserved += milli(cost);
            }
            Meter::InFlight { .. } => {}
        }
    }

    fn assume_spent(&mut self, at: i64) {
        const LONGEST_MS: i64 = 60_000;
        match self {
            Meter::Sliding { requests, per_ms, sent } if *per_ms <= LONGEST_MS => {
                *sent = std::iter::repeat_n(at, *requests).collect();
            }
            Meter::Fixed { requests, per_ms, window, sent } if *per_ms <= LONGEST_MS => {
                (*window, *sent) = (at.div_euclid(*per_ms), *requests);
            }
            Meter::Tokens { size, each_ms, full_at_ms }
                if size.saturating_mul(*each_ms) <= LONGEST_MS =>
            {
                *full_at_ms = at.saturating_add(size.saturating_mul(*each_ms));
            }
            // The first answer says how full a cost bucket is.
            _ => {}
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
    fn a_fixed_window_opens_anew_at_its_border_and_tokens_come_one_by_one() {
        let mut fixed = Limiter::new(&[Bucket::Fixed { requests: 2, per_ms: 1_000 }]);
        assert_eq!([fixed.take(900, 1), fixed.take(950, 1)], [Ok(()), Ok(())]);
        assert_eq!(fixed.take(999, 1), Err(Blocked::Until(1_000)));
        assert_eq!([fixed.take(1_000, 1), fixed.take(1_001, 1)], [Ok(()), Ok(())]);
        assert_eq!(fixed.take(1_002, 1), Err(Blocked::Until(2_000)));
        let mut tokens = Limiter::new(&[Bucket::Tokens { size: 3, each_ms: 500 }]);
        assert_eq!([0, 1, 2].map(|at| tokens.take(at, 1)), [Ok(()); 3]);
        assert_eq!(tokens.take(3, 1), Err(Blocked::Until(500)));
        assert_eq!(tokens.take(500, 1), Ok(()));
        assert_eq!(tokens.take(501, 1), Err(Blocked::Until(1_000)));
        assert_eq!([9_000, 9_001, 9_002].map(|at| tokens.take(at, 1)), [Ok(()); 3]);
        assert!(tokens.take(9_003, 1).is_err());
    }

    #[test]
    fn several_limits_hold_at_once_and_a_restart_assumes_them_spent() {
        let both = [
            Bucket::Sliding { requests: 5, per_ms: 1_000 },
            Bucket::Fixed { requests: 8, per_ms: 10_000 },
        ];
        let mut limiter = Limiter::new(&both);
        let (mut now, mut sent) = (0, Vec::new());
        while now < 20_000 {
            match limiter.take(now, 1) {
                Ok(()) => sent.push(now),
                Err(Blocked::Until(at)) => now = at,
                Err(Blocked::CallEnds) => unreachable!(),
            }
        }
        assert_eq!(sent.len(), 16);
        assert!(sent.windows(6).all(|six| six[5] - six[0] >= 1_000), "{sent:?}");
        let mut again = Limiter::new(&both);
        again.assume_spent(20_400);
        assert_eq!(again.take(20_400, 1), Err(Blocked::Until(30_000)));
        let mut daily = Limiter::new(&[Bucket::Fixed { requests: 9, per_ms: 86_400_000 }]);
        daily.assume_spent(20_400);
        assert_eq!(daily.take(20_400, 1), Ok(()), "a day is not stood still for");
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
