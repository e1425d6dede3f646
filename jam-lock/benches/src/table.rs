//! Tables as Markdown has them.

use crate::statistics::Sample;

/// Prints a table; all but the first column are numbers.
pub(crate) fn print(title: &str, columns: &[&str], rows: &[Vec<String>]) {
    println!("## {title}\n");
    println!("| {} |", columns.join(" | "));
    println!("|---|{}", "---:|".repeat(columns.len() - 1));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
    println!();
}

/// Prints the times of each contender, in microseconds, and how they compare.
pub(crate) fn print_times(title: &str, rows: &[(&str, Sample)], beside: &str) {
    let reference = rows.iter().find(|(name, _)| *name == beside);
    let reference = reference.expect("the reference is measured").1.median();
    let rows: Vec<_> = rows
        .iter()
        .map(|(name, times)| {
            vec![
                (*name).to_owned(),
                times.len().to_string(),
                times.with_spread(1),
                format!("{:.1}", times.percentile(99)),
                ratio(times.median(), reference),
            ]
        })
        .collect();
    let beside = format!("median, beside {beside}");
    print(title, &["contender", "n", "median µs (p10 to p90)", "p99 µs", &beside], &rows);
}

/// How a number compares with that of the reference.
pub(crate) fn ratio(number: f64, reference: f64) -> String {
    format!("{:.2} ×", number / reference)
}

/// A row of somebody who cannot do what is measured.
pub(crate) fn cannot(who: &str, why: &str, columns: usize) -> Vec<String> {
    let mut row = vec![who.to_owned(), format!("cannot: {why}")];
    row.resize(columns, "–".to_owned());
    row
}
