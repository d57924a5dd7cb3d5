//! What people and systems do in a simulation: place and change orders, tell of them until they are
//! heard, start flows, give verbs, and answer what the engine asks.

use std::sync::Arc;

use tenon_runtime::Incoming;
use tenon_value::Value;

use super::node::{Node, by};
use super::plan::{Op, Side};
use super::play::Play;
use super::rules::Rule;
use super::sim::{BIRTH, Sim};

fn name(order: u32) -> String {
    format!("o{order}")
}

/// Does one operation of the workload; it goes on for as long as it takes.
pub fn begin(play: &Play, op: Op) {
    let sim = &play.sim;
    sim.say(|| format!("{op:?}"));
    let now = sim.world_ms();
    match op {
        Op::Place { order, customer } => {
            sim.state().books.place(&name(order), &format!("c{customer}"), now);
            tell(play, order, "orders/create");
        }
        Op::Edit { order, told } => {
            let changed = sim.state().books.edit(&name(order), now, |total| match total {
                below if below < 0 => below,
                total => total + 1,
            });
            if changed && told {
                tell(play, order, "orders/updated");
            }
        }
        Op::Spoil { order, for_ms } => spoil(play, &name(order), for_ms),
        Op::TellAgain { order } => tell(play, order, "orders/create"),
        Op::ByHand { order } => by_hand(play, order, "order"),
        Op::Parent { order } => by_hand(play, order, "parent"),
        Op::Remit { order } => by_hand(play, order, "remit"),
        Op::Forge => act(play, |sim, node| async move { forge(&sim, &node).await }),
        Op::ClockBack { by_ms } => sim.set_back(by_ms),
        Op::MoveBack => act(play, |sim, node| async move {
            let by = by();
            let moved = node.runtime.set_history("sim", super::node::POLLED, BIRTH - 1_000, &by);
            node.ask(&sim, moved).await;
        }),
        Op::Hold { side, for_ms } => hold(play, side, for_ms),
        Op::Verb { verb, which } => {
            act(play, move |sim, node| async move { give(&sim, &node, (verb, which)).await });
        }
    }
}

/// An order stands below zero for a while.
fn spoil(play: &Play, order: &str, for_ms: i64) {
    let (sim, order) = (play.sim.clone(), order.to_owned());
    sim.state().busy += 1;
    tokio::spawn(async move {
        let now = sim.world_ms();
        sim.state().books.edit(&order, now, |total| -total.abs());
        sim.pass(for_ms).await;
        let now = sim.world_ms();
        sim.say(|| format!("{order} is put right"));
        let mut state = sim.state();
        state.books.edit(&order, now, i64::abs);
        state.busy -= 1;
    });
}

/// Something that is done once, by whoever lives; it is lost with the node that it was said to.
fn act<F>(play: &Play, act: impl FnOnce(Arc<Sim>, Arc<Node>) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(node) = play.node() else { return };
    let sim = play.sim.clone();
    sim.state().busy += 1;
    tokio::spawn(async move {
        act(sim.clone(), node).await;
        sim.state().busy -= 1;
    });
}

/// The shop tells of an order until it is answered, with growing pauses.
fn tell(play: &Play, order: u32, topic: &'static str) {
    let version = {
        let state = play.sim.state();
        let Some(order) = state.books.shop.get(&name(order)) else { return };
        // A telling again is the same delivery as the first.
        if topic == "orders/create" { 0 } else { order.changed.len() }
    };
    let delivery = format!("{topic} {} {version}", name(order));
    until_heard(play, ("delivery/shop", delivery.clone()), move |sim, node| {
        let delivery = delivery.clone();
        async move { node.post(&sim, (topic, &name(order), &delivery)).await }
    });
}

fn by_hand(play: &Play, order: u32, flow: &'static str) {
    let key = format!("{flow} {}", name(order));
    if !play.sim.state().books.shop.contains_key(&name(order)) {
        return;
    }
    until_heard(play, ("start", key.clone()), move |sim, node| {
        let key = key.clone();
        async move { node.start_flow(&sim, (flow, &name(order), &key)).await }
    });
}

