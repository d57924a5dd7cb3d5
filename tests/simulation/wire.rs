//! The way to the two systems, and what goes wrong on it. What has left goes on by itself, whether
//! or not somebody waits for it.

use std::sync::Arc;

use tenon_kit::Response;
use tenon_runtime::{Answer, Outgoing, Transport};
use tenon_value::{Value, json, time};
use tokio::sync::oneshot;

use super::plan::{DownAs, Fault, Side};
use super::points::{Asked, CrashPoint};
use super::rules::Rule;
use super::sim::{Sim, never};

/// The ledger's own limit, above what its connector keeps to: met only when a new process begins
/// with fresh limits.
const LEDGER_REFUSES_ABOVE: usize = 30;
/// How long we wait for an answer.
const TIME_OUT_MS: i64 = 60_000;

/// The way as one incarnation has it.
pub struct NodeWire {
    /// The world.
    pub sim: Arc<Sim>,
    /// Which incarnation.
    pub epoch: u64,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trick {
    Work,
    NotSent,
    LostBefore,
    LostAfter,
    /// The connection is closed, and it acts a while later.
    ActsLater,
    Broken,
    BrokenAfter,
    TooMany,
    /// A page of HTML in a 200 answer, and it acted.
    Html,
    /// An answer larger than we take, and it acted.
    TooLarge,
    /// It acts at once and answers after a long while.
    Slow,
    /// No answer ever comes.
    Silent,
}

impl Transport for NodeWire {
    fn send(&self, request: Outgoing) -> Answer<'_> {
        Box::pin(self.send_it(request))
    }
}

impl NodeWire {
    async fn send_it(&self, request: Outgoing) -> Response {
        let (sim, epoch) = (&self.sim, self.epoch);
        if !sim.lives(epoch) {
            return never().await;
        }
        if !request.url.starts_with("http://sim/") {
            return Response::NotSent { reason: "it has no address".to_owned() };
        }
        let (side, asked) = kind(&request);
        if sim.dies_at(epoch, CrashPoint::Leaving(asked)) {
            return never().await;
        }
        sim.watch_request(epoch, side, asked, &request);
        sim.say(|| format!("sends {} {}", request.method, what(&request)));
        let name = what(&request);
        if request.method == "POST" {
            *sim.state().books.under_way.entry(name.clone()).or_default() += 1;
        }
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(exchange(sim.clone(), (epoch, request), sender));
        if sim.dies_at(epoch, CrashPoint::UnderWay(asked)) {
            return never().await;
        }
        let Ok(response) = receiver.await else { return never().await };
        if sim.dies_at(epoch, CrashPoint::Answered(asked)) {
            return never().await;
        }
        sim.watch_answer(epoch, side);
        sim.say(|| format!("hears of {name}: {}", heard(&response)));
        if let (Asked::Renewal, Response::Answer { status: 200, body, .. }) = (asked, &response) {
            sim.state().books.heard = body.parse().ok().map(|token| (epoch, token));
        }
        if let (Side::Shop, Asked::Page, Response::Answer { status: 200, body, .. }) =
            (side, asked, &response)
        {
            sim.state().group.page_mark = newest(body);
        }
        response
    }
}

/// The newest instant of a page.
fn newest(body: &str) -> Option<i64> {
    let page = json::read(body).ok()?;
    let at = |row: &Value| {
        Some(time::parse_datetime(row.field("changed").as_text()?)?.timestamp_millis())
    };
    page.field("rows").items().iter().filter_map(at).max()
}

fn kind(request: &Outgoing) -> (Side, Asked) {
    let path = request.url.trim_start_matches("http://sim/");
    let side = if path.starts_with("shop") { Side::Shop } else { Side::Ledger };
    let asked = match path.split('/').nth(2) {
        Some("list") => Asked::Page,
        Some("find") => Asked::Search,
        Some("create") => Asked::Create,
        Some("update") => Asked::Update,
        Some("do") => Asked::Action,
        Some(_) => Asked::Read,
        None => Asked::Renewal,
    };
    (side, asked)
}

