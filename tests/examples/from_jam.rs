//! `examples/from_jam`: a handler of Jam.py in Rust. `interop` tests it together with the one in Python.

use std::path::Path;
use std::process::Stdio;

use jam_lock::{LockName, Locks};
use jam_lock_tests::observe::{blocked_on, wait_until};
use jam_lock_tests::output::printed;

use super::{example, folder, run};

/// Sells a track so many times, and returns how often it is sold by then.
fn sold(application: &Path, times: u32) -> u32 {
    let output = run(example("from_jam", application).args([".", "1", &times.to_string()]), "");
    assert!(output.status.success(), "{}", printed(&output));
    let text = printed(&output);
    let times = text.strip_prefix("track 1 was sold ").and_then(|text| text.strip_suffix(" times"));
    times.expect("it prints how often").parse().expect("a number")
}

#[test]
fn no_sale_is_lost_if_several_processes_sell() {
    const TIMES: u32 = 50;
    let folder = folder();
    let mut invoices = example("invoices", folder.path());
    invoices.args(["--in-place", "--database", "demo.sqlite", "--locks", "locks"]);
    assert!(run(invoices.args(["--workers", "1", "--invoices", "1"]), "").status.success());

    let before = sold(folder.path(), 0);
    let locks = folder.path().join("locks");
    let lock = Locks::open(&locks).unwrap().lock(LockName::new("invoice_saved").unwrap());
    let guard = lock.acquire().unwrap();
    let sell = || {
        let mut command = example("from_jam", folder.path());
        command.args([".", "1", &TIMES.to_string()]).stdout(Stdio::null());
        command.spawn().expect("it was built")
    };
    let sellers = [sell(), sell(), sell()];
    // So that they sell at the same time.
    wait_until("three wait", || blocked_on(&locks.join("invoice_saved.lock")) == 3);
    drop(guard);
    for mut seller in sellers {
        assert!(seller.wait().unwrap().success());
    }
    assert_eq!(sold(folder.path(), 0), before + 3 * TIMES);
}
