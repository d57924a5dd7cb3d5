//! Builds that are broken on purpose. Each is made at the seams, never in the product, and each must
//! be caught by a rule.

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// A commit is acknowledged before its sync.
    AcknowledgeBeforeSync,
    /// A write without an answer is sent again without a search.
    NoFindBeforeRepeat,
    /// The search counts at once, without waiting until nothing more can happen by itself.
    FindOnceAtOnce,
    /// A lock is given back in the commit that takes it.
    LockReleasedEarly,
    /// The time history moves when a page came, before its tasks are durable.
    CursorMovedEarly,
}

impl Mutation {
    /// Every one, by name.
    pub const ALL: [(&'static str, Mutation); 5] = [
        ("acknowledge-before-sync", Mutation::AcknowledgeBeforeSync),
        ("no-find-before-repeat", Mutation::NoFindBeforeRepeat),
        ("find-once-at-once", Mutation::FindOnceAtOnce),
        ("lock-released-early", Mutation::LockReleasedEarly),
        ("cursor-moved-early", Mutation::CursorMovedEarly),
    ];
}
