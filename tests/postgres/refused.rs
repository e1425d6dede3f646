//! Servers whose locks would not hold are refused when the locks are opened, with a remedy.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use jam_lock_tests::LONG;

use super::*;

fn refusal(url: &str) -> String {
    let error = Locks::connect(url).expect_err("it is refused");
    assert!(!error.is_timeout());
    error.to_string()
}

#[test]
fn a_standby() {
    let Some(server) = Server::start_with("wal_level = replica\nmax_wal_senders = 4") else {
        return;
    };
    let Some(standby) = server.standby() else { return };
    let text = refusal(&standby.url());
    assert!(text.contains("target_session_attrs=read-write"), "{text}");
}

#[test]
fn a_standby_that_the_url_leads_to_later() {
    let Some(primary) = Server::start_with("wal_level = replica\nmax_wal_senders = 4") else {
        return;
    };
    drop(locks(&primary.url()));
    let Some(standby) = primary.standby() else { return };
    let locks = locks(&either(&primary, &standby));
    primary.stop();
    for lock in [locks.lock(lock_name("a")), locks.lock(lock_name("a")).shared()] {
        let text = lock.acquire().unwrap_err().to_string();
        assert!(text.contains("target_session_attrs=read-write"), "{text}");
    }
}

#[test]
fn another_server_that_the_url_leads_to_later() {
    let (Some(first), Some(other)) = (Server::start(), Server::start_unrelated()) else {
        return;
    };
    for server in [&first, &other] {
        drop(locks(&server.url()));
    }
    let locks = locks(&either(&first, &other));
    first.stop();
    let text = locks.lock(lock_name("a")).acquire().unwrap_err().to_string();
    assert!(text.contains("different server"), "{text}");
    // The first server works again after a restart.
    first.restart();
    drop(locks.lock(lock_name("a")).acquire().unwrap());
}

#[test]
fn a_former_primary_that_the_url_leads_to_later() {
    let Some(primary) = Server::start_with("wal_level = replica\nmax_wal_senders = 4") else {
        return;
    };
    drop(locks(&primary.url()));
    let Some(standby) = primary.standby() else { return };
    standby.query("SELECT pg_promote()");
    let lock = locks(&either(&standby, &primary)).lock(lock_name("a"));
    let before = lock.acquire().unwrap();
    standby.stop();
    drop(before);
    let text = lock.timeout(LONG).acquire().unwrap_err().to_string();
    assert!(text.contains("former primary"), "{text}");
    standby.restart();
    drop(lock.timeout(LONG).acquire().unwrap());
}

#[test]
fn a_server_without_a_readable_identifier_is_accepted() {
    let Some(server) = Server::start() else { return };
    server.query("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
    server.query("CREATE ROLE guest LOGIN; GRANT CREATE ON SCHEMA public TO guest");
    drop(lock(&server.url().replace("app@", "guest@"), "a").acquire().unwrap());
}

/// A URL of `first`, and of `other` while `first` is down.
fn either(first: &Server, other: &Server) -> String {
    let port = first.port();
    let ports = format!("{port},127.0.0.1:{}", other.port());
    first.url().replace(&port.to_string(), &ports)
}

#[test]
fn a_read_only_role() {
    let Some(server) = Server::shared() else { return };
    server
        .query("CREATE ROLE reads LOGIN; ALTER ROLE reads SET default_transaction_read_only = on");
    let text = refusal(&server.url().replace("app@", "reads@"));
    assert!(text.contains("set default_transaction_read_only = off"), "{text}");
}

#[test]
fn a_role_that_cannot_create_the_table() {
    let Some(server) = Server::start() else { return };
    server.query("CREATE ROLE guest LOGIN");
    let url = server.url().replace("app@", "guest@");
    let text = refusal(&url);
    // The remedy helps.
    let (_, remedy) = text.split_once("have an administrator run: ").expect(&text);
    server.query(remedy);
    drop(lock(&url, "a").acquire().unwrap());
}

#[test]
fn a_server_that_is_down() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = refusal(&format!("postgres://app:secret@127.0.0.1:{port}/postgres"));
    assert!(
        text.starts_with(&format!(
            "cannot connect to the server at postgres://app@127.0.0.1:{port}"
        )),
        "{text}"
    );
    assert!(text.contains("Connection refused") && !text.contains("secret"), "{text}");
}

#[test]
fn a_server_that_hangs_after_its_greeting() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://app@{}/postgres", listener.local_addr().unwrap());
    thread::spawn(move || {
        // Keeps them open.
        let mut clients = Vec::new();
        for mut client in listener.incoming().map_while(Result::ok) {
            let _ = client.read(&mut [0; 1024]);
            // Authentication succeeded, and it is ready for a query.
            client.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").unwrap();
            clients.push(client);
        }
    });
    let text = refusal(&url);
    assert!(text.contains("did not answer within 10 s"), "{text}");
}

#[test]
fn a_database_without_the_language_of_the_wait() {
    let Some(server) = Server::shared() else { return };
    server.query("CREATE DATABASE plain");
    let url = server.url().replace("/postgres", "/plain");
    Admin::connect(&url).query("DROP EXTENSION plpgsql");
    let text = refusal(&url);
    assert!(text.contains("`DO` block"), "{text}");
    let (_, statements) = text.split_once("run: ").expect("there is a remedy");
    Admin::connect(&url).query(statements);
    drop(lock(&url, "a").try_acquire().unwrap());
}

#[test]
fn a_role_that_cannot_create_what_is_missing_beside_the_table() {
    let Some(server) = Server::start() else { return };
    drop(locks(&server.url()));
    server.query("DROP DOMAIN jam_lock_wait; CREATE ROLE modest LOGIN");
    server.query("GRANT SELECT, INSERT, UPDATE, DELETE ON jam_lock TO modest");
    let url = server.url().replace("app@", "modest@");
    let text = refusal(&url);
    let (_, statements) = text.split_once("run: ").expect("there is a remedy");
    server.query(statements);
    drop(lock(&url, "a").try_acquire().unwrap());
}

#[test]
fn a_role_that_cannot_run_what_a_wait_needs() {
    let Some(server) = Server::start() else { return };
    drop(locks(&server.url()));
    server.query("CREATE ROLE modest LOGIN");
    server.query("GRANT SELECT, INSERT, UPDATE, DELETE ON jam_lock TO modest");
    let url = server.url().replace("app@", "modest@");
    for what in [
        "USAGE ON LANGUAGE plpgsql",
        "EXECUTE ON FUNCTION jam_lock_release_snapshot()",
        "EXECUTE ON FUNCTION pg_advisory_lock(bigint)",
    ] {
        server.query(&format!("REVOKE {what} FROM public, modest"));
        let text = refusal(&url);
        let (_, statements) = text.split_once("run: ").expect("there is a remedy");
        server.query(statements);
        drop(locks(&url));
    }
}

#[test]
fn a_domain_of_something_else() {
    let Some(server) = Server::start() else { return };
    drop(locks(&server.url()));
    server.query("DROP DOMAIN jam_lock_wait; CREATE DOMAIN jam_lock_wait AS text");
    let text = refusal(&server.url());
    let (_, statement) = text.split_once("remove it: ").expect("there is a remedy");
    server.query(statement);
    drop(lock(&server.url(), "a").try_acquire().unwrap());
}
