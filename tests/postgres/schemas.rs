//! A database has one table of locks, whatever the schemas of the roles that use it.

use std::sync::Barrier;
use std::thread;

use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;

use super::*;

/// Where the table is, in each schema that has one.
const TABLES: &str = "SELECT schemaname FROM pg_tables WHERE tablename = 'jam_lock' ORDER BY 1";

/// The URLs of two roles, each with a schema of its own that is its whole `search_path`.
fn two_roles(server: &Server) -> [String; 2] {
    let url = server.namespace();
    ["one", "other"].map(|role| {
        server.query(&format!("CREATE ROLE {role} LOGIN; CREATE SCHEMA AUTHORIZATION {role}"));
        server.query(&format!("ALTER ROLE {role} SET search_path = \"$user\""));
        url.replace("app@", &format!("{role}@"))
    })
}

/// The URLs of two roles that use the table which the first of them has created.
fn two_roles_with_a_table(server: &Server) -> [String; 2] {
    let urls = two_roles(server);
    drop(locks(&urls[0]));
    if let Err(error) = Locks::connect(&urls[1]) {
        run_remedy(server, &error);
    }
    urls
}

/// Runs the statements that a refusal asks an administrator for.
fn run_remedy(server: &Server, error: &LockError) {
    let text = error.to_string();
    let (_, statements) = text.split_once("have an administrator run: ").expect(&text);
    server.query(statements);
}

#[test]
fn tokens_rise_across_roles_with_other_schemas() {
    let Some(server) = Server::start() else { return };
    let urls = two_roles_with_a_table(&server);
    let locks = urls.map(|url| lock(&url, "a"));
    let mut last = 0;
    for lock in locks.iter().cycle().take(20) {
        let token = lock.acquire().unwrap().token();
        assert!(token > last, "{token} follows {last}");
        last = token;
    }
    assert_eq!(server.query(TABLES), ["one"]);
}

#[test]
fn a_holder_replaced_by_a_role_with_another_schema_is_fenced_out() {
    let Some(server) = Server::start() else { return };
    let [one, other] = two_roles_with_a_table(&server);
    let guard = lock(&one, "a").acquire().unwrap();
    let statement = guard.fence_statement().unwrap();
    assert_eq!(server.query(&statement).len(), 1);
    server.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'");
    drop(guard);
    drop(lock(&other, "a").timeout(LONG).acquire().unwrap());
    assert_eq!(server.query(&statement).len(), 0);
}

#[test]
fn a_death_is_reported_to_a_role_with_another_schema() {
    let Some(server) = Server::start() else { return };
    let [one, other] = two_roles_with_a_table(&server);
    let child = Child::holding(&one, "a");
    let process = child.id();
    child.kill();
    let guard = lock(&other, "a").timeout(LONG).acquire().unwrap();
    assert_eq!(guard.abandoned().and_then(Holder::process), Some(process));
}

#[test]
fn roles_that_start_at_once_create_one_table() {
    let Some(server) = Server::start() else { return };
    let urls = two_roles(&server);
    for round in 0..10 {
        server.query("DROP TABLE IF EXISTS one.jam_lock, other.jam_lock");
        let barrier = Barrier::new(urls.len());
        thread::scope(|scope| {
            for url in &urls {
                scope.spawn(|| {
                    barrier.wait();
                    // The later one is refused, because the table is that of the other role.
                    drop(Locks::connect(url));
                });
            }
        });
        assert_eq!(server.query(TABLES).len(), 1, "round {round}");
    }
}

