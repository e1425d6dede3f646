jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::locked;

#[locked("invoice_saved", or_else = |_| "none")]
fn closure() -> u32 {
    7
}

#[locked("invoice_saved", or_else = 0)]
fn value() -> u32 {
    7
}

struct NoDefault;

#[locked("invoice_saved", or_else = jam_lock::skip)]
fn skipped() -> NoDefault {
    NoDefault
}

#[locked("invoice_saved", or_else = jam_lock::skip)]
fn skipped_with_text() -> Result<(), String> {
    Ok(())
}

const NUMBER: u32 = 7;

#[locked("invoice_saved", or_else = NUMBER)]
fn path() -> u32 {
    7
}

fn main() {
    skipped();
    let _ = skipped_with_text();
    path();
    closure();
    value();
    let _: u32 = locked!("calculation", or_else = |_| "none", { 7 });
}
