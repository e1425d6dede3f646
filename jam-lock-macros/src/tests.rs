//! Tests with input that a test of a whole crate cannot have.

mod error_recovery;
mod fuzzing;