#[test]
fn several_tables_are_refused() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    drop(locks(&url));
    server.query(
        "CREATE SCHEMA \"Shop\"; CREATE TABLE \"Shop\".jam_lock (LIKE jam_lock INCLUDING ALL)",
    );
    let error = Locks::connect(&url).unwrap_err();
    assert!(matches!(error, LockError::Unsupported { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("\"Shop\".jam_lock and public.jam_lock"), "{text}");
    let (_, remedy) = text.split_once("such as with ").expect(&text);
    server.query(remedy);
    drop(lock(&url, "a").acquire().unwrap());
}

#[test]
fn a_table_without_privileges_is_refused_with_the_grants() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    server.query("CREATE SCHEMA \"Locks\"; CREATE ROLE \"Till 1\" LOGIN");
    server.query("ALTER ROLE app SET search_path = \"Locks\"");
    drop(locks(&url));
    let till = url.replace("app@", "Till%201@");
    let error = Locks::connect(&till).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("GRANT USAGE ON SCHEMA \"Locks\" TO \"Till 1\""), "{text}");
    run_remedy(&server, &error);
    drop(lock(&till, "a").acquire().unwrap());
}

#[test]
fn a_role_without_a_search_path_is_refused_with_statements_that_help() {
    let Some(server) = Server::start() else { return };
    server.query("CREATE ROLE guest LOGIN; ALTER ROLE guest SET search_path = ''");
    let url = server.namespace().replace("app@", "guest@");
    let error = Locks::connect(&url).unwrap_err();
    run_remedy(&server, &error);
    drop(lock(&url, "a").acquire().unwrap());
    // Those who have another search path use the same table.
    drop(locks(&server.namespace()));
    assert_eq!(server.query(TABLES), ["jam_lock"]);
}

#[test]
fn the_table_is_created_in_the_first_schema_that_the_role_can_create_in() {
    let Some(server) = Server::start() else { return };
    server.query("CREATE SCHEMA closed; CREATE SCHEMA open; CREATE ROLE guest LOGIN");
    server.query("GRANT USAGE ON SCHEMA closed TO guest; GRANT ALL ON SCHEMA open TO guest");
    server.query("ALTER ROLE guest SET search_path = missing, pg_temp, closed, open, public");
    drop(lock(&server.namespace().replace("app@", "guest@"), "a").acquire().unwrap());
    assert_eq!(server.query(TABLES), ["open"]);
}

#[test]
fn other_relations_of_that_name_are_not_the_table() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    drop(locks(&url));
    server.query(
        "CREATE SCHEMA other; CREATE VIEW other.jam_lock AS SELECT * FROM jam_lock;
        CREATE SCHEMA foreign_table; CREATE TABLE foreign_table.jam_lock (name text);
        ALTER ROLE app SET search_path = other, foreign_table, public",
    );
    let shadowing = server.admin();
    shadowing.query("CREATE TEMP TABLE jam_lock AS SELECT * FROM public.jam_lock");
    let guard = lock(&url, "a").acquire().unwrap();
    let statement = guard.fence_statement().unwrap();
    assert!(statement.contains("FROM public.jam_lock"), "{statement}");
    assert_eq!(shadowing.query(&statement).len(), 1);
}

#[test]
fn a_schema_with_something_else_of_that_name_is_refused_with_statements_that_help() {
    let Some(server) = Server::start() else { return };
    server.query("CREATE TABLE jam_lock (name text)");
    let text = Locks::connect(&server.url()).unwrap_err().to_string();
    let (_, statements) = text.split_once("run: ").expect("there is a remedy");
    server.query(statements);
    drop(lock(&server.url(), "a").acquire().unwrap());
}

#[test]
fn a_table_that_is_moved_is_used_by_programs_that_start_later() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let before = lock(&url, "a");
    let first = before.acquire().unwrap().token();
    server.query("CREATE SCHEMA elsewhere; ALTER TABLE jam_lock SET SCHEMA elsewhere");
    let error = before.acquire().unwrap_err().to_string();
    assert!(error.contains("open the locks again"), "{error}");
    assert!(lock(&url, "a").acquire().unwrap().token() > first);
    wait_until("the failed one holds nothing", || {
        // Besides the lock that each session has of its own.
        let held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1";
        server.query(held).is_empty()
    });
}
