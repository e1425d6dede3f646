//! A table whose rows stand beside one of them.

use crate::contender::REFERENCE;
use crate::statistics::Times;

/// Prints the times of each contender, in microseconds, and their ratio to the reference.
pub(crate) fn print(title: &str, rows: &[(&str, Times)]) {
    let reference = rows.iter().find(|(name, _)| *name == REFERENCE);
    let reference = reference.expect("the reference is measured").1.median();
    println!("## {title}\n");
    println!("| contender | p10 µs | median µs | p99 µs | median, beside {REFERENCE} |");
    println!("|---|---:|---:|---:|---:|");
    for (name, times) in rows {
        println!(
            "| {name} | {:.1} | {:.1} | {:.1} | {:.2} × |",
            times.percentile(10),
            times.median(),
            times.percentile(99),
            times.median() / reference
        );
    }
    println!();
}
