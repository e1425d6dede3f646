//! A plot of the summary, as bars in SVG.

use std::fmt::Write;

use super::printed::Table;
use super::summary::{CONTENDERS, ROWS, Row, rounded};
use crate::contender::Outcome;

/// Which rows of the summary are plotted: the rest says the same, or differs little.
const PLOTTED: [usize; 3] = [0, 3, 4];

const WIDTH: f64 = 760.0;
const BAR: f64 = 18.0;
const NAMES: f64 = 190.0;
/// The width of the longest bar, which leaves room for its number.
const LONGEST: f64 = WIDTH - NAMES - 80.0;
const TITLE: f64 = 40.0;

/// The colours suit a light and a dark page.
const STYLE: &str = "text{font:13px sans-serif;fill:#24292f}.title{font-weight:bold}.ours{fill:#1a7f37}\
    .others{fill:#8c959f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}";

/// The plot, whose axes are logarithmic: the slowest contenders take a thousand times as long as the
/// fastest.
pub(super) fn of(tables: &[Table]) -> Outcome<String> {
    let mut bars = String::new();
    let mut top = 0.0;
    for row in PLOTTED.map(|row| &ROWS[row]) {
        top = panel(&mut bars, row, &row.numbers(tables)?, top)?;
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{top:.0}\" \
         role=\"img\"><style>{STYLE}</style>\n{bars}</svg>\n"
    ))
}

/// Draws the bars of one row below `top`, and returns where they end.
fn panel(svg: &mut String, row: &Row, numbers: &[Option<f64>], top: f64) -> Outcome<f64> {
    let mut y = top + TITLE;
    let title = row.title.replace('`', "").replace('…', "hand-off");
    writeln!(
        svg,
        "<text class=\"title\" x=\"0\" y=\"{:.0}\">{title}; less is better, logarithmic</text>",
        y - 12.0
    )?;
    let known = || numbers.iter().flatten().copied();
    // The shortest bar is not empty.
    let (least, most) = (known().fold(f64::MAX, f64::min) / 2.0, known().fold(0.0, f64::max));
    for ((_, name), number) in CONTENDERS.iter().zip(numbers) {
        let Some(number) = number else { continue };
        let width = LONGEST * (number / least).ln() / (most / least).ln();
        let class = if name.starts_with("jam-lock") { "ours" } else { "others" };
        let baseline = y + BAR - 5.0;
        writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{baseline:.0}\" text-anchor=\"end\">{name}</text>\
             <rect class=\"{class}\" x=\"{NAMES}\" y=\"{:.0}\" width=\"{width:.0}\" height=\"{:.0}\"/>\
             <text x=\"{:.0}\" y=\"{baseline:.0}\">{}{}</text>",
            NAMES - 8.0,
            y + 1.0,
            BAR - 3.0,
            NAMES + width + 6.0,
            rounded(*number),
            row.unit,
        )?;
        y += BAR;
    }
    Ok(y)
}
