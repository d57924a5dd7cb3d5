//! Which rows a scan gives, in which order.

use crate::codec::{Bytes, behind};
use crate::key::{Key, Table, area};
use crate::rows::Row;

/// Which rows. Each gives them in the order it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// Every row of a table, by key.
    All(Table),
    /// Tasks that have not ended, by id (their ids are ordered by time).
    OpenTasks,
    /// Tasks in one state (`queued`, `failed` …), by id.
    TasksInState(String),
    /// Tasks by the time they last changed.
    TasksByTime,
    /// Open tasks of one lane, by id: the order of the lane.
    TasksOfLane(String),
    /// Every task of one record, by id; with a flow, only of that one.
    TasksOfRecord {
        /// The record as triggers name it.
        record: String,
        /// Only of this flow.
        flow: Option<String>,
    },
    /// Tasks started by this one, by id.
    ChildrenOf(String),
    /// A task's events from number `from` on, in order.
    Events {
        /// The task.
        task: String,
        /// The first number wanted.
        from: u64,
    },
    /// Timers due at or before, by time.
    TimersDue {
        /// Milliseconds since 1970.
        until_ms: i64,
    },
    /// Timers of one task.
    TimersOf(String),
    /// Locks held by one task.
    LocksOf(String),
    /// References of a pair of accounts, by entity and source id.
    References {
        /// The pair of accounts.
        pair: String,
        /// Only of this entity.
        entity: Option<String>,
    },
    /// All parts of one source record.
    ReferencesOfSource {
        /// The pair of accounts.
        pair: String,
        /// The entity.
        entity: String,
        /// The source id.
        source: String,
    },
    /// References to one target record.
    ReferencesToTarget {
        /// The pair of accounts.
        pair: String,
        /// The entity.
        entity: String,
        /// The target id.
        target: String,
    },
    /// Deliveries received from then on, by time.
    Deliveries {
        /// Milliseconds since 1970.
        from_ms: i64,
    },
    /// Settings of one scope.
    Settings(String),
    /// Rows of one table of one scope.
    TableRows {
        /// The integration.
        scope: String,
        /// The table.
        table: String,
    },
    /// Secrets of one account.
    Secrets(String),
    /// The journal of one account, in order.
    AccountEvents {
        /// The account.
        account: String,
        /// The first number wanted.
        from: u64,
    },
    /// Audit lines from then on, by time.
    Audit {
        /// Milliseconds since 1970.
        from_ms: i64,
    },
}

/// A question to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Which rows.
    pub select: Select,
    /// Last first.
    pub reverse: bool,
    /// At most so many rows.
    pub limit: usize,
    /// Behind this place, from [`Page::next`].
    pub after: Option<Vec<u8>>,
    /// Goes past damaged rows and names them in [`Page::damaged`]; otherwise one fails the scan.
    pub lenient: bool,
}

impl Scan {
    /// The first thousand.
    #[must_use]
    pub fn new(select: Select) -> Self {
        Self { select, reverse: false, limit: 1000, after: None, lenient: false }
    }

    /// Last first.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.reverse = true;
        self
    }

    /// At most so many rows.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Goes past damaged rows.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Goes on behind a page.
    #[must_use]
    pub fn after(mut self, place: Option<Vec<u8>>) -> Self {
        self.after = place;
        self
    }

    /// The half-open interval of stored keys this asks for: start, and end when there is one.
    #[must_use]
    pub fn interval(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let (mut start, mut end) = self.select.interval();
        match (&self.after, self.reverse) {
            (Some(place), false) => {
                start = place.clone();
                start.push(0);
            }
            (Some(place), true) => end = Some(place.clone()),
            (None, _) => {}
        }
        (start, end)
    }

    /// Whether the interval holds an index whose entries name rows elsewhere.
    #[must_use]
    pub fn by_index(&self) -> bool {
        matches!(
            self.select,
            Select::OpenTasks
                | Select::TasksInState(_)
                | Select::TasksByTime
                | Select::TasksOfLane(_)
                | Select::TasksOfRecord { .. }
                | Select::ChildrenOf(_)
                | Select::TimersOf(_)
                | Select::LocksOf(_)
                | Select::ReferencesToTarget { .. }
        )
    }
}

impl Select {
    fn interval(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let table = |table: Table| Bytes::table(table.number());
        let area = Bytes::table;
        let (prefix, start) = match self {
            Select::All(of) => (table(*of), None),
            Select::OpenTasks => (area(area::TASK_OPEN), None),
            Select::TasksInState(state) => (area(area::TASK_BY_STATE).text(state), None),
            Select::TasksByTime => (area(area::TASK_BY_TIME), None),
            Select::TasksOfLane(lane) => (area(area::TASK_BY_LANE).text(lane), None),
            Select::TasksOfRecord { record, flow } => {
                let prefix = area(area::TASK_BY_RECORD).text(record);
                (flow.iter().fold(prefix, |p, f| p.text(f)), None)
            }
            Select::ChildrenOf(task) => (area(area::TASK_BY_PARENT).text(task), None),
            Select::Events { task, from } => {
                let prefix = table(Table::Event).text(task);
                (prefix.clone(), Some(prefix.number(*from)))
            }
            Select::TimersDue { until_ms } => {
                let end = behind(&table(Table::Timer).time(*until_ms).0);
                return (table(Table::Timer).0, end);
            }
            Select::TimersOf(task) => (area(area::TIMER_BY_TASK).text(task), None),
            Select::LocksOf(task) => (area(area::LOCK_BY_TASK).text(task), None),
            Select::References { pair, entity } => {
                let prefix = table(Table::Reference).text(pair);
                (entity.iter().fold(prefix, |p, e| p.text(e)), None)
            }
            Select::ReferencesOfSource { pair, entity, source } => {
                (table(Table::Reference).text(pair).text(entity).text(source), None)
            }
            Select::ReferencesToTarget { pair, entity, target } => {
                (area(area::REFERENCE_BY_TARGET).text(pair).text(entity).text(target), None)
            }
            Select::Deliveries { from_ms } => {
                (table(Table::Delivery), Some(table(Table::Delivery).time(*from_ms)))
            }
            Select::Settings(scope) => (table(Table::Setting).text(scope), None),
            Select::TableRows { scope, table: name } => {
                (table(Table::TableRow).text(scope).text(name), None)
            }
            Select::Secrets(account) => (table(Table::Secret).text(account), None),
            Select::AccountEvents { account, from } => {
                let prefix = table(Table::AccountEvent).text(account);
                (prefix.clone(), Some(prefix.number(*from)))
            }
            Select::Audit { from_ms } => {
                (table(Table::Audit), Some(table(Table::Audit).time(*from_ms)))
            }
        };
        let end = behind(&prefix.0);
        (start.unwrap_or(prefix).0, end)
    }
}

/// The answer to a scan.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where to go on; none when the selection is at its end.
    pub next: Option<Vec<u8>>,
    /// Rows that are damaged, with what is wrong; only of a lenient scan.
    pub damaged: Vec<(Option<Key>, String)>,
}
