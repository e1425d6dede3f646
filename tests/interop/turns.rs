//! Parties of all kinds share one lock: no update is lost, and each of them gets its turns.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;

use crate::folder;
use crate::python::Library;

/// How many turns each process takes.
const TURNS: u32 = 100;

/// The commands of a shell under flock(1), which do the same as the other parties.
const SHELL: &str = r#"
cd "$1"
set -e -C
echo ready
read go
for turn in $(seq "$3"); do
    flock x.lock sh -e -C -c '
        : > inside
        read value < counter || true
        echo "$0" >> turns
        printf %s $((value + 1)) >| counter
        rm inside' "$2"
done
echo done"#;

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

#[test]
fn of_a_poller_while_processes_of_this_library_leave_no_gap() {
    for library in Library::all() {
        let folder = folder();
        let file = folder.path().join("x.lock");
        let order = Order::AcquireRepeatedly { folder: folder.path(), name: "x" };
        let mut children: Vec<_> = (0..2).map(|_| Child::spawn(&order)).collect();
        for child in &mut children {
            assert_eq!(child.next_line(), "took turns");
        }
        for _ in 0..3 {
            assert_eq!(library.attempt(&file, "120"), "acquired");
        }
        for mut child in children {
            child.send("stop");
            while child.next_line() != "stopped" {}
        }
    }
}

/// Lets the processes take their turns, as often as `JAM_LOCK_RUNS` says, or once.
fn take_turns(processes: impl Fn(&Path) -> Vec<Command>) {
    let runs = env::var("JAM_LOCK_RUNS").map_or(1, |runs| runs.parse().expect("a number"));
    for run in 0..runs {
        let folder = folder();
        fs::write(folder.path().join("counter"), "0").unwrap();
        fs::write(folder.path().join("turns"), "").unwrap();
        let mut commands = processes(folder.path());
        let expected = commands.len() * TURNS as usize;
        let mut children: Vec<_> = commands.iter_mut().map(Child::start).collect();
        for child in &mut children {
            assert_eq!(child.next_line(), "ready");
        }
        for child in &mut children {
            child.send("go");
        }
        for child in &mut children {
            assert_eq!(child.next_line(), "done");
        }
        let counter = fs::read_to_string(folder.path().join("counter")).unwrap();
        assert_eq!(counter, expected.to_string());
        report(run, &fs::read_to_string(folder.path().join("turns")).unwrap());
    }
}

/// Prints for each party which turns it took, and how many of them came before the first party was
/// done.
fn report(run: u32, turns: &str) {
    let turns: Vec<_> = turns.lines().collect();
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, party) in turns.iter().enumerate() {
        places.entry(party).or_default().push(place);
    }
    let through = places.values().map(|places| places[places.len() - 1]).min().unwrap_or_default();
    for (party, places) in places {
        let early = places.iter().filter(|place| **place <= through).count();
        let gap = places.windows(2).map(|two| two[1] - two[0]).max().unwrap_or_default();
        let last = places[places.len() - 1];
        println!(
            "run {run}: {party}: turn {} to {last}, at the most {gap} apart, {early} of {} before \
             one was through",
            places[0],
            places.len()
        );
    }
}

fn ours(folder: &Path, party: &str) -> Command {
    Order::TakeTurns { folder, name: "x", party, times: TURNS as usize }.command()
}

fn flock_1(folder: &Path, party: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", SHELL, "sh"]).arg(folder).args([party, &TURNS.to_string()]);
    command
}
