//! What the cases write: rows, and whole sequences made from a seed.

use crate::rows::{
    AuditRow, DeliveryRow, EventRow, LockRow, MarkRow, MetaRow, ReferenceRow, Row, SentRow,
    TaskRow, TimerRow,
};
use crate::{Commit, Key, Op, Position, Precondition};

/// Dice with a seed: the same throws for the same seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that throw as the seed says.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or_default()
    }
}

/// Commits over few keys with all kinds of rows, preconditions and sizes; some are refused.
#[must_use]
pub fn commits(seed: u64, count: usize) -> Vec<Commit> {
    let mut dice = Dice::new(seed);
    let mut next_event = 0;
    (0..count)
        .map(|_| {
            let mut commit = Commit::new();
            for _ in 0..=dice.below(3) {
                // Events are only ever added.
                next_event += 1;
                commit = some_op(commit, &mut dice, next_event);
            }
            if dice.below(5) == 0 {
                let key = Key::Task { id: format!("t{}", dice.below(8)) };
                commit.pre.push(match dice.below(3) {
                    0 => Precondition::Absent(key),
                    1 => Precondition::Present(key),
                    _ => Precondition::Version(key, Position(dice.below(400))),
                });
            }
            commit
        })
        .collect()
}

fn some_op(commit: Commit, dice: &mut Dice, next_event: u64) -> Commit {
    let id = format!("t{}", dice.below(8));
    let states = ["queued", "running", "failed", "done", "waiting", "skipped"];
    let state = states.into_iter().nth(usize::from(dice.byte() % 6)).unwrap_or("queued");
    let length = [10, 900, 3_000, 40_000].into_iter().nth(usize::from(dice.byte() % 4));
    let length = length.unwrap_or(10);
    match dice.below(9) {
        0..=2 => commit.put(TaskRow {
            lane: Some(dice.below(3).to_string()),
            record: Some(dice.below(4).to_string()),
            updated_ms: i64::from(dice.byte()),
            ..task(&id, state)
        }),
        3 => commit.put(EventRow::new(id, next_event, noise(dice.below(3), length))),
        4 => {
            let payload = noise(dice.below(3), length);
            commit.put(event(&id, next_event).with_payload(payload))
        }
        5 => commit.put(SentRow {
            pair: "p".into(),
            id,
            document: noise(dice.below(9), length),
            ..SentRow::default()
        }),
        6 => commit.delete(Key::Task { id }),
        7 => commit.delete(Key::Sent { pair: "p".into(), entity: String::new(), id }),
        _ => {
            let mut commit = commit;
            commit.ops.push(Op::DropJournal { task: id });
            commit
        }
    }
}

/// One row of every table.
#[must_use]
pub fn samples() -> Vec<Row> {
    use crate::rows::{AccountEventRow, CursorRow, GraphRow, SecretRow, SettingRow, TableRowRow};
    let s = String::from;
    vec![
        MetaRow { name: s("format"), value: vec![1] }.into(),
        GraphRow { hash: s("ab12"), flow: s("orders"), at_ms: 5, bytes: vec![9; 3000] }.into(),
        TaskRow { record: Some(s("gid")), lane: Some(s("l")), ..task("t1", "queued") }.into(),
        event("t1", 0).into(),
        TimerRow { due_ms: -5, task: s("t1"), id: s("wait") }.into(),
        LockRow { name: s("k"), task: s("t1"), step: s("save"), since_ms: 3 }.into(),
        ReferenceRow { pair: s("p"), source: s("1"), target: s("2"), ..Default::default() }.into(),
        SentRow { pair: s("p"), id: s("1"), document: noise(1, 40_000), ..Default::default() }
            .into(),
        CursorRow { name: s("p/orders"), value: s("\"2026\""), at_ms: 7 }.into(),
        DeliveryRow { at_ms: 4, id: s("d"), body: noise(2, 20_000), ..Default::default() }.into(),
        MarkRow { scope: s("shop"), value: s("w1\0x"), at_ms: 1, by: s("d") }.into(),
        SettingRow { scope: s("i"), name: s("prefix"), value: s("\"S\""), ..Default::default() }
            .into(),
        TableRowRow { scope: s("i"), table: s("t"), key: s("k"), ..Default::default() }.into(),
        SecretRow { account: s("a"), name: s("token"), sealed: vec![1, 2], at_ms: 1 }.into(),
        AccountEventRow { account: s("a"), n: 1, what: s("refreshed"), ..Default::default() }
            .into(),
        AuditRow { at_ms: 2, id: s("1"), by: s("engine"), text: s("ö"), ..Default::default() }
            .into(),
    ]
}

pub(super) fn task(id: &str, state: &str) -> TaskRow {
    let open = !matches!(state, "done" | "skipped" | "cancelled");
    TaskRow {
        id: id.into(),
        flow: "orders".into(),
        state: state.into(),
        open,
        ..TaskRow::default()
    }
}

pub(super) fn event(task: &str, n: u64) -> EventRow {
    EventRow::new(task, n, format!("event {n} of {task}").into_bytes())
}

/// The same bytes for the same seed, hard to compress.
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    (0..length).map(|_| dice.byte()).collect()
}
