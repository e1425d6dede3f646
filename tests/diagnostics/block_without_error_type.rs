//! An asynchronous block with a `?` has to say of which type its errors are.

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
