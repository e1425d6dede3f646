jam_lock::lock_names! {
    /// An identifier.
    invoice_saved,
    /// Bytes.
    b"calculation",
    /// A number.
    7,
    /// Several tokens.
    lock::NAME,
    /// Held while nothing else is.
    "all",
}

fn main() {}
