//! What happens in one simulation, drawn from its seed: the workload, the faults, the crashes.

use super::dice::Dice;
use super::points::{Asked, CrashPoint, Kept};

/// One of the two systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Where records come from.
    Shop,
    /// Where they go.
    Ledger,
}

impl Side {
    /// The connection's name.
    pub fn name(self) -> &'static str {
        match self {
            Side::Shop => "shop",
            Side::Ledger => "ledger",
        }
    }
}

/// Something people and systems do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A new order of a customer; the shop tells of it.
    Place { order: u32, customer: u32 },
    /// An order changes; the shop tells of it, or leaves it to the poll.
    Edit { order: u32, told: bool },
    /// The shop sends its last telling of an order again.
    TellAgain { order: u32 },
    /// An order becomes one that the ledger refuses, until it is put right.
    Spoil { order: u32, for_ms: i64 },
    /// A webhook with a wrong proof.
    Forge,
    /// A person starts the flow `order`.
    ByHand { order: u32 },
    /// A person starts the flow that runs `order` as a child.
    Parent { order: u32 },
    /// A person starts the flow whose last action cannot be proven.
    Remit { order: u32 },
    /// A verb for one of the open tasks.
    Verb { verb: &'static str, which: u32 },
    /// A person holds a connection for a while.
    Hold { side: Side, for_ms: i64 },
    /// A person moves the time history back.
    MoveBack,
    /// The clock of the node's machine is set back.
    ClockBack { by_ms: i64 },
}

/// How a system is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownAs {
    /// Connections are refused.
    Refused,
    /// It answers 503 and does nothing.
    Busy,
    /// No answer ever comes, and nothing is done.
    Silent,
}

/// Something that goes wrong for a while; times are milliseconds from the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A system is down as a whole.
    Down { side: Side, how: DownAs, from: i64, to: i64 },
    /// So many of a system's answers go wrong.
    Flaky { side: Side, percent: u64, from: i64, to: i64 },
    /// The ledger takes back the token in use.
    TokenTakenBack { from: i64 },
    /// The answer to the next renewal is lost.
    RenewalLost { from: i64 },
    /// The disk is nearly full.
    DiskFull { from: i64, to: i64 },
    /// Every sync takes this long.
    SlowDisk { from: i64, to: i64, sync_ms: i64 },
}

/// A crash and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The n-th time a point is passed, from 1.
    At { point: CrashPoint, nth: u32 },
    /// At a time.
    Time { at: i64 },
}

/// How the systems and the node are set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// Tasks worked on at once.
    pub tasks_at_once: usize,
    /// Longest way of a request in one direction.
    pub way_ms: i64,
    /// How late the ledger's search shows a new record.
    pub search_lag_ms: i64,
    /// How late the shop's list shows a change.
    pub list_lag_ms: i64,
    /// A search's first page is empty and its second holds the hits.
    pub hits_on_second_page: bool,
    /// Longest time a write goes on after its connection was closed.
    pub acts_later_ms: i64,
}

/// What the manifest of the ledger says: search lag and late work never exceed it together.
pub const SETTLE_MS: i64 = 10_000;

/// What happens in one simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The seed it was drawn from, and from which chance is drawn while it runs.
    pub seed: u64,
    /// The systems and the node.
    pub setup: Setup,
    /// The workload, by time.
    pub ops: Vec<(i64, Op)>,
    /// Faults.
    pub faults: Vec<Fault>,
    /// Crashes.
    pub crashes: Vec<Crash>,
    /// When all faults stop.
    pub calm_from: i64,
}

const MINUTE: i64 = 60_000;

impl Plan {
    /// The plan of a seed.
    pub fn draw(seed: u64) -> Plan {
        let mut dice = Dice::new(seed, "plan");
        let setup = Setup {
            tasks_at_once: dice.pick(&[1, 2, 4, 16, 64]),
            way_ms: dice.pick(&[5, 40, 200]),
            search_lag_ms: dice.pick(&[0, 500, 3_000]),
            list_lag_ms: dice.pick(&[0, 2_000, 20_000]),
            hits_on_second_page: dice.chance(50),
            acts_later_ms: dice.pick(&[500, 3_000, 5_000]),
        };
        let calm_from = dice.between(4, 20) * MINUTE;
        let ops = operations(&mut dice, calm_from);
        let faults = faults(&mut dice, calm_from);
        let crashes = crashes(&mut dice, calm_from);
        Plan { seed, setup, ops, faults, crashes, calm_from }
    }

    /// How far the clock is set back in all.
    pub fn set_back_ms(&self) -> i64 {
        self.ops
            .iter()
            .map(|(_, op)| if let Op::ClockBack { by_ms } = op { *by_ms } else { 0 })
            .sum()
    }
}

