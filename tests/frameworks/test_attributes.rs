//! Attributes of tests. These tests are locked themselves.

use jam_lock::{LockError, locked};
use rstest::rstest;
use serial_test::serial;
use test_case::test_case;

use crate::{is_held, locks};

#[locked("attribute_{order}", order = "rstest above", locks = locks())]
#[rstest]
#[case(1)]
#[case(2)]
fn every_case_of_rstest_is_locked(#[case] number: u32) -> Result<(), LockError> {
    assert!(number > 0 && is_held("rstest above"));
    Ok(())
}

#[locked("attribute_{order}", order = "test-case above", locks = locks())]
#[test_case(1)]
#[test_case(2)]
fn every_case_below_is_locked(number: u32) -> Result<(), LockError> {
    assert!(number > 0 && is_held("test-case above"));
    Ok(())
}

#[test_case(1)]
#[test_case(2)]
#[locked("attribute_{order}", order = "test-case below", locks = locks())]
fn every_case_above_is_locked(number: u32) -> Result<(), LockError> {
    assert!(number > 0 && is_held("test-case below"));
    Ok(())
}

#[test]
#[locked("attribute_{order}", order = "serial above", locks = locks())]
#[serial]
fn it_is_locked_above_serial() -> Result<(), LockError> {
    assert!(is_held("serial above"));
    Ok(())
}

#[test]
#[serial]
#[locked("attribute_{order}", order = "serial below", locks = locks())]
fn it_is_locked_below_serial() -> Result<(), LockError> {
    assert!(is_held("serial below"));
    Ok(())
}

#[locked("attribute_{order}", order = "tokio test above", locks = locks())]
#[tokio::test]
async fn it_is_locked_above_tokio() -> Result<(), LockError> {
    assert!(is_held("tokio test above"));
    Ok(())
}

#[tokio::test]
#[locked("attribute_{order}", order = "tokio test below", locks = locks())]
async fn it_is_locked_below_tokio() -> Result<(), LockError> {
    assert!(is_held("tokio test below"));
    Ok(())
}
