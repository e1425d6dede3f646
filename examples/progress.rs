//! A terminal program that shows what it waits for, and who keeps it waiting.
//!
//! ```text
//! cargo run --example progress
//! ```
//!
//! Start it in two terminals. The second one shows a line that moves, and names the first one after
//! a second; it ends when you end the input of the first. What a person should see is told to an
//! `Observer`, so that no function which takes a lock has to care. Where the output is no terminal
//! the line is printed once, for the log.

use std::io::{self, BufRead};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::ProgressBar;
use jam_lock::{
    Event, Holder, LockError, Locks, Observer, default_location, locked, set_default_locks,
};

jam_lock::lock_names! {
    /// Held by whoever has the floor.
    "floor",
}

fn main() -> Result<(), LockError> {
    let observer = Waits::default();
    let locks = Locks::builder().observer(observer).at(default_location())?;
    set_default_locks(locks)?;
    have_the_floor(&mut io::stdin().lock())
}

#[locked("floor")]
fn have_the_floor(input: &mut impl BufRead) -> Result<(), LockError> {
    println!("the floor is yours: end the input to leave it");
    input.lines().map_while(Result::ok).for_each(|line| println!("{}", line.to_uppercase()));
    Ok(())
}

/// The line on the terminal, while somebody waits.
#[derive(Default)]
struct Waits(Mutex<Option<ProgressBar>>);

impl Waits {
    fn show(&self, text: String) {
        let mut bar = self.0.lock().expect("nobody panics with it");
        let bar = bar.get_or_insert_with(ProgressBar::new_spinner);
        if bar.is_hidden() {
            eprintln!("{text}");
        } else {
            bar.enable_steady_tick(Duration::from_millis(100));
            bar.set_message(text);
        }
    }

    fn clear(&self) {
        if let Some(bar) = self.0.lock().expect("nobody panics with it").take() {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Waits {
    fn waiting(&self, event: &Event<'_>) {
        self.show(format!("waiting for `{}`", event.name));
    }

    /// Most waits are shorter than this, and nobody asks who it was.
    fn still_waiting_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn still_waiting(&self, event: &Event<'_>, holder: Option<&Holder>) {
        let holder = holder.map_or("somebody".to_owned(), ToString::to_string);
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
