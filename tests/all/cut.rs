//! For every history: recovery from every prefix of the journal gives the same end and the same
//! outside effects, by the sandbox's own books.

use std::collections::BTreeMap;

use axum::Router;
use tenon_runtime::Deployment;
use tenon_sandbox::Parts;
use tenon_sandbox::faults::{FaultKind, FaultRule};
use tenon_sandbox::shopify::changes::Change;
use tenon_sandbox::shopify::kinds::Kind;
use tenon_value::{Value, json};

use crate::world::{Cut, World};

/// Cuts tried of a history that is not tried at every commit.
const SAMPLE: i64 = 3;
/// Seed of which cuts those are.
const SEED: u64 = 20_260_310;
/// How long a cut connection's request waits before it acts: below the manifest's settle of 10 s.
const ACTS_LATER_MS: u64 = 9_000;

/// What happens in the world while a record is moved.
#[derive(Clone)]
struct History {
    name: String,
    kind: Kind,
    /// The record is moved, then changed so, and moved again: the second run is the one that is cut.
    change: Option<Change>,
    /// What goes wrong with a request.
    mishap: Option<FaultRule>,
    /// What a person had made in the ledger before.
    there: Option<(&'static str, &'static str)>,
    /// Cut at every commit.
    whole: bool,
}

impl History {
    fn of(kind: Kind) -> History {
        History {
            name: kind.name().to_owned(),
            kind,
            change: None,
            mishap: None,
            there: None,
            whole: false,
        }
    }

    fn named(self, name: &str) -> History {
        History { name: format!("{}, {name}", self.name), ..self }
    }
}

fn histories() -> Vec<History> {
    let mut all = Vec::new();
    for (kind, ..) in Kind::ALL {
        if *kind != Kind::ManyRows {
            all.push(History { whole: *kind == Kind::Card, ..History::of(*kind) });
        }
    }
    let changes = [
        ("then a line more", Kind::Authorized, Change::AddLine),
        ("then another street", Kind::B2bInvoice, Change::Street("Nygatan 2".to_owned())),
        ("then captured", Kind::Authorized, Change::Capture),
        ("then a line more, booked before", Kind::Card, Change::AddLine),
        ("then cancelled", Kind::Authorized, Change::Cancel),
    ];
    for (name, kind, change) in changes {
        all.push(History { change: Some(change), ..History::of(kind).named(name) });
    }
    let order = r##"{"Order": {"CustomerNumber": "WEBB", "ExternalInvoiceReference1": "#1001"}}"##;
    let there = Some(("/3/orders", order));
    all.push(History {
        there,
        whole: true,
        ..History::of(Kind::Guest).named("its order is there")
    });
    let writes = [
        ("POST", "/fortnox/3/customers"),
        ("POST", "/fortnox/3/orders"),
        ("PUT", "/fortnox/3/orders/*/createinvoice"),
        ("PUT", "/fortnox/3/invoices/*/bookkeep"),
        ("PUT", "/fortnox/3/invoices/*/externalprint"),
    ];
    let kinds = [
        FaultKind::AnswerLost,
        FaultKind::ErrorAfter,
        FaultKind::CutActsLater,
        FaultKind::Down,
        FaultKind::ErrorBefore,
        FaultKind::TokenRevoked,
    ];
    for (method, path) in writes {
        for kind in kinds {
            let rule = FaultRule::next(kind, 1, path).method(method).ms(ACTS_LATER_MS);
            let name = format!("{kind:?} at {method} {path}");
            all.push(History { mishap: Some(rule), ..History::of(Kind::Card).named(&name) });
        }
    }
    all
}

/// How a history ended.
#[derive(Debug, PartialEq)]
struct End {
    tasks: Vec<String>,
    ledger: Vec<Value>,
    locks: usize,
}

struct Bench {
    parts: Parts,
    router: Router,
    deployment: Deployment,
}

