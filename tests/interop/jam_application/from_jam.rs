//! `examples/from_jam`: its handler in Python, and the one in Rust that replaces it.

use std::fs;
use std::path::Path;
use std::thread;

use jam_lock_tests::observe::{blocked_on, wait_until};
use jam_lock_tests::output::printed;
use jam_lock_tests::program::example;

use super::Application;
use crate::lock;

/// How often a track is sold after so many calls of the handler in Rust.
fn apply_in_rust(application: &Application, times: u32) -> u32 {
    let mut command = example("from_jam");
    command.arg(application.folder()).args(["1", &times.to_string()]);
    let output = command.output().expect("it was built");
    assert!(output.status.success(), "{}", printed(&output));
    let text = printed(&output);
    let times = text.strip_prefix("track 1 was sold ").and_then(|text| text.strip_suffix(" times"));
    times.expect("it prints how often").parse().expect("a number")
}

/// How often the track is sold.
fn sold(application: &Application) -> u32 {
    apply_in_rust(application, 0)
}

/// Calls the handler in Python.
fn apply_in_python(application: &Application, times: u32) {
    assert_eq!(application.call("apply", &format!("[1, {times}]")), r#""applied""#);
}

/// Waits until Jam.py waits for the lock: it truncates the file with each attempt.
fn until_python_waits(file: &Path) {
    fs::write(file, "full").unwrap();
    wait_until("Jam.py tries the lock", || fs::read(file).unwrap().is_empty());
}

#[test]
fn the_handler_in_python_waits_for_the_lock_in_rust() {
    let Some(application) = Application::start() else { return };
    let locks = application.folder().join("locks");
    let guard = lock(&locks, "invoice_saved").acquire().unwrap();
    let before = sold(&application);
    thread::scope(|scope| {
        let python = scope.spawn(|| apply_in_python(&application, 1));
        until_python_waits(&locks.join("invoice_saved.lock"));
        assert_eq!(sold(&application), before);
        drop(guard);
        python.join().unwrap();
    });
    assert_eq!(sold(&application), before + 1);
}

#[test]
fn no_sale_is_lost_if_both_of_them_sell() {
    const TIMES: u32 = 40;
    let Some(application) = Application::start() else { return };
    // The first call loads the application, and calls during that time are answered differently.
    apply_in_python(&application, 0);
    let before = sold(&application);
    let locks = application.folder().join("locks");
    let guard = lock(&locks, "invoice_saved").acquire().unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| apply_in_python(&application, TIMES));
            scope.spawn(|| apply_in_rust(&application, TIMES));
        }
        // So that they sell at the same time.
        let file = locks.join("invoice_saved.lock");
        wait_until("two in Rust wait", || blocked_on(&file) == 2);
        until_python_waits(&file);
        drop(guard);
    });
    assert_eq!(sold(&application), before + 4 * TIMES);
}
