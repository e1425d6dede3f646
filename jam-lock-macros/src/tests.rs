//! Tests that call the macros as functions, because most of their input does not compile.

mod error_recovery;
mod fuzzing;
mod go_to_definition;
