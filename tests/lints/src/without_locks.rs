//! Blocks without locks.

/// Evaluates a block.
macro_rules! locked {
    ($name:literal, async move $block:block) => {
        async move { Ok::<_, jam_lock::LockError>((async move $block).await) }
    };
    ($name:literal, async $block:block) => {
        async { Ok::<_, jam_lock::LockError>((async $block).await) }
    };
    ($name:literal, guard = $held:ident, $block:block) => {{
        let $held = &();
        Ok::<_, jam_lock::LockError>($block)
    }};
    ($first:literal, $second:literal, guard = $held:ident, $block:block) => {{
        let $held = (&(), &());
        Ok::<_, jam_lock::LockError>($block)
    }};
    ($name:literal, $block:block) => {
        Ok::<_, jam_lock::LockError>($block)
    };
}
