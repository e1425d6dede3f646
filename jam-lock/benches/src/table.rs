//! Tables in Markdown.

use crate::statistics::Sample;

/// Prints a table; all but the first column are numbers.
pub(crate) fn print(title: &str, columns: &[&str], rows: &[Vec<String>]) {
    let columns: Vec<_> = columns.iter().map(|&column| column.to_owned()).collect();
    println!("## {title}\n\n{}", markdown(&columns, rows));
}

/// A table without its title.
pub(crate) fn markdown(columns: &[String], rows: &[Vec<String>]) -> String {
    let mut lines = vec![line(columns), format!("|---|{}", "---:|".repeat(columns.len() - 1))];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n") + "\n"
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

/// Prints the times of each contender, in microseconds, and relative to each of the `references`.
pub(crate) fn print_times(title: &str, rows: &[(&str, Sample)], references: &[&str]) {
    let median = |reference: &&str| {
        let row = rows.iter().find(|(name, _)| name == reference);
        row.expect("each reference is measured").1.median()
    };
    let medians: Vec<_> = references.iter().map(median).collect();
    let rows: Vec<_> = rows
        .iter()
        .map(|(name, times)| {
            let mut row = vec![
                (*name).to_owned(),
                times.len().to_string(),
                times.with_spread(1),
                format!("{:.1}", times.percentile(99)),
            ];
            row.extend(medians.iter().map(|&reference| ratio(times.median(), reference)));
            row
        })
        .collect();
    let relative: Vec<_> =
        references.iter().map(|reference| format!("median, relative to {reference}")).collect();
    let mut columns = vec!["contender", "n", "median µs (p10 to p90)", "p99 µs"];
    columns.extend(relative.iter().map(String::as_str));
    print(title, &columns, &rows);
}

/// A number relative to that of the reference.
pub(crate) fn ratio(number: f64, reference: f64) -> String {
    format!("{:.2} ×", number / reference)
}

/// A row for contenders that cannot do what is measured.
pub(crate) fn cannot(names: &str, why: &str, columns: usize) -> Vec<String> {
    let mut row = vec![names.to_owned(), format!("cannot: {why}")];
    row.resize(columns, "–".to_owned());
    row
}
