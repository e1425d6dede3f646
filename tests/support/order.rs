//! The orders of a test to a child process. The program `child` reads an order back from its
//! arguments, so both ends share this one type.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use crate::program::program;

/// Declares the orders, and how each is written as arguments and read back: its name, then its fields.
macro_rules! orders {
    (
        $(#[$attribute:meta])*
        pub enum $Order:ident<'a> {
            $($(#[$doc:meta])* $order:ident { $($field:ident: $type:ty),* },)*
        }
    ) => {
        $(#[$attribute])*
        pub enum $Order<'a> {
            $($(#[$doc])* $order { $($field: $type),* },)*
        }

        impl<'a> $Order<'a> {
            /// The arguments for the program `child`.
            pub fn to_arguments(&self) -> Vec<OsString> {
                match self {
                    $(Self::$order { $($field),* } => {
                        vec![stringify!($order).into(), $($field.to_argument()),*]
                    })*
                }
            }

            /// Reads an order from what [`to_arguments`](Self::to_arguments) has written.
            pub fn from_arguments(arguments: &'a [OsString]) -> Option<Self> {
                let (order, fields) = arguments.split_first()?;
                let mut fields = fields.iter();
                let order = match order.to_str()? {
                    $(stringify!($order) => Self::$order {
                        $($field: Argument::from_argument(fields.next()?)?),*
                    },)*
                    _ => return None,
                };
                fields.next().is_none().then_some(order)
            }
        }
    };
}

orders! {
    /// An order to a child process.
    ///
    /// A `location` is a folder or the URL of a database, a `folder` is a folder only. "Until the next
    /// line" means a line of the child's standard input, or the end of it.
    #[derive(Clone, Copy, Debug)]
    #[expect(missing_docs, reason = "each order says what its fields are for")]
    pub enum Order<'a> {
        /// Holds the lock until the next line, and once more for each line; prints `held` and
        /// `released`.
        Hold { location: &'a Path, name: &'a str },
        /// As [`Hold`](Self::Hold), shared with other readers.
        HoldShared { location: &'a Path, name: &'a str },
        /// As [`Hold`](Self::Hold), without a holder record.
        HoldUnrecorded { folder: &'a Path, name: &'a str },
        /// As [`Hold`](Self::Hold), from a relative folder, after changing the current directory.
        HoldFromAnotherDirectory { folder: &'a Path, name: &'a str },
        /// Acquires the first lock, prints `held`, and acquires the second one at the next line; then
        /// prints `both` or `deadlock`, and whether it has lost the first one.
        AcquireTwo { location: &'a Path, first: &'a str, second: &'a str },
        /// As [`AcquireTwo`](Self::AcquireTwo), in two threads: the second one acquires the `second` lock
        /// first, and then the `third`; each line that is printed or read counts for both.
        AcquireThree { location: &'a Path, first: &'a str, second: &'a str, third: &'a str },
        /// Runs the section `on_apply` of the lock `called_{name}`, which lasts until the next line.
        RunKeyedSection { folder: &'a Path, name: &'a str },
        /// Runs the section `on_apply` of the lock `first`, which lasts until the next line.
        RunSection { folder: &'a Path },
        /// Runs a section of the lock `first` whose `recover` lasts until the next line.
        RecoverSection { folder: &'a Path },

        /// Runs a job at most every two seconds, once for each line, which has the timeout and how the job
        /// ends: `well`, `badly` or never, with `hang`. Prints `ready` first, `inside` in a job that hangs,
        /// and then `ran`, `failed` or why the job did not run.
        RunJob { location: &'a Path, name: &'a str },

        /// Tries to acquire the lock, and prints `acquired` or the error.
        TryAcquire { location: &'a Path, name: &'a str },
        /// As [`TryAcquire`](Self::TryAcquire), at the next line, for so many milliseconds; prints `ready`
        /// before.
        WaitFor { location: &'a Path, name: &'a str, ms: usize },
        /// As [`TryAcquire`](Self::TryAcquire), as a reader; prints `abandoned by …` if it was.
        TryAcquireShared { location: &'a Path, name: &'a str },
        /// Tries to acquire the lock, whose file is created with this mode.
        TryAcquireWithMode { folder: &'a Path, name: &'a str, mode: u32 },
        /// Tries to acquire the lock of the default locks.
        TryAcquireDefault { name: &'a str },
        /// Sets the default locks twice, and prints the error of the second call.
        SetDefaultLocksTwice { first: &'a Path, second: &'a Path },
        /// Tries to acquire the lock when no file descriptor is left, and again when they are closed.
        ExhaustDescriptors { folder: &'a Path, name: &'a str },
        /// Acquires the lock and prints its token.
        PrintToken { location: &'a Path, name: &'a str },
        /// Acquires the lock and prints the holder that abandoned it, or `nobody`.
        PrintAbandonedBy { location: &'a Path, name: &'a str },
        /// Acquires the lock and prints the guard's record error, if any.
        PrintRecordError { folder: &'a Path, name: &'a str },
        /// Exits normally without ever dropping the guard.
        LeakGuard { folder: &'a Path, name: &'a str },
        /// Holds the lock while a shell runs `line`, and exits as that does.
        HoldAndRun { folder: &'a Path, name: &'a str, line: &'a str },
        /// Executes another program while it holds the lock, which lives until the next line.
        HoldAndExecute { folder: &'a Path, name: &'a str },
        /// Aborts while it holds the lock.
        Abort { folder: &'a Path, name: &'a str },
        /// Acquires the lock again as soon as it is released, until the next line.
        AcquireRepeatedly { folder: &'a Path, name: &'a str },

        /// Adds to the file `counter` under the lock, and fails if sections overlap.
        Count { folder: &'a Path, name: &'a str, times: usize },
        /// As [`Count`](Self::Count), under the lock of a customer.
        CountForCustomer { folder: &'a Path, id: u32, times: usize },
        /// As [`Count`](Self::Count), in the folder `data`, which starts with such a file.
        CountIn { folder: &'a Path, data: &'a Path, name: &'a str, times: usize },
        /// As [`CountIn`](Self::CountIn), under the lock of a customer.
        CountForCustomerIn { folder: &'a Path, data: &'a Path, id: u32, times: usize },
        /// As [`Count`](Self::Count), from the next line on, writing `party` to the file `turns` each
        /// time.
        TakeTurns { folder: &'a Path, name: &'a str, party: &'a str, times: usize },
        /// Acquires the lock in several threads until it is killed, and writes to the file `journal`
        /// what each of them is doing.
        KeepJournal { folder: &'a Path, name: &'a str, threads: usize },

        /// Holds so many locks until the next line.
        HoldMany { folder: &'a Path, count: usize },
        /// Holds so many locks shared until the next line.
        HoldManyShared { folder: &'a Path, count: usize },
        /// Acquires and releases so many locks again and again until the next line.
        AcquireManyRepeatedly { folder: &'a Path, count: usize },
        /// Acquires and releases the lock of a customer, and waits for the next line.
        UseCustomer { folder: &'a Path, id: u32 },
        /// Holds the locks of so many customers until the next line.
        HoldCustomers { folder: &'a Path, count: u32 },
        /// Times out on the locks of so many customers, one after another; then answers each line with
        /// the numbers of its threads and of its open files in the folder.
        TimeOutOnCustomers { folder: &'a Path, count: u32 },
        /// Waits for the locks of so many customers at once, until each was acquired.
        WaitForCustomers { folder: &'a Path, count: u32 },

        /// Holds the lock, forks a child that does something with it, and holds it until the next line.
        Fork { location: &'a Path, name: &'a str, action: ForkAction },
        /// Forks after a release, so that the child's thread has used locks before.
        ForkAfterRelease { folder: &'a Path, name: &'a str },
        /// Forks again and again while other threads use the locks of the folder.
        ForkWhileBusy { folder: &'a Path, times: usize },
        /// Holds the lock, and forks a child that is the first process of a container.
        ForkIntoContainer { folder: &'a Path, name: &'a str },

        /// Sells pieces from a table of the database `data`, each under a lock of `locks`.
        Sell { locks: &'a Path, data: &'a str, log: &'a Path, seller: i32, pieces: i32 },
        /// Works as process `number` of a kill storm, until the file `stop` exists.
        Storm { folder: &'a Path, number: u64, seed: u64 },
        /// Acquires one of the three permits of `export` so many times in each of two threads and two tasks,
        /// some of which give up, and checks with the files of `data` that each permit has one holder.
        PermitStorm { location: &'a Path, data: &'a Path, seed: u64, times: usize },
        /// Works as process `number` of a storm of deadlocks, until the file `stop` exists.
        DeadlockStorm { folder: &'a Path, number: u64, seed: u64 },
    }
}

impl Order<'_> {
    /// A command that carries out the order.
    pub fn command(&self) -> Command {
        let mut command = Command::new(program());
        command.args(self.to_arguments());
        command
    }

    /// The command that carries out the order, as one word after another for a shell.
    pub fn shell_command(&self) -> String {
        let words = [program().into()].into_iter().chain(self.to_arguments());
        let quoted = words.map(|word| format!("'{}'", word.to_str().expect("it is UTF-8")));
        quoted.collect::<Vec<_>>().join(" ")
    }
}

/// The action of a forked child on the guard and the locks that it has inherited.
#[derive(Clone, Copy, Debug)]
pub enum ForkAction {
    /// Drops the guard.
    Drop,
    /// Exits without dropping the guard.
    Exit,
    /// Panics.
    Panic,
    /// Releases the guard, and prints the error.
    Release,
    /// Acquires the lock, and prints the error.
    Acquire,
    /// Acquires the lock as a reentrant one, and prints the error.
    AcquireReentrantly,
    /// Tries to acquire another lock of the inherited locks, and prints the error.
    AcquireAnother,
    /// Opens the locks anew, tries to acquire the lock, and prints the error.
    OpenAnew,
    /// Kills the parent, and lives until the next line.
    OutliveParent,
}

impl ForkAction {
    const ALL: [Self; 9] = [
        Self::Drop,
        Self::Exit,
        Self::Panic,
        Self::Release,
        Self::Acquire,
        Self::AcquireReentrantly,
        Self::AcquireAnother,
        Self::OpenAnew,
        Self::OutliveParent,
    ];
}

/// A field of an order, as an argument of a program.
trait Argument<'a>: Sized {
    fn to_argument(&self) -> OsString;
    fn from_argument(argument: &'a OsStr) -> Option<Self>;
}

impl<'a> Argument<'a> for &'a Path {
    fn to_argument(&self) -> OsString {
        self.into()
    }

    fn from_argument(argument: &'a OsStr) -> Option<Self> {
        Some(Path::new(argument))
    }
}

impl<'a> Argument<'a> for &'a str {
    fn to_argument(&self) -> OsString {
        self.into()
    }

    fn from_argument(argument: &'a OsStr) -> Option<Self> {
        argument.to_str()
    }
}

impl Argument<'_> for ForkAction {
    fn to_argument(&self) -> OsString {
        format!("{self:?}").into()
    }

    fn from_argument(argument: &OsStr) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.to_argument() == argument)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Argument<'_> for $number {
            fn to_argument(&self) -> OsString {
                self.to_string().into()
            }

            fn from_argument(argument: &OsStr) -> Option<Self> {
                argument.to_str()?.parse().ok()
            }
        })*
    };
}

numbers!(i32, u32, u64, usize);
