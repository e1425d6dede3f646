//! The waiters of a gate, in the order of their arrival.

#[cfg(test)]
mod consistency;
mod ticket_set;
mod waiter;

use std::task::Waker;
use std::time::Instant;

use self::ticket_set::TicketSet;
use self::waiter::WaiterState;
use super::arrivals::Arrivals;
use super::parker::WakeList;
use crate::engine::Mode;
use crate::error::LockError;
use crate::gate::AcquireRequest;

pub(crate) use self::waiter::WaiterKind;
pub(super) use self::waiter::{Polled, Waiter};

/// Identifies a waiter; later ones have greater tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(pub(super) u64);

/// The waiters by their tickets.
///
/// Sets of tickets serve the look-ups of a hand-off, so that it does not visit all waiters.
#[derive(Default)]
pub(super) struct WaitQueue {
    waiters: Arrivals<Waiter>,
    /// Those in the queue, and not passed over, refused or failed.
    queued: TicketSet,
    /// The writers among them.
    writers: TicketSet,
    /// Those among them that have not been notified since their last poll.
    unnotified: TicketSet,
    /// The one that goes before all others, if there is one.
    promoted: Option<Ticket>,
    arrived: u64,
}

impl WaitQueue {
    /// Adds a waiter at the end.
    pub(super) fn push(
        &mut self,
        request: &AcquireRequest,
        kind: WaiterKind,
        blocking: bool,
    ) -> Ticket {
        let ticket = Ticket(self.arrived);
        self.arrived += 1;
        self.waiters.push(ticket.0, Waiter::new(request, kind, blocking));
        self.insert(ticket);
        ticket
    }

    /// Puts a waiter before all others, if it is in the queue.
    pub(super) fn promote(&mut self, ticket: Ticket) {
        if self.queued.contains(ticket) {
            self.promoted = Some(ticket);
        }
    }

    /// The first waiter in the queue.
    pub(super) fn head(&self) -> Option<&Waiter> {
        self.head_ticket().and_then(|ticket| self.waiter(ticket))
    }

    pub(super) fn head_ticket(&self) -> Option<Ticket> {
        self.promoted.or_else(|| self.queued.first())
    }

    pub(super) fn is_head(&self, ticket: Ticket) -> bool {
        self.head_ticket() == Some(ticket)
    }

    /// The request of a waiter, unless it is out of the queue.
    pub(super) fn request_if_queued(&self, ticket: Ticket) -> Option<AcquireRequest> {
        self.waiter(ticket).filter(|_| self.queued.contains(ticket)).map(|waiter| waiter.request)
    }

    /// The mode that the head requests.
    pub(super) fn head_mode(&self) -> Option<Mode> {
        self.head().map(|head| head.request.mode)
    }

    /// The mode that `ticket` requests, if it is the head.
    pub(super) fn mode_if_head(&self, ticket: Ticket) -> Option<Mode> {
        self.head_mode().filter(|_| self.is_head(ticket))
    }

    /// Whether a writer is in the queue.
    pub(super) fn has_writer(&self) -> bool {
        !self.writers.is_empty()
    }

