//! The thread that does all input and output with a server, so that no caller needs a runtime, and
//! a blocked caller keeps no lock from being released.

use std::fmt;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread::{self, ThreadId};

use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::cancel_token::CancelToken;
use super::control_session::{ControlSession, ControlUse};
use super::heartbeat;
use super::pool::{Checkout, Pool, PooledSession};
use super::server::Server;
use super::session::{RESPONSE_TIMEOUT, unresponsive};
use super::url::Url;
use crate::error::LockError;

/// A server, the sessions on it, and the thread that drives them.
pub(super) struct Driver {
    pub(super) server: Arc<Server>,
    pub(super) pool: Arc<Pool>,
    /// Spawns work on the thread.
    pub(super) handle: Handle,
    thread: ThreadId,
    control: Arc<ControlSession>,
    stop: Notify,
}

impl Driver {
    /// Starts the thread, which connects to the server and checks it.
    pub(super) fn start(url: Url) -> Result<Arc<Self>, LockError> {
        let location = url.redacted();
        let (sender, started) = mpsc::channel();
        let work = move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = sender.send(Err(no_thread(url.redacted(), error)));
                    return;
                }
            };
            runtime.block_on(async {
                let server = match Server::open(url).await {
                    Ok(server) => server,
                    Err(error) => {
                        let _ = sender.send(Err(error));
                        return;
                    }
                };
                let driver = Arc::new(Self::new(server));
                let Self { server, pool, control, .. } = &*driver;
                tokio::spawn(heartbeat::ping_sessions(Arc::clone(pool)));
                tokio::spawn(heartbeat::check_holding(Arc::clone(pool), Arc::clone(control)));
                tokio::spawn(heartbeat::check_waiting(Arc::clone(pool), Arc::clone(server)));
                tokio::spawn(heartbeat::close_lost(Arc::clone(pool)));
                let _ = sender.send(Ok(Arc::clone(&driver)));
                driver.stop.notified().await;
            });
        };
        let thread = thread::Builder::new().name("jam-lock driver".to_owned()).spawn(work);
        thread.map_err(|error| no_thread(location, error))?;
        started.recv().expect("the thread sends one result")
    }

    /// Called on the thread itself.
    fn new(server: Server) -> Self {
        let server = Arc::new(server);
        let pool = Arc::new(Pool::new(server.url().connections));
        let control = Arc::new(ControlSession::new(Arc::clone(&server)));
        let (handle, thread) = (Handle::current(), thread::current().id());
        Self { server, pool, handle, thread, control, stop: Notify::new() }
    }

    /// The session that was checked out for `acquisition`, connected if necessary.
    pub(super) async fn connect(
        &self,
        checkout: Checkout,
        acquisition: &Arc<CancelToken>,
    ) -> Result<PooledSession, LockError> {
        match checkout {
            Checkout::Session(session) => Ok(session),
            Checkout::Connect(permit) => {
                Ok(permit.add(self.server.connect().await?, Arc::clone(acquisition)))
            }
        }
    }

    /// The session for queries that hold no lock.
    pub(super) async fn control_session(&self) -> Result<ControlUse, LockError> {
        self.control.get().await
    }

    /// Why no session is available.
    pub(super) fn no_connection(&self) -> String {
        format!(
            "all connections of this process are in use (connections={}): raise `connections=` in \
             the URL",
            self.server.url().connections
        )
    }

    /// Whether the caller is the driver's thread, which must not block on itself.
    pub(super) fn is_own_thread(&self) -> bool {
        thread::current().id() == self.thread
    }

    /// Blocks until the thread has done `work`, or returns why it could not.
    pub(super) fn block_on<T: Send + 'static, F: Future<Output = T> + Send>(
        self: &Arc<Self>,
        work: impl FnOnce(Arc<Self>) -> F + Send + 'static,
    ) -> Result<T, String> {
        if self.is_own_thread() {
            return Err("the driver thread cannot wait for itself: use another thread".to_owned());
        }
        let (driver, (sender, result)) = (Arc::clone(self), mpsc::channel());
        self.handle.spawn(async move {
            let done = timeout(RESPONSE_TIMEOUT, work(driver)).await;
            let _ = sender.send(done);
        });
        // The thread itself may have ended, or be blocked by a foreign waker.
        let done = result.recv_timeout(2 * RESPONSE_TIMEOUT).ok().and_then(Result::ok);
        done.ok_or_else(|| unresponsive(RESPONSE_TIMEOUT))
    }

    /// Blocks until the server has confirmed all releases.
    pub(super) fn flush(&self) {
        self.pool.all().iter().for_each(|session| session.flush());
    }

    /// Ends the thread, once the server has confirmed all releases.
    pub(super) fn stop(&self) {
        if !self.is_own_thread() {
            self.flush();
        }
        self.stop.notify_one();
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("table", &self.server.table()).finish_non_exhaustive()
    }
}

fn no_thread(location: String, error: io::Error) -> LockError {
    LockError::engine("start the driver thread", location, error)
}
