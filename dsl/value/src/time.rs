//! Dates, instants and durations as texts.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, SecondsFormat, TimeZone};
use chrono_tz::Tz;

/// `2026-11-24T08:00:00+01:00`, with `Z` for UTC and a fraction only where there is one.
#[must_use]
pub fn format_datetime(at: &DateTime<FixedOffset>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Reads an RFC 3339 instant.
#[must_use]
pub fn parse_datetime(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}

/// Adds a day as `2026-11-24` to a text. Years outside 0 to 9999 carry their sign.
pub fn write_date(date: NaiveDate, out: &mut String) {
    // Writing into a text does not fail.
    let _ = match u32::try_from(date.year()) {
        Ok(year) if year <= 9999 => {
            write!(out, "{year:04}-{:02}-{:02}", date.month(), date.day())
        }
        _ => write!(out, "{}", date.format("%Y-%m-%d")),
    };
}

/// Reads `2026-11-24`.
#[must_use]
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// The zone of that IANA name, such as `Europe/Stockholm`.
#[must_use]
pub fn zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// The calendar day of an instant in a zone.
#[must_use]
pub fn day_in(at: &DateTime<FixedOffset>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// The same instant as clocks show it in a zone.
#[must_use]
pub fn in_zone(at: &DateTime<FixedOffset>, zone: Tz) -> DateTime<FixedOffset> {
    at.with_timezone(&zone).fixed_offset()
}

/// An instant from milliseconds since 1970 (UTC); `None` outside the calendar.
#[must_use]
pub fn from_millis(ms: i64) -> Option<DateTime<FixedOffset>> {
    Some(chrono::Utc.timestamp_millis_opt(ms).single()?.fixed_offset())
}

/// The units a duration is written in, longest first, in milliseconds.
const UNITS: [(&str, i64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads `5s`, `2m`, `1h30m`, `250ms`, `45d` into milliseconds.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut total = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at_checked(letters)?;
        let (_, ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*ms)?)?;
        rest = after;
    }
    Some(total)
}

/// Writes milliseconds the way [`parse_duration`] reads them, longest unit first.
#[must_use]
pub fn format_duration(ms: i64) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut rest = ms.unsigned_abs();
    let mut out = String::new();
    if ms < 0 {
        out.push('-');
    }
    for (name, size) in UNITS {
        let size = size.unsigned_abs();
        let count = rest / size;
        rest %= size;
        if count > 0 {
            out.push_str(&format!("{count}{name}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_back_as_written() {
        for text in ["5s", "2m", "1h30m", "250ms", "6w3d", "1s1ms"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        for text in ["", "5", "s", "5 s", "5x", "-5s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_depends_on_the_zone() {
        let at = parse_datetime("2026-03-31T23:30:00Z").unwrap();
        assert_eq!(
            day_in(&at, zone("Europe/Stockholm").unwrap()),
            parse_date("2026-04-01").unwrap()
        );
        assert_eq!(
            day_in(&at, zone("America/New_York").unwrap()),
            parse_date("2026-03-31").unwrap()
        );
    }
}
