//! What a system allows an account to ask.

/// One limit; several may hold at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// So many requests within any window of that length.
    Sliding {
        /// Requests.
        requests: u32,
        /// The window's length in milliseconds.
        per_ms: i64,
        /// Percent of it left unused.
        headroom_percent: u32,
    },
    /// A bucket of points that refills; answers tell its real state.
    Cost {
        /// Points the bucket holds.
        capacity: u32,
        /// Points restored a second.
        restore_per_s: u32,
        /// Percent of it left unused.
        headroom_percent: u32,
        /// Most points one request may ask.
        single: u32,
    },
    /// So many requests in flight.
    InFlight {
        /// Requests.
        requests: u32,
    },
}
