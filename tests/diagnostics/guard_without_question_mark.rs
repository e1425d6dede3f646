#![deny(unused_must_use)]

use jam_lock::Lock;

fn save(lock: &Lock) {
    lock.acquire();
    lock.try_acquire();
}

async fn save_async(lock: &Lock) {
    lock.acquire_async();
}

fn main() {}
