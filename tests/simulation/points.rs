//! Where a node can die: every kind of commit before and behind its sync, every kind of request on
//! each leg of its way, and the moments between.

/// What a commit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// A webhook with the tasks it starts.
    Delivery,
    /// A task that a person starts.
    ByHand,
    /// A record of a poll, with the task it starts.
    PolledRecord,
    /// The time history moves.
    Cursor,
    /// A renewal of a token is decided.
    RenewalIntended,
    /// A renewed token.
    Renewed,
    /// Another line of an account's journal.
    Account,
    /// A person's verb.
    Verb,
    /// A write's intention.
    Intention,
    /// A write that goes out again.
    Repeat,
    /// A child task.
    Child,
    /// A write's answer.
    Answer,
    /// A write whose answer is lost.
    Lost,
    /// Locks are taken.
    Lock,
    /// A task ends.
    End,
    /// A task waits.
    Wait,
    /// A task begins, or something was read for it.
    Step,
    /// Anything else: graphs, the audit log.
    Other,
}

/// What a request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// A record.
    Read,
    /// A search by a field.
    Search,
    /// A page of a poll.
    Page,
    /// A new record.
    Create,
    /// A change of a record.
    Update,
    /// An action.
    Action,
    /// A token.
    Renewal,
}

/// Where a node can die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrashPoint {
    /// The commit never becomes durable.
    Unkept(Kept),
    /// The commit is durable, and nobody has heard of it.
    Unheard(Kept),
    /// Nothing of the request has left.
    Leaving(Asked),
    /// The request is under way, and goes on without us.
    UnderWay(Asked),
    /// The answer came, and nothing was done with it.
    Answered(Asked),
    /// While open tasks are found again.
    Starting,
    /// At a point in time.
    AnyTime,
    /// A sync fails: the store refuses everything from then on, and the process ends itself.
    FailedSync,
}

impl CrashPoint {
    /// Every one.
    pub fn all() -> Vec<CrashPoint> {
        let kept = [
            Kept::Delivery,
            Kept::ByHand,
            Kept::PolledRecord,
            Kept::Cursor,
            Kept::RenewalIntended,
            Kept::Renewed,
            Kept::Account,
            Kept::Verb,
            Kept::Intention,
            Kept::Repeat,
            Kept::Child,
            Kept::Answer,
            Kept::Lost,
            Kept::Lock,
            Kept::End,
            Kept::Wait,
            Kept::Step,
            Kept::Other,
        ];
        let asked = [
            Asked::Read,
            Asked::Search,
            Asked::Page,
            Asked::Create,
            Asked::Update,
            Asked::Action,
            Asked::Renewal,
        ];
        let mut all = vec![CrashPoint::Starting, CrashPoint::AnyTime, CrashPoint::FailedSync];
        all.extend(kept.iter().flat_map(|k| [CrashPoint::Unkept(*k), CrashPoint::Unheard(*k)]));
        all.extend(asked.iter().flat_map(|a| {
            [CrashPoint::Leaving(*a), CrashPoint::UnderWay(*a), CrashPoint::Answered(*a)]
        }));
        all
    }
}