impl Bench {
    /// Plays a history, dying once where the cut says. Gives the end and the commits it took; `None`
    /// when the cut lies behind the end.
    async fn play(&self, history: &History, cut: Option<Cut>) -> Option<(End, i64)> {
        let mut world = World::new(&self.parts, &self.router, &self.deployment).await;
        let record = self.parts.shop.create(history.kind, 1).unwrap();
        if let Some((path, body)) = history.there {
            world.ask("POST", path, body).await;
        }
        if let Some(change) = &history.change {
            world.start_order(&record, "first").await;
            world.quiet().await;
            self.parts.shop.change(&record, change).unwrap();
        }
        self.parts.faults.add(history.mishap.clone());
        world.disk.arm(cut);
        // The commit that starts the task may be the one that dies.
        let died = tokio::select! {
            biased;
            () = world.disk.died() => true,
            () = world.start_order(&record, "second") => world.dies().await,
        };
        if cut.is_some() && !died {
            return None;
        }
        let commits = world.disk.commits();
        if died {
            world.crash();
            world.disk.arm(None);
            world.start().await;
            world.start_order(&record, "second").await;
            world.quiet().await;
        }
        let end = End {
            tasks: world.tasks().await,
            ledger: world.ledger().await,
            locks: world.locks().await,
        };
        Some((end, commits))
    }
}

fn cuts(history: &History, commits: i64) -> Vec<Cut> {
    let all: Vec<Cut> = (0..commits).flat_map(|n| [Cut::Before(n), Cut::Behind(n)]).collect();
    if history.whole {
        return all;
    }
    let mut draws = tenon_sandbox::faults::Draws(SEED ^ u64::try_from(history.name.len()).unwrap());
    (0..SAMPLE)
        .map(|_| all[usize::try_from(draws.next() % u64::try_from(all.len()).unwrap()).unwrap()])
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_prefix_of_every_history_recovers_to_the_same_end_and_the_same_books() {
    let (parts, router) = World::outside();
    let bench = Bench { parts, router, deployment: crate::world::shipped() };
    let (mut prefixes, mut wrong, mut ends) = (0, Vec::new(), BTreeMap::new());
    let all = histories();
    for history in &all {
        let (whole, commits) = bench.play(history, None).await.unwrap();
        let books = tenon_sandbox::books::audit(
            "",
            &bench.parts.shop.orders_expected(),
            &bench.parts.ledger.documents(),
        );
        // An order cancelled after it was sent stays in the ledger: its refund is what is moved.
        let unwanted = history.change.is_none() && books.unwanted > 0;
        if books.duplicates > 0 || unwanted || !whole_is_right(&whole) {
            wrong.push(format!("{}: {:?} {:?}", history.name, whole.tasks, books.differences));
        }
        ends.insert(history.name.clone(), whole.tasks.join(", "));
        for cut in cuts(history, commits) {
            let Some((end, _)) = bench.play(history, Some(cut)).await else { continue };
            prefixes += 1;
            if end != whole {
                wrong.push(format!("{} {cut:?}: {}", history.name, difference(&whole, &end)));
            }
        }
    }
    for (name, tasks) in &ends {
        println!("{name}: {tasks}");
    }
    println!("{} histories, {prefixes} prefixes, seed {SEED}", all.len());
    assert!(wrong.is_empty(), "{} of {prefixes}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(prefixes > 100, "{prefixes} prefixes");
}

/// No lock outlives its task, and nobody is asked without cause.
fn whole_is_right(end: &End) -> bool {
    end.locks == 0 && !end.tasks.iter().any(|task| task.ends_with("needs_person"))
}

fn difference(whole: &End, end: &End) -> String {
    if whole.tasks != end.tasks || whole.locks != end.locks {
        let (a, b) = (&whole.tasks, &end.tasks);
        return format!("{a:?}, {} locks, became {b:?}, {} locks", whole.locks, end.locks);
    }
    let pairs = whole.ledger.iter().zip(&end.ledger).filter(|(a, b)| a != b);
    let lines = pairs.map(|(a, b)| format!("{}\n  became {}", json::write(a), json::write(b)));
    lines.collect::<Vec<_>>().join("\n")
}
