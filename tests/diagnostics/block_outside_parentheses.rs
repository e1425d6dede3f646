jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

fn main() {
    locked!("invoice_saved") {
        println!("saved");
    }
}
