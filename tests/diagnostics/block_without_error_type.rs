//! An async block with a `?` needs an explicit error type.

jam_lock::lock_names! {
    /// Held while the sold tracks are recalculated.
    "calculation",
}

async fn total(text: &str) {
    let total = locked!("calculation", async {
        let number: u32 = text.parse()?;
        Ok(number)
    });
    let _ = total.await;
}

fn main() {
    let _ = total("7");
}
