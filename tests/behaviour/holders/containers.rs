//! Holders inside containers, and on their file systems.

use std::fs;
use std::path::Path;
use std::process::Command;

use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::{printed, run_to_end};
use jam_lock_tests::program::program;
use jam_lock_tests::requirements::{container, skip};

use super::holder;
use crate::{folder, lock};

#[test]
fn a_process_of_another_namespace_is_named_by_its_id_in_this_one() {
    let folder = folder();
    let Some([unshare, options @ ..]) = container() else { return };
    let order = Order::RunKeyedSection { folder: folder.path(), name: "x" };
    let mut command = Command::new(unshare);
    command.args(options).arg(program()).args(order.to_arguments());
    let child = Child::start(&mut command).after("held");
    let record = fs::read_to_string(folder.path().join("called_x.holder")).unwrap();
    assert!(record.contains("\nprocess   1 "), "{record}");

    let holder = holder(&lock(folder.path(), "called_x")).unwrap();
    assert_eq!(holder.function(), Some("on_apply"));
    let process = holder.process().unwrap();
    assert_eq!(parent_of(process), Some(child.id()));
}

/// The process that started `process`.
fn parent_of(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"));
    stat.ok()?.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

#[test]
fn a_holder_outside_the_namespace_is_not_named() {
    let folder = folder();
    let _child = Child::in_section(folder.path(), "x");
    let Some([unshare, options @ ..]) = container() else { return };
    let order = Order::TryAcquire { location: folder.path(), name: "called_x" };
    let mut command = Command::new(unshare);
    command.args(options).arg(program()).args(order.to_arguments());
    let text = printed(&run_to_end(&mut command));
    assert!(text.ends_with("the timeout is 0"), "{text}");
}

#[test]
fn a_holder_on_an_overlay_is_named_with_its_line() {
    let folder = folder();
    // Two file systems, so that the kernel lists another device than that of the file.
    let (location, name) = (Path::new("locks"), "x");
    let script = format!(
        "mount -t tmpfs tmpfs \"$0\" && cd \"$0\" && mkdir other upper work locks && \
         mount -t tmpfs tmpfs other && mkdir other/lower && \
         mount -t overlay -o lowerdir=other/lower,upperdir=upper,workdir=work o locks && \
         mkfifo in out || exit 1
         {hold} < in > out & exec 3> in 4< out; read -r line <&4
         echo \"$line\"; for n in 1 2 3 4 5; do {try_acquire}; done; exec 3>&-; wait",
        hold = Order::Hold { location, name }.shell_command(),
        try_acquire = Order::TryAcquire { location, name }.shell_command(),
    );
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script]).arg(folder.path());
    let output = run_to_end(&mut command);
    let answer = printed(&output);
    let Some(tries) = answer.strip_prefix("held\n") else {
        return skip(&format!("no overlay can be mounted here: {answer}"));
    };
    assert!(tries.contains(" at tests/child/hold.rs:"), "{answer}");
}
