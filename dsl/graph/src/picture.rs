//! Pictures of a step graph: as text, as Mermaid, as SVG.
//!
//! All three are made from one list of boxes and arrows, so they say the same. Conditions are
//! compiled programs here and are not shown; a step that has one is marked `if`.

use std::fmt::Write as _;

use crate::arrows::{Arrow, Way, arrows};
use crate::{At, Endpoint, Graph, Node, Schedule, Step, StopAs, WaitOn};

/// How a graph is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines of text.
    Text,
    /// A Mermaid flowchart.
    Mermaid,
    /// A stand-alone SVG document.
    Svg,
}

/// A step in a picture.
struct Frame {
    id: String,
    what: String,
    place: String,
}

impl Graph {
    /// The graph as a picture.
    #[must_use]
    pub fn picture(&self, form: Form) -> String {
        let frames: Vec<Frame> = self.nodes.iter().map(frame).collect();
        let arrows = arrows(self);
        match form {
            Form::Text => text(self, &frames, &arrows),
            Form::Mermaid => mermaid(self, &frames, &arrows),
            Form::Svg => svg(self, &frames, &arrows),
        }
    }

    /// What starts it, in one line.
    fn starts(&self) -> String {
        let mut ways = Vec::new();
        if !self.triggers.webhook.is_empty() {
            ways.push(format!("webhook {}", self.triggers.webhook.join(", ")));
        }
        if let Some(poll) = &self.triggers.poll {
            ways.push(format!("poll since {}, every {} s", poll.since, poll.every_ms / 1_000));
        }
        if !self.triggers.manual.is_empty() {
            ways.push(format!("by hand: {}", self.triggers.manual.join(", ")));
        }
        ways.extend(self.triggers.schedules.iter().map(scheduled));
        if ways.is_empty() { "run by another flow".to_owned() } else { ways.join("; ") }
    }
}

/// A schedule in words.
fn scheduled(schedule: &Schedule) -> String {
    match &schedule.at {
        At::Every(ms) => format!("{}, every {} s", schedule.name, ms / 1_000),
        At::Cron { expression, zone } => format!("{}, at {expression} in {zone}", schedule.name),
        At::After { flow, always: true } => {
            format!("{}, after {flow} however it ends", schedule.name)
        }
        At::After { flow, always: false } => format!("{}, after {flow}", schedule.name),
    }
}

fn of(end: &Endpoint) -> String {
    format!("{}.{}", end.connection, end.resource)
}

fn frame(node: &Node) -> Frame {
    let names = |with: &[(String, crate::Program)]| {
        with.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let does = match &node.step {
        Step::Get { of: end, .. } => format!("get {}", of(end)),
        Step::Map { mapping, .. } => format!("map {mapping}"),
        Step::Upsert(upsert) => format!("upsert {} by {}", of(&upsert.of), upsert.mapping),
        Step::List { of: end, limit, .. } => format!("list {}, at most {limit}", of(end)),
        Step::Create(create) => format!("create {} by {}", of(&create.of), create.mapping),
        Step::Update(update) => format!("update {} by {}", of(&update.of), update.mapping),
        Step::Delete { of: end, .. } => format!("delete {}", of(end)),
        Step::Each(each) if each.detach => format!("each {}, as child tasks", each.name),
        Step::Each(each) => format!("each {}, {} at once", each.name, each.at_once),
        Step::Together { .. } => "together".to_owned(),
        Step::Wait { on, .. } => format!("wait {}", awaited(on)),
        Step::Script { .. } => "script".to_owned(),
        Step::Call { of: end, action, .. } => format!("call {}.{action}", of(end)),
        Step::Choose { .. } => "choose".to_owned(),
        Step::Run { flow, detach: false, .. } => format!("run {flow}"),
        Step::Run { flow, detach: true, .. } => format!("run {flow}, not waited for"),
        Step::Set { values } => format!("set {}", names(values)),
        Step::Log { .. } => "log".to_owned(),
        Step::Stop { end, .. } => format!("stop: {}", ended(*end)),
    };
    let when = if node.when.is_some() { "if … " } else { "" };
    let expects = if node.expect.is_empty() { "" } else { ", expects" };
    Frame { id: node.id.clone(), what: format!("{when}{does}{expects}"), place: node.place.clone() }
}

fn awaited(on: &WaitOn) -> String {
    match on {
        WaitOn::For(_) => "for a time".to_owned(),
        WaitOn::Until(_) => "until a moment".to_owned(),
        WaitOn::Signal(name) => format!("for the signal {name}"),
        WaitOn::Outcome { of: end, .. } => format!("for the outcome in {}", of(end)),
        WaitOn::Reference { entity, .. } => format!("for the document of a {entity}"),
    }
}

fn ended(end: StopAs) -> &'static str {
    match end {
        StopAs::Done => "done",
        StopAs::Skipped => "skipped",
        StopAs::Failed => "failed",
    }
}

