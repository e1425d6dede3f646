jam_lock::lock_names! {
    /// None.
    "none" = 0,
    /// Too many.
    "many" = 256,
    /// No number.
    "text" = "three",
    /// Nothing.
    "nothing" = ,
    /// Negative.
    "negative" = -1,
    /// With a suffix.
    "suffix" = 3u8,
    /// A constant.
    "constant" = THREE,
    /// A colon.
    "colon": 3,
    /// Like the files of permits.
    "export%~2",
    /// Three at once.
    "export" = 3,
}

fn main() {
    println!("{}", lock_names::EXPORT);
}
