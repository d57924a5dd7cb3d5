//! The rules that must hold whatever happens, numbered, each with its sentence; and what is noted
//! while the simulation runs to judge them by.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tenon_machine::{Task, TaskId, What, WriteStatus, apply};
use tenon_runtime::Outgoing;
use tenon_store::{Commit, Key, MemoryStore, Op, Row, Store};
use tenon_value::{Class, json, time};

use super::books::Books;
use super::disk::events;
use super::peers::{LEDGER_REQUESTS, LEDGER_WINDOW_MS, SHOP_CALLS};
use super::plan::{Fault, Side};
use super::points::Asked;
use super::sim::{Sim, at_once};

/// Failures in a row that open a breaker.
const FAILURES_OPEN: usize = 8;

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// 1.
    AcknowledgedIsKept = 1,
    /// 2.
    NothingTwice = 2,
    /// 3.
    OneTaskALane = 3,
    /// 4.
    EveryWaitHasAReason = 4,
    /// 5.
    LimitsHold = 5,
    /// 6.
    AnOutageSpendsNoBudget = 6,
    /// 7.
    EverythingEnds = 7,
    /// 8.
    TheJournalReplays = 8,
    /// 9.
    ReferencesAgree = 9,
    /// 10.
    TheCursorStaysBehind = 10,
    /// 11.
    TheIntentionIsFirst = 11,
    /// 12.
    ATokenIsKeptBeforeItIsUsed = 12,
    /// 13.
    NothingIsLeftBehind = 13,
    /// 14.
    ARenewedTokenIsNotForgotten = 14,
}

impl Rule {
    /// Every rule with its sentence.
    pub const ALL: [(Rule, &'static str); 14] = [
        (
            Rule::AcknowledgedIsKept,
            "nothing acknowledged is lost, and all of it is done in the end",
        ),
        (Rule::NothingTwice, "no write is done twice, by the ledger's own books"),
        (Rule::OneTaskALane, "no two tasks of a lane run at once"),
        (Rule::EveryWaitHasAReason, "every wait has a reason, and says what happens next"),
        (Rule::LimitsHold, "the limits of an account are never passed"),
        (Rule::AnOutageSpendsNoBudget, "an outage spends no retry budget, and no task fails of it"),
        (Rule::EverythingEnds, "once faults stop, everything ends in bounded time"),
        (Rule::TheJournalReplays, "a journal replays to the state that was stored with it"),
        (Rule::ReferencesAgree, "references agree with the ledger's books"),
        (Rule::TheCursorStaysBehind, "the cursor of a poll never passes a record that is not kept"),
        (Rule::TheIntentionIsFirst, "no write leaves before its intention is durable"),
        (Rule::ATokenIsKeptBeforeItIsUsed, "a renewed token is durable before it is used"),
        (Rule::NothingIsLeftBehind, "no lock and no timer outlives its task"),
        (Rule::ARenewedTokenIsNotForgotten, "a renewed token that was heard of is not forgotten"),
    ];
}

/// What was noted.
#[derive(Default)]
pub struct Watch {
    /// Broken rules, in order.
    pub broken: Vec<(Rule, String)>,
    /// Every task as its durable journal tells it.
    pub tasks: BTreeMap<String, Task>,
    /// Deliveries that were answered, and keys of starts by hand, with their records.
    pub acknowledged: BTreeSet<(&'static str, String)>,
    /// Records whose task a person cancelled: what they come to is that person's affair.
    pub left_out: BTreeSet<String>,
    /// When nodes started.
    pub starts: Vec<i64>,
    /// When a person let a connection work again, whatever its breaker thought.
    pub resumed: Vec<i64>,
    /// When requests came to a system that was down.
    pub met_down: Vec<(i64, Side)>,
    lanes: BTreeMap<String, BTreeSet<String>>,
    faulted: Vec<(i64, Class)>,
    secret_kept_at: i64,
    sent: BTreeMap<Side, VecDeque<i64>>,
    shop_calls: usize,
    sent_epoch: u64,
}

impl Sim {
    /// A commit is durable: the rules that are judged by what is kept.
    pub fn watch_commit(&self, commit: &Commit, rows: &MemoryStore) {
        self.say(|| format!("kept {:?}: {}", super::disk::kept(commit), told(commit)));
        self.fold(commit);
        for op in &commit.ops {
            let Op::Put(row) = op else { continue };
            match row {
                Row::Task(row) => self.the_journal_replays(row),
                Row::Reference(row) => self.references_agree(&row.entity, &row.source, &row.target),
                Row::Cursor(row) => self.the_cursor_stays_behind(&row.name, &row.value, rows),
                Row::Secret(_) => {
                    let at = self.at();
                    self.state().watch.secret_kept_at = at;
                }
                _ => {}
            }
        }
        self.one_task_a_lane(commit);
    }

