jam_lock::lock_names! {
    /// Held while data is exported.
    "export" = 3,
}

use jam_lock::{LockError, locked};

#[locked("export", wait = 10)]
fn wait() -> Result<(), LockError> {
    Ok(())
}

#[locked("export", every = 3600)]
fn every() -> Result<(), LockError> {
    Ok(())
}

#[locked("export", on_timeout = jam_lock::skip)]
fn on_timeout() -> Result<(), LockError> {
    Ok(())
}

#[locked("export", timeout = 0, skip)]
fn skip() -> Result<(), LockError> {
    Ok(())
}

#[locked("export", held = guard)]
fn held() -> Result<(), LockError> {
    Ok(())
}

#[locked("export", folder = "/tmp")]
fn folder() -> Result<(), LockError> {
    Ok(())
}

#[locked("export", permits = 3)]
fn permits() -> Result<(), LockError> {
    Ok(())
}

#[locked("export", permit = number)]
fn permit() -> Result<(), LockError> {
    Ok(())
}

#[locked("export", at_most = 60)]
fn at_most() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = (wait(), every(), on_timeout(), skip(), held(), folder(), permits(), permit(), at_most());
}
