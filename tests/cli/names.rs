//! Names that are probably not those that were meant.

use jam_lock_tests::child::try_in_child;
use jam_lock_tests::output::run_to_end;

use crate::pseudo_terminal::Terminal;
use crate::{command, folder, run, stderr, stdout};

#[test]
fn a_name_like_a_used_one_is_pointed_out_on_a_terminal() {
    let folder = folder();
    try_in_child(folder.path(), "nightly");
    let words = [env!("CARGO_BIN_EXE_command"), "--locks", folder.path().to_str().unwrap()];
    let on_terminal = |name| {
        let terminal = Terminal::with(&[&words[..], &["run", name, "echo", "inside"]].concat());
        terminal.shows("inside");
        terminal.screen()
    };
    let screen = on_terminal("nighly");
    assert!(
        screen.contains("lock `nighly` was never used before; did you mean `nightly`?"),
        "{screen}"
    );
    // It exists now, and the other is none of its typing errors.
    for name in ["nighly", "report"] {
        assert!(!on_terminal(name).contains("did you mean"), "{name}");
    }
    // Where nobody is there to read it, a run with a new name prints nothing.
    assert_eq!(stderr(&run(folder.path(), &["nihgtly", "true"])), "");
}

#[test]
fn a_lock_that_was_never_used_can_be_refused() {
    let folder = folder();
    try_in_child(folder.path(), "nightly");
    // A lock file of another program is one as well.
    std::fs::write(folder.path().join("foreign.lock"), "").unwrap();
    let output = run(folder.path(), &["nighly", "--existing", "true"]);
    assert_eq!(output.status.code(), Some(71));
    let text = stderr(&output);
    assert!(text.starts_with("jam-lock: lock `nighly` was never used in /"), "{text}");
    assert!(text.ends_with("; did you mean `nightly`?\n"), "{text}");
    assert!(!folder.path().join("nighly.lock").exists());
    for name in ["nightly", "foreign"] {
        assert!(run(folder.path(), &[name, "--existing", "true"]).status.success());
    }
    let missing = folder.path().join("missing");
    assert_eq!(run(&missing, &["nightly", "--existing", "true"]).status.code(), Some(71));
    assert!(!missing.exists());
}

#[test]
fn a_free_lock_that_was_never_used_may_be_misspelt() {
    let folder = folder();
    for name in ["nightly", "customer_7"] {
        try_in_child(folder.path(), name);
    }
    let who = |name| stdout(&run_to_end(command(folder.path()).args(["who", name])));
    assert!(who("Nigthly").ends_with("; did you mean `nightly`?)\n"));
    // Another customer is no typing error.
    assert!(!who("customer_8").contains("did you mean"));
}

#[test]
fn the_declaration_of_a_keyed_name_is_refused_with_the_spelling_of_one_key() {
    let folder = folder();
    for (declared, one) in
        [("customer_{id}", "`customer_7`"), ("shop_{shop}_{customer_id}", "`shop_7_7`")]
    {
        for arguments in [&["run", declared, "true"][..], &["who", declared]] {
            let output = run_to_end(command(folder.path()).args(arguments));
            assert_eq!(output.status.code(), Some(2));
            assert!(stderr(&output).contains(&format!("one of them, such as {one}")), "{output:?}");
        }
    }
    // Braces without a placeholder are part of a name.
    assert!(run(folder.path(), &["{}", "true"]).status.success());
}