    /// Folds the events of a commit into the tasks.
    fn fold(&self, commit: &Commit) {
        let at = self.at();
        for (id, n, event) in events(commit) {
            let mut state = self.state();
            if let What::Faulted { fault, .. } = &event.what {
                state.watch.faulted.push((at, fault.class));
            }
            if let What::Cancelled { by, .. } | What::CancelAsked { by, .. } = &event.what
                && !by.starts_with("task_")
                && let Some(task) = state.watch.tasks.get(&id)
            {
                let record = task.record.clone();
                state.watch.left_out.insert(record);
            }
            let tasks = &mut state.watch.tasks;
            match (tasks.get_mut(&id), event.what.clone()) {
                (None, What::Created(created)) => {
                    tasks.insert(id.clone(), Task::new(TaskId(id), event.at_ms, created));
                    continue;
                }
                (Some(task), _) if u64::from(task.length) == n => {
                    apply(task, &event);
                    continue;
                }
                _ => {}
            }
            drop(state);
            self.breaks(Rule::TheJournalReplays, format!("{id} has event {n} out of order"));
        }
    }

    /// Rule 8: what lists show of a task is what its journal says.
    fn the_journal_replays(&self, row: &tenon_store::TaskRow) {
        let state = self.state();
        let wrong = match state.watch.tasks.get(&row.id) {
            None => Some("it has no journal".to_owned()),
            Some(task) => {
                let reason = task.state.reason().map(|reason| json::write(&reason.to_value()));
                let told = row.reason.as_ref().filter(|_| reason.is_some());
                let same = task.state.name() == row.state
                    && u64::from(task.length) == row.events
                    && reason.as_ref() == told;
                (!same).then(|| format!("{:?} and {reason:?} became {row:?}", task.state))
            }
        };
        drop(state);
        if let Some(wrong) = wrong {
            self.breaks(Rule::TheJournalReplays, format!("{}: {wrong}", row.id));
        }
    }

    /// Rule 3: of the tasks that keep a lane, all were made by one or are that one.
    fn one_task_a_lane(&self, commit: &Commit) {
        let mut wrong = Vec::new();
        for (id, ..) in events(commit) {
            let mut state = self.state();
            let watch = &mut state.watch;
            let Some(task) = watch.tasks.get(&id) else { continue };
            let lane = watch.lanes.entry(task.lane.clone()).or_default();
            if task.keeps_lane() {
                lane.insert(id);
            } else {
                lane.remove(&id);
            }
            let roots: BTreeSet<&str> = lane.iter().map(|id| root(id)).collect();
            if roots.len() > 1 {
                wrong.push(format!("lane {}: {lane:?}", task.lane));
            }
        }
        for wrong in wrong {
            self.breaks(Rule::OneTaskALane, wrong);
        }
    }

