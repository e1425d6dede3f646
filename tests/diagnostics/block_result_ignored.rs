#![deny(unused_must_use)]

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

fn main() {
    locked!("invoice_saved", {
        println!("done");
    });
}
