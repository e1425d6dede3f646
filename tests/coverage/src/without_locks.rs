//! Blocks without locks.

/// Evaluates a block.
macro_rules! locked {
    ($name:literal, $(guard = $held:ident,)? async move $block:block) => {{
        $(let $held = &();)?
        async move { Ok::<_, jam_lock::LockError>((async move $block).await) }
    }};
    ($name:literal, $(guard = $held:ident,)? async $block:block) => {{
        $(let $held = &();)?
        async { Ok::<_, jam_lock::LockError>((async $block).await) }
    }};
    ($name:literal, guard = $held:ident, $block:block) => {{
        let $held = &();
        Ok::<_, jam_lock::LockError>($block)
    }};
    ($name:literal, $($more:literal,)? $(number = $number:literal, at_most_every = $period:literal,)? $block:block) => {{
        let value = $block;
        Ok::<_, jam_lock::LockError>(value)
    }};
}
