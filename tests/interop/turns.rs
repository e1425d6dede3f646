//! Parties of all kinds at one lock: nothing is lost, and every one of them gets its turns.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use jam_lock_tests::peers::{peer, said};

use crate::folder;
use crate::python::Library;

/// How many turns each process takes.
const TURNS: u32 = 400;

/// What a shell does under flock(1): the same as the others.
const SHELL: &str = r#"
cd "$1"
set -e -C
for turn in $(seq "$3"); do
    flock x.lock sh -e -C -c '
        : > inside
        read value < counter || true
        echo "$0" >> turns
        printf %s $((value + 1)) >| counter
        rm inside' "$2"
done"#;

#[test]
fn of_jam_and_the_newest_filelock_and_flock_1_and_this_library() {
    let (Some(jam), Some(newest)) = (Library::of_jam(), Library::newest()) else { return };
    take_turns(|folder| {
        let file = folder.join("x.lock");
        vec![
            ours(folder, "jam-lock"),
            ours(folder, "jam-lock"),
            jam.counting(&file, "Jam.py", TURNS),
            jam.counting(&file, "Jam.py", TURNS),
            newest.counting(&file, "filelock", TURNS),
            newest.counting(&file, "filelock", TURNS),
            flock_1(folder, "flock(1)"),
            flock_1(folder, "flock(1)"),
        ]
    });
}

#[test]
fn of_a_filelock_that_removes_the_file_and_the_newest_and_this_library() {
    let (Some(removes), Some(newest)) = (Library::that_removes(), Library::newest()) else {
        return;
    };
    take_turns(|folder| {
        let file = folder.join("x.lock");
        vec![
            ours(folder, "jam-lock"),
            ours(folder, "jam-lock"),
            ours(folder, "jam-lock"),
            removes.counting(&file, "filelock 3.25", TURNS),
            removes.counting(&file, "filelock 3.25", TURNS),
            removes.counting(&file, "filelock 3.25", TURNS),
            newest.counting(&file, "filelock", TURNS),
            newest.counting(&file, "filelock", TURNS),
        ]
    });
}

/// Has the processes take their turns; `JAM_LOCK_RUNS` says how often, once without it.
fn take_turns(processes: impl Fn(&Path) -> Vec<Command>) {
    let runs = env::var("JAM_LOCK_RUNS").map_or(1, |runs| runs.parse().expect("a number"));
    for run in 0..runs {
        let folder = folder();
        fs::write(folder.path().join("counter"), "0").unwrap();
        fs::write(folder.path().join("turns"), "").unwrap();
        let mut orders = processes(folder.path());
        let expected = orders.len() * TURNS as usize;
        let running: Vec<_> = orders
            .iter_mut()
            .map(|order| order.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
            .collect();
        for process in running {
            let output = process.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
        }
        let counter = fs::read_to_string(folder.path().join("counter")).unwrap();
        assert_eq!(counter, expected.to_string());
        report(run, &fs::read_to_string(folder.path().join("turns")).unwrap());
    }
}

fn report(run: u32, turns: &str) {
    let turns: Vec<_> = turns.lines().collect();
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, party) in turns.iter().enumerate() {
        places.entry(party).or_default().push(place);
    }
    for (party, places) in places {
        let gap = places.windows(2).map(|two| two[1] - two[0]).max();
        println!(
            "run {run}: {party}: {} turns, the first {}, the last {}, longest gap {gap:?}",
            places.len(),
            places[0],
            places[places.len() - 1]
        );
    }
}

fn ours(folder: &Path, party: &str) -> Command {
    let mut order = peer();
    order.arg("take turns").arg(folder).args(["x", party, &TURNS.to_string()]);
    order
}

fn flock_1(folder: &Path, party: &str) -> Command {
    let mut order = Command::new("sh");
    order.args(["-c", SHELL, "sh"]).arg(folder).args([party, &TURNS.to_string()]);
    order
}
