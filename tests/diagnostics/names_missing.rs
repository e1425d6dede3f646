jam_lock::lock_names! {}

fn main() {}
