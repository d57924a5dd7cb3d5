//! Making a failing plan smaller: operations, faults and crashes are left out as long as the same
//! rule stays broken.

use super::mutation::Mutation;
use super::plan::Plan;
use super::play::play;
use super::rules::Rule;

/// The smallest plan that was found to break the same rule, and how many were tried.
pub fn shrink(plan: &Plan, mutation: Option<Mutation>, rule: Rule) -> (Plan, usize) {
    let mut best = plan.clone();
    let mut tried = 0;
    let mut fails = |plan: &Plan| {
        tried += 1;
        play(plan, mutation, 0).broken.is_some_and(|(broken, _)| broken == rule)
    };
    loop {
        let before = size(&best);
        best = fewer(best, &mut fails, |plan| &mut plan.crashes);
        best = fewer(best, &mut fails, |plan| &mut plan.faults);
        best = fewer(best, &mut fails, |plan| &mut plan.ops);
        if size(&best) == before {
            return (best, tried);
        }
    }
}

fn size(plan: &Plan) -> usize {
    plan.ops.len() + plan.faults.len() + plan.crashes.len()
}

/// Leaves out halves, then quarters, down to single ones.
fn fewer<T: Clone>(
    mut best: Plan,
    fails: &mut impl FnMut(&Plan) -> bool,
    part: impl Fn(&mut Plan) -> &mut Vec<T>,
) -> Plan {
    let mut chunk = part(&mut best).len();
    while chunk > 0 {
        let mut at = 0;
        while at < part(&mut best).len() {
            let mut smaller = best.clone();
            let list = part(&mut smaller);
            let end = (at + chunk).min(list.len());
            list.drain(at..end);
            if fails(&smaller) {
                best = smaller;
            } else {
                at += chunk;
            }
        }
        chunk /= 2;
    }
    best
}
