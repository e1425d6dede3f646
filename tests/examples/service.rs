//! `examples/service`: several workers, with data and locks in one PostgreSQL database.

use jam_lock_tests::output::printed;
use jam_lock_tests::postgres::Server;

use super::{example, folder, run};

#[test]
fn every_transfer_is_booked_and_one_worker_settles() {
    let Some(server) = Server::shared() else { return };
    let output = run(example("service", folder().path()).arg(server.url()), "");
    assert!(output.status.success(), "{}", printed(&output));
    let text = printed(&output);
    let (settled, accounts) = text.split_once('\n').expect("it prints more than that");
    assert!(settled.starts_with("settled by worker "), "{text}");
    assert!(settled.ends_with(": 7260 in all"), "{text}");
    // Of 120 transfers of 1, 2, 3, …, each account has every fourth.
    assert_eq!(accounts, "account 1: 1860\naccount 2: 1770\naccount 3: 1800\naccount 4: 1830");
}

/// Takes the lock of an account from its holder as soon as that reads the balance.
const REPLACING: &str = "
    SET search_path TO service_example;
    ALTER TABLE account RENAME TO kept;
    CREATE FUNCTION replace_holders() RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN UPDATE public.jam_lock SET token = token + 1; RETURN true; END $$;
    CREATE VIEW account AS SELECT id, balance FROM kept WHERE replace_holders();
";

#[test]
fn a_worker_that_lost_its_lock_writes_nothing() {
    // A server of its own, because all locks of the database are taken from their holders.
    let Some(server) = Server::start() else { return };
    let folder = folder();
    let service = || {
        let mut command = example("service", folder.path());
        command.arg(server.url());
        command
    };
    assert!(run(&mut service(), "").status.success());
    server.query(REPLACING);
    let worker = run(service().arg("0"), "");
    assert!(!worker.status.success());
    assert!(printed(&worker).contains("another holder has had it since"), "{}", printed(&worker));
    assert_eq!(server.query_one("SELECT sum(balance) FROM service_example.kept"), "7260");
}
