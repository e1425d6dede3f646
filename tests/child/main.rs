//! The program of child processes: it carries out the order of a test, and prints a line for each thing
//! that has happened.

mod acquire;
mod count;
#[cfg(target_os = "linux")]
mod customers;
#[cfg(target_os = "linux")]
mod deadlock_storm;
#[cfg(unix)]
mod fork;
mod hold;
mod job;
mod many;
#[cfg(target_os = "linux")]
mod permits;
#[cfg(target_os = "linux")]
mod sale;
mod sections;
#[cfg(target_os = "linux")]
mod storm;

use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead};
use std::path::Path;

use jam_lock::{Lock, LockName, Locks};
use jam_lock_tests::order::Order;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T = (), E = Error> = std::result::Result<T, E>;

fn main() -> Result {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    match Order::from_arguments(&arguments).ok_or("child: the arguments are no order")? {
        Order::Hold { location, name } => hold::hold(&lock(location, name)?),
        Order::HoldShared { location, name } => hold::hold(&lock(location, name)?.shared()),
        Order::HoldUnrecorded { folder, name } => hold::hold_unrecorded(folder, name),
        Order::HoldFromAnotherDirectory { folder, name } => {
            hold::hold_from_another_directory(folder, name)
        }
        Order::AcquireTwo { location, first, second } => {
            let [first, second] = locks_of_one(location, [first, second])?;
            hold::acquire_two(&first, &second)
        }
        Order::AcquireElsewhere { location, first, other, second } => {
            hold::acquire_two(&lock(location, first)?, &lock(other, second)?)
        }
        Order::AcquireThree { location, first, second, third } => {
            let [first, second, third] = locks_of_one(location, [first, second, third])?;
            hold::acquire_three(&first, &second, &third)
        }
        Order::RunKeyedSection { folder, name } => sections::run_keyed(&Locks::open(folder)?, name),
        Order::RunSection { folder } => sections::run(&Locks::open(folder)?),
        Order::RecoverSection { folder } => sections::recover(&Locks::open(folder)?),

        Order::RunJob { location, name } => job::run(&Locks::at(location)?, &LockName::new(name)?),

        Order::TryAcquire { location, name } => acquire::try_acquire(&lock(location, name)?),
        Order::WaitFor { location, name, ms } => acquire::wait_for(&lock(location, name)?, ms),
        Order::TryAcquireShared { location, name } => {
            acquire::try_acquire_shared(&lock(location, name)?)
        }
        Order::TryAcquireWithMode { folder, name, mode } => {
            acquire::try_acquire(&acquire::with_mode(folder, name, mode)?)
        }
        Order::TryAcquireDefault { name } => {
            acquire::try_acquire(&jam_lock::default_locks()?.lock(LockName::new(name)?))
        }
        Order::SetDefaultLocksTwice { first, second } => acquire::set_default_twice(first, second),
        Order::ExhaustDescriptors { folder, name } => {
            acquire::exhaust_descriptors(&lock(folder, name)?)
        }
        Order::PrintToken { location, name } => acquire::print_token(&lock(location, name)?),
        Order::PrintAbandonedBy { location, name } => {
            acquire::print_abandoned_by(&lock(location, name)?)
        }
        Order::PrintRecordError { folder, name } => {
            acquire::print_record_error(&lock(folder, name)?)
        }
        Order::LeakGuard { folder, name } => acquire::leak_guard(&lock(folder, name)?),
        #[cfg(unix)]
        Order::HoldAndExecute { folder, name } => acquire::execute(&lock(folder, name)?),
        Order::HoldAndRun { folder, name, line } => acquire::run_inside(&lock(folder, name)?, line),
        Order::Abort { folder, name } => acquire::abort(&lock(folder, name)?),
        Order::AcquireRepeatedly { folder, name } => acquire::repeatedly(&lock(folder, name)?),

        Order::Count { folder, name, times } => count::count(folder, &lock(folder, name)?, times),
        Order::CountForCustomer { folder, id, times } => {
            count::for_customer(folder, folder, id, times)
        }
        Order::CountIn { folder, data, name, times } => {
            count::count(data, &lock(folder, name)?, times)
        }
        Order::CountForCustomerIn { folder, data, id, times } => {
            count::for_customer(folder, data, id, times)
        }
        Order::TakeTurns { folder, name, party, times } => {
            count::take_turns(folder, &lock(folder, name)?, party, times)
        }
        Order::KeepJournal { folder, name, threads } => {
            count::keep_journal(folder, &lock(folder, name)?, threads);
            Ok(())
        }

        Order::HoldMany { folder, count } => many::hold(&many::locks(folder, "held", count)?),
        Order::HoldManyShared { folder, count } => {
            many::hold(&many::locks(folder, "read", count)?.shared())
        }
        Order::AcquireManyRepeatedly { folder, count } => {
            many::acquire_repeatedly(&many::locks(folder, "flickers", count)?)
        }
        Order::UseCustomer { folder, id } => acquire::use_customer(folder, id),
        #[cfg(target_os = "linux")]
        Order::HoldCustomers { folder, count } => customers::hold(folder, count),
        #[cfg(target_os = "linux")]
        Order::TimeOutOnCustomers { folder, count } => customers::time_out(folder, count),
        #[cfg(target_os = "linux")]
        Order::WaitForCustomers { folder, count } => customers::wait(folder, count),

        other => run_on_one_system(other),
    }
}

/// Runs an order of one system only.
fn run_on_one_system(order: Order<'_>) -> Result {
    match order {
        #[cfg(unix)]
        Order::Fork { location, name, action } => fork::and_do(action, location, name),
        #[cfg(unix)]
        Order::ForkAfterRelease { folder, name } => fork::after_release(folder, name),
        #[cfg(unix)]
        Order::ForkWhileBusy { folder, times } => fork::while_busy(folder, times),
        #[cfg(target_os = "linux")]
        Order::ForkIntoContainer { folder, name } => fork::into_container(&lock(folder, name)?),

        #[cfg(target_os = "linux")]
        Order::Sell { locks, data, log, seller, pieces } => {
            sale::sell(locks, data, log, seller, pieces)
        }
        #[cfg(target_os = "linux")]
        Order::Storm { folder, number, seed } => storm::work(folder, number, seed),
        #[cfg(target_os = "linux")]
        Order::PermitStorm { locks, data, seed, times } => permits::storm(locks, data, seed, times),
        #[cfg(target_os = "linux")]
        Order::DeadlockStorm { folder, number, seed } => deadlock_storm::work(folder, number, seed),
        order => Err(format!("child: {order:?} is not for this system").into()),
    }
}

/// Locks of one `Locks`, which a server sees on one session.
fn locks_of_one<const N: usize>(location: &Path, names: [&str; N]) -> Result<[Lock; N]> {
    let locks = Locks::at(location)?;
    let found = names.iter().map(|name| Ok(locks.lock(lock_name(name)?)));
    let found = found.collect::<Result<Vec<_>>>()?;
    Ok(found.try_into().expect("there are as many locks as names"))
}

fn lock(location: &Path, name: &str) -> Result<Lock> {
    Ok(Locks::at(location)?.lock(lock_name(name)?))
}

/// A name, or one with permits: `export*3`.
fn lock_name(name: &str) -> Result<LockName> {
    match name.split_once('*') {
        None => Ok(LockName::new(name)?),
        Some((name, permits)) => Ok(LockName::new(name)?.with_permits(permits.parse()?)?),
    }
}

/// Waits for the next line of the standard input; returns `false` if the input has ended.
fn next_line() -> io::Result<bool> {
    Ok(io::stdin().lock().read_line(&mut String::new())? > 0)
}