fn text(graph: &Graph, frames: &[Frame], arrows: &[Arrow]) -> String {
    let mut out = String::new();
    // Writing into a text does not fail.
    let _ = writeln!(out, "{}: {}", graph.flow, graph.title);
    let _ = writeln!(out, "from {} to {}", of(&graph.from), of(&graph.to));
    let _ = writeln!(out, "starts: {}", graph.starts());
    if !graph.skip.is_empty() {
        let _ = writeln!(out, "skips for {} reasons", graph.skip.len());
    }
    let width = frames.iter().map(|f| f.id.chars().count()).max().unwrap_or(0);
    let wide = frames.iter().map(|f| f.what.chars().count()).max().unwrap_or(0);
    for (n, frame) in frames.iter().enumerate() {
        let Frame { id, what, place } = frame;
        let _ = writeln!(out, "{:>3}  {id:width$}  {what:wide$}  {place}", n + 1);
        for arrow in arrows.iter().filter(|arrow| arrow.from == n) {
            if arrow.to == Some(n + 1) && arrow.says.is_empty() {
                continue;
            }
            let to = arrow.to.map_or_else(|| "done".to_owned(), |to| (to + 1).to_string());
            let says = match (arrow.way, arrow.says.is_empty()) {
                (Way::Fault, _) => format!(" on {}", arrow.says),
                (_, true) => String::new(),
                (_, false) => format!(" {}", arrow.says),
            };
            let _ = writeln!(out, "     {:width$}  ->{says} {to}", "");
        }
    }
    out
}

fn mermaid(graph: &Graph, frames: &[Frame], arrows: &[Arrow]) -> String {
    let quoted = |text: &str| text.replace('"', "#quot;");
    let mut out = String::from("flowchart TD\n");
    let _ = writeln!(out, "  start([\"{}\"])", quoted(&graph.starts()));
    for (n, (frame, node)) in frames.iter().zip(&graph.nodes).enumerate() {
        let label = quoted(&format!("{}: {}", frame.id, frame.what));
        let (open, close) = match &node.step {
            Step::Choose { .. } => ("{", "}"),
            Step::Stop { .. } => ("([", "])"),
            _ => ("[", "]"),
        };
        let _ = writeln!(out, "  n{n}{open}\"{label}\"{close}");
    }
    let _ = writeln!(out, "  done([\"done\"])\n  start --> n0");
    for arrow in arrows {
        let to = arrow.to.map_or_else(|| "done".to_owned(), |to| format!("n{to}"));
        let line = if arrow.way == Way::On { "-->" } else { "-.->" };
        let says = match arrow.says.as_str() {
            "" => String::new(),
            says => format!("|\"{}\"|", quoted(says)),
        };
        let _ = writeln!(out, "  n{} {line}{says} {to}", arrow.from);
    }
    out
}

/// Sizes of the SVG picture, in pixels.
const WIDE: usize = 420;
const HIGH: usize = 44;
const STEP: usize = 76;
const LEFT: usize = 24;
const TOP: usize = 84;
/// How far an arrow that passes others swings out, for each step it passes.
const SWING: usize = 14;
/// Between two lines of text.
const LINE: usize = 20;
/// A letter is at most about this wide.
const LETTER: usize = 8;

