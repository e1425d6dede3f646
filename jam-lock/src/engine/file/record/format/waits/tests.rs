//! Whatever follows a record, only what its holder has written as a whole is taken for its waits.

use std::env;
use std::time::Duration;

use fastrand::Rng;

use super::super::fuzzing::vary;
use super::super::template::Template;
use super::super::{Content, Record};
use super::*;
use crate::holder::Holder;
use crate::site::Site;
use crate::this_process::ThisProcess;

const TOKEN: u64 = 1_764_012_371_123_456_789;

/// How many variations are made of each file; `JAM_LOCK_FUZZ` overrides it.
const ROUNDS: u64 = 20_000;

fn wait(number: u64, name: &str, location: &str) -> RecordedWait {
    RecordedWait {
        number,
        name: name.to_owned(),
        location: location.to_owned(),
        since: SystemTime::UNIX_EPOCH + Duration::from_micros(1_764_012_401_000_001),
        function: Some("on_apply".to_owned()),
        file: Some("src/invoices.rs".to_owned()),
        line: Some(45),
    }
}

/// Two waits of a task, one of them for a lock of another folder.
fn waits() -> Vec<RecordedWait> {
    vec![wait(7, "stock", "/locks"), wait(8, "über $all", "/srv/other locks")]
}

/// A record without waits, of a holder that found the lock abandoned or not.
fn record(is_abandoned: bool) -> Vec<u8> {
    let mut template = Template::new(&ThisProcess::get(), Site::here(), 1, false);
    if is_abandoned {
        template.fill_after_abandonment(&Holder::default(), Duration::ZERO, TOKEN)
    } else {
        template.fill(Duration::ZERO, TOKEN).to_owned()
    }
}

fn with_waits(record: &[u8]) -> Vec<u8> {
    [record, &text(TOKEN, &waits(), "/locks")].concat()
}

fn parsed(bytes: &[u8]) -> Record {
    match Content::parse(&bytes[..bytes.len().min(MAX_LEN)]) {
        Content::Record(record) => record,
        other => panic!("{other:?}"),
    }
}

#[test]
fn waits_follow_the_record_and_leave_it_as_it_is() {
    for is_abandoned in [false, true] {
        let record = record(is_abandoned);
        let bytes = with_waits(&record);
        assert_eq!(parse(&bytes, TOKEN, "/locks"), waits());
        assert_eq!(parsed(&bytes), parsed(&record));
    }
}

#[test]
fn the_waits_of_an_earlier_holder_do_not_count() {
    assert_eq!(parse(&with_waits(&record(false)), TOKEN + 2, "/locks"), []);
}

#[test]
fn waits_that_are_cut_short_do_not_count() {
    let bytes = with_waits(&record(false));
    for end in SIZE..bytes.len() {
        assert_eq!(parse(&bytes[..end], TOKEN, "/locks"), [], "{end}");
    }
}

#[test]
fn waits_that_do_not_fit_are_left_out() {
    let many: Vec<_> = (0..1000).map(|number| wait(number, "stock", "/locks")).collect();
    let bytes = [record(false), text(TOKEN, &many, "/locks")].concat();
    assert!(bytes.len() <= MAX_FILE);
    let found = parse(&bytes, TOKEN, "/locks");
    assert!(found.len() > 50 && found == many[..found.len()]);
}

#[test]
fn only_waits_that_were_written_are_found() {
    let rounds = env::var("JAM_LOCK_FUZZ").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut random = Rng::with_seed(1);
    let files = [false, true].map(|is_abandoned| with_waits(&record(is_abandoned)));
    for bytes in &files {
        for _ in 0..rounds {
            let input = vary(bytes, &files[random.usize(..files.len())], &mut random);
            let found = parse(&input, TOKEN, "/locks");
            assert!(found.is_empty() || found == waits(), "{}", String::from_utf8_lossy(&input));
        }
    }
}
