//! The holder that a timeout names.

use jam_lock_tests::child::Child;

use super::*;

fn refusal(url: &str) -> String {
    lock(url, "a").try_acquire().expect_err("it is held").to_string()
}

#[test]
fn a_holder_in_another_process_is_named() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "a");
    let text = refusal(&url);
    assert!(text.contains(&format!("by child (pid {})", child.id())), "{text}");
    assert!(text.contains("tests/child/hold.rs:"), "{text}");
}

#[test]
fn an_unprivileged_role_sees_a_holder_outside_this_library() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "a");
    client.admin.query("SET application_name = 'nightly report'");
    client.lock();
    server.query(
        "CREATE ROLE guest LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON jam_lock TO guest",
    );
    let text = refusal(&url.replace("app@", "guest@"));
    assert!(text.contains("held by nightly report"), "{text}");
}
