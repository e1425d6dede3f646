//! Records are read as they were written, and of what was written in part nobody is named.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::site::Site;
use crate::this_process::ThisProcess;

fn text() -> String {
    let here = ThisProcess {
        id: 4242,
        started: Some(2_522_844),
        program: Some("invoiced".to_owned()),
        host: Some("app1".to_owned()),
    };
    let site = Site::here().in_function("app::on_apply");
    draft::render(
        &here,
        site,
        Duration::from_micros(1_764_012_371_123_456),
        1_764_012_371_123_456_789,
    )
}

fn record(bytes: &[u8]) -> Record {
    match Content::of(bytes) {
        Content::Record(record) => record,
        other => panic!("{other:?}"),
    }
}

/// The record above, released.
fn released() -> String {
    let (text, head) = (text(), free(1_764_012_371_123_456_791));
    format!("{}{}", str::from_utf8(&head).unwrap(), &text[head.len()..])
}

#[test]
fn what_was_written_is_read() {
    let text = text();
    assert_eq!(text.len(), SIZE);
    let record = record(text.as_bytes());
    assert_eq!(record.token, Some(1_764_012_371_123_456_789));
    let (holder, started) = record.holder.unwrap();
    assert_eq!(started, Some(2_522_844));
    let line = holder.line().unwrap();
    assert_eq!(
        holder.to_string(),
        format!("`on_apply` at {}:{line}, invoiced (pid 4242) on app1", file!())
    );
    let since = SystemTime::UNIX_EPOCH + Duration::from_micros(1_764_012_371_123_456);
    assert_eq!(holder.since(), Some(since));
}

#[test]
fn what_has_no_place_is_read_without_one() {
    let site = Site::labelled("sh -c app::backup");
    let mut draft = Draft::new(&ThisProcess::get(), site, true);
    let text = draft.of(Duration::ZERO, 7);
    assert_eq!(text.len(), SIZE);
    let (holder, _) = record(text).holder.unwrap();
    assert_eq!(holder.function(), Some("sh -c app::backup"));
    assert_eq!((holder.file(), holder.line()), (None, None));
}

#[test]
fn a_release_leaves_the_token_and_no_holder() {
    let token = Some(1_764_012_371_123_456_791);
    assert_eq!(record(released().as_bytes()), Record { token, ..Record::default() });
}

#[test]
fn a_keyed_name_is_told_even_after_a_release() {
    let mut draft = Draft::new(&ThisProcess::get(), Site::here(), true);
    let mut text = draft.of(Duration::ZERO, 7).to_owned();
    assert!(is_of_keyed_name(&text) && record(&text).holder.is_some());
    let head = free(9);
    text[..head.len()].copy_from_slice(&head);
    assert!(is_of_keyed_name(&text));
    for other in [self::text(), released(), KEYED.to_owned()] {
        assert!(!is_of_keyed_name(other.as_bytes()), "{other}");
    }
}

fn dead() -> Holder {
    Holder {
        process: Some(7),
        function: Some("save".to_owned()),
        file: Some("src/a.rs".to_owned()),
        line: Some(3),
        since: Some(SystemTime::UNIX_EPOCH + Duration::from_micros(5)),
        token: Some(11),
        ..Holder::default()
    }
}

/// The record of a holder that found the lock abandoned by `first`.
fn after(first: &Holder) -> Vec<u8> {
    let here = ThisProcess::get();
    Draft::new(&here, Site::here(), false).after(first, Duration::ZERO, 13)
}

#[test]
fn a_death_is_read_as_it_was_written_and_is_no_present_holder() {
    for holder in [dead(), Holder::default()] {
        let text = died(&holder, 13, true);
        assert_eq!(text.len(), SIZE);
        let expected = Record { token: Some(13), holder: None, died: Some(holder.clone()) };
        assert_eq!(record(&text), expected);
        let text = after(&holder);
        let found = record(&text);
        assert!(found.holder.is_some());
        assert_eq!((text.len(), found.first_death()), (ROOM, Some(holder)));
    }
}

#[test]
fn a_release_and_a_holder_that_found_nobody_end_the_first_death() {
    let mut text = after(&dead());
    let here = ThisProcess::get();
    let next = Draft::new(&here, Site::here(), false).of(Duration::ZERO, 15).to_owned();
    text[..next.len()].copy_from_slice(&next);
    assert!(record(&text).died.is_none());
    let mut text = after(&dead());
    let head = free(15);
    text[..head.len()].copy_from_slice(&head);
    assert!(record(&text).is_clean());
}

#[test]
fn a_first_death_that_was_not_written_whole_is_one_of_whom_nothing_is_known() {
    let text = after(&dead());
    for torn in [&text[..SIZE], &text[..SIZE + 100], &[&text[..SIZE], &[0; SIZE]].concat()] {
        let found = record(torn);
        assert_eq!((found.holder.is_some(), found.died), (true, Some(Holder::default())));
    }
    // What stands there may be older than the line that it does not fit.
    let older = died(&Holder { token: Some(9), ..dead() }, 9, false);
    let found = record(&[&text[..SIZE], &older].concat());
    assert_eq!(found.died, Some(Holder::default()));
}

#[test]
fn what_was_written_in_part_marks_a_holder_of_whom_nothing_is_known() {
    let text = text();
    for end in [12, 15, 20, 60, 150] {
        let found = record(&text.as_bytes()[..end]);
        assert_eq!(found.first_death(), Some(Holder::default()), "{end} bytes");
    }
    assert!(record(b"jam-lock 1 free").is_clean());
}

#[test]
fn a_file_of_somebody_else_is_told_from_one_that_has_nothing() {
    for nothing in [&b""[..], &[0; 640], &[0; 7]] {
        assert_eq!(Content::of(nothing), Content::Nothing);
    }
    for foreign in [&b"my own notes"[..], b"jam", b"\0jam-lock 1 free"] {
        assert_eq!(Content::of(foreign), Content::Foreign);
    }
}

proptest! {
    #[test]
    fn a_text_of_which_a_part_was_written_names_nobody(
        end in 0..SIZE,
        other in proptest::collection::vec(any::<u8>(), SIZE),
    ) {
        let whole = text().into_bytes();
        let torn = [&whole[..end], &other[end..]].concat();
        let is_padding = end >= text().trim_end().len();
        if let (Content::Record(record), false) = (Content::of(&torn), is_padding) {
            prop_assert!(record.first_death().is_none_or(|it| it == Holder::default()));
        }
    }

    #[test]
    fn any_bytes_are_looked_at_without_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..2 * SIZE),
        head in "(jam-lock 1 (held|free|died) token {0,9}[0-9]{0,20}\n)?",
        lines in "((since|function|place|process|program|host|token|check|first|x)? {0,9}[ -~é]{0,30}\n){0,9}",
    ) {
        let _ = Content::of(&bytes);
        let _ = Content::of(&[head.as_bytes(), lines.as_bytes(), &bytes].concat());
    }
}
