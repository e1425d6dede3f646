//! Whatever stands in a record file, it is looked at without a panic, and tells of nobody but who
//! wrote it. Inputs are made of those in `corpus/records`; one that has failed once belongs there.

use std::collections::HashSet;
use std::path::Path;
use std::{env, fs};

use fastrand::Rng;

use super::{Content, Holder, STATE};

/// How many inputs are made of each in the corpus; `JAM_LOCK_FUZZ` says so too.
const ROUNDS: u64 = 5_000;

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/records");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Who is named by a record.
fn named(bytes: &[u8]) -> Vec<String> {
    let Content::Record(record) = Content::of(bytes) else { return Vec::new() };
    let holder = record.holder.map(|(holder, _)| holder);
    let somebody = holder.into_iter().chain(record.died).filter(|it| *it != Holder::default());
    // The first line is written anew at a release, so the check cannot cover all of it.
    somebody.map(|holder| format!("{:?}", Holder { token: None, ..holder })).collect()
}

/// A record before it said that it was released.
fn as_it_was_written(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_owned();
    if bytes.get(STATE) == Some(b"free") {
        bytes[STATE].copy_from_slice(b"held");
    }
    bytes
}

/// The same with some bytes changed, left out, added, or taken from another.
fn changed(bytes: &[u8], other: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_owned();
    for _ in 0..=random.usize(..3) {
        let at = random.usize(..=bytes.len());
        match random.u32(..5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.u8(..)),
            2 => bytes = [&bytes[..at], other.get(at..).unwrap_or_default()].concat(),
            3 => drop(bytes.drain(at..bytes.len().min(at + random.usize(..40)))),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.u8(..)),
        }
    }
    bytes
}

#[test]
fn nobody_is_named_who_did_not_write_the_record() {
    let rounds = env::var("JAM_LOCK_FUZZ").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let corpus = corpus();
    let whole: HashSet<_> =
        corpus.iter().flat_map(|bytes| named(&as_it_was_written(bytes))).collect();
    assert_eq!(whole.len(), 4);
    let mut random = Rng::with_seed(1);
    for bytes in &corpus {
        for _ in 0..rounds {
            let input = changed(bytes, &corpus[random.usize(..corpus.len())], &mut random);
            let is_true = named(&input).iter().all(|holder| whole.contains(holder));
            assert!(is_true, "{}", String::from_utf8_lossy(&input));
        }
    }
}