/// Says something again and again until it is acknowledged; from then on it may not be lost.
fn until_heard<F>(
    play: &Play,
    said: (&'static str, String),
    say: impl Fn(Arc<Sim>, Arc<Node>) -> F + Send + 'static,
) where
    F: Future<Output = bool> + Send + 'static,
{
    let (sim, node) = (play.sim.clone(), play.living.clone());
    sim.state().busy += 1;
    tokio::spawn(async move {
        let mut pause = 1_000;
        loop {
            let living = node.lock().unwrap().clone();
            if let Some(living) = living
                && say(sim.clone(), living).await
            {
                break;
            }
            sim.pass(pause).await;
            pause = (pause * 2).min(60_000);
        }
        sim.say(|| format!("acknowledged: {} {}", said.0, said.1));
        let mut state = sim.state();
        state.watch.acknowledged.insert(said);
        state.busy -= 1;
    });
}

async fn forge(sim: &Sim, node: &Node) {
    let hook = Incoming {
        connection: "shop".to_owned(),
        topic: "orders/create".to_owned(),
        headers: vec![("x-proof".to_owned(), "wrong".to_owned())],
        body: b"o0".to_vec(),
    };
    if let Some(Ok(tenon_runtime::Accepted::Tasks { .. })) =
        node.ask(sim, node.runtime.accept(hook)).await
    {
        sim.breaks(Rule::AcknowledgedIsKept, "a forged webhook was taken".to_owned());
    }
}

fn hold(play: &Play, side: Side, for_ms: i64) {
    let living = play.living.clone();
    act(play, move |sim, node| async move {
        let paused = node.ask(&sim, node.runtime.pause_connection(side.name(), &by())).await;
        if !matches!(paused, Some(Ok(_))) {
            // Whether it was kept is not known: it is resumed all the same.
            sim.say(|| "nobody heard of the pause".to_owned());
        }
        drop(node);
        sim.pass(for_ms).await;
        loop {
            let node = living.lock().unwrap().clone();
            if let Some(node) = node {
                let by = by();
                let resumed = node.runtime.resume_connection(side.name(), &by);
                let at = sim.at();
                sim.state().watch.resumed.push(at);
                if matches!(node.ask(&sim, resumed).await, Some(Ok(_))) {
                    return;
                }
            }
            sim.pass(1_000).await;
        }
    });
}

async fn give(sim: &Sim, node: &Node, (verb, which): (&str, u32)) {
    let open: Vec<Value> = node
        .tasks(None)
        .await
        .into_iter()
        .filter(|task| !matches!(task.field("state").as_text(), Some("done" | "cancelled")))
        .collect();
    if open.is_empty() {
        return;
    }
    let task = &open[usize::try_from(which).unwrap() % open.len()];
    let id = task.field("id").as_text().unwrap_or_default().to_owned();
    sim.say(|| format!("{verb} {id}"));
    node.ask(sim, node.runtime.verb(&id, verb, &Value::Missing, &by())).await;
}

/// A person looks at what the engine asks, and answers.
pub async fn attend(sim: &Sim, node: &Node) {
    let connections = node.runtime.connections();
    for connection in connections.items() {
        if connection.field("standing").as_text() == Some("auth") {
            let name = connection.field("name").as_text().unwrap_or_default();
            sim.say(|| format!("{name} is authorised again"));
            node.authorise(sim, name).await;
        }
    }
    for task in node.tasks(Some("needs_person")).await {
        answer(sim, node, &task).await;
    }
    for task in node.tasks(Some("failed")).await {
        let record = task.field("record").as_text().unwrap_or_default().to_owned();
        let mended = sim.state().books.shop.get(&record).is_none_or(|order| order.total >= 0);
        if mended {
            verb(sim, node, (&task, "retry"), &Value::Missing).await;
        }
    }
    for task in node.tasks(Some("waiting")).await {
        if task.at("reason.reason").as_text() == Some("paused") {
            verb(sim, node, (&task, "resume"), &Value::Missing).await;
        }
    }
}

async fn verb(sim: &Sim, node: &Node, (task, verb): (&Value, &str), with: &Value) {
    let id = task.field("id").as_text().unwrap_or_default();
    sim.say(|| format!("{verb} {id}"));
    node.ask(sim, node.runtime.verb(id, verb, with, &by())).await;
}

/// Looks in the ledger whether a write happened, once nothing of it can still come.
async fn answer(sim: &Sim, node: &Node, task: &Value) {
    let request = task.at("reason.request").as_text().unwrap_or_default().to_owned();
    let path = request.trim_start_matches("POST /").to_owned();
    let record = task.field("record").as_text().unwrap_or_default().to_owned();
    let found = {
        let state = sim.state();
        let mut under_way = state.books.under_way.iter();
        if under_way.any(|(what, count)| *count > 0 && what.starts_with(&path)) {
            return;
        }
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["ledger", _, "do", action, id] => {
                let key = ((*action).to_owned(), (*id).to_owned());
                state.books.done.contains_key(&key).then(|| (*id).to_owned())
            }
            ["ledger", "order", "create"] => {
                state.books.of_marker("order", &record).map(|(id, _)| id.clone())
            }
            ["ledger", "customer", "create"] => {
                let customer = state.books.shop.get(&record).map(|order| order.customer.clone());
                let card = state.books.of_marker("customer", &customer.unwrap_or_default());
                card.map(|(id, _)| id.clone())
            }
            _ => None,
        }
    };
    match found {
        Some(id) => {
            let with = Value::of([("id", Value::from(id))]);
            verb(sim, node, (task, "happened"), &with).await;
        }
        None if request.is_empty() => verb(sim, node, (task, "retry"), &Value::Missing).await,
        None => verb(sim, node, (task, "not_happened"), &Value::Missing).await,
    }
}
