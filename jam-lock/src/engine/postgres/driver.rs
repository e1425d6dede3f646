//! The one thread that does all input and output with a server, so that nobody else needs a
//! runtime, and a blocked one keeps no lock from being released.

use std::fmt;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread::{self, ThreadId};

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;

use super::heartbeat;
use super::pool::{Lease, Place, Roster};
use super::server::Server;
use super::session::{PATIENCE, Session};
use super::url::Address;
use crate::engine::OwnerId;
use crate::error::LockError;

/// A server, the connections to it, and the thread that tends them.
pub(super) struct Keeper {
    pub(super) server: Server,
    pub(super) roster: Arc<Roster>,
    pub(super) handle: Handle,
    thread: ThreadId,
    /// A session for questions that are answered at once, and hold nothing.
    aside: Mutex<Option<Arc<Session>>>,
    stop: Notify,
}

impl Keeper {
    /// Starts the thread, and examines the server.
    pub(super) fn start(address: Address) -> Result<Arc<Self>, LockError> {
        let location = address.shown();
        let (reply, told) = mpsc::channel();
        let work = move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = reply.send(Err(no_thread(address.shown(), error)));
                    return;
                }
            };
            runtime.block_on(async {
                let server = match Server::examine(address).await {
                    Ok(server) => server,
                    Err(error) => {
                        let _ = reply.send(Err(error));
                        return;
                    }
                };
                let keeper = Arc::new(Self::of(server));
                tokio::spawn(heartbeat::beat(Arc::clone(&keeper.roster)));
                tokio::spawn(heartbeat::look_for_the_silent(Arc::clone(&keeper)));
                tokio::spawn(heartbeat::watch_over(Arc::clone(&keeper.roster)));
                let _ = reply.send(Ok(Arc::clone(&keeper)));
                keeper.stop.notified().await;
            });
        };
        let thread = thread::Builder::new().name("jam-lock keeper".to_owned()).spawn(work);
        thread.map_err(|error| no_thread(location, error))?;
        told.recv().expect("the thread tells what came of it")
    }

    fn of(server: Server) -> Self {
        let roster = Arc::new(Roster::new(server.address().connections));
        let (handle, thread) = (Handle::current(), thread::current().id());
        Self { server, roster, handle, thread, aside: Mutex::default(), stop: Notify::new() }
    }

    /// A session for who asks for a lock.
    pub(super) async fn lease(&self, place: Place, owner: OwnerId) -> Result<Lease, LockError> {
        match place {
            Place::Session(lease) => Ok(lease),
            Place::Room(room) => Ok(room.fill(self.server.connect().await?, owner)),
        }
    }

    /// What is said to who finds no session.
    pub(super) fn no_connection(&self) -> String {
        format!(
            "all connections that this process may have (connections={}) are in use by others who \
             hold or wait for locks",
            self.server.address().connections
        )
    }

    /// The session for questions that hold nothing.
    pub(super) async fn aside(&self) -> Result<Arc<Session>, LockError> {
        let mut aside = self.aside.lock().await;
        if let Some(session) = aside.as_ref().filter(|session| !session.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let session = self.server.connect().await?;
        *aside = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Whether this is the thread that tends the connections, which must not wait for itself.
    pub(super) fn is_its_thread(&self) -> bool {
        thread::current().id() == self.thread
    }

    /// Blocks until the keeper's thread has done `work`, or for as long as that is worth; otherwise
    /// it tells why not.
    pub(super) fn block<T: Send + 'static, F: Future<Output = T> + Send>(
        self: &Arc<Self>,
        work: impl FnOnce(Arc<Self>) -> F + Send + 'static,
    ) -> Result<T, String> {
        if self.is_its_thread() {
            return Err("the thread that is to ask the server cannot wait for itself".to_owned());
        }
        let (keeper, (reply, told)) = (Arc::clone(self), mpsc::channel());
        self.handle.spawn(async move {
            let done = timeout(PATIENCE, work(keeper)).await;
            let _ = reply.send(done);
        });
        let late = format!("the server has not answered for {} s", PATIENCE.as_secs());
        // The thread itself may be gone, or busy with somebody's waker.
        told.recv_timeout(2 * PATIENCE).ok().and_then(Result::ok).ok_or(late)
    }

    /// Blocks until the server has confirmed what was released.
    pub(super) fn flush(&self) {
        self.roster.all().iter().for_each(|session| session.flush());
    }

    /// Ends the thread, once the server has confirmed what was released.
    pub(super) fn stop(&self) {
        if !self.is_its_thread() {
            self.flush();
        }
        self.stop.notify_one();
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("table", &self.server.table()).finish_non_exhaustive()
    }
}

/// Does `work`, but not for longer than it is worth.
pub(super) async fn briefly<T, E>(work: impl Future<Output = Result<T, E>>) -> Option<T> {
    timeout(PATIENCE, work).await.ok()?.ok()
}

fn no_thread(location: String, error: io::Error) -> LockError {
    let operation = "start a thread for the server".to_owned();
    LockError::Engine { operation, location, error: error.into() }
}
