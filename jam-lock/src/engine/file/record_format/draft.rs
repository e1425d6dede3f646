//! The text of a record, drawn up once for those who take a lock at one place.

use std::fmt::{Display, Write};
use std::ops::Range;
use std::time::{Duration, SystemTime};

use super::{CHECK, FIRST, KEYED, MAGIC, ROOM, SINCE, SIZE, TOKEN, check_of, date, fill};
use crate::holder::Holder;
use crate::site::Site;
use crate::this_process::ThisProcess;

/// The first line of a record of a lock that nobody holds.
pub(in super::super) fn free(token: u64) -> [u8; TOKEN.end + 1] {
    let mut line = *b"jam-lock 1 free token                    \n";
    fill(&mut line[TOKEN], token, b' ');
    line
}

/// The record of a lock that `holder` has left abandoned, or died with; `token` is the last one.
pub(in super::super) fn died(holder: &Holder, token: u64, is_keyed: bool) -> Vec<u8> {
    let mut text = format!("{MAGIC}died token {token:19}\n");
    let since = holder.since.and_then(|since| since.duration_since(SystemTime::UNIX_EPOCH).ok());
    if let Some(since) = since {
        line(&mut text, "since", &String::from_utf8_lossy(&date::show(since)));
    }
    let place = holder.file.as_deref().zip(holder.line);
    about(&mut text, holder.function.as_deref(), place);
    if let Some(process) = holder.process {
        line(&mut text, "process", &process);
    }
    from(&mut text, holder.program.as_deref(), holder.host.as_deref());
    if let Some(token) = holder.token {
        line(&mut text, "token", &token);
    }
    let check = finish(&mut text, is_keyed);
    let mut text = text.into_bytes();
    sum_up(&mut text, check);
    text
}

/// The record of those who take a lock at one place, but for what differs each time.
pub(in super::super) struct Draft {
    pub(in super::super) site: Site,
    is_keyed: bool,
    text: Vec<u8>,
    /// The second for which the time is written.
    second: u64,
    /// Where the check stands, which covers what is before its line.
    check: Range<usize>,
}

impl Draft {
    /// The record of holders of this process at `site`, of a keyed name or of a plain one.
    pub(in super::super) fn new(here: &ThisProcess, site: Site, is_keyed: bool) -> Self {
        let mut text = format!("{MAGIC}held token {:19}\nsince     {:27}\n", 0, "");
        about(&mut text, site.function(), site.file().zip(site.line()));
        match here.started {
            Some(started) => {
                line(&mut text, "process", &format_args!("{} started {started}", here.id));
            }
            None => line(&mut text, "process", &here.id),
        }
        from(&mut text, here.program.as_deref(), here.host.as_deref());
        let check = finish(&mut text, is_keyed);
        Self { site, is_keyed, text: text.into_bytes(), second: u64::MAX, check }
    }

    /// The record of one of them.
    pub(in super::super) fn of(&mut self, since: Duration, token: u64) -> &[u8] {
        fill(&mut self.text[TOKEN], token, b' ');
        let time = &mut self.text[SINCE];
        if since.as_secs() != self.second {
            self.second = since.as_secs();
            time.copy_from_slice(&date::show(since));
        }
        fill(&mut time[date::MICROS], since.subsec_micros().into(), b'0');
        sum_up(&mut self.text, self.check.clone());
        &self.text
    }

    /// The record of one of them that has found the lock abandoned by `first`.
    pub(in super::super) fn after(
        &mut self,
        first: &Holder,
        since: Duration,
        token: u64,
    ) -> Vec<u8> {
        let mut text = self.of(since, token).to_owned();
        let died = died(first, token, self.is_keyed);
        let end = died.windows(CHECK.len()).rposition(|it| it == CHECK.as_bytes());
        let start = end.expect("it has a check") + CHECK.len();
        let line = [FIRST.as_bytes(), &died[start..start + 16], b"\n"].concat();
        let behind = self.check.end + 1;
        text[behind..behind + line.len()].copy_from_slice(&line);
        text.extend_from_slice(&died);
        debug_assert_eq!(text.len(), ROOM);
        text
    }
}

