//! Times in the format of RFC 3339, in UTC: `2025-11-24T19:26:11.123456Z`.

use std::fmt;
use std::ops::Range;
use std::time::{Duration, SystemTime};

const DAY: u64 = 86_400;

/// The end of the last year that has four digits.
const LATEST: Duration = Duration::from_secs(253_402_300_799);

/// Where a formatted time has its microseconds.
pub(crate) const MICROS: Range<usize> = 20..26;

/// Formats a time since 1970.
pub(crate) fn format(time: Duration) -> [u8; 27] {
    let seconds = time.as_secs();
    let (year, month, day) = date_of(seconds / DAY);
    let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let micros = u64::from(time.subsec_micros());
    let numbers = [(0..4, year), (5..7, month), (8..10, day), (11..13, hour), (14..16, minute)];
    for (place, number) in numbers.into_iter().chain([(17..19, second), (MICROS, micros)]) {
        write_number(&mut text[place], number, b'0');
    }
    text
}

/// Parses what `format` returns, and nothing else.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, micros) = time.split_once('.')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let [micros] = numbers(micros, '.')?;
    let is_date = (1970..=9999).contains(&year) && (1..=12).contains(&month);
    let is_time = hour < 24 && minute < 60 && second < 60 && micros < 1_000_000;
    if !is_date || !is_time || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let in_year: u64 = (1..month).map(|month| days_in(year, month)).sum();
    let days = days_before_year(year) + in_year + day - 1;
    let seconds = days * DAY + hour * 3600 + minute * 60 + second;
    Some(Duration::from_secs(seconds) + Duration::from_micros(micros))
}

/// Displays a time without the fraction of its second.
pub(crate) struct Seconds(pub(crate) SystemTime);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let text = format(time.min(LATEST));
        write!(f, "{}Z", String::from_utf8_lossy(&text[..MICROS.start - 1]))
    }
}

/// Writes the last digits of `number` to the end of `field`, and `padding` in front of them.
pub(crate) fn write_number(field: &mut [u8], mut number: u64, padding: u8) {
    for (at, digit) in field.iter_mut().rev().enumerate() {
        let is_digit = at == 0 || number > 0;
        *digit = if is_digit { b'0' + (number % 10) as u8 } else { padding };
        number /= 10;
    }
}

fn numbers<const N: usize>(text: &str, separator: char) -> Option<[u64; N]> {
    let numbers: Option<Vec<u64>> = text.split(separator).map(|part| part.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// The year, the month and the day that begin `days` days after 1970 began.
fn date_of(days: u64) -> (u64, u64, u64) {
    // No year is longer than 366 days, so this one is not too late.
    let mut year = 1970 + days / 366;
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    let mut month = 1;
    let mut day = days - days_before_year(year) + 1;
    while day > days_in(year, month) {
        day -= days_in(year, month);
        month += 1;
    }
    (year, month, day)
}

/// The number of days from 1970 to the start of `year`.
fn days_before_year(year: u64) -> u64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400;
    (year - 1970) * 365 + leap_days - 477
}

fn days_in(year: u64, month: u64) -> u64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn formatted(time: Duration) -> String {
        String::from_utf8(format(time).to_vec()).unwrap()
    }

    #[test]
    fn known_dates_are_formatted_correctly() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (1_764_012_371, "2025-11-24T19:26:11.000000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
        ] {
            assert_eq!(formatted(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn other_text_is_not_parsed() {
        for text in [
            "",
            "Z",
            "2025-11-24",
            "1969-12-31T23:59:59.000000Z",
            "2025-02-29T00:00:00.000000Z",
            "2025-13-01T00:00:00.000000Z",
            "2025-11-24T24:00:00.000000Z",
            "2025-11-24T19:26:11.1234567Z",
            "2025-11-24T19:26:11Z",
            "99999999999999-11-24T19:26:11.123456Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_formatted_time_is_parsed(micros in 0_u64..253_402_300_800_000_000) {
            let time = Duration::from_micros(micros);
            prop_assert_eq!(parse(&formatted(time)), Some(time));
        }
    }
}