fn svg(graph: &Graph, frames: &[Frame], arrows: &[Arrow]) -> String {
    let escaped = |text: &str| {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    };
    let end = frames.len();
    let longest = arrows.iter().map(|a| a.to.unwrap_or(end).abs_diff(a.from)).max().unwrap_or(1);
    let width = LEFT + WIDE + 60 + SWING * (longest + 1) + 110;
    let starts = lines(&graph.starts(), width / LETTER);
    let down = LINE * (starts.len().saturating_sub(1));
    let height = TOP + STEP * end + HIGH + 24 + down;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"14\">\n<title>{}</title>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"#456\"/></marker></defs>\n",
        escaped(&graph.title)
    );
    let _ = writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"30\" font-weight=\"bold\">{}: {}</text>",
        escaped(&graph.flow),
        escaped(&graph.title),
    );
    for (n, line) in starts.iter().enumerate() {
        let (y, line) = (52 + LINE * n, escaped(line));
        let _ = writeln!(out, "<text x=\"{LEFT}\" y=\"{y}\" fill=\"#456\">{line}</text>");
    }
    let _ = writeln!(out, "<g transform=\"translate(0 {down})\">");
    for (n, frame) in frames.iter().enumerate() {
        let y = TOP + STEP * n;
        let _ = writeln!(
            out,
            "<g data-step=\"{id}\"><rect x=\"{LEFT}\" y=\"{y}\" width=\"{WIDE}\" height=\"{HIGH}\" \
             rx=\"6\" fill=\"#f4f6f8\" stroke=\"#456\"/><text x=\"{x}\" y=\"{first}\" \
             font-weight=\"bold\">{id}</text><text x=\"{x}\" y=\"{second}\">{what}</text></g>",
            id = escaped(&frame.id),
            x = LEFT + 12,
            first = y + 18,
            second = y + 36,
            what = escaped(&frame.what),
        );
    }
    let y = TOP + STEP * end;
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">done</text>",
        LEFT + WIDE / 2,
        y + 20
    );
    for arrow in arrows {
        curve(&mut out, arrow, end, &escaped(&arrow.says));
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// A text in lines of at most so many letters, broken between words.
fn lines(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A straight arrow to the next step, or one that swings out on the right.
fn curve(out: &mut String, arrow: &Arrow, end: usize, says: &str) {
    let to = arrow.to.unwrap_or(end);
    let dash = if arrow.way == Way::On { "" } else { " stroke-dasharray=\"5 4\"" };
    if to == arrow.from + 1 && says.is_empty() {
        let (x, y) = (LEFT + WIDE / 2, TOP + STEP * arrow.from + HIGH);
        let _ = writeln!(
            out,
            "<path d=\"M{x} {y}V{}\" fill=\"none\" stroke=\"#456\" marker-end=\"url(#tip)\"/>",
            y + STEP - HIGH
        );
        return;
    }
    let x = LEFT + WIDE;
    let out_to = x + 40 + SWING * to.abs_diff(arrow.from);
    let (from_y, to_y) = (TOP + STEP * arrow.from + HIGH / 2, TOP + STEP * to + HIGH / 3);
    let _ = writeln!(
        out,
        "<path d=\"M{x} {from_y}C{out_to} {from_y} {out_to} {to_y} {x} {to_y}\" fill=\"none\" \
         stroke=\"#456\"{dash} marker-end=\"url(#tip)\"/><text x=\"{}\" y=\"{}\" \
         font-size=\"12\" fill=\"#456\">{says}</text>",
        // The curve goes three quarters of the way to its control points.
        x + (out_to - x) * 3 / 4 + 6,
        usize::midpoint(from_y, to_y),
    );
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::{Catch, Each, Failures, Overlap, Program, Retry, Triggers};

    fn node(id: &str, step: Step, next: Option<u32>) -> Node {
        Node {
            id: id.to_owned(),
            when: None,
            step,
            expect: Vec::new(),
            catch: Vec::new(),
            retry: None,
            timeout_ms: None,
            undo: None,
            next,
            place: "order.flow.yaml:9".to_owned(),
        }
    }

    fn graph() -> Graph {
        let end =
            |name: &str| Endpoint { connection: name.to_owned(), resource: "order".to_owned() };
        let program = || Program(Arc::from("1"));
        let choose = Step::Choose { branches: vec![(program(), Some(1))], otherwise: None };
        let get = Step::Get { of: end("shop"), by: program() };
        let mut get = node("read", get, Some(2));
        get.catch.push(Catch { fault: "NOT_FOUND".to_owned(), to: None });
        let stop = Step::Stop { end: StopAs::Skipped, because: program() };
        Graph {
            edition: 1,
            integration: "i".to_owned(),
            flow: "order".to_owned(),
            title: "Orders <to> the ledger".to_owned(),
            entity: "order".to_owned(),
            from: end("shop"),
            to: end("ledger"),
            takes: Vec::new(),
            triggers: Triggers { manual: vec!["id".to_owned()], ..Triggers::default() },
            lane: None,
            skip: Vec::new(),
            retry: Retry::default(),
            nodes: vec![node("which", choose, Some(2)), get, node("end", stop, None)],
            mappings: BTreeMap::new(),
            scripts: BTreeMap::new(),
        }
    }

    #[test]
    fn the_text_names_every_step_and_every_way_that_is_not_the_next() {
        let wanted = "order: Orders <to> the ledger
from shop.order to ledger.order
starts: by hand: id
  1  which  choose          order.flow.yaml:9
            -> if 1 2
            -> otherwise 3
  2  read   get shop.order  order.flow.yaml:9
            -> on NOT_FOUND 3
  3  end    stop: skipped   order.flow.yaml:9
";
        assert_eq!(graph().picture(Form::Text), wanted);
    }

    #[test]
    fn mermaid_has_a_node_for_every_step_and_an_edge_for_every_way() {
        let drawn = graph().picture(Form::Mermaid);
        for line in [
            "n0{\"which: choose\"}",
            "n0 -->|\"if 1\"| n1",
            "n0 -->|\"otherwise\"| n2",
            "n1 -.->|\"NOT_FOUND\"| n2",
            "n2([\"end: stop: skipped\"])",
        ] {
            assert!(drawn.contains(line), "{line}\n{drawn}");
        }
    }

    #[test]
    fn svg_escapes_what_it_shows_and_has_a_box_for_every_step() {
        let drawn = graph().picture(Form::Svg);
        assert!(drawn.starts_with("<svg") && drawn.ends_with("</svg>\n"));
        assert!(drawn.contains("Orders &lt;to&gt; the ledger") && !drawn.contains("<to>"));
        assert_eq!(drawn.matches("<rect").count(), 3);
    }

    #[test]
    fn a_long_list_of_triggers_stays_inside_the_picture() {
        let topics: Vec<String> = (0..12).map(|n| format!("orders/topic_{n}")).collect();
        let triggers = Triggers { webhook: topics, ..Triggers::default() };
        let drawn = Graph { triggers, ..graph() }.picture(Form::Svg);
        let wide: usize = drawn
            .split("viewBox=\"0 0 ")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let shown: Vec<&str> =
            drawn.lines().filter(|line| line.contains("orders/topic_")).collect();
        assert!(shown.len() > 1, "{drawn}");
        for line in shown {
            let text = line.split('>').nth(1).unwrap().split('<').next().unwrap();
            assert!(text.len() * LETTER <= wide, "{text}");
        }
    }

    /// An `each` with two steps, one of which can be undone, and steps after it; then two branches.
    fn nested() -> Graph {
        let log = || Step::Log { text: Program(Arc::from("1")) };
        let each = Each {
            items: Program(Arc::from("1")),
            name: "row".to_owned(),
            index: None,
            body: Some(1),
            at_once: 2,
            failures: Failures::Collect,
            detach: false,
            gather: Vec::new(),
            after: Some(4),
        };
        let branches = vec![("a".to_owned(), Some(6)), ("b".to_owned(), Some(7))];
        let mut first = node("first", log(), Some(3));
        first.undo = Some(2);
        let nodes = vec![
            node("rows", Step::Each(Box::new(each)), Some(5)),
            first,
            node("back", log(), None),
            node("last", log(), None),
            node("sum", log(), None),
            node("both", Step::Together { branches }, Some(8)),
            node("one", log(), None),
            node("two", log(), None),
            node("end", log(), None),
        ];
        let at = At::After { flow: "other".to_owned(), always: true };
        let schedule = Schedule {
            name: "then".to_owned(),
            at,
            jitter_ms: 0,
            overlap: Overlap::Skip,
            catch_up_ms: 0,
        };
        let triggers = Triggers { schedules: vec![schedule], ..Triggers::default() };
        Graph { nodes, triggers, ..graph() }
    }

    #[test]
    fn steps_of_an_item_or_a_branch_lead_back_and_those_that_undo_lead_nowhere() {
        let wanted = "order: Orders <to> the ledger
from shop.order to ledger.order
starts: then, after other however it ends
  1  rows   each row, 2 at once  order.flow.yaml:9
            -> each 2
            -> after 5
  2  first  log                  order.flow.yaml:9
            -> 4
            -> undo 3
  3  back   log                  order.flow.yaml:9
  4  last   log                  order.flow.yaml:9
            -> next item 1
  5  sum    log                  order.flow.yaml:9
  6  both   together             order.flow.yaml:9
            -> a 7
            -> b 8
            -> 9
  7  one    log                  order.flow.yaml:9
            -> ended 6
  8  two    log                  order.flow.yaml:9
            -> ended 6
  9  end    log                  order.flow.yaml:9
            -> done
";
        assert_eq!(nested().picture(Form::Text), wanted);
        let drawn = nested().picture(Form::Mermaid);
        for line in ["n3 -->|\"next item\"| n0", "n1 -.->|\"undo\"| n2", "n4 --> n5"] {
            assert!(drawn.contains(line), "{line}\n{drawn}");
        }
        assert_eq!(drawn.matches("--> done").count(), 1);
    }
}
