//! Who a timeout says has the lock.

use jam_lock_tests::child::Child;

use super::*;

fn refusal(url: &str) -> String {
    lock(url, "a").try_acquire().expect_err("it is held").to_string()
}

#[test]
fn one_of_another_process() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "a");
    let text = refusal(&url);
    assert!(text.contains(&format!("by child (pid {})", child.id())), "{text}");
    assert!(text.contains("tests/child/hold.rs:"), "{text}");
}

#[test]
fn one_who_is_no_process_of_this_library_is_told_to_a_role_without_privileges() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let stranger = Stranger::of(server, &url, "a");
    stranger.admin.ask("SET application_name = 'nightly report'");
    stranger.take();
    server.ask("CREATE ROLE guest LOGIN; GRANT SELECT, INSERT, UPDATE ON jam_lock TO guest");
    let text = refusal(&url.replace("app@", "guest@"));
    assert!(text.contains("held by nightly report"), "{text}");
}