fn line(text: &mut String, name: &str, value: &dyn Display) {
    // Writing into a `String` does not fail.
    let _ = writeln!(text, "{name:<9} {value}");
}

fn about(text: &mut String, function: Option<&str>, place: Option<(&str, u32)>) {
    if let Some(function) = function {
        line(text, "function", &plain(function, 80));
    }
    if let Some((file, number)) = place {
        line(text, "place", &format_args!("{}:{number}", plain(file, 150)));
    }
}

fn from(text: &mut String, program: Option<&str>, host: Option<&str>) {
    if let Some(program) = program {
        line(text, "program", &plain(program, 80));
    }
    if let Some(host) = host {
        line(text, "host", &plain(host, 64));
    }
}

/// Adds the last lines, and says where the check is to stand.
fn finish(text: &mut String, is_keyed: bool) -> Range<usize> {
    if is_keyed {
        text.pop();
        text.push_str(KEYED);
    }
    text.push_str(CHECK);
    let check = text.len()..text.len() + 16;
    let _ = writeln!(text, "{:16}", "");
    // Spaces cover what an older record may have left.
    let padding = SIZE - 1 - text.len();
    let _ = writeln!(text, "{:padding$}", "");
    check
}

/// Writes the check of what stands before its line.
fn sum_up(text: &mut [u8], place: Range<usize>) {
    let mut check = check_of(&text[..place.start - CHECK.len()]);
    for digit in text[place].iter_mut().rev() {
        *digit = b"0123456789abcdef"[(check % 16) as usize];
        check /= 16;
    }
}

/// The end of `value`, as far as there is room, without what would break its line.
fn plain(value: &str, room: usize) -> String {
    let mut kept: String = value.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    while kept.len() > room {
        kept.remove(0);
    }
    kept
}

#[cfg(test)]
/// The record of a holder of `here`.
pub(super) fn render(here: &ThisProcess, site: Site, since: Duration, token: u64) -> String {
    String::from_utf8(Draft::new(here, site, false).of(since, token).to_owned()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::super::{Content, Record, TOKEN_LIMIT, is_of_keyed_name};
    use super::*;

    fn record(bytes: &[u8]) -> Record {
        match Content::of(bytes) {
            Content::Record(record) => record,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_draft_serves_for_every_holder_at_its_place() {
        let here = ThisProcess::get();
        let mut draft = Draft::new(&here, Site::here(), false);
        for token in [TOKEN_LIMIT - 1, 7, 1_764_012_371_123_456_789] {
            let record = record(draft.of(Duration::from_micros(token), token));
            let (holder, _) = record.holder.expect("it fits its check");
            assert_eq!((record.token, holder.token()), (Some(token), Some(token)));
        }
    }

    #[test]
    fn what_is_unknown_or_too_long_or_odd_breaks_no_line() {
        let here = ThisProcess {
            id: u32::MAX,
            started: None,
            program: Some("a\nhost evil\n".repeat(50)),
            host: None,
        };
        let text = render(&here, Site::here(), Duration::ZERO, TOKEN_LIMIT - 1);
        assert_eq!(text.len(), SIZE);
        let (holder, started) = record(text.as_bytes()).holder.unwrap();
        assert_eq!((holder.host(), holder.function(), started), (None, None, None));
        assert!(holder.program().unwrap().ends_with("?host evil?"));
    }

    #[test]
    fn the_longest_record_has_room() {
        let long = "é".repeat(1000);
        let here = ThisProcess {
            id: u32::MAX,
            started: Some(u64::MAX),
            program: Some(long.clone()),
            host: Some(long.clone()),
        };
        let function: &'static str = long.leak();
        let site = Site::here().in_function(function);
        let mut draft = Draft::new(&here, site, true);
        let text = draft.of(Duration::from_secs(253_402_300_799), TOKEN_LIMIT - 1);
        assert_eq!(text.len(), SIZE);
        assert!(record(text).holder.is_some());
        assert!(is_of_keyed_name(text));
        let (holder, _) = record(text).holder.unwrap();
        let both = draft.after(&holder, Duration::ZERO, TOKEN_LIMIT - 1);
        assert_eq!(record(&both).died, Some(holder));
    }
}