    /// Whether no waiter is in the queue; some may be passed over.
    pub(super) fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }

    /// How many wait for a holder, in the queue or passed over.
    pub(super) fn waiting(&self) -> usize {
        self.waiters.iter().filter(|(_, waiter)| waiter.blocking && !waiter.has_failed()).count()
    }

    /// Polls a waiter, which puts it back into the queue if it was passed over.
    pub(super) fn poll(&mut self, ticket: Ticket) -> Polled {
        let waiter = self.waiters.get_mut(ticket.0).expect("a waiter stays until it is removed");
        let keeps_running = waiter.kind == WaiterKind::Thread && waiter.woken_at().is_some();
        match std::mem::replace(&mut waiter.state, WaiterState::Queued(None)) {
            WaiterState::Queued(waker) => waiter.state = WaiterState::Queued(waker),
            WaiterState::Woken { .. } | WaiterState::Notified { .. } => {}
            WaiterState::PassedOver => {
                self.insert(ticket);
                return Polled::PassedOver;
            }
            WaiterState::Refused => {
                waiter.state = WaiterState::Refused;
                return Polled::Refused;
            }
            WaiterState::Failed(error) => {
                waiter.state = WaiterState::Refused;
                return Polled::Failed(*error);
            }
        }
        let is_offered = waiter.is_offered();
        Polled::Queued { request: waiter.request, is_offered, keeps_running }
    }

    /// Stores the waker of a waiter that is pending after a poll.
    pub(super) fn set_waker(
        &mut self,
        ticket: Ticket,
        waker: Option<Waker>,
        wake_list: &mut WakeList,
    ) {
        let Some(waiter) = self.waiters.get_mut(ticket.0) else { return };
        match &mut waiter.state {
            WaiterState::Queued(slot) => {
                wake_list.discard(std::mem::replace(slot, waker));
                self.unnotified.insert(ticket);
            }
            // It was taken out of the queue in the same step as its poll.
            _ => wake_list.wake(waker),
        }
    }

    /// Offers the idle claim to at most `count` of the leading writers; returns since when the head has
    /// had the offer.
    pub(super) fn notify_leading_writers(
        &mut self,
        count: usize,
        now: Instant,
        wake_list: &mut WakeList,
    ) -> Option<Instant> {
        let first = self.head_ticket()?;
        if count == 1 || self.promoted.is_some() {
            self.notify(first, now, wake_list);
        } else {
            let writers = self.queued.iter().take_while(|ticket| self.writers.contains(*ticket));
            let tickets: Vec<_> = writers.take(count).collect();
            for ticket in tickets {
                self.notify(ticket, now, wake_list);
            }
        }
        self.waiter(first)?.offered_since
    }

    /// Offers the claim to the readers that no writer precedes.
    pub(super) fn notify_leading_readers(&mut self, now: Instant, wake_list: &mut WakeList) {
        if let Some(first) = self.promoted.filter(|first| self.unnotified.contains(*first)) {
            if !self.writers.contains(first) {
                self.notify(first, now, wake_list);
            }
        }
        let first_writer = self.writers.first();
        while let Some(ticket) = self.unnotified.first() {
            if first_writer.is_some_and(|writer| writer <= ticket) {
                return;
            }
            self.notify(ticket, now, wake_list);
        }
    }

    /// Wakes the first `count` waiters without an offer, to find out early which of them are stalled.
    pub(super) fn wake_leading(&mut self, count: usize, now: Instant, wake_list: &mut WakeList) {
        for ticket in self.queued.iter().take(count) {
            if let Some(waiter) = self.waiters.get_mut(ticket.0) {
                wake_list.wake(waiter.wake(now));
            }
        }
    }

    /// Wakes the waiter behind the first `ahead` ones without an offer, if it is a sleeping thread.
    pub(super) fn wake_sleeping_thread(
        &mut self,
        ahead: usize,
        now: Instant,
        wake_list: &mut WakeList,
    ) {
        let Some(ticket) = self.queued.iter().nth(ahead) else { return };
        let waiter = self.waiters.get_mut(ticket.0);
        let is_thread =
            |waiter: &&mut Waiter| waiter.kind == WaiterKind::Thread && waiter.is_asleep();
        if let Some(waiter) = waiter.filter(is_thread) {
            wake_list.wake(waiter.wake(now));
        }
    }

    /// Passes over the leading tasks that were woken before `since` and have not been polled;
    /// returns whether there were any.
    pub(super) fn skip_stalled(&mut self, since: Instant) -> bool {
        let woken_at = |ticket: Ticket| {
            let waiter = self.waiter(ticket)?;
            waiter.woken_at().map(|at| (ticket, waiter.kind, at))
        };
        let woken = self.promoted.into_iter().chain(self.queued.iter()).map_while(woken_at);
        let stalled: Vec<_> =
            woken.filter(|(_, kind, at)| *kind == WaiterKind::Task && *at <= since).collect();
        for (ticket, ..) in &stalled {
            self.take_out(*ticket, WaiterState::PassedOver);
        }
        !stalled.is_empty()
    }

    /// Passes over a waiter until it is polled; returns whether it had an offer.
    pub(super) fn skip(&mut self, ticket: Ticket, wake_list: &mut WakeList) -> bool {
        if self.waiter(ticket).is_some_and(Waiter::has_failed) {
            return false;
        }
        wake_list.discard(self.take_out(ticket, WaiterState::PassedOver));
        self.waiter(ticket).is_some_and(Waiter::is_offered)
    }

    /// Refuses the waiters that do not block.
    pub(super) fn refuse_tries(&mut self, wake_list: &mut WakeList) {
        let is_try = |ticket: &Ticket| self.waiter(*ticket).is_some_and(|waiter| !waiter.blocking);
        let tries: Vec<_> = self.queued.iter().filter(is_try).collect();
        for ticket in tries {
            wake_list.wake(self.take_out(ticket, WaiterState::Refused));
        }
    }

    /// Ends the wait of the head with `error`.
    pub(super) fn fail_head(&mut self, error: LockError, wake_list: &mut WakeList) {
        if let Some(ticket) = self.head_ticket() {
            self.fail(ticket, error, wake_list);
        }
    }

    /// Ends the wait of a waiter with `error`.
    pub(super) fn fail(&mut self, ticket: Ticket, error: LockError, wake_list: &mut WakeList) {
        wake_list.wake(self.take_out(ticket, WaiterState::Failed(Box::new(error))));
    }

    /// Offers the claim to a waiter that is in the queue.
    pub(super) fn offer(&mut self, ticket: Ticket, now: Instant, wake_list: &mut WakeList) {
        if self.queued.contains(ticket) {
            self.notify(ticket, now, wake_list);
        }
    }

    /// Removes a waiter; returns whether it had an offer.
    pub(super) fn remove(&mut self, ticket: Ticket, wake_list: &mut WakeList) -> bool {
        let Some(mut waiter) = self.waiters.remove(ticket.0) else { return false };
        self.remove_from_queue(ticket);
        wake_list.discard(waiter.enter(WaiterState::Refused));
        waiter.is_offered()
    }

    fn waiter(&self, ticket: Ticket) -> Option<&Waiter> {
        self.waiters.get(ticket.0)
    }

    fn notify(&mut self, ticket: Ticket, now: Instant, wake_list: &mut WakeList) {
        self.unnotified.remove(ticket);
        if let Some(waiter) = self.waiters.get_mut(ticket.0) {
            wake_list.wake(waiter.notify(now));
        }
    }

    /// Puts a waiter into the queue, at the place of its ticket.
    fn insert(&mut self, ticket: Ticket) {
        let Some(waiter) = self.waiter(ticket) else { return };
        if waiter.request.mode == Mode::Exclusive {
            self.writers.insert(ticket);
        }
        self.queued.insert(ticket);
        self.unnotified.insert(ticket);
    }

    /// Takes a waiter out of the queue; returns its waker if it is asleep.
    fn take_out(&mut self, ticket: Ticket, state: WaiterState) -> Option<Waker> {
        self.remove_from_queue(ticket);
        self.waiters.get_mut(ticket.0)?.enter(state)
    }

    fn remove_from_queue(&mut self, ticket: Ticket) {
        for tickets in [&mut self.queued, &mut self.writers, &mut self.unnotified] {
            tickets.remove(ticket);
        }
        self.promoted.take_if(|promoted| *promoted == ticket);
    }
}
