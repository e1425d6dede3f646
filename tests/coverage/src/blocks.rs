//! Blocks.

use jam_lock::LockError;

fn part(left: u32) -> Result<u32, LockError> {
    let sum = locked!("first", {
        let sum = left + 1;
        if sum == 0 {
            return Ok(1);
        }
        sum
    })?;
    Ok(sum + 1)
}

fn early(left: u32) -> Result<u32, LockError> {
    locked!("first", {
        if left == 1 {
            return Ok(7);
        }
        left
    })
}

fn nested(left: u32) -> Result<u32, LockError> {
    locked!("first", {
        let more = left + 1;
        locked!("second", {
            let most = more + 1;
            most + 1
        })?
    })
}

fn several(left: u32) -> Result<u32, LockError> {
    locked!("first", "second", {
        let more = left + 1;
        more + 1
    })
}

fn job(left: u32) -> Result<u32, LockError> {
    locked!("job_{number}", number = 5, at_most_every = 3600, {
        let more = left + 1;
        more + 1
    })
}

fn proof(left: u32) -> Result<u32, LockError> {
    locked!("printer", guard = held, {
        assert_ne!(size_of_val(held), 1);
        left + 1
    })
}

async fn future(left: u32) -> Result<u32, LockError> {
    locked!("first", async {
        let more = left + 1;
        if more == 0 {
            return 1;
        }
        std::future::ready(()).await;
        more
    })
    .await
}

async fn moving(text: String) -> Result<usize, LockError> {
    let length = locked!("first", async move {
        std::future::ready(()).await;
        if text.len() == 3 {
            return 3;
        }
        text.len()
    })
    .await?;
    Ok(length + 1)
}

fn returned(left: u32) -> impl Future<Output = Result<u32, LockError>> {
    let more = left + 1;
    locked!("first", async move {
        std::future::ready(()).await;
        more + 1
    })
}

async fn future_proof(left: u32) -> Result<u32, LockError> {
    locked!("first", guard = held, async {
        assert_ne!(size_of_val(held), 1);
        std::future::ready(()).await;
        left + 1
    })
    .await
}

fn uncalled(left: u32) -> Result<u32, LockError> {
    locked!("first", {
        let more = left + 1;
        more + 1
    })
}

async fn uncalled_async(left: u32) -> Result<u32, LockError> {
    locked!("first", async {
        let more = left + 1;
        std::future::ready(()).await;
        more
    })
    .await
}

pub(crate) fn run() -> Result<(), LockError> {
    assert_eq!(part(1)?, 3);
    assert_eq!(early(1)?, 7);
    assert_eq!(nested(1)?, 4);
    assert_eq!(several(1)?, 3);
    assert_eq!(job(1)?, 3);
    assert_eq!(proof(1)?, 2);
    Ok(())
}

pub(crate) async fn run_async() -> Result<(), LockError> {
    assert_eq!(future(1).await?, 2);
    assert_eq!(moving("one".to_owned()).await?, 4);
    assert_eq!(returned(1).await?, 3);
    assert_eq!(future_proof(1).await?, 2);
    Ok(())
}
