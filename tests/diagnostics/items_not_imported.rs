use jam_lock::locked;

jam_lock::lock_names! {
    /// Held while the report is made.
    "report",
}

#[locked("report", timeout = 0, or_else = skip)]
fn make_report() {}

fn sum_up(_: &Held<lock_names::Report>) {}

fn main() {
    make_report();
}
