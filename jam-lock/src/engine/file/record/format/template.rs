//! [`Template`]: the text of a record, prepared once for all acquisitions at one call site.

use std::fmt::{Display, Write};
use std::ops::Range;
use std::time::{Duration, SystemTime};

use super::{CHECK, FIRST, KEYED, MAGIC, RELEASED_SIZE, SINCE, SIZE, TOKEN, check_of};
use crate::holder::Holder;
use crate::site::Site;
use crate::this_process::ThisProcess;
use crate::utc::{self, write_number};

/// The width to which spaces fill up a line, as wide as most terminals.
const WIDTH: usize = 79;

/// The length of a check.
const DIGITS: usize = 16;

/// The length of the line with the check of the second text; room for it is kept after the check of
/// the first text.
const FIRST_LINE: usize = 1 + FIRST.len() + DIGITS;

/// The first line of the record of a lock that is free.
pub(in super::super) fn released_line(token: u64) -> [u8; RELEASED_SIZE] {
    let mut line = *b"jam-lock 1 free token                    \n";
    write_number(&mut line[TOKEN], token, b' ');
    line
}

/// The record of a lock that `holder` abandoned; `token` is the last one.
pub(in super::super) fn abandoned_record(holder: &Holder, token: u64, is_keyed: bool) -> Vec<u8> {
    let mut text = format!("{MAGIC}died token {token:19}\n");
    let since = holder.since.and_then(|since| since.duration_since(SystemTime::UNIX_EPOCH).ok());
    if let Some(since) = since {
        push_line(&mut text, "since", &String::from_utf8_lossy(&utc::format(since)));
    }
    push_site(&mut text, holder.function.as_deref(), holder.file.as_deref().zip(holder.line));
    if let Some(process) = holder.process {
        push_line(&mut text, "process", &process);
    }
    push_program(&mut text, holder.program.as_deref(), holder.host.as_deref());
    if let Some(token) = holder.token {
        push_line(&mut text, "token", &token);
    }
    let (mut text, check) = fill_up(text, is_keyed);
    write_check(&mut text, check);
    text
}

/// The record of a holder at one call site, except for what differs each time.
pub(in super::super) struct Template {
    pub(in super::super) site: Site,
    pub(in super::super) permits: u16,
    is_keyed: bool,
    text: Vec<u8>,
    /// The second of the time in the text.
    second: u64,
    /// Where the text has the check, which covers the lines before it.
    check: Range<usize>,
}

impl Template {
    /// The record of holders in this process at `site`, for a keyed name or a plain one with this many
    /// permits.
    pub(in super::super) fn new(
        here: &ThisProcess,
        site: Site,
        permits: u16,
        is_keyed: bool,
    ) -> Self {
        let mut text = format!("{MAGIC}held token {:19}\nsince     {:27}\n", 0, "");
        push_site(&mut text, site.function(), site.file().zip(site.line()));
        match here.started {
            Some(started) => {
                push_line(&mut text, "process", &format_args!("{} started {started}", here.id));
            }
            None => push_line(&mut text, "process", &here.id),
        }
        if let Some(boot) = &here.boot {
            push_line(&mut text, "boot", boot);
        }
        push_program(&mut text, here.program.as_deref(), here.host.as_deref());
        if permits > 1 {
            push_line(&mut text, "permits", &permits);
        }
        let (text, check) = fill_up(text, is_keyed);
        Self { site, permits, is_keyed, text, second: u64::MAX, check }
    }

    /// The record of one holder.
    pub(in super::super) fn fill(&mut self, since: Duration, token: u64) -> &[u8] {
        write_number(&mut self.text[TOKEN], token, b' ');
        let time = &mut self.text[SINCE];
        if since.as_secs() != self.second {
            self.second = since.as_secs();
            time.copy_from_slice(&utc::format(since));
        }
        write_number(&mut time[utc::MICROS], since.subsec_micros().into(), b'0');
        write_check(&mut self.text, self.check.clone());
        &self.text
    }

    /// The record of one holder, followed by that of `first`, the holder that abandoned the lock.
    pub(in super::super) fn fill_after_abandonment(
        &mut self,
        first: &Holder,
        since: Duration,
        token: u64,
    ) -> Vec<u8> {
        let mut text = self.fill(since, token).to_owned();
        let second = abandoned_record(first, token, self.is_keyed);
        let end = second.windows(CHECK.len()).rposition(|bytes| bytes == CHECK.as_bytes());
        let start = end.expect("it has a check") + CHECK.len();
        let line = [b"\n", FIRST.as_bytes(), &second[start..start + DIGITS]].concat();
        text[self.check.end..self.check.end + line.len()].copy_from_slice(&line);
        text.extend_from_slice(&second);
        debug_assert_eq!(text.len(), 2 * SIZE);
        text
    }
}

pub(super) fn push_site(text: &mut String, function: Option<&str>, place: Option<(&str, u32)>) {
    if let Some(function) = function {
        push_line(text, "function", &shorten(function, 80));
    }
    if let Some((file, number)) = place {
        push_line(text, "place", &format_args!("{}:{number}", shorten(file, 142)));
    }
}

pub(super) fn push_program(text: &mut String, program: Option<&str>, host: Option<&str>) {
    if let Some(program) = program {
        push_line(text, "program", &shorten(program, 80));
    }
    if let Some(host) = host {
        push_line(text, "host", &shorten(host, 64));
    }
}

