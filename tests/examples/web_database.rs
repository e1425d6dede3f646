//! `examples/web_database`: requests that come at once do not exceed a limit which the handler checks.

use std::thread;

use jam_lock_tests::child::Child;
use jam_lock_tests::http;
use jam_lock_tests::postgres::Server;

use super::{example, folder};

#[test]
fn a_customer_gets_three_orders_however_many_come_at_once() {
    let Some(server) = Server::shared() else { return };
    let folder = folder();
    let mut command = example("web_database", folder.path());
    let mut service = Child::start(command.args([&server.url(), "127.0.0.1:0"]));
    let address = service.next_line();
    let port = address.rsplit_once(':').expect("it prints where it listens").1;
    let port: u16 = port.parse().expect("a port is a number");

    let order = |customer: u32| http::post(port, &format!("/customers/{customer}/orders"), "");
    let mut answers = thread::scope(|scope| {
        let orders: Vec<_> = (0..12).map(|number| scope.spawn(move || order(number % 2))).collect();
        orders.into_iter().map(|order| order.join().unwrap()).collect::<Vec<_>>()
    });
    answers.sort();
    let starting_with = |start: &str| answers.iter().filter(|it| it.starts_with(start)).count();
    assert_eq!(starting_with("HTTP/1.0 200 OK"), 6, "{answers:#?}");
    assert_eq!(starting_with("HTTP/1.0 409 Conflict"), 6, "{answers:#?}");
    for count in 1..=3 {
        let last = format!("\r\n\r\n{count}\n");
        assert_eq!(answers.iter().filter(|it| it.ends_with(&last)).count(), 2, "{answers:#?}");
    }
}
