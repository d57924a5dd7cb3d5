//! Random mishaps and deaths: whatever happens, nothing is done twice and nothing is lost.

use proptest::prelude::*;

use super::flows::whole;
use super::outside::Mishap;
use super::process::{Process, an_order};
use crate::{State, Verb, picture};
use tenon_value::Class;

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
}