fn operations(dice: &mut Dice, calm_from: i64) -> Vec<(i64, Op)> {
    let orders = u32::try_from(dice.between(2, 10)).unwrap();
    let customers = dice.between(1, 3);
    let mut ops = Vec::new();
    for order in 0..orders {
        let customer = u32::try_from(dice.between(1, customers)).unwrap();
        // Several at once now and then, so that they meet.
        let at = if dice.chance(60) { dice.between(0, 300) } else { dice.between(0, calm_from) };
        ops.push((at, Op::Place { order, customer }));
        let later = |dice: &mut Dice| dice.between(at, calm_from.max(at + 1));
        for _ in 0..dice.below(4) {
            let told = dice.chance(60);
            ops.push((later(dice), Op::Edit { order, told }));
        }
        let more = [
            (20, Op::TellAgain { order }),
            (20, Op::ByHand { order }),
            (20, Op::Parent { order }),
            (25, Op::Remit { order }),
        ];
        for (percent, op) in more {
            if dice.chance(percent) {
                ops.push((later(dice), op));
            }
        }
        if dice.chance(10) {
            let for_ms = dice.between(1_000, 5 * MINUTE);
            ops.push((later(dice), Op::Spoil { order, for_ms }));
        }
    }
    for _ in 0..dice.below(4) {
        let verb = dice.pick(&["pause", "retry", "cancel", "retry"]);
        let which = u32::try_from(dice.below(100)).unwrap();
        ops.push((dice.between(0, calm_from), Op::Verb { verb, which }));
    }
    let seldom = [
        (15, Op::Hold { side: dice.pick(&[Side::Shop, Side::Ledger]), for_ms: 2 * MINUTE }),
        (15, Op::MoveBack),
        (15, Op::Forge),
        (20, Op::ClockBack { by_ms: 60 * MINUTE }),
    ];
    for (percent, op) in seldom {
        if dice.chance(percent) {
            ops.push((dice.between(0, calm_from), op));
        }
    }
    ops.sort_by_key(|(at, _)| *at);
    ops
}

fn faults(dice: &mut Dice, calm_from: i64) -> Vec<Fault> {
    let mut faults = Vec::new();
    let span = |dice: &mut Dice, most: i64| {
        let from = dice.between(0, calm_from);
        (from, (from + dice.between(1_000, most)).min(calm_from))
    };
    for side in [Side::Shop, Side::Ledger] {
        if dice.chance(20) {
            let how = dice.pick(&[DownAs::Refused, DownAs::Busy, DownAs::Silent]);
            let (from, to) = span(dice, 20 * MINUTE);
            faults.push(Fault::Down { side, how, from, to });
        }
        if dice.chance(50) {
            let percent = dice.pick(&[5, 15, 30]);
            let (from, to) = span(dice, 10 * MINUTE);
            faults.push(Fault::Flaky { side, percent, from, to });
        }
    }
    for _ in 0..dice.below(3) {
        let (from, _) = span(dice, MINUTE);
        faults.push(Fault::TokenTakenBack { from });
        if dice.chance(25) {
            faults.push(Fault::RenewalLost { from });
        }
    }
    if dice.chance(20) {
        let (from, to) = span(dice, 2 * MINUTE);
        faults.push(Fault::DiskFull { from, to });
        if dice.chance(50) {
            faults.push(Fault::TokenTakenBack { from: (from - 50).max(0) });
        }
    }
    if dice.chance(15) {
        let (from, to) = span(dice, 2 * MINUTE);
        faults.push(Fault::SlowDisk { from, to, sync_ms: dice.between(50, 900) });
    }
    faults
}

fn crashes(dice: &mut Dice, calm_from: i64) -> Vec<Crash> {
    let all = CrashPoint::all();
    (0..dice.below(7))
        .map(|_| match dice.pick(&all) {
            CrashPoint::AnyTime => Crash::Time { at: dice.between(0, calm_from) },
            point => {
                let most = if is_rare(point) { 1 } else { 6 };
                let nth = u32::try_from(dice.between(1, most)).unwrap();
                Crash::At { point, nth }
            }
        })
        .collect()
}

/// Whether a point is passed seldom.
fn is_rare(point: CrashPoint) -> bool {
    match point {
        CrashPoint::Unkept(kept) | CrashPoint::Unheard(kept) => matches!(
            kept,
            Kept::Repeat | Kept::Verb | Kept::Lost | Kept::Renewed | Kept::RenewalIntended
        ),
        CrashPoint::Leaving(asked) | CrashPoint::UnderWay(asked) | CrashPoint::Answered(asked) => {
            asked == Asked::Renewal
        }
        _ => false,
    }
}