fn what(request: &Outgoing) -> String {
    let path = request.url.trim_start_matches("http://sim/");
    format!("{path} {}", request.body.as_deref().unwrap_or_default())
}

fn heard(response: &Response) -> String {
    match response {
        Response::Answer { status, body, .. } => format!("{status} {body}"),
        Response::NotSent { reason } => format!("not sent: {reason}"),
        Response::Barred { host } => format!("barred: {host}"),
        Response::Lost { reason } => format!("lost: {reason}"),
    }
}

fn answer(status: u16, value: &Value) -> Response {
    Response::Answer { status, headers: Vec::new(), body: json::write(value) }
}

fn lost(reason: &str) -> Response {
    Response::Lost { reason: reason.to_owned() }
}

/// One exchange from the world's side.
async fn exchange(
    sim: Arc<Sim>,
    (epoch, request): (u64, Outgoing),
    sender: oneshot::Sender<Response>,
) {
    let way_ms = sim.plan.setup.way_ms;
    let (there, back) = {
        let dice = &mut sim.state().dice;
        (dice.between(1, way_ms), dice.between(1, way_ms))
    };
    sim.pass(there).await;
    let (side, asked) = kind(&request);
    let writes = request.method == "POST" && asked != Asked::Renewal;
    let (response, after_ms) = match asked {
        Asked::Renewal => (sim.renewal(epoch, &request), back),
        _ => match sim.refuses(side, &request) {
            Some(response) => (response, back),
            None => {
                let trick = sim.trick(side, writes && asked != Asked::Update);
                if trick != Trick::Work {
                    sim.say(|| format!("{} meets {trick:?}", what(&request)));
                }
                if trick == Trick::ActsLater {
                    let _ = sender.send(lost("the connection was closed"));
                    let most = sim.plan.setup.acts_later_ms;
                    let later = sim.state().dice.between(1, most);
                    sim.pass(later).await;
                    sim.acts(&request);
                    sim.ended(&request);
                    return;
                }
                sim.meets(trick, &request, back)
            }
        },
    };
    sim.ended(&request);
    sim.pass(after_ms).await;
    let _ = sender.send(response);
}

impl Sim {
    fn ended(&self, request: &Outgoing) {
        if request.method == "POST" {
            let mut state = self.state();
            if let Some(count) = state.books.under_way.get_mut(&what(request)) {
                *count = count.saturating_sub(1);
            }
        }
    }

    fn acts(&self, request: &Outgoing) -> Response {
        let now = self.world_ms();
        let (status, value) = self.state().books.act(request, now);
        if request.method == "POST" {
            self.say(|| format!("done: {} {status}", what(request)));
            self.nothing_twice();
        }
        answer(status, &value)
    }

    fn meets(&self, trick: Trick, request: &Outgoing, back: i64) -> (Response, i64) {
        let slow =
            if trick == Trick::Slow { self.state().dice.between(5_000, 55_000) } else { back };
        let response = match trick {
            Trick::NotSent => Response::NotSent { reason: "refused".to_owned() },
            Trick::LostBefore => lost("reset"),
            Trick::Silent => return (lost("no answer in time"), TIME_OUT_MS),
            Trick::Broken => answer(500, &Value::Null),
            Trick::TooMany => too_many(2),
            Trick::LostAfter | Trick::ActsLater => {
                self.acts(request);
                lost("reset")
            }
            Trick::BrokenAfter => {
                self.acts(request);
                answer(503, &Value::Null)
            }
            Trick::Html => {
                self.acts(request);
                let body = "<html>Please log in</html>".to_owned();
                Response::Answer { status: 200, headers: Vec::new(), body }
            }
            Trick::TooLarge => {
                self.acts(request);
                lost("the answer is over 33554432 bytes")
            }
            Trick::Work | Trick::Slow => self.acts(request),
        };
        (response, slow)
    }

