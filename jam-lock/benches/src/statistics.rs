//! Statistics of repeated measurements.

use std::time::Duration;

/// Numbers, sorted.
#[derive(Clone)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn new(mut numbers: Vec<f64>) -> Self {
        numbers.sort_unstable_by(f64::total_cmp);
        Self(numbers)
    }

    /// The times, in microseconds.
    pub(crate) fn from_times(times: &[Duration]) -> Self {
        Self::new(times.iter().map(|time| time.as_secs_f64() * 1e6).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The number below which `percent` of all are.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let at = (self.0.len() * percent / 100).min(self.0.len() - 1);
        self.0[at]
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }

    /// The median, and the range of the middle 80 percent.
    pub(crate) fn with_spread(&self, digits: usize) -> String {
        let [low, median, high] = [10, 50, 90].map(|percent| self.percentile(percent));
        format!("{median:.digits$} ({low:.digits$} to {high:.digits$})")
    }
}

/// Jain's fairness index: 1 if all shares are equal, and 1 divided by their number if one of them is all.
pub(crate) fn fairness(shares: &[f64]) -> f64 {
    let (sum, squares) = shares
        .iter()
        .fold((0.0, 0.0), |(sum, squares), share| (sum + share, squares + share * share));
    sum * sum / (count(shares.len()) * squares)
}

/// A count, as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near to 2 to the power of 52")]
pub(crate) fn count(count: usize) -> f64 {
    count as f64
}
