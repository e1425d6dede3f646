jam_lock::lock_names! {
    /// Held while the first report is made.
    "report_1",
    /// Held while another first report is made.
    "report1",
    /// Held while the customers are numbered.
    "customer_id",
    /// One lock for each customer.
    "customer.{id}",
}

fn main() {}
