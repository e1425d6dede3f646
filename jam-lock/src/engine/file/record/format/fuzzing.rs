//! Whatever is in a record file, it is parsed without a panic, and only names the holder that wrote
//! it. The inputs are variations of those in `corpus/records`; one that has failed belongs there.

use std::collections::HashSet;
use std::path::Path;
use std::{env, fs};

use fastrand::Rng;

use super::{Content, Holder, STATE};

/// How many variations are made of each input in the corpus; `JAM_LOCK_FUZZ` overrides it.
const ROUNDS: u64 = 5_000;

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/records");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The holders that a record names.
fn named(bytes: &[u8]) -> Vec<String> {
    let Content::Record(record) = Content::parse(bytes) else { return Vec::new() };
    let holder = record.holder.map(|(holder, _)| holder);
    let holders =
        holder.into_iter().chain(record.abandoned_by).filter(|it| *it != Holder::default());
    // A release overwrites the first line, so the check does not protect its token.
    holders.map(|holder| format!("{:?}", Holder { token: None, ..holder })).collect()
}

/// A record as it was before the lock was released.
fn before_release(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_owned();
    if bytes.get(STATE) == Some(b"free") {
        bytes[STATE].copy_from_slice(b"held");
    }
    bytes
}

/// `bytes` with some of them changed, removed, added, or taken from `other`.
pub(super) fn vary(bytes: &[u8], other: &[u8], random: &mut Rng) -> Vec<u8> {
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
fn only_a_holder_that_wrote_the_record_is_named() {
    let rounds = env::var("JAM_LOCK_FUZZ").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let corpus = corpus();
    let whole: HashSet<_> = corpus.iter().flat_map(|bytes| named(&before_release(bytes))).collect();
    assert_eq!(whole.len(), 4);
    let mut random = Rng::with_seed(1);
    for bytes in &corpus {
        for _ in 0..rounds {
            let input = vary(bytes, &corpus[random.usize(..corpus.len())], &mut random);
            let is_true = named(&input).iter().all(|holder| whole.contains(holder));
            assert!(is_true, "{}", String::from_utf8_lossy(&input));
        }
    }
}
