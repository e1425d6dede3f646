//! The status of a lock with several permits, from those of the locks that stand for them.

use super::{State, Status};
use crate::holder::Holder;
use crate::name::split_permit;

impl Status {
    /// The status of the lock `name`, whose permits have these; in their order.
    pub(crate) fn of_permits(name: &str, permits: Vec<Self>) -> Self {
        let permits: Vec<_> =
            permits.into_iter().map(|permit| Self { name: name.to_owned(), ..permit }).collect();
        let held = permits.iter().filter(|permit| permit.state.is_held()).count();
        let all = |states: &[State]| permits.iter().all(|permit| states.contains(&permit.state));
        let state = match held {
            0 if all(&[State::Free]) => State::Free,
            0 if all(&[State::Free, State::NoWriter]) => State::NoWriter,
            0 => State::Unknown,
            _ => State::Permits { held, of: permits.len() },
        };
        let first = |find: fn(&Self) -> &Option<Box<Holder>>| {
            permits.iter().find_map(|it| find(it).clone())
        };
        // A waiter waits for each of them; a wait that has ended may still be seen at some.
        let waiting = permits.iter().map(|permit| permit.waiting).min().flatten();
        Self {
            name: name.to_owned(),
            state,
            holder: first(|it| &it.holder),
            waiting,
            token: permits.iter().filter_map(|permit| permit.token).max(),
            abandoned: first(|it| &it.abandoned),
            unreleased: first(|it| &it.unreleased),
            permits,
            recorded_permits: None,
            last_run: None,
        }
    }

    /// Puts the status of each lock that stands for a permit in that of its name, and sorts by the names.
    pub(crate) fn group_permits(found: Vec<Self>) -> Vec<Self> {
        let name = |status: &Self| match split_permit(&status.name) {
            Some((name, permit)) => (name.to_owned(), permit),
            None => (status.name.clone(), 1),
        };
        let mut numbered: Vec<_> =
            found.into_iter().map(|status| (name(&status), status)).collect();
        numbered.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut grouped: Vec<(String, Vec<(u16, Self)>)> = Vec::new();
        for ((name, permit), status) in numbered {
            match grouped.last_mut().filter(|(last, _)| *last == name) {
                Some((_, permits)) => permits.push((permit, status)),
                None => grouped.push((name, vec![(permit, status)])),
            }
        }
        grouped.into_iter().map(|(name, permits)| grouped_status(&name, permits)).collect()
    }
}

/// The status of one name from those that were found of its permits.
fn grouped_status(name: &str, found: Vec<(u16, Status)>) -> Status {
    let declared = found.iter().filter_map(|(_, status)| status.holder()?.permits).max();
    // A holder that is not certain, as on other systems than Linux, is better than none.
    let held = found.iter().filter(|(_, status)| status.state.is_held());
    let declared = declared.or_else(|| held.filter_map(|(_, it)| it.recorded_permits).max());
    let is_held = |(permit, status): &(u16, Status)| status.state.is_held().then_some(*permit);
    // Without a holder that says it, there are as many as were ever used.
    let count = declared.or(found.iter().map(|(permit, _)| *permit).max()).unwrap_or(1);
    let count = found.iter().filter_map(is_held).max().unwrap_or(1).max(count);
    let mut found = found.into_iter().peekable();
    if count == 1 {
        if let Some((_, status)) = found.next() {
            return status;
        }
    }
    let mut permits = Vec::with_capacity(count.into());
    for permit in 1..=count {
        let status = found.next_if(|(number, _)| *number == permit).map(|(_, status)| status);
        // A permit that was never used has no file.
        permits
            .push(status.unwrap_or_else(|| Status::new(name, State::Free).waited_for_by(Some(0))));
    }
    Status::of_permits(name, permits)
}
