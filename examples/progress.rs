//! A terminal program that shows what it waits for, and who holds it.
//!
//! ```text
//! cargo run --example progress
//! ```
//!
//! Start it in two terminals. The second one shows a spinner, and after a second also the first one as
//! the holder; it continues when you end the input of the first one. An `Observer` does that, so that no
//! function with a lock has to care. If standard error is not a terminal, each line is printed once, as
//! in a log.

use std::io::{self, BufRead};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::ProgressBar;
use jam_lock::{
    Event, Holder, LockError, Locks, Observer, default_location, locked, set_default_locks,
};

jam_lock::lock_names! {
    /// Held by the process that has the floor.
    "floor",
}

fn main() -> Result<(), LockError> {
    let observer = ShowWait::default();
    let locks = Locks::builder().observer(observer).at(default_location())?;
    set_default_locks(locks)?;
    have_the_floor(&mut io::stdin().lock())
}

#[locked("floor")]
fn have_the_floor(input: &mut impl BufRead) -> Result<(), LockError> {
    println!("you have the floor: end the input to yield it");
    input.lines().map_while(Result::ok).for_each(|line| println!("{}", line.to_uppercase()));
    Ok(())
}

/// Shows a line on the terminal during a wait.
#[derive(Default)]
struct ShowWait(Mutex<Option<ProgressBar>>);

impl ShowWait {
    fn show(&self, text: String) {
        let mut bar = self.0.lock().expect("no panic while it is locked");
        let bar = bar.get_or_insert_with(ProgressBar::new_spinner);
        if bar.is_hidden() {
            eprintln!("{text}");
        } else {
            bar.enable_steady_tick(Duration::from_millis(100));
            bar.set_message(text);
        }
    }

    fn clear(&self) {
        if let Some(bar) = self.0.lock().expect("no panic while it is locked").take() {
            bar.finish_and_clear();
        }
    }
}

impl Observer for ShowWait {
    fn waiting(&self, event: &Event<'_>) {
        self.show(format!("waiting for `{}`", event.name));
    }

    /// Most waits are shorter, and then the holder does not matter.
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