    /// Rule 9, as it is stored: the target is there and is the record's own.
    fn references_agree(&self, entity: &str, source: &str, target: &str) {
        let state = self.state();
        let doc = state.books.ledger.get(target);
        let marker = doc.and_then(|doc| doc.fields.field("Marker").plain());
        let agrees = doc.is_some_and(|doc| doc.resource == entity);
        drop(state);
        if !agrees || marker.as_deref() != Some(source) {
            let wrong = format!("{entity} {source} is said to be {target}, which is {marker:?}");
            self.breaks(Rule::ReferencesAgree, wrong);
        }
    }

    /// Rule 10: every record that a page gave out is kept in the newest version given out, unless that
    /// lies behind the cursor still.
    fn the_cursor_stays_behind(&self, name: &str, value: &str, rows: &MemoryStore) {
        let text = json::read(value).unwrap();
        let Some(mark) = text.as_text().and_then(time::parse_datetime) else { return };
        let served = self.state().books.served.clone();
        let newest: BTreeMap<String, i64> = served.into_iter().map(|(at, id)| (id, at)).collect();
        let is_kept = |at: i64, id: &str| {
            let version = time::format_datetime(&time::from_millis(at).unwrap());
            let scope = format!("poll/{name}");
            let key = Key::Mark { scope, value: format!("{id} {version}") };
            at_once(rows.get(&key)).unwrap().is_some()
        };
        for (id, at) in newest {
            if at <= mark.timestamp_millis() && !is_kept(at, &id) {
                let wrong = format!("the cursor is at {value}; {id} of {at} is not kept");
                self.breaks(Rule::TheCursorStaysBehind, wrong);
            }
        }
    }

    /// A request is about to leave: the rules that are judged by what is sent.
    pub fn watch_request(&self, epoch: u64, side: Side, asked: Asked, request: &Outgoing) {
        if asked == Asked::Renewal {
            return;
        }
        self.limits_hold(epoch, side);
        if request.method == "POST" {
            self.the_intention_is_first(request);
        }
    }

    /// Rule 11: a task's durable journal says that exactly this is sent and not answered yet.
    fn the_intention_is_first(&self, request: &Outgoing) {
        let state = self.state();
        let intended = state.watch.tasks.values().any(|task| {
            task.steps.values().filter_map(|step| step.write.as_deref()).any(|write| {
                write.status == WriteStatus::Open
                    && request.url.ends_with(&write.request.path)
                    && request.body == write.request.body
            })
        });
        drop(state);
        if !intended {
            self.breaks(Rule::TheIntentionIsFirst, request.url.clone());
        }
    }

    /// Rule 5: within one process, by what leaves it. A new process begins with fresh limits.
    fn limits_hold(&self, epoch: u64, side: Side) {
        let at = self.at();
        let mut state = self.state();
        let watch = &mut state.watch;
        if watch.sent_epoch != epoch {
            watch.sent_epoch = epoch;
            watch.sent.clear();
            watch.shop_calls = 0;
        }
        let sent = watch.sent.entry(side).or_default();
        sent.push_back(at);
        while sent.front().is_some_and(|first| first + LEDGER_WINDOW_MS <= at) {
            sent.pop_front();
        }
        let count = sent.len();
        if side == Side::Shop {
            watch.shop_calls += 1;
        }
        let calls = watch.shop_calls;
        drop(state);
        if side == Side::Ledger && count > LEDGER_REQUESTS {
            self.breaks(Rule::LimitsHold, format!("{count} requests to the ledger in a second"));
        }
        if calls > SHOP_CALLS {
            self.breaks(Rule::LimitsHold, format!("{calls} calls to the shop at once"));
        }
    }

    /// An answer came back.
    pub fn watch_answer(&self, epoch: u64, side: Side) {
        let mut state = self.state();
        if state.watch.sent_epoch == epoch && side == Side::Shop {
            state.watch.shop_calls = state.watch.shop_calls.saturating_sub(1);
        }
    }

    /// Rule 12: credentials were kept since the token was given out.
    pub fn a_token_is_kept_before_it_is_used(&self, token: u32) {
        let state = self.state();
        let issued = state.books.issued.get(&token).copied();
        let kept = state.watch.secret_kept_at;
        drop(state);
        if issued.is_some_and(|issued| kept < issued) {
            self.breaks(Rule::ATokenIsKeptBeforeItIsUsed, format!("token {token}"));
        }
    }

