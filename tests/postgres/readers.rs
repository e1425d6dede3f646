//! Readers of one process, and a writer of another.

use jam_lock_tests::child::Child;
use jam_lock_tests::readers::while_readers_overlap;

use super::*;

#[test]
fn readers_that_overlap_let_a_writer_of_another_process_in() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    while_readers_overlap(&lock(&url, "a"), |_| Child::holding(&url, "a").release());
}
