//! How a holder is shown.

use super::*;

fn known() -> Holder {
    Holder {
        process: Some(4242),
        program: Some("invoiced".to_owned()),
        host: Some("app1".to_owned()),
        function: Some("on_apply".to_owned()),
        file: Some("src/invoices.rs".to_owned()),
        line: Some(42),
        ..Holder::default()
    }
}

#[test]
fn it_is_shown_with_what_is_known() {
    assert_eq!(
        known().to_string(),
        "`on_apply` at src/invoices.rs:42, invoiced (pid 4242) on app1"
    );
    let with_guard = Holder { function: None, ..known() };
    assert_eq!(with_guard.to_string(), "invoiced (pid 4242) on app1 at src/invoices.rs:42");
    let foreign = Holder { function: None, file: None, program: None, ..known() };
    assert_eq!(foreign.to_string(), "pid 4242 on app1");
    let command = Holder { file: None, line: None, ..known() };
    assert_eq!(command.to_string(), "`on_apply`, invoiced (pid 4242) on app1");
    assert_eq!(Holder::default().to_string(), "a process");
    let ancestor = Holder { ancestry: Ancestry::Ancestor, ..known() };
    assert!(ancestor.to_string().ends_with(" on app1, which started this process"));
}

#[test]
fn a_transaction_is_shown_with_the_process_of_the_server() {
    let transaction = Holder { transaction: Some(4711), ..Holder::default() };
    assert_eq!(transaction.to_string(), "a transaction of a process (server process 4711)");
    let (program, host) = (Some("shop".to_owned()), Some("10.0.0.7".to_owned()));
    let known = Holder { program, host, ..transaction };
    assert_eq!(known.to_string(), "a transaction of shop on 10.0.0.7 (server process 4711)");
}

#[test]
fn a_holder_in_this_process_is_shown_as_such() {
    let here = Holder { is_this_process: true, ..known() };
    assert_eq!(here.to_string(), "`on_apply` at src/invoices.rs:42, in this process");
    let with_guard = Holder { function: None, ..here };
    assert_eq!(with_guard.to_string(), "this process at src/invoices.rs:42");
}

#[cfg(target_os = "linux")]
#[test]
fn a_clock_that_was_set_back_gives_no_duration() {
    let since = SystemTime::now() + Duration::from_secs(3600);
    let holder = Holder { since: Some(since), ..known() };
    assert_eq!(holder.seen_now().held_for(), None);
}
