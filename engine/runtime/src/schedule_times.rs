//! When a schedule is due: pure, in milliseconds since 1970.
//!
//! A cron expression is read in its zone. A fixed time that the clock skips in spring comes right after
//! the gap; one that the clock passes twice in autumn comes once. `*` in the hour follows true time.

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use tenon_graph::At;
use tenon_value::time;

/// How many times are looked at, at most, to find what was missed.
const MOST: usize = 10_000;

/// The first time after an instant; none for what does not go by the clock.
pub(crate) fn next(at: &At, after_ms: i64) -> Option<i64> {
    match at {
        At::Every(every_ms) => Some(after_ms.saturating_add((*every_ms).max(1_000))),
        At::Cron { expression, zone } => {
            let zone = time::zone(zone)?;
            let after = DateTime::<Utc>::from_timestamp_millis(after_ms)?.with_timezone(&zone);
            let next = cron(expression)?.find_next_occurrence(&after, false).ok()?;
            Some(next.timestamp_millis())
        }
        At::After { .. } => None,
    }
}

/// The latest time at or before `now`, from a planned one on.
pub(crate) fn latest(at: &At, planned_ms: i64, now_ms: i64) -> i64 {
    if let At::Every(every_ms) = at {
        let every = (*every_ms).max(1_000);
        let passed = now_ms.saturating_sub(planned_ms).max(0).checked_div(every).unwrap_or(0);
        return planned_ms.saturating_add(passed.saturating_mul(every));
    }
    let mut latest = planned_ms;
    for _ in 0..MOST {
        match next(at, latest) {
            Some(next) if next <= now_ms && next > latest => latest = next,
            _ => break,
        }
    }
    latest
}

/// The next ten times after an instant.
pub(crate) fn next_ten(at: &At, after_ms: i64) -> Vec<i64> {
    let first = next(at, after_ms);
    std::iter::successors(first, |before| next(at, *before)).take(10).collect()
}

/// In words.
pub(crate) fn describe(at: &At) -> String {
    match at {
        At::Every(ms) => format!("every {} s", ms.checked_div(1_000).unwrap_or(0)),
        At::Cron { expression, zone } => format!("{expression} ({zone})"),
        At::After { flow, always: true } => format!("after {flow}, however it ends"),
        At::After { flow, always: false } => format!("after {flow} is done"),
    }
}

fn cron(expression: &str) -> Option<Cron> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(expression).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(expression: &str, zone: &str) -> At {
        At::Cron { expression: expression.to_owned(), zone: zone.to_owned() }
    }

    fn ms(instant: &str) -> i64 {
        time::parse_datetime(instant).unwrap().timestamp_millis()
    }

    /// The next times after an instant, in the zone's own clock with its offset.
    fn times(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let tz = time::zone(zone).unwrap();
        next_ten(&at(expression, zone), ms(after))
            .into_iter()
            .take(count)
            .map(|ms| {
                let at = DateTime::<Utc>::from_timestamp_millis(ms).unwrap().with_timezone(&tz);
                at.format("%d %H:%M %z").to_string()
            })
            .collect()
    }

    #[test]
    fn each_day_has_its_run_over_both_clock_changes() {
        let (se, ny) = ("Europe/Stockholm", "America/New_York");
        let table: &[(&str, &str, &str, &[&str])] = &[
            // Before, in and after the hour that is left out in spring.
            (
                "30 1 * * *",
                se,
                "2026-03-28T00:00:00Z",
                &["28 01:30 +0100", "29 01:30 +0100", "30 01:30 +0200"],
            ),
            (
                "30 2 * * *",
                se,
                "2026-03-28T00:00:00Z",
                &["28 02:30 +0100", "29 03:00 +0200", "30 02:30 +0200"],
            ),
            (
                "0 6 * * *",
                se,
                "2026-03-28T00:00:00Z",
                &["28 06:00 +0100", "29 06:00 +0200", "30 06:00 +0200"],
            ),
            (
                "30 2 * * *",
                ny,
                "2026-03-07T06:00:00Z",
                &["07 02:30 -0500", "08 03:00 -0400", "09 02:30 -0400"],
            ),
            (
                "0 6 * * *",
                ny,
                "2026-03-07T06:00:00Z",
                &["07 06:00 -0500", "08 06:00 -0400", "09 06:00 -0400"],
            ),
            // The hour that comes twice in autumn: once.
            (
                "30 2 * * *",
                se,
                "2026-10-24T00:00:00Z",
                &["24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100"],
            ),
            (
                "0 6 * * *",
                se,
                "2026-10-24T00:00:00Z",
                &["24 06:00 +0200", "25 06:00 +0100", "26 06:00 +0100"],
            ),
            (
                "30 1 * * *",
                ny,
                "2026-10-31T04:00:00Z",
                &["31 01:30 -0400", "01 01:30 -0400", "02 01:30 -0500"],
            ),
            (
                "0 6 * * MON-FRI",
                ny,
                "2026-10-30T04:00:00Z",
                &["30 06:00 -0400", "02 06:00 -0500", "03 06:00 -0500"],
            ),
        ];
        for (expression, zone, after, wanted) in table {
            assert_eq!(
                times(expression, zone, after, wanted.len()),
                *wanted,
                "{expression} {zone}"
            );
        }
    }

    #[test]
    fn every_hour_follows_true_time_over_both_clock_changes() {
        for (zone, after) in [
            ("Europe/Stockholm", "2026-03-28T23:30:00Z"),
            ("Europe/Stockholm", "2026-10-24T23:30:00Z"),
            ("America/New_York", "2026-03-08T05:30:00Z"),
            ("America/New_York", "2026-11-01T04:30:00Z"),
        ] {
            let ten = next_ten(&at("0 * * * *", zone), ms(after));
            assert_eq!(ten.len(), 10);
            assert!(ten.windows(2).all(|two| two[1] - two[0] == 3_600_000), "{zone}: {ten:?}");
            let quarters = next_ten(&at("*/15 * * * *", zone), ms(after));
            assert!(quarters.windows(2).all(|two| two[1] - two[0] == 900_000), "{zone}");
        }
    }

    #[test]
    fn of_what_was_missed_the_latest_is_found() {
        let daily = at("0 6 * * *", "Europe/Stockholm");
        let planned = ms("2026-03-20T05:00:00Z");
        assert_eq!(latest(&daily, planned, ms("2026-03-30T12:00:00Z")), ms("2026-03-30T04:00:00Z"));
        assert_eq!(latest(&daily, planned, planned), planned);
        let every = At::Every(600_000);
        assert_eq!(latest(&every, 1_000, 1_000 + 3_599_999), 1_000 + 3_000_000);
        assert_eq!(next(&every, 1_000), Some(601_000));
        assert_eq!(next(&At::After { flow: "order".into(), always: true }, 0), None);
    }
}
