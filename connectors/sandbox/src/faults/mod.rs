//! Faults on demand: which request meets which fault, drawn by count or by seeded chance.

mod layer;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

pub use layer::{Unanswered, layer};

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Answered `ms` later.
    Slow,
    /// The connection is closed; nothing happened.
    Down,
    /// Answered 429; nothing happened.
    RateLimited,
    /// Answered with a server error; nothing happened.
    ErrorBefore,
    /// It happened, but the answer is a server error.
    ErrorAfter,
    /// It happened, then the connection is closed without an answer.
    AnswerLost,
    /// The connection is closed at once, and it happens `ms` later.
    CutActsLater,
    /// The access token of the request is revoked; the request is answered 401.
    TokenRevoked,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [FaultKind; 8] = [
        FaultKind::Slow,
        FaultKind::Down,
        FaultKind::RateLimited,
        FaultKind::ErrorBefore,
        FaultKind::ErrorAfter,
        FaultKind::AnswerLost,
        FaultKind::CutActsLater,
        FaultKind::TokenRevoked,
    ];
}

/// Which requests meet a fault, and how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only requests of this method; none means any.
    #[serde(default)]
    pub method: Option<String>,
    /// Only requests whose path fits this pattern, `*` standing for any text, such as
    /// `/fortnox/3/orders*`; none means any.
    #[serde(default)]
    pub path: Option<String>,
    /// Only requests whose body has this text somewhere; none means any.
    #[serde(default)]
    pub body: Option<String>,
    /// How many more matching requests meet the fault; none means all.
    #[serde(default)]
    pub times: Option<u32>,
    /// The chance of a matching request to meet it, in thousandths; 1000 means always.
    #[serde(default = "always")]
    pub per_mille: u32,
    /// The delay of `slow` and `cut_acts_later`, in milliseconds.
    #[serde(default)]
    pub ms: u64,
}

fn always() -> u32 {
    1_000
}

impl FaultRule {
    /// A rule for the next `times` requests whose path fits the pattern.
    #[must_use]
    pub fn next(kind: FaultKind, times: u32, path: &str) -> FaultRule {
        FaultRule {
            kind,
            method: None,
            path: Some(path.to_owned()),
            body: None,
            times: Some(times),
            per_mille: always(),
            ms: 0,
        }
    }

    /// The rule with a delay in milliseconds.
    #[must_use]
    pub fn ms(self, ms: u64) -> FaultRule {
        FaultRule { ms, ..self }
    }

    /// The rule for one method only.
    #[must_use]
    pub fn method(self, method: &str) -> FaultRule {
        FaultRule { method: Some(method.to_owned()), ..self }
    }

    /// One rule for every kind, each met by `per_mille` of the requests to both systems; delays take
    /// `ms`. Tokens are revoked only where they can be refreshed, and refreshing itself is spared:
    /// a lost answer there needs a person.
    #[must_use]
    pub fn every_kind(per_mille: u32, ms: u64) -> Vec<FaultRule> {
        let everywhere = ["/fortnox/3/*", "/shopify/*"];
        let rule = |kind, path: &str| FaultRule {
            times: None,
            per_mille,
            ..FaultRule::next(kind, 0, path).ms(ms)
        };
        FaultKind::ALL
            .iter()
            .flat_map(|kind| everywhere.iter().map(|path| rule(*kind, path)))
            .filter(|rule| {
                rule.kind != FaultKind::TokenRevoked || rule.path.as_deref() == Some("/fortnox/3/*")
            })
            .collect()
    }

    fn matches(&self, method: &str, path: &str, body: &str) -> bool {
        self.times != Some(0)
            && self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|pattern| fits(pattern, path))
            && self.body.as_ref().is_none_or(|part| body.contains(part.as_str()))
    }
}

/// Whether a text fits a pattern in which `*` stands for any text.
#[must_use]
pub fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    tail.is_empty()
        || rest
            .char_indices()
            .map(|(at, _)| at)
            .chain([rest.len()])
            .any(|at| rest.get(at..).is_some_and(|end| fits(tail, end)))
}

/// The fault rules in force and what they have done.
#[derive(Debug)]
pub struct Faults(Mutex<State>);

#[derive(Debug)]
struct State {
    rules: Vec<FaultRule>,
    seed: u64,
    draws: Draws,
    made: BTreeMap<FaultKind, u64>,
    acting_later: u64,
}

impl Faults {
    /// No rules yet; chance is drawn from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Faults {
        Faults(Mutex::new(State {
            rules: Vec::new(),
            seed,
            draws: Draws(seed),
            made: BTreeMap::new(),
            acting_later: 0,
        }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds rules behind those in force; the first that fires decides.
    pub fn add(&self, rules: impl IntoIterator<Item = FaultRule>) {
        self.state().rules.extend(rules);
    }

    /// Takes the rules of a kind away, or all; what they have done stays counted.
    pub fn clear(&self, kind: Option<FaultKind>) {
        self.state().rules.retain(|rule| kind.is_some_and(|kind| rule.kind != kind));
    }

    /// Takes all rules away, forgets the counts and begins the chance anew.
    pub fn reset(&self) {
        let mut state = self.state();
        state.rules.clear();
        state.made.clear();
        state.draws = Draws(state.seed);
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Vec<FaultRule> {
        self.state().rules.clone()
    }

    /// How often each kind was made, kinds never made included.
    #[must_use]
    pub fn made(&self) -> BTreeMap<FaultKind, u64> {
        let state = self.state();
        FaultKind::ALL
            .iter()
            .map(|kind| (*kind, state.made.get(kind).copied().unwrap_or(0)))
            .collect()
    }

    /// How many cut requests have yet to act.
    #[must_use]
    pub fn acting_later(&self) -> u64 {
        self.state().acting_later
    }

    fn begins_later(&self) {
        self.state().acting_later += 1;
    }

    fn acted_later(&self) {
        let mut state = self.state();
        state.acting_later = state.acting_later.saturating_sub(1);
    }

    /// The fault a request meets, counted; none for most.
    #[must_use]
    pub fn draw(&self, method: &str, path: &str, body: &str) -> Option<(FaultKind, u64)> {
        let mut state = self.state();
        let State { rules, draws, made, .. } = &mut *state;
        let rule = rules.iter_mut().find(|rule| {
            rule.matches(method, path, body)
                && (rule.per_mille >= 1_000 || draws.next() % 1_000 < u64::from(rule.per_mille))
        })?;
        rule.times = rule.times.map(|left| left.saturating_sub(1));
        *made.entry(rule.kind).or_default() += 1;
        Some((rule.kind, rule.ms))
    }
}

/// A small seeded sequence (splitmix64): the same seed draws the same numbers.
#[derive(Debug, Clone)]
pub struct Draws(pub u64);

impl Draws {
    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "an endless sequence, not an iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests;
