//! `schedules:` of an integration: times at which its flows start by themselves.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tenon_graph::{At, Overlap, Schedule};
use tenon_source::{Diagnostic, Node, Span};

use crate::facts::with_near;
use crate::not_yet;
use crate::shape::{self, Found};

/// Keys of a schedule.
pub(crate) const KEYS: &[&str] =
    &["flow", "every", "cron", "zone", "after", "always", "jitter", "overlap", "catch_up"];
/// Its times; exactly one of them stands in a schedule.
const TIMES: [&str; 3] = ["every", "cron", "after"];
/// How far back a missed run is made up for where nothing else is said.
const CATCH_UP_MS: i64 = 86_400_000;

/// The schedules of each flow, and which flow's end starts which.
#[derive(Debug, Default)]
pub(crate) struct Schedules {
    /// By flow.
    pub(crate) of: BTreeMap<String, Vec<Schedule>>,
    /// A flow, the one that starts when it ends, and where that is said.
    pub(crate) after: Vec<(String, String, Span)>,
}

/// Reads `schedules:`. `flows` are the names there are.
pub(crate) fn read(root: &Node, flows: &[&str], found: &mut Found) -> Schedules {
    let mut schedules = Schedules::default();
    let Some((key, node)) = root.entry("schedules") else { return schedules };
    not_yet::refuse(not_yet::INTEGRATION, "schedules", &key.span, found);
    if node.entries().is_empty() {
        let message =
            format!("`schedules` is a mapping of names to schedules, not {}", node.describe());
        found.push(Diagnostic::error("F004", node.span.clone(), message));
    }
    for (key, node) in node.entries() {
        let name = shape::name(key, "a schedule", found).map(str::to_owned);
        if !shape::keys(node, KEYS, "a schedule", found) {
            continue;
        }
        let flow = shape::required(node, "flow", "a schedule", found)
            .and_then(|node| flow(node, flows, found));
        let at = at(key, node, flows, found);
        let schedule = Timed { node, at: at.as_ref() }.schedule(found);
        let (Some(name), Some(flow), Some(at)) = (name, flow, at) else { continue };
        if let (At::After { flow: first, .. }, Some(after)) = (&at, node.get("after")) {
            schedules.after.push((first.clone(), flow.clone(), after.span.clone()));
        }
        schedules.of.entry(flow).or_default().push(Schedule { name, at, ..schedule });
    }
    schedules
}

fn flow(node: &Node, flows: &[&str], found: &mut Found) -> Option<String> {
    let name = shape::text(node, "a flow", found)?;
    if !flows.contains(&name) {
        let message = format!("there is no flow `{name}`");
        let finding = Diagnostic::error("F017", node.span.clone(), message);
        found.push(with_near(finding, node, 0..name.len(), flows));
        return None;
    }
    Some(name.to_owned())
}

/// The one time a schedule has. `key` is its name, where findings about the whole of it point.
fn at(key: &Node, node: &Node, flows: &[&str], found: &mut Found) -> Option<At> {
    let written: Vec<&str> = TIMES.into_iter().filter(|time| node.get(time).is_some()).collect();
    let [time] = written.as_slice() else {
        let message = "a schedule has one time: `every:`, `cron:` or `after:`";
        let second = written.get(1).and_then(|second| node.entry(second));
        let span = second.map_or_else(|| key.span.clone(), |(key, _)| key.span.clone());
        found.push(Diagnostic::error("F045", span, message));
        return None;
    };
    for (other, goes_with) in [("zone", "cron"), ("always", "after")] {
        if let Some((key, _)) = node.entry(other)
            && *time != goes_with
        {
            let message = format!("`{other}` goes with `{goes_with}`, and this is `{time}`");
            found.push(Diagnostic::error("F045", key.span.clone(), message));
        }
    }
    let value = node.get(time)?;
    match *time {
        "every" => every(value, found).map(At::Every),
        "cron" => {
            let expression = cron(value, found);
            let zone = shape::required(node, "zone", "a `cron` schedule", found)
                .and_then(|node| zone(node, found));
            Some(At::Cron { expression: expression?, zone: zone? })
        }
        _ => {
            let always = node
                .get("always")
                .and_then(|node| shape::truth(node, "`always`", found))
                .unwrap_or(false);
            Some(At::After { flow: flow(value, flows, found)?, always })
        }
    }
}

