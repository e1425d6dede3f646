//! The text of a record, drawn up once for those who take a lock at one place.

use std::fmt::{Display, Write};
use std::ops::Range;
use std::time::Duration;

use super::{CHECK, KEYED, MAGIC, SINCE, SIZE, TOKEN, check, date, fill};
use crate::site::Site;
use crate::this_process::ThisProcess;

/// The first line of a record of a lock that nobody holds.
pub(in super::super) fn free(token: u64) -> [u8; TOKEN.end + 1] {
    let mut line = *b"jam-lock 1 free token                    \n";
    fill(&mut line[TOKEN], token, b' ');
    line
}

/// The record of those who take a lock at one place, but for what differs each time.
pub(in super::super) struct Draft {
    pub(in super::super) site: Site,
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
        let mut line = |name: &str, value: &dyn Display| {
            // Writing into a `String` does not fail.
            let _ = writeln!(text, "{name:<9} {value}");
        };
        if let Some(function) = site.function() {
            line("function", &plain(function, 80));
        }
        if let Some((file, number)) = site.place() {
            line("place", &format_args!("{}:{number}", plain(file, 180)));
        }
        match here.started {
            Some(started) => line("process", &format_args!("{} started {started}", here.id)),
            None => line("process", &here.id),
        }
        if let Some(program) = &here.program {
            line("program", &plain(program, 80));
        }
        if let Some(host) = &here.host {
            line("host", &plain(host, 64));
        }
        if is_keyed {
            text.pop();
            text.push_str(KEYED);
        }
        text.push_str(CHECK);
        let check = text.len()..text.len() + 16;
        // Spaces cover what an older record may have left.
        let padding = SIZE - 1 - text.len();
        let _ = writeln!(text, "{:padding$}", "");
        Self { site, text: text.into_bytes(), second: u64::MAX, check }
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
        let mut check = check(&self.text[..self.check.start - CHECK.len()]);
        for digit in self.text[self.check.clone()].iter_mut().rev() {
            *digit = b"0123456789abcdef"[(check % 16) as usize];
            check /= 16;
        }
        &self.text
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
    use super::super::{Record, TOKEN_LIMIT};
    use super::*;

    #[test]
    fn a_draft_serves_for_every_holder_at_its_place() {
        let here = ThisProcess::get();
        let mut draft = Draft::new(&here, Site::here(), false);
        for token in [TOKEN_LIMIT - 1, 7, 1_764_012_371_123_456_789] {
            let record = Record::parse(draft.of(Duration::from_micros(token), token)).unwrap();
            let (holder, _) = record.holder.expect("it fits its check");
            assert_eq!((record.token, holder.token()), (token, Some(token)));
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
        let (holder, started) = Record::parse(text.as_bytes()).unwrap().holder.unwrap();
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
        let site = Site::here().within(function);
        let mut draft = Draft::new(&here, site, true);
        let text = draft.of(Duration::from_secs(253_402_300_799), TOKEN_LIMIT - 1);
        assert_eq!(text.len(), SIZE);
        assert!(Record::parse(text).unwrap().holder.is_some());
        assert!(Record::is_of_keyed_name(text));
    }
}
