use jam_lock::Held;

jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
}

fn of_a_constant(_: &Held<lock_names::STOCK>) {}

fn of_a_string(_: &Held<String>) {}

fn of_nothing(_: &Held) {}

fn of_an_unknown_name(_: &Held<lock_names::Stocks>) {}

fn main() {}
