use super::super::{Content, abandoned_record};
use super::*;
use crate::engine::file::record::format::template::render;
use crate::engine::file::record::format::waits;
use crate::site::Site;
use crate::this_process::ThisProcess;

const RUN_BEGAN: Duration = Duration::from_micros(1_764_012_371_123_456);

fn run() -> RecordedRun {
    let holder =
        Holder { since: SystemTime::UNIX_EPOCH.checked_add(RUN_BEGAN), ..Holder::default() };
    let holder = Holder {
        function: Some("nightly".to_owned()),
        process: Some(7),
        permits: Some(1),
        ..holder
    };
    let holder = Holder { file: Some("src/jobs.rs".to_owned()), line: Some(42), ..holder };
    RecordedRun { began: RUN_BEGAN, period: Duration::MAX, holder }
}

fn first() -> Vec<u8> {
    render(&ThisProcess::get(), Site::here(), Duration::ZERO, 7).into_bytes()
}

fn after_first(text: &[u8]) -> RunText {
    RunText::of(&[&first(), text].concat())
}

#[test]
fn a_run_is_read_as_it_was_written() {
    let text = text(&run(), 9);
    assert_eq!((text.len(), after_first(&text)), (SIZE, RunText::Run(run())));
    let Content::Record(record) = Content::parse(&[first(), text].concat()) else { panic!() };
    assert_eq!(record.last_run, Some(run()));
}

#[test]
fn the_longest_run_fits() {
    let long = Some("é".repeat(1000));
    let holder =
        Holder { file: long.clone(), host: long.clone(), program: long.clone(), ..run().holder };
    let holder = Holder { function: long, line: Some(u32::MAX), process: Some(u32::MAX), ..holder };
    let text = text(&RecordedRun { holder, ..run() }, u64::MAX / 3);
    assert_eq!(text.len(), SIZE);
    assert!(matches!(after_first(&text), RunText::Run(_)));
}

#[test]
fn other_texts_are_no_last_run() {
    let died = abandoned_record(&Holder::default(), 7, false);
    for text in [&b""[..], &died, b"-", &waits::text(7, &[], "")] {
        assert_eq!(after_first(text), RunText::Absent);
    }
    assert_eq!(after_first(&empty()), RunText::Empty);
    assert_eq!(after_first(&[empty(), died].concat()), RunText::Empty);
}

#[test]
fn a_text_that_was_written_in_part_is_damaged() {
    let text = text(&run(), 9);
    for end in [12, 15, 60, 150, 300] {
        for rest in [&b""[..], &vec![0; SIZE - end], &empty()[end..]] {
            assert_eq!(after_first(&[&text[..end], rest].concat()), RunText::Damaged, "{end}");
        }
    }
    assert_eq!(after_first(&[0; SIZE]), RunText::Damaged);
}
