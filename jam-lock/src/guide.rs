//! Longer texts.

#[doc = include_str!("guide/engines.md")]
pub mod engines {}

#[doc = include_str!("guide/what_happens_when.md")]
pub mod what_happens_when {}
