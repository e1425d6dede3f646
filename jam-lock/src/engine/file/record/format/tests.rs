//! Records are parsed as they were written, and a record that was written in part names no holder.

use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::site::Site;
use crate::this_process::ThisProcess;

fn text() -> String {
    let here = ThisProcess {
        id: 4242,
        started: Some(2_522_844),
        boot: Some("3f2c9a1b".to_owned()),
        program: Some("invoiced".to_owned()),
        host: Some("app1".to_owned()),
    };
    let site = Site::here().in_function("app::on_apply");
    template::render(
        &here,
        site,
        Duration::from_micros(1_764_012_371_123_456),
        1_764_012_371_123_456_789,
    )
}

fn record(bytes: &[u8]) -> Record {
    match Content::parse(bytes) {
        Content::Record(record) => record,
        other => panic!("{other:?}"),
    }
}

/// The record above, released.
fn released() -> String {
    let (text, head) = (text(), released_line(1_764_012_371_123_456_791));
    format!("{}{}", str::from_utf8(&head).unwrap(), &text[head.len()..])
}

#[test]
fn a_record_is_parsed_as_it_was_written() {
    let text = text();
    assert_eq!(text.len(), SIZE);
    let record = record(text.as_bytes());
    assert_eq!(record.token, Some(1_764_012_371_123_456_789));
    let (holder, start) = record.holder.unwrap();
    assert_eq!(start, Start { ticks: Some(2_522_844), boot: Some("3f2c9a1b".to_owned()) });
    let line = holder.line().unwrap();
    assert_eq!(
        holder.to_string(),
        format!("`on_apply` at {}:{line}, invoiced (pid 4242) on app1", file!())
    );
    let since = SystemTime::UNIX_EPOCH + Duration::from_micros(1_764_012_371_123_456);
    assert_eq!(holder.since(), Some(since));
}

#[test]
fn a_site_without_a_place_is_parsed_without_one() {
    let site = Site::labelled("sh -c app::backup");
    let mut template = Template::new(&ThisProcess::get(), site, 1, true);
    let text = template.fill(Duration::ZERO, 7);
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
fn the_record_of_a_keyed_name_is_recognized_even_after_a_release() {
    let mut template = Template::new(&ThisProcess::get(), Site::here(), 1, true);
    let mut text = template.fill(Duration::ZERO, 7).to_owned();
    assert!(is_of_keyed_name(&text) && record(&text).holder.is_some());
    let head = released_line(9);
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
fn after_abandonment(first: &Holder) -> Vec<u8> {
    let here = ThisProcess::get();
    Template::new(&here, Site::here(), 1, false).fill_after_abandonment(first, Duration::ZERO, 13)
}

#[test]
fn an_abandonment_is_parsed_as_it_was_written_and_is_no_present_holder() {
    for holder in [dead(), Holder::default()] {
        let text = abandoned_record(&holder, 13, true);
        assert_eq!(text.len(), SIZE);
        let expected =
            Record { token: Some(13), abandoned_by: Some(holder.clone()), ..Record::default() };
        assert_eq!(record(&text), expected);
        let text = after_abandonment(&holder);
        let found = record(&text);
        assert!(found.holder.is_some());
        assert_eq!((text.len(), found.abandoned_by_if_free()), (2 * SIZE, Some(holder)));
    }
}

#[test]
fn a_release_and_a_holder_that_found_no_abandonment_end_the_first_one() {
    let mut text = after_abandonment(&dead());
    let here = ThisProcess::get();
    let next = Template::new(&here, Site::here(), 1, false).fill(Duration::ZERO, 15).to_owned();
    text[..next.len()].copy_from_slice(&next);
    assert!(record(&text).abandoned_by.is_none());
    let mut text = after_abandonment(&dead());
    let head = released_line(15);
    text[..head.len()].copy_from_slice(&head);
    assert!(record(&text).is_clean());
}

#[test]
fn a_first_abandonment_that_was_written_in_part_is_by_an_unknown_holder() {
    let text = after_abandonment(&dead());
    for torn in [&text[..SIZE], &text[..SIZE + 100], &[&text[..SIZE], &[0; SIZE]].concat()] {
        let found = record(torn);
        assert_eq!((found.holder.is_some(), found.abandoned_by), (true, Some(Holder::default())));
    }
    // The second text may be older than the line that it does not fit.
    let older = abandoned_record(&Holder { token: Some(9), ..dead() }, 9, false);
    let found = record(&[&text[..SIZE], &older].concat());
    assert_eq!(found.abandoned_by, Some(Holder::default()));
}

#[test]
fn a_record_that_was_written_in_part_is_the_mark_of_an_unknown_holder() {
    let text = text();
    for end in [12, 15, 20, 60, 150] {
        let found = record(&text.as_bytes()[..end]);
        assert_eq!(found.abandoned_by_if_free(), Some(Holder::default()), "{end} bytes");
    }
    assert!(record(b"jam-lock 1 free").is_clean());
}

/// An earlier form had all its spaces at the end.
#[test]
fn spaces_at_the_ends_of_lines_make_no_difference() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/records");
    let read = |name: String| record(&fs::read(corpus.join(name)).unwrap());
    for name in ["held", "died", "held_after_a_death", "released"] {
        assert_eq!(read(format!("{name}.txt")), read(format!("{name}_padded.txt")));
    }
}

#[test]
fn a_foreign_file_is_distinguished_from_an_empty_one() {
    for empty in [&b""[..], &[0; 640], &[0; 7]] {
        assert_eq!(Content::parse(empty), Content::Empty);
    }
    for foreign in [&b"my own notes"[..], b"jam", b"\0jam-lock 1 free"] {
        assert_eq!(Content::parse(foreign), Content::Foreign);
    }
}

proptest! {
    #[test]
    fn a_text_that_was_written_in_part_names_no_holder(
        end in 0..SIZE,
        other in proptest::collection::vec(any::<u8>(), SIZE),
    ) {
        let whole = text().into_bytes();
        let torn = [&whole[..end], &other[end..]].concat();
        let is_padding = end >= text().trim_end().len();
        if let (Content::Record(record), false) = (Content::parse(&torn), is_padding) {
            prop_assert!(record.abandoned_by_if_free().is_none_or(|it| it == Holder::default()));
        }
    }

    #[test]
    fn any_bytes_are_parsed_without_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..2 * SIZE),
        head in "(jam-lock 1 (held|free|died) token {0,9}[0-9]{0,20}\n)?",
        lines in "((since|function|place|process|program|host|token|check|first|x)? {0,9}[ -~é]{0,30}\n){0,9}",
    ) {
        let _ = Content::parse(&bytes);
        let _ = Content::parse(&[head.as_bytes(), lines.as_bytes(), &bytes].concat());
    }
}
