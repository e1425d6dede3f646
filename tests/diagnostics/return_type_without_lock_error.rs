jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::locked;

#[locked("invoice_saved")]
fn number() -> u32 {
    7
}

#[locked("invoice_saved")]
fn nothing() {
    println!("done");
}

#[locked("invoice_saved")]
fn option(text: String) -> Option<Vec<u8>> {
    Some(text.into_bytes())
}

#[locked("invoice_saved")]
fn text() -> Result<u32, String> {
    Ok(7)
}

fn main() {
    number();
    nothing();
    let _ = (option(String::new()), text());
}
