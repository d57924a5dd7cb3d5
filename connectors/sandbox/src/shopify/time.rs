//! Instants as the shop writes and reads them.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Europe::Stockholm;

/// As the GraphQL interface writes it: `2026-01-31T12:00:00Z`.
#[must_use]
pub fn text(ms: i64) -> String {
    instant(ms).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// As a webhook's body writes it, in the shop's zone: `2026-01-31T13:00:00+01:00`.
#[must_use]
pub fn local(ms: i64) -> String {
    instant(ms).with_timezone(&Stockholm).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// As a webhook's header writes it, with nanoseconds.
#[must_use]
pub fn precise(ms: i64) -> String {
    instant(ms).to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// Reads an instant or a day from a filter.
#[must_use]
pub fn read(text: &str) -> Option<i64> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.timestamp_millis());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}

fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::UNIX_EPOCH)
}
