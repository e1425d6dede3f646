//! Longer texts.

#[doc = include_str!("guide/what_happens_when.md")]
pub mod what_happens_when {}
