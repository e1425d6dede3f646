//! A length of time on the command line, such as `500ms`, `90s`, `15min`, `1h` or `1d`.

use std::time::Duration;

/// The units, and how many seconds each has; without one, the number is one of seconds.
const UNITS: [(&str, f64); 6] =
    [("ms", 0.001), ("min", 60.0), ("s", 1.0), ("h", 3600.0), ("d", 86_400.0), ("", 1.0)];

/// Parses a number with or without a unit; a time that is too long never ends.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let parsed = UNITS.iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(unit)?.trim_end();
        // Not `inf`, and no sign.
        let is_number = number.starts_with(|first: char| first.is_ascii_digit() || first == '.');
        number.parse::<f64>().ok().filter(|_| is_number).map(|number| number * seconds)
    });
    let seconds = parsed.ok_or("expected a number with a unit, such as 90s, 15min, 1h or 1d")?;
    Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_units_and_other_text_is_refused() {
        for (text, seconds) in [
            ("90s", 90),
            ("15min", 900),
            ("1h", 3600),
            ("1d", 86_400),
            ("0.5 h", 1800),
            ("7", 7),
            ("9000ms", 9),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("1e300d"), Ok(Duration::MAX));
        for text in ["", "h", "1m", "1w", "-1h", "+1h", "nan", "inf", "1h30min"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
