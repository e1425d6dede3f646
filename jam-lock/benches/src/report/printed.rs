//! The tables, read back from what was printed.

use crate::table;

/// A printed table.
pub(super) struct Table {
    title: String,
    columns: Vec<String>,
    /// The cells of each row, the first of which is its name.
    rows: Vec<Vec<String>>,
}

/// The tables in `output`, in their order.
pub(super) fn parse(output: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for line in output.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            tables.push(Table { title: title.to_owned(), columns: vec![], rows: vec![] });
            continue;
        }
        let cells = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"));
        if let (Some(table), Some(cells)) = (tables.last_mut(), cells) {
            let cells = cells.split(" | ").map(str::to_owned).collect();
            if table.columns.is_empty() {
                table.columns = cells;
            } else {
                table.rows.push(cells);
            }
        }
    }
    tables
}

impl Table {
    pub(super) fn is_titled(&self, start: &str) -> bool {
        self.title.starts_with(start)
    }

    /// The first number in a cell; the row may have none, or may not be there on this machine.
    pub(super) fn number(&self, row: &str, column: &str) -> Option<f64> {
        let column = self.columns.iter().position(|name| name == column)?;
        let row = self.rows.iter().find(|cells| cells[0] == row)?;
        row[column].split(' ').next()?.parse().ok()
    }

    pub(super) fn to_markdown(&self) -> String {
        format!("\n### {}\n\n{}", self.title, table::markdown(&self.columns, &self.rows))
    }
}