    /// Rule 2: after every write, by the ledger's books.
    pub fn nothing_twice(&self) {
        let state = self.state();
        let Books { created, done, .. } = &state.books;
        let twice = created.iter().chain(done).find(|(_, count)| **count > 1);
        let twice = twice.map(|((what, whose), count)| format!("{what} {whose}: {count} times"));
        drop(state);
        if let Some(twice) = twice {
            self.breaks(Rule::NothingTwice, twice);
        }
    }

    /// Rule 1, at any time: what was acknowledged is on the disk.
    pub fn acknowledged_is_kept(&self) {
        let rows = self.rows();
        let acknowledged: Vec<_> = self.state().watch.acknowledged.iter().cloned().collect();
        for (scope, value) in acknowledged {
            let key = Key::Mark { scope: scope.to_owned(), value: value.clone() };
            if at_once(rows.get(&key)).unwrap().is_none() {
                self.breaks(Rule::AcknowledgedIsKept, format!("{scope} {value}"));
            }
        }
    }

    /// Rule 6: of each outage that nothing else went wrong beside, by the tries that were spent and by
    /// the requests that came to the system while it was down.
    pub fn an_outage_spends_no_budget(&self) {
        let span = |fault: &Fault| match fault {
            Fault::Down { from, to, .. } | Fault::Flaky { from, to, .. } => Some((*from, *to)),
            _ => None,
        };
        for fault in &self.plan.faults {
            let Fault::Down { side, from, to, .. } = *fault else { continue };
            let others = self.plan.faults.iter().filter(|other| *other != fault).filter_map(span);
            if others.into_iter().any(|(f, t)| f < to && from < t + 60_000) {
                continue;
            }
            let state = self.state();
            let watch = &state.watch;
            let within = |at: i64| from <= at && at < to;
            let spent = watch.faulted.iter().filter(|(at, class)| {
                within(*at) && matches!(class, Class::Transient | Class::Down)
            });
            let came = watch.met_down.iter().filter(|(at, of)| within(*at) && *of == side);
            // A new process, and a person who resumes a connection, begin with a closed breaker.
            let fresh = watch.starts.iter().chain(&watch.resumed).filter(|at| within(**at));
            let (spent, came, times) = (spent.count(), came.count(), 1 + fresh.count());
            drop(state);
            // Canaries go after 5, 10, 20 … at last every 300 s, each up to a quarter earlier.
            let canaries = 8 * times + usize::try_from((to - from) / 225_000).unwrap();
            let to_open = (FAILURES_OPEN + self.plan.setup.tasks_at_once) * times;
            if spent > FAILURES_OPEN * times || came > to_open + canaries {
                let wrong =
                    format!("{spent} tries, {came} requests in {fault:?}, {times} breakers");
                self.breaks(Rule::AnOutageSpendsNoBudget, wrong);
            }
        }
    }
}

/// The task that a task was made by, or by one that it made.
fn root(id: &str) -> &str {
    id.split('.').next().unwrap_or(id)
}

/// A commit in a few words.
fn told(commit: &Commit) -> String {
    let mut words: Vec<String> = events(commit)
        .iter()
        .map(|(task, n, event)| format!("{} {n} {}", short(task), json::write(&event.to_value())))
        .collect();
    for op in &commit.ops {
        match op {
            Op::Put(Row::Mark(row)) => words.push(format!("{} {}", row.scope, row.value)),
            Op::Put(Row::Cursor(row)) => words.push(row.value.clone()),
            Op::Put(Row::AccountEvent(row)) => words.push(format!("{} {}", row.account, row.what)),
            _ => {}
        }
    }
    words.join("; ")
}

fn short(id: &str) -> &str {
    id.strip_prefix("task_").unwrap_or(id).trim_start_matches('0')
}
