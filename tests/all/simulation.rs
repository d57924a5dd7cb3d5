//! Seeds of the simulator, and builds broken on purpose that it must catch.

use std::collections::BTreeSet;

use tenon_tests::simulation::{CrashPoint, Mutation, Plan, Rule, play};

/// Seeds played by every run of the tests.
const SEEDS: u64 = 300;

/// Plays seeds; gives the points at which nodes died.
fn played(seeds: impl Iterator<Item = u64>) -> BTreeSet<CrashPoint> {
    let mut reached = BTreeSet::new();
    for seed in seeds {
        let report = play(&Plan::draw(seed), None, 0);
        if let Some((rule, how)) = report.broken {
            let trace = play(&Plan::draw(seed), None, 60).trace.join("\n");
            panic!("{trace}\nseed {seed} breaks {rule:?}: {how}\ntenon-sim --seed {seed} --shrink");
        }
        reached.extend(report.reached);
    }
    reached
}

#[test]
fn every_rule_holds_in_every_seed_and_every_crash_point_is_reached() {
    let mut reached = BTreeSet::new();
    std::thread::scope(|threads| {
        let odd = threads.spawn(|| played((0..SEEDS).filter(|seed| seed % 2 == 1)));
        reached.extend(played((0..SEEDS).filter(|seed| seed % 2 == 0)));
        reached.extend(odd.join().unwrap());
    });
    let missed: Vec<CrashPoint> =
        CrashPoint::all().into_iter().filter(|point| !reached.contains(point)).collect();
    assert!(missed.is_empty(), "no seed dies at {missed:?}");
}

#[test]
fn a_seed_plays_the_same_way_twice() {
    for seed in 0..40 {
        let plan = Plan::draw(seed);
        let (one, two) = (play(&plan, None, 1), play(&plan, None, 1));
        assert_eq!((one.hash, one.lines), (two.hash, two.lines), "seed {seed}");
    }
}

#[test]
fn every_build_broken_on_purpose_is_caught_by_its_rule() {
    let rule_of = |mutation| match mutation {
        Mutation::AcknowledgeBeforeSync => Rule::TheIntentionIsFirst,
        Mutation::NoFindBeforeRepeat => Rule::NothingTwice,
        Mutation::FindOnceAtOnce => Rule::NothingTwice,
        Mutation::LockReleasedEarly => Rule::NothingTwice,
        Mutation::CursorMovedEarly => Rule::TheCursorStaysBehind,
    };
    for (name, mutation) in Mutation::ALL {
        let rule = rule_of(mutation);
        let catches = |seed| {
            let broken = play(&Plan::draw(seed), Some(mutation), 0).broken;
            broken.is_some_and(|(broken, _)| broken == rule)
        };
        assert!((0..SEEDS).any(catches), "{rule:?} does not catch {name}");
    }
}