fn every(node: &Node, found: &mut Found) -> Option<i64> {
    let ms = shape::duration(node, "`every`", found)?;
    if ms < 1_000 {
        let message = "`every` is at least one second";
        found.push(Diagnostic::error("F027", node.span.clone(), message));
        return None;
    }
    Some(ms)
}

/// A cron expression of five fields that comes at least once.
fn cron(node: &Node, found: &mut Found) -> Option<String> {
    let text = shape::text(node, "`cron`", found)?;
    let expression = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut refuse = |message: String| {
        found.push(
            Diagnostic::error("F045", node.span.clone(), message)
                .note("minute hour day-of-month month day-of-week, such as \"30 6 * * MON-FRI\""),
        );
        None
    };
    let fields = expression.split(' ').count();
    if fields != 5 {
        return refuse(format!("a cron expression has five fields; this has {fields}"));
    }
    let parser = croner::parser::CronParser::builder()
        .seconds(croner::parser::Seconds::Disallowed)
        .year(croner::parser::Year::Disallowed)
        .build();
    let cron = match parser.parse(&expression) {
        Ok(cron) => cron,
        Err(error) => return refuse(format!("`{expression}` is no cron expression: {error}")),
    };
    // Any moment will do: eight years hold every date there is.
    let start = DateTime::<Utc>::UNIX_EPOCH;
    if cron.find_next_occurrence(&start, true).is_err() {
        return refuse(format!("`{expression}` never comes"));
    }
    Some(expression)
}

fn zone(node: &Node, found: &mut Found) -> Option<String> {
    let name = shape::text(node, "`zone`", found)?;
    if tenon_value::time::zone(name).is_some() {
        return Some(name.to_owned());
    }
    let known: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
    let message = format!("`{name}` is no time zone of the IANA database");
    let finding = Diagnostic::error("F045", node.span.clone(), message);
    found.push(match tenon_source::near(name, known.iter().copied()) {
        Some(_) => with_near(finding, node, 0..name.len(), &known),
        None => finding.note("zones are named by region and city, such as Europe/Stockholm"),
    });
    None
}

/// A schedule whose time was read.
struct Timed<'a> {
    node: &'a Node,
    at: Option<&'a At>,
}

impl Timed<'_> {
    /// All but its name and its time.
    fn schedule(&self, found: &mut Found) -> Schedule {
        let time = |key: &str, found: &mut Found| {
            let node = self.node.get(key)?;
            shape::duration(node, &format!("`{key}`"), found)
        };
        let jitter_ms = time("jitter", found).unwrap_or(0);
        if let (Some(At::Every(every)), Some(node)) = (self.at, self.node.get("jitter"))
            && jitter_ms >= *every
        {
            let message = "`jitter` is shorter than `every`, or two runs could change places";
            found.push(Diagnostic::error("F027", node.span.clone(), message));
        }
        let follows = matches!(self.at, Some(At::After { .. }));
        if let Some((key, _)) = self.node.entry("catch_up").filter(|_| follows) {
            let message = "a run after another flow is never missed, so there is none to catch up";
            found.push(Diagnostic::error("F045", key.span.clone(), message));
        }
        let catch_up = time("catch_up", found).unwrap_or(CATCH_UP_MS);
        let words = ["skip", "queue_one", "cancel_running"];
        let overlap =
            self.node.get("overlap").and_then(|node| shape::word(node, &words, "`overlap`", found));
        Schedule {
            name: String::new(),
            at: At::Every(0),
            jitter_ms,
            overlap: match overlap {
                Some("queue_one") => Overlap::QueueOne,
                Some("cancel_running") => Overlap::CancelRunning,
                _ => Overlap::Skip,
            },
            catch_up_ms: if follows { 0 } else { catch_up },
        }
    }
}
