//! Random mishaps and deaths: whatever happens, nothing is done twice and nothing is lost.

use proptest::prelude::*;

use super::flows::{customer, invoice, lines, node, order, row, shaped, whole};
use super::items::with_lines;
use super::outside::Mishap;
use super::process::{Process, an_order};
use crate::{State, Verb, picture};
use tenon_graph::{Failures, Graph, Step};
use tenon_value::Class;

/// Rows of all lines beside customer and order; then the invoice.
fn wide() -> Graph {
    let branches = vec![("rows".to_owned(), Some(1)), ("order".to_owned(), Some(3))];
    shaped(
        "order",
        vec![
            (node("all", Step::Together { branches }), Some(5)),
            (node("lines", Step::Each(Box::new(lines(2, 2, Failures::Stop)))), None),
            (row(), None),
            (customer(), Some(4)),
            (order(), None),
            (invoice(), None),
        ],
    )
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        4 => Just(Mishap::Fine),
        1 => Just(Mishap::LostAfter),
        1 => Just(Mishap::LostBefore),
        1 => (0_i64..25_000).prop_map(Mishap::ActsLater),
        1 => Just(Mishap::Refused(Class::Transient)),
        1 => Just(Mishap::Refused(Class::RateLimited)),
        1 => Just(Mishap::Refused(Class::LockedByOther)),
        1 => Just(Mishap::Refused(Class::Rejected)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn an_order_is_made_once_whatever_goes_wrong(
        mishaps in prop::collection::vec(mishap(), 0..30),
        deaths in prop::collection::vec(0_usize..40, 0..4),
    ) {
        let flow = whole();
        let mut process = Process::new(&flow);
        process.outside.shop.insert("o-1".to_owned(), an_order());
        process.outside.mishaps = mishaps.into();
        process.start();
        for death in deaths {
            if process.moments.is_empty() {
                continue;
            }
            let moment = process.moments[death % process.moments.len()].clone();
            process = Process::after_death(&flow, &moment);
            process.run();
        }
        for _ in 0..40 {
            if process.task.state == State::Done {
                break;
            }
            prop_assert!(
                matches!(process.task.state, State::Failed(_) | State::NeedsPerson(_)),
                "{}", picture(&process.task)
            );
            process.outside.pass_time(process.now_ms + 60_000);
            process.now_ms += 60_000;
            process.verb(Verb::Retry { latest: None });
        }
        let story = format!("{}\n{}", process.story(), picture(&process.task));
        prop_assert_eq!(&process.task.state, &State::Done, "{}", story);
        prop_assert_eq!(process.outside.count("customer"), 1, "{}", story);
        prop_assert_eq!(process.outside.count("order"), 1, "{}", story);
        prop_assert_eq!(process.outside.count("invoice"), 1, "{}", story);
        let books = process.outside.acted.iter().filter(|line| line.starts_with("book")).count();
        prop_assert_eq!(books, 1, "{}", story);
        prop_assert!(process.disk.locks.is_empty());
    }

    #[test]
    fn steps_side_by_side_are_done_once_in_whatever_order_their_answers_come(
        mishaps in prop::collection::vec(mishap(), 0..30),
        draws in prop::collection::vec(0_usize..7, 0..60),
        deaths in prop::collection::vec(0_usize..60, 0..4),
    ) {
        let flow = wide();
        let mut process = Process::new(&flow);
        with_lines(&mut process, 3);
        process.outside.mishaps = mishaps.into();
        process.draws = draws.clone().into();
        process.start();
        for death in deaths {
            if process.moments.is_empty() {
                continue;
            }
            let moment = process.moments[death % process.moments.len()].clone();
            process = Process::after_death(&flow, &moment);
            process.draws = draws.clone().into();
            process.run();
        }
        for _ in 0..40 {
            if process.task.state == State::Done {
                break;
            }
            prop_assert!(
                matches!(process.task.state, State::Failed(_) | State::NeedsPerson(_)),
                "{}\n{}", process.story(), picture(&process.task)
            );
            process.outside.pass_time(process.now_ms + 60_000);
            process.now_ms += 60_000;
            process.verb(Verb::Retry { latest: None });
        }
        let story = format!("{}\n{}", process.story(), picture(&process.task));
        prop_assert_eq!(&process.task.state, &State::Done, "{}", story);
        for (resource, count) in [("row", 3), ("customer", 1), ("order", 1), ("invoice", 1)] {
            prop_assert_eq!(process.outside.count(resource), count, "{}: {}", resource, story);
        }
        prop_assert!(process.disk.locks.is_empty(), "{}", story);
        prop_assert!(process.task.held().next().is_none());
    }
}
