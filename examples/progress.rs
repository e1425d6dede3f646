//! A terminal program that shows which lock it waits for, and which process holds it.
//!
//! ```text
//! cargo run --example progress
//! ```
//!
//! Run it in two terminals. The second one shows a spinner, and names the first one after a second;
//! it continues when you end the input of the first. An `Observer` shows the line, so the functions
//! that acquire locks need no code for it. If standard error is not a terminal, the text is written
//! there once, as for a log.

use std::io::{self, BufRead};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::ProgressBar;
use jam_lock::{
    Event, Holder, LockError, Locks, Observer, default_location, locked, set_default_locks,
};

jam_lock::lock_names! {
    /// Held while a process prints.
    "printer",
}

fn main() -> Result<(), LockError> {
    let observer = WaitDisplay::default();
    let locks = Locks::builder().observer(observer).at(default_location())?;
    set_default_locks(locks)?;
    print_in_capitals(&mut io::stdin().lock())
}

#[locked("printer")]
fn print_in_capitals(input: &mut impl BufRead) -> Result<(), LockError> {
    println!("printing in capitals: end the input to stop");
    input.lines().map_while(Result::ok).for_each(|line| println!("{}", line.to_uppercase()));
    Ok(())
}

/// The line on the terminal that is shown during a wait.
#[derive(Default)]
struct WaitDisplay(Mutex<Option<ProgressBar>>);

impl WaitDisplay {
    fn show(&self, text: String) {
        let mut bar = self.0.lock().expect("no thread panics while it holds this");
        let bar = bar.get_or_insert_with(ProgressBar::new_spinner);
        if bar.is_hidden() {
            eprintln!("{text}");
        } else {
            bar.enable_steady_tick(Duration::from_millis(100));
            bar.set_message(text);
        }
    }

    fn clear(&self) {
        if let Some(bar) = self.0.lock().expect("no thread panics while it holds this").take() {
            bar.finish_and_clear();
        }
    }
}

impl Observer for WaitDisplay {
    fn waiting(&self, event: &Event<'_>) {
        self.show(format!("waiting for `{}`", event.name));
    }

    /// Most waits are shorter, and need no name of a holder.
    fn still_waiting_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn still_waiting(&self, event: &Event<'_>, holder: Option<&Holder>) {
        let holder = holder.map_or("an unknown process".to_owned(), ToString::to_string);
        self.show(format!("waiting for `{}`, held by {holder}", event.name));
    }

    fn acquired(&self, _: &Event<'_>, _token: u64) {
        self.clear();
    }

    fn timed_out(&self, _: &Event<'_>, _: Option<&Holder>) {
        self.clear();
    }

    fn gave_up(&self, _: &Event<'_>) {
        self.clear();
    }
}
