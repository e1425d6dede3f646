//! A thread that ends lets the server know first what it has released: a drop only sends a message,
//! and the end of `main` ends the thread that would deliver it. Without that, the next holder would
//! be told that this one has died inside.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use super::driver::Keeper;
use crate::process_id::ProcessId;

thread_local! {
    static SENDERS: RefCell<Senders> = const { RefCell::new(Senders(Vec::new())) };
}

/// Who delivers the messages of a thread.
struct Senders(Vec<(ProcessId, Weak<Keeper>)>);

/// Has this thread, when it ends, wait for what `keeper` has to deliver.
pub(super) fn wait_at_the_end_of_this_thread(keeper: &Arc<Keeper>) {
    if keeper.is_its_thread() {
        return;
    }
    // A thread that has ended already waits for nothing more.
    let _ = SENDERS.try_with(|senders| {
        let senders = &mut senders.borrow_mut().0;
        if !senders.iter().any(|(_, known)| std::ptr::eq(known.as_ptr(), Arc::as_ptr(keeper))) {
            senders.push((ProcessId::current(), Arc::downgrade(keeper)));
        }
    });
}

impl Drop for Senders {
    fn drop(&mut self) {
        for (process, keeper) in &self.0 {
            // A fork has nobody who would deliver anything.
            if let Some(keeper) = keeper.upgrade().filter(|_| process.is_current()) {
                keeper.flush();
            }
        }
    }
}
