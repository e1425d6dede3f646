//! Attributes on plain functions and methods.

use jam_lock::{LockError, locked};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{is_held, locks};

mod async_methods {
    use super::*;

    #[async_trait::async_trait]
    trait Store {
        async fn above(&self) -> Result<bool, LockError>;
    }

    struct Memory;

    #[async_trait::async_trait]
    impl Store for Memory {
        #[locked("attribute_{order}", order = "async-trait", locks = locks())]
        async fn above(&self) -> Result<bool, LockError> {
            Ok(is_held("async-trait"))
        }
    }

    #[tokio::test]
    async fn a_method_is_locked() {
        let store: Box<dyn Store> = Box::new(Memory);
        assert!(store.above().await.unwrap());
        assert!(!is_held("async-trait"));
    }
}

mod recursion {
    use super::*;

    #[locked("attribute_{order}", order = "recursion above", locks = locks(), reentrant)]
    #[async_recursion::async_recursion]
    async fn above(depth: u32) -> Result<bool, LockError> {
        if depth == 0 { Ok(is_held("recursion above")) } else { above(depth - 1).await }
    }

    #[async_recursion::async_recursion]
    #[locked("attribute_{order}", order = "recursion below", locks = locks(), reentrant)]
    async fn below(depth: u32) -> Result<bool, LockError> {
        if depth == 0 { Ok(is_held("recursion below")) } else { below(depth - 1).await }
    }

    #[tokio::test]
    async fn it_is_locked_in_both_orders() {
        assert!(above(2).await.unwrap() && below(2).await.unwrap());
        assert!(!is_held("recursion above") && !is_held("recursion below"));
    }
}

mod dispatch {
    use super::*;

    #[enum_dispatch::enum_dispatch]
    trait Store {
        fn required(&self) -> Result<bool, LockError>;

        #[locked("attribute_{order}", order = "enum_dispatch default", locks = locks())]
        fn provided(&self) -> Result<bool, LockError> {
            Ok(is_held("enum_dispatch default"))
        }
    }

    #[enum_dispatch::enum_dispatch(Store)]
    enum Any {
        Memory,
    }

    struct Memory;

    impl Store for Memory {
        #[locked("attribute_{order}", order = "enum_dispatch", locks = locks())]
        fn required(&self) -> Result<bool, LockError> {
            Ok(is_held("enum_dispatch"))
        }
    }

    #[test]
    fn a_method_is_locked_and_a_default_method_twice() {
        assert!(Any::from(Memory).required().unwrap());
        assert!(!is_held("enum_dispatch"));
        assert!(Memory.provided().unwrap());
        assert!(matches!(Any::from(Memory).provided(), Err(LockError::Reentrant { .. })));
    }
}

mod made_blocking {
    use super::*;

    #[maybe_async::must_be_sync]
    #[locked("attribute_{order}", order = "maybe-async below", locks = locks())]
    async fn below() -> Result<bool, LockError> {
        Ok(is_held("maybe-async below"))
    }

    #[test]
    fn it_is_locked_below() {
        assert!(below().unwrap());
        assert!(!is_held("maybe-async below"));
    }
}

mod caching {
    use super::*;

    static COMPUTED: AtomicU32 = AtomicU32::new(0);

    #[locked("attribute_{order}", order = "cached above", locks = locks(), or_else = |_| false)]
    #[cached::proc_macro::cached]
    fn above(number: u32) -> bool {
        COMPUTED.fetch_add(number, Ordering::Relaxed);
        is_held("cached above")
    }

    #[test]
    fn the_lock_is_held_while_a_value_is_computed() {
        assert!(above(1));
        assert!(!is_held("cached above"));
        // A value from the cache needs no lock.
        let lock = locks().lock(crate::lock_names::attribute_order("cached above"));
        let _held = lock.acquire().unwrap();
        assert!(above(1));
        assert_eq!(COMPUTED.load(Ordering::Relaxed), 1);
    }
}

mod memoizing {
    use super::*;

    #[locked("attribute_{order}", order = "memoize above", locks = locks(), or_else = |_| false)]
    #[memoize::memoize]
    fn above(number: u32) -> bool {
        number > 0 && is_held("memoize above")
    }

    #[memoize::memoize]
    #[locked("attribute_{order}", order = "memoize below", timeout = 0, locks = locks(), or_else = |_| false)]
    fn below(number: u32) -> bool {
        number > 0 && is_held("memoize below")
    }

    #[test]
    fn it_is_locked_in_both_orders() {
        assert!(above(1) && below(1));
        assert!(!is_held("memoize above") && !is_held("memoize below"));
    }

    #[test]
    fn a_timeout_below_is_remembered() {
        let lock = locks().lock(crate::lock_names::attribute_order("memoize below"));
        let held = lock.acquire().unwrap();
        assert!(!below(2));
        drop(held);
        assert!(!below(2));
    }
}

mod conditions {
    use super::*;

    #[locked("attribute_{order}", order = "contracts above", locks = locks())]
    #[contracts::requires(!is_held("contracts above"))]
    fn above() -> Result<bool, LockError> {
        Ok(is_held("contracts above"))
    }

    #[contracts::requires(is_held("contracts below"))]
    #[locked("attribute_{order}", order = "contracts below", locks = locks())]
    fn below() -> Result<bool, LockError> {
        Ok(is_held("contracts below"))
    }

    #[test]
    fn conditions_are_checked_outside_and_inside_the_lock() {
        assert!(above().unwrap() && below().unwrap());
    }
}
