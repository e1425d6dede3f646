//! Servers whose locks would not hold are refused when they are opened, with what to do about it.

use super::*;

fn refusal(url: &str) -> String {
    let error = Locks::connect(url).expect_err("it is not fit for locks");
    assert!(!error.is_timeout());
    error.to_string()
}

#[test]
fn one_that_is_only_read() {
    let Some(server) = Server::shared() else { return };
    server.ask("CREATE ROLE reads LOGIN; ALTER ROLE reads SET default_transaction_read_only = on");
    let text = refusal(&server.url().replace("app@", "reads@"));
    assert!(text.contains("set default_transaction_read_only = off"), "{text}");
}

#[test]
fn one_whose_table_may_not_be_made() {
    let Some(server) = Server::start() else { return };
    server.ask("CREATE ROLE guest LOGIN");
    let url = server.url().replace("app@", "guest@");
    let text = refusal(&url);
    assert!(text.contains("CREATE TABLE IF NOT EXISTS jam_lock"), "{text}");
    // What it says is what helps.
    let (_, remedy) = text.split_once("have an administrator run: ").unwrap();
    server.ask(&remedy.replace("TO the role", "TO guest"));
    drop(lock(&url, "a").acquire().unwrap());
}

#[test]
fn one_that_is_not_there() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = refusal(&format!("postgres://app:secret@127.0.0.1:{port}/postgres"));
    assert!(
        text.starts_with(&format!("cannot connect at postgres://app@127.0.0.1:{port}")),
        "{text}"
    );
    assert!(text.contains("Connection refused") && !text.contains("secret"), "{text}");
}

#[test]
fn one_that_should_be_encrypted_and_is_not() {
    let Some(server) = Server::shared() else { return };
    let text = refusal(&format!("{}?sslmode=require", server.url()));
    assert!(text.contains("postgres-tls"), "{text}");
}
