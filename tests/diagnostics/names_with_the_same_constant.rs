jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice saved",
    /// Held while another invoice is being saved.
    "invoice-saved",
}

fn main() {}
