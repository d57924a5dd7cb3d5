//! Every metric: its name, its kind, what tells its series apart, and what it says.

/// One family of metrics as it stands at `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    /// Its name, without the ending (`_total`, `_bucket`, `_sum`, `_count`) of its samples.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Its labels, separated by a space; each takes values of a bounded set.
    pub labels: &'static str,
    /// What it says; a sentence without its full stop.
    pub help: &'static str,
}

const fn counter(name: &'static str, labels: &'static str, help: &'static str) -> Described {
    Described { name, kind: "counter", labels, help }
}

const fn gauge(name: &'static str, labels: &'static str, help: &'static str) -> Described {
    Described { name, kind: "gauge", labels, help }
}

const fn histogram(name: &'static str, labels: &'static str, help: &'static str) -> Described {
    Described { name, kind: "histogram", labels, help }
}

pub(super) const STEPS: Described = counter(
    "tenon_steps",
    "flow verb outcome",
    "What journals say of steps: read, done, retried, refused, lost, caught, failed, waits; the verb \
     is source for the record itself; pure steps leave nothing in a journal and are not counted",
);
pub(super) const TASKS_MADE: Described =
    counter("tenon_tasks_made", "flow trigger", "Tasks made, by what started them");
pub(super) const TASKS_ENDED: Described = counter(
    "tenon_tasks_ended",
    "flow state",
    "Tasks that came to done, skipped, failed or cancelled; one that is taken up again counts again",
);
pub(super) const TASKS: Described = gauge(
    "tenon_tasks",
    "state reason",
    "Tasks that have not ended, and failed ones that nobody closed, by what they wait for",
);
pub(super) const OLDEST: Described = gauge(
    "tenon_oldest_task_seconds",
    "state reason",
    "Age of the task that has stood longest in this state for this reason; after a restart, since \
     its row last changed",
);
pub(super) const IN_MEMORY: Described =
    gauge("tenon_tasks_in_memory", "", "Tasks that are being worked on, or wait for a worker");
pub(super) const QUEUED: Described =
    gauge("tenon_queue_tasks", "urgency", "Tasks that wait for a worker, by urgency");
pub(super) const TIMERS: Described = gauge("tenon_timers", "", "Timers that are set");
pub(super) const REQUESTS: Described = counter(
    "tenon_requests",
    "connection outcome",
    "Requests sent to other systems: answered, unknown, or the class of the fault",
);
pub(super) const REQUEST_SECONDS: Described = histogram(
    "tenon_request_seconds",
    "connection",
    "Time from the first byte of a request to its answer, in seconds",
);
pub(super) const LIMIT_WAITS: Described = histogram(
    "tenon_limit_wait_seconds",
    "connection",
    "Time a request waited for room under the limits of its account; one that found room at once is \
     not counted",
);
pub(super) const LIMIT_WAITING: Described = gauge(
    "tenon_limit_waiting_requests",
    "connection",
    "Requests that wait for room under the limits of their account now",
);
pub(super) const STANDING: Described = gauge(
    "tenon_connection_standing",
    "connection standing",
    "1 for how the connection stands (up, down, auth, paused), 0 for the others",
);
pub(super) const PARKED: Described = gauge(
    "tenon_connection_parked_tasks",
    "connection",
    "Tasks that wait for the connection to answer again",
);
pub(super) const DELIVERIES: Described = counter(
    "tenon_deliveries",
    "connection answer",
    "Webhooks by what they were answered: accepted, duplicate, rejected, unavailable, failed; without \
     a connection where there is none of that name",
);
pub(super) const COMMITS: Described =
    counter("tenon_store_commits", "", "Commits that are durable");
pub(super) const SYNCS: Described =
    counter("tenon_store_syncs", "", "Syncs of the commit log that an acknowledgement waited for");
pub(super) const LOG_BYTES: Described =
    counter("tenon_store_log_bytes", "", "Bytes written to the commit log");
pub(super) const GROUP_COMMITS: Described =
    histogram("tenon_store_group_commits", "", "Commits that shared one sync");
pub(super) const COMMIT_SECONDS: Described = histogram(
    "tenon_store_commit_seconds",
    "",
    "Time to write a group of commits and sync it, in seconds",
);
pub(super) const UNAPPLIED: Described = gauge(
    "tenon_store_unapplied_bytes",
    "",
    "Bytes that are durable in the commit log and not applied to the tables yet",
);
pub(super) const STORE_BYTES: Described =
    gauge("tenon_store_bytes", "", "Bytes that the store's files take on the disk");
pub(super) const SPANS_SENT: Described =
    counter("tenon_spans_sent", "", "Spans that the collector of traces took");
pub(super) const SPANS_DROPPED: Described = counter(
    "tenon_spans_dropped",
    "",
    "Spans that were let go of because the collector was slow, away, or refused them",
);
pub(super) const STARTED: Described =
    gauge("tenon_started_timestamp_seconds", "", "When the engine started, in seconds since 1970");

/// Every family.
pub const METRICS: &[Described] = &[
    STEPS,
    TASKS_MADE,
    TASKS_ENDED,
    TASKS,
    OLDEST,
    IN_MEMORY,
    QUEUED,
    TIMERS,
    REQUESTS,
    REQUEST_SECONDS,
    LIMIT_WAITS,
    LIMIT_WAITING,
    STANDING,
    PARKED,
    DELIVERIES,
    COMMITS,
    SYNCS,
    LOG_BYTES,
    GROUP_COMMITS,
    COMMIT_SECONDS,
    UNAPPLIED,
    STORE_BYTES,
    SPANS_SENT,
    SPANS_DROPPED,
    STARTED,
];
