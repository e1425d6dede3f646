//! Finds owners (threads and tasks) that wait for each other, also across processes.
//!
//! An owner that holds locks as a writer and starts to wait for another one **publishes** its wait, and
//! then **searches**: from the lock that it wants to the holder, to what that waits for, to the holder of
//! that, and so on. If the way leads back to its own wait, there may be a cycle.
//!
//! # Published waits
//! A wait is published at each lock that its owner holds: in the gate, for this process, and in the
//! holder record, for others (`published.rs`). It carries a number that no other wait of the process has,
//! before or after. It is withdrawn before the acquisition returns, however it ends, and before the held
//! lock is released, if another thread does that. So:
//!
//! > While a wait is published at a lock, its owner holds that lock, and is inside an acquisition.
//!
//! A process that is killed leaves its waits behind. So a record counts only if the process that has
//! written it is listed as the holder, and running, *after* the record was read: it lived then, and what it
//! had published was true. It would be listed for longer than that if a child has inherited its lock.
//!
//! # No false deadlock
//! A search may pass a lock and return to a cycle that never existed as a whole. So a cycle counts only if
//! a second look finds the same waits at the same locks, with the same numbers and tokens
//! (`search.rs`). A wait that is published at two instants under one number was published all the time
//! between them. All these times contain the instant between the two looks: the cycle existed then.
//!
//! A wait may be granted and not withdrawn yet. Its owner then holds the lock that it wants, where that
//! wait is not published; nor is another one, because an owner that goes on has withdrawn it. So a way
//! through it ends at that lock.
//!
//! # No missed deadlock
//! A cycle stands until one of its owners gives up. Each owner publishes before it searches, so the one
//! that published last sees all the others. Nothing in the cycle changes any more, so two looks agree. A
//! look that finds a recorded wait whose process is not listed as the holder, because the system's list is
//! incomplete or the process has just acquired the lock, is repeated (`detector.rs`).
//!
//! # Who gives up
//! If several owners close a cycle at once, each of them may see all of it. The one with the greatest wait
//! number, which started to wait last, gives up at once. The others wait a moment, look again, and give up
//! if the cycle still stands. That also ends a cycle whose youngest owner searched before an older one had
//! published its wait.
//!
//! A search ends without a result at readers, at holders that are not recorded, and at other programs.
//! Deadlocks among the locks of one server are left to the server.

mod chain;
mod detector;
mod graph;
#[cfg(all(test, shuttle))]
mod model;
mod off_executor;
mod published;
mod search;

pub(crate) use self::chain::{
    explain, explain_async, explain_holder, explain_holder_async, explain_status,
};
pub(crate) use self::published::PublishedWait;