pub(super) fn push_line(text: &mut String, name: &str, value: &dyn Display) {
    // Writing to a `String` does not fail.
    let _ = writeln!(text, "{name:<9} {value}");
}

/// Adds the last lines, and spaces up to the constant size: to the ends of the lines, except for
/// the first one, and only if they are not enough in lines of their own. Returns where the check
/// belongs.
pub(super) fn fill_up(mut text: String, is_keyed: bool) -> (Vec<u8>, Range<usize>) {
    if is_keyed {
        let _ = writeln!(text, "{KEYED}");
    }
    let _ = writeln!(text, "{CHECK}{:1$}", "", DIGITS + FIRST_LINE);
    let mut missing = SIZE - text.len();
    let mut filled = String::with_capacity(SIZE);
    let mut check = 0..0;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with(CHECK) {
            check.start = filled.len() + CHECK.len();
        }
        let spaces = if number == 0 { 0 } else { missing.min(WIDTH.saturating_sub(line.len())) };
        missing -= spaces;
        let _ = writeln!(filled, "{line}{:spaces$}", "");
    }
    check.end = check.start + DIGITS;
    while missing > 0 {
        let spaces = WIDTH.min(missing - 1);
        missing -= spaces + 1;
        let _ = writeln!(filled, "{:spaces$}", "");
    }
    (filled.into_bytes(), check)
}

/// Writes the check of the lines before its own.
pub(super) fn write_check(text: &mut [u8], place: Range<usize>) {
    let mut check = check_of(&text[..place.start - CHECK.len()]);
    for digit in text[place].iter_mut().rev() {
        *digit = b"0123456789abcdef"[(check % 16) as usize];
        check /= 16;
    }
}

/// The last bytes of `value` that fit, with control characters replaced: a value never breaks its
/// line.
fn shorten(value: &str, max_len: usize) -> String {
    let mut kept: String = value.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    while kept.len() > max_len {
        kept.remove(0);
    }
    kept
}

#[cfg(test)]
/// The record of a holder of `here`.
pub(super) fn render(here: &ThisProcess, site: Site, since: Duration, token: u64) -> String {
    String::from_utf8(Template::new(here, site, 1, false).fill(since, token).to_owned()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::super::{Content, Record, Start, TOKEN_LIMIT, is_of_keyed_name};
    use super::*;

    fn record(bytes: &[u8]) -> Record {
        match Content::parse(bytes) {
            Content::Record(record) => record,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_template_serves_every_holder_at_its_call_site() {
        let here = ThisProcess::get();
        let mut template = Template::new(&here, Site::here(), 1, false);
        for token in [TOKEN_LIMIT - 1, 7, 1_764_012_371_123_456_789] {
            let record = record(template.fill(Duration::from_micros(token), token));
            let (holder, _) = record.holder.expect("it fits its check");
            assert_eq!((record.token, holder.token()), (Some(token), Some(token)));
        }
    }

    #[test]
    fn values_that_are_unknown_or_too_long_or_odd_break_no_line() {
        let here = ThisProcess {
            id: u32::MAX,
            started: None,
            boot: None,
            program: Some("a\nhost evil\n".repeat(50)),
            host: None,
        };
        let text = render(&here, Site::here(), Duration::ZERO, TOKEN_LIMIT - 1);
        assert_eq!(text.len(), SIZE);
        let (holder, start) = record(text.as_bytes()).holder.unwrap();
        assert_eq!((holder.host(), holder.function(), start), (None, None, Start::default()));
        assert!(holder.program().unwrap().ends_with("?host evil?"));
    }

    #[test]
    fn the_longest_record_fits() {
        let long = "é".repeat(1000);
        let here = ThisProcess {
            id: u32::MAX,
            started: Some(u64::MAX),
            boot: Some("ffffffff".to_owned()),
            program: Some(long.clone()),
            host: Some(long.clone()),
        };
        let function: &'static str = long.leak();
        let site = Site::here().in_function(function);
        let mut template = Template::new(&here, site, 255, true);
        let text = template.fill(Duration::from_secs(253_402_300_799), TOKEN_LIMIT - 1);
        assert_eq!(text.len(), SIZE);
        assert!(record(text).holder.is_some());
        assert!(is_of_keyed_name(text));
        let (holder, _) = record(text).holder.unwrap();
        let both = template.fill_after_abandonment(&holder, Duration::ZERO, TOKEN_LIMIT - 1);
        assert_eq!(record(&both).abandoned_by, Some(holder));
    }

    #[test]
    fn a_record_fills_a_terminal_with_neither_blank_lines_nor_long_ones() {
        let here = ThisProcess {
            id: 4242,
            started: Some(2_522_844),
            boot: Some("3f2c9a1b".to_owned()),
            program: Some("invoiced".to_owned()),
            host: Some("app1".to_owned()),
        };
        let text = render(&here, Site::here().in_function("on_apply"), Duration::ZERO, 7);
        assert!(text.ends_with('\n'));
        let blank = text.lines().filter(|line| line.trim().is_empty()).count();
        assert!(blank <= 1 && text.lines().all(|line| line.len() <= WIDTH), "{text}");
    }
}
