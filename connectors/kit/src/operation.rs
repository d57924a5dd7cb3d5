//! What can be asked of a system, and what comes back: plain data between kit, machine and runtime.

use tenon_value::{Fault, Value};

/// Something asked of one resource of a connector.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// One record by its key.
    Get {
        /// The resource.
        resource: String,
        /// Its key.
        key: String,
    },
    /// One page of records.
    List {
        /// The resource.
        resource: String,
        /// Filters by the names the manifest's `list.where` allows.
        filter: Vec<(String, Value)>,
        /// Changed at or after this instant, where the manifest has a `since`.
        since_ms: Option<i64>,
        /// Where the page before ended; none for the first.
        page: Option<String>,
    },
    /// One page of an exact search by a field.
    Find {
        /// The resource.
        resource: String,
        /// The field searched.
        field: String,
        /// The value looked for; never blank.
        value: String,
        /// Where the page before ended; none for the first.
        page: Option<String>,
    },
    /// A new record.
    Create {
        /// The resource.
        resource: String,
        /// The whole record.
        record: Value,
    },
    /// A change of an existing record.
    Update {
        /// The resource.
        resource: String,
        /// Its key.
        key: String,
        /// What is written.
        record: Value,
    },
    /// An action on an existing record.
    Action {
        /// The resource.
        resource: String,
        /// The action's name.
        action: String,
        /// The record's key.
        key: String,
        /// Its arguments.
        with: Vec<(String, Value)>,
    },
    /// The rest of a nested list that a record's answer did not hold; made by the kit itself.
    Rest {
        /// The resource.
        resource: String,
        /// What was asked first.
        of: Box<Operation>,
        /// The record as far as it was read, with what is still open inside; the kit's own form.
        so_far: Value,
    },
    /// The manifest's n-th `check`.
    Check {
        /// Its place in the list.
        number: usize,
    },
}

/// A request ready to be sent but for credentials and the account's base address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// Path and query below the base address, encoded, beginning with `/`.
    pub path: String,
    /// Headers beside authentication.
    pub headers: Vec<(String, String)>,
    /// Body, exactly as it is sent.
    pub body: Option<String>,
    /// What it is expected to take from a cost bucket, in the bucket's points; 1 where requests are counted.
    pub cost: u32,
    /// Whether it may change something there.
    pub writes: bool,
}

/// What came back from the transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// An answer.
    Answer {
        /// HTTP status.
        status: u16,
        /// Headers, names in lower case.
        headers: Vec<(String, String)>,
        /// Body as text.
        body: String,
    },
    /// Nothing of the request left this machine.
    NotSent {
        /// Why.
        reason: String,
    },
    /// The host lies in a private network, and nobody said that this account may. Nothing was sent.
    Barred {
        /// The host, with the address it stands for where that is another.
        host: String,
    },
    /// The request, or a part of it, left; no whole answer came.
    Lost {
        /// Why.
        reason: String,
    },
}

/// What a response means.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The outcome.
    pub outcome: Outcome,
    /// What was learned about the account's limits.
    pub limits: LimitNews,
    /// Warnings that came with a success, in the peer's words.
    pub warnings: Vec<String>,
}

/// The outcome of an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// One record: of a get, a create, an update or an action.
    Record(Value),
    /// A page of a list or a search, searches already filtered to exact hits.
    Page {
        /// Its records.
        records: Vec<Value>,
        /// Where the next page begins; none at the end.
        next: Option<String>,
    },
    /// The record has more nested items than one answer holds: ask this next.
    More(Operation),
    /// A write of which nothing is known: it may have happened.
    Unknown(Fault),
    /// It did not happen.
    Fault(Fault),
}

/// What an answer said about limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitNews {
    /// Milliseconds during which nothing should be sent.
    pub wait_ms: Option<i64>,
    /// A cost bucket's state: points there now, most it holds, points restored a second.
    pub bucket: Option<(u32, u32, u32)>,
    /// What the request really cost.
    pub actual_cost: Option<u32>,
}

/// How the outcome of an unanswered write can be found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Road {
    /// Send the same bytes again: the peer knows them by a key.
    SameKey,
    /// Search by our reference; `settle_ms` after the connection closed a complete search that finds
    /// nothing means it did not happen.
    Find {
        /// The field searched.
        field: String,
        /// Milliseconds to wait before *not found* counts.
        settle_ms: i64,
    },
    /// Read the record; the action happened when the proof holds.
    Proof {
        /// Milliseconds to wait before *not so* counts.
        settle_ms: i64,
    },
    /// Repeating it does no harm: the same update of the same record.
    Repeat,
    /// Nothing can tell: a person must.
    Person,
}

/// What "it is already so" means for an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Already {
    /// Good: go on as if we had done it.
    Done,
    /// Somebody else did it: a conflict.
    Conflict,
}