    /// The ledger refuses who has no good token, or asks too much.
    fn refuses(&self, side: Side, request: &Outgoing) -> Option<Response> {
        if side == Side::Shop || self.down(side).is_some() {
            return None;
        }
        let at = self.at();
        let given = request.headers.iter().find(|(name, _)| name == "token");
        let given: u32 = given.and_then(|(_, token)| token.parse().ok()).unwrap_or(0);
        let mut state = self.state();
        let takes_back = self
            .plan
            .faults
            .iter()
            .filter(|fault| matches!(fault, Fault::TokenTakenBack { from } if *from <= at));
        // Each such fault takes back the token in use at the first request behind it.
        if takes_back.count() > state.books.taken_back.len() {
            state.books.taken_back.insert(given);
        }
        let good = given == state.books.token && !state.books.taken_back.contains(&given);
        drop(state);
        if !good {
            return Some(answer(401, &Value::Null));
        }
        self.a_token_is_kept_before_it_is_used(given);
        let mut state = self.state();
        let arrived = &mut state.books.arrived;
        arrived.push_back(at);
        while arrived.front().is_some_and(|first| first + 1_000 <= at) {
            arrived.pop_front();
        }
        (arrived.len() > LEDGER_REFUSES_ABOVE).then(|| too_many(1))
    }

    fn renewal(&self, epoch: u64, request: &Outgoing) -> Response {
        let at = self.at();
        if self.down(Side::Ledger).is_some() {
            return Response::NotSent { reason: "refused".to_owned() };
        }
        let lose = self
            .plan
            .faults
            .iter()
            .filter(|fault| matches!(fault, Fault::RenewalLost { from } if *from <= at));
        let lose = lose.count();
        let mut state = self.state();
        let refresh = request.body.clone().unwrap_or_default();
        // One that an earlier process sent may come late, and is refused for good reason.
        let newest = (epoch, state.books.token);
        match state.books.renew(&refresh, at) {
            None => {
                let forgotten = state.books.heard == Some(newest);
                drop(state);
                if forgotten {
                    let how = format!("token {} is good, {refresh} was sent", newest.1);
                    self.breaks(Rule::ARenewedTokenIsNotForgotten, how);
                }
                answer(400, &Value::text("invalid_grant"))
            }
            Some(_) if usize::try_from(state.books.renewals_lost).unwrap() < lose => {
                state.books.renewals_lost += 1;
                lost("reset")
            }
            Some(token) => answer(200, &Value::from(i64::from(token))),
        }
    }

    /// What a request meets now.
    fn trick(&self, side: Side, may_act_later: bool) -> Trick {
        let down = self.down(side);
        if down.is_some() {
            let at = self.at();
            self.state().watch.met_down.push((at, side));
        }
        match down {
            Some(DownAs::Refused) => return Trick::NotSent,
            Some(DownAs::Busy) => return Trick::Broken,
            Some(DownAs::Silent) => return Trick::Silent,
            None => {}
        }
        let percent = self.fault(|fault, at| match fault {
            Fault::Flaky { side: s, percent, from, to }
                if *s == side && *from <= at && at < *to =>
            {
                Some(*percent)
            }
            _ => None,
        });
        let mut state = self.state();
        if !state.dice.chance(percent.unwrap_or(0)) {
            return Trick::Work;
        }
        let tricks = [
            Trick::NotSent,
            Trick::LostBefore,
            Trick::LostAfter,
            Trick::Broken,
            Trick::BrokenAfter,
            Trick::TooMany,
            Trick::Html,
            Trick::TooLarge,
            Trick::Slow,
            Trick::Silent,
        ];
        // What closes a connection and acts later is for writes that are looked for before they are
        // repeated: a late change of a record would be taken for a newer one of somebody else.
        if may_act_later && state.dice.chance(25) {
            Trick::ActsLater
        } else {
            state.dice.pick(&tricks)
        }
    }
}

fn too_many(seconds: i64) -> Response {
    Response::Answer {
        status: 429,
        headers: vec![("retry-after".to_owned(), seconds.to_string())],
        body: String::new(),
    }
}
