//! Holders in a container of their own, and on its file systems.

use std::fs;
use std::path::Path;
use std::process::Command;

use jam_lock_tests::peers::{self, Peer, container, program};

use super::holder;
use crate::{folder, lock};

#[test]
fn a_process_of_another_namespace_is_named_by_its_number_here() {
    let folder = folder();
    let Some([unshare, options @ ..]) = container() else { return };
    let mut order = Command::new(unshare);
    order.args(options).arg(program()).arg("apply").arg(folder.path()).arg("x");
    let peer = Peer::start_holding(&mut order);
    let record = fs::read_to_string(folder.path().join("called_x.holder")).unwrap();
    assert!(record.contains("\nprocess   1 "), "{record}");

    let holder = holder(&lock(folder.path(), "called_x")).unwrap();
    assert_eq!(holder.function(), Some("on_apply"));
    let process = holder.process().unwrap();
    assert_eq!(parent_of(process), Some(peer.id()));
}

/// The process that started `process`.
fn parent_of(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"));
    stat.ok()?.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

#[test]
fn from_another_namespace_nobody_is_named_whose_number_would_be_wrong() {
    let folder = folder();
    let _peer = Peer::applying(folder.path(), "x");
    let Some([unshare, options @ ..]) = container() else { return };
    let mut order = Command::new(unshare);
    order.args(options).arg(program()).arg("try").arg(folder.path()).arg("called_x");
    let text = peers::said(&peers::run(&mut order));
    assert!(text.ends_with("the timeout is 0"), "{text}");
}

#[test]
fn a_holder_on_an_overlay_is_named_with_its_line() {
    let folder = folder();
    // Of two file systems, so that the kernel lists another device than that of the file.
    let script = "mount -t tmpfs tmpfs \"$1\" && cd \"$1\" && mkdir other upper work locks && \
                  mount -t tmpfs tmpfs other && mkdir other/lower && \
                  mount -t overlay -o lowerdir=other/lower,upperdir=upper,workdir=work o locks && \
                  mkfifo in out || exit 1
                  \"$0\" hold locks x < in > out & exec 3> in 4< out; read -r said <&4
                  echo \"$said\"; for n in 1 2 3 4 5; do \"$0\" try locks x; done; exec 3>&-; wait";
    let mut order = Command::new("unshare");
    order
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .arg(program())
        .arg(folder.path());
    let output = peers::run(&mut order);
    let answer = peers::said(&output);
    let Some(tries) = answer.strip_prefix("held\n") else {
        return peers::skip(&format!("no overlay can be mounted here: {answer}"));
    };
    assert!(tries.contains(" at tests/support/peer.rs:"), "{answer}");
}
