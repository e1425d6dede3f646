//! Deadlines of tasks, whatever other gates do.

use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;

use super::*;

struct Woken(mpsc::Sender<()>);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
    }
}

/// Polls a wait of one millisecond whenever it is woken, until it has ended.
fn wait_for_a_millisecond(gate: &Arc<Gate>) -> Result<Grant, LockError> {
    let (reply, woken) = mpsc::channel();
    let waker = Waker::from(Arc::new(Woken(reply)));
    let mut acquire = pin!(gate.acquire_async(Mode::Exclusive, soon()));
    loop {
        if let Poll::Ready(result) = acquire.as_mut().poll(&mut Context::from_waker(&waker)) {
            return result;
        }
        woken.recv_timeout(LONG).expect("the task is woken at the end of its wait");
    }
}

/// A task that is offered the lock, and never polled again.
fn stall(scenario: &Scenario) -> impl Future<Output = Result<Grant, LockError>> + '_ {
    scenario.acquire().unwrap();
    let mut acquire = Box::pin(scenario.gate.acquire_async(Mode::Exclusive, Deadline::Never));
    assert!(acquire.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    scenario.extend_handoff();
    scenario.gate.release_first().unwrap();
    acquire
}

#[test]
fn a_gate_that_hangs_delays_no_deadline_of_another() {
    let [hung, well] = [Scenario::new(), Scenario::held_elsewhere()];
    let _stalled = stall(&hung);
    // As if a system call under the mutex did not return.
    hung.gate.update(|_| {
        thread::scope(|scope| {
            let waits = scope.spawn(|| {
                for _ in 0..30 {
                    assert!(wait_for_a_millisecond(&well.gate).unwrap_err().is_timeout());
                }
            });
            waits.join().unwrap();
        });
    });
}
