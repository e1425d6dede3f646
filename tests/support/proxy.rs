//! A TCP proxy whose connections a test can cut, stall, delay or close at one end.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How often a stalled connection checks whether it may continue.
const STALL_CHECK: Duration = Duration::from_millis(5);

/// Forwards connections from a port of its own to another port of this machine.
pub struct Proxy {
    port: u16,
    links: Arc<Links>,
}

#[derive(Default)]
struct Links {
    stalls_all: AtomicBool,
    stalls_new: AtomicBool,
    /// In milliseconds.
    delay: AtomicU64,
    all: Mutex<Vec<Link>>,
}

/// The two ends of a forwarded connection.
struct Link {
    client: TcpStream,
    server: TcpStream,
    /// Whether nothing is forwarded any more.
    is_dead: Arc<AtomicBool>,
    /// Whether it was established while new ones were stalled, and has not been resumed.
    is_stalled: Arc<AtomicBool>,
}

impl Proxy {
    /// A proxy to `port`.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let links = Arc::<Links>::default();
        let accepting = Arc::clone(&links);
        // It runs until the program exits, and listens on the loopback interface only.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                accepting.add(client, server);
            }
        });
        Self { port: own, links }
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Forwards nothing and closes nothing from now on, as if a cable was unplugged.
    pub fn stall(&self) {
        self.links.stalls_all.store(true, Ordering::Relaxed);
    }

    /// Forwards nothing of connections that are established from now on.
    pub fn stall_new(&self) {
        self.links.stalls_new.store(true, Ordering::Relaxed);
    }

    /// How many new connections are stalled.
    pub fn stalled_new(&self) -> usize {
        self.links.lock().iter().filter(|link| link.is_stalled.load(Ordering::Relaxed)).count()
    }

    /// Forwards everything of the oldest new connection that is stalled.
    pub fn resume_oldest_new(&self) {
        let links = self.links.lock();
        let oldest = links.iter().find(|link| link.is_stalled.load(Ordering::Relaxed));
        oldest.expect("one is stalled").is_stalled.store(false, Ordering::Relaxed);
    }

    /// Forwards everything again, including what was stalled.
    pub fn resume(&self) {
        self.links.stalls_all.store(false, Ordering::Relaxed);
        self.links.stalls_new.store(false, Ordering::Relaxed);
        for link in self.links.lock().iter() {
            link.is_stalled.store(false, Ordering::Relaxed);
        }
    }

    /// Delays each piece of data.
    pub fn delay(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap();
        self.links.delay.store(millis, Ordering::Relaxed);
    }

    /// Closes all connections at both ends.
    pub fn cut(&self) {
        for Link { client, server, .. } in self.links.lock().drain(..) {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    /// Closes all connections at the server's end only, unnoticed by the client. New connections work.
    pub fn half_close(&self) {
        for Link { server, is_dead, .. } in self.links.lock().iter() {
            is_dead.store(true, Ordering::Relaxed);
            let _ = server.shutdown(Shutdown::Both);
        }
    }
}

impl Links {
    fn add(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let is_dead = Arc::<AtomicBool>::default();
        let is_stalled = Arc::new(AtomicBool::new(self.stalls_new.load(Ordering::Relaxed)));
        for (from, to) in [(&client, &server), (&server, &client)] {
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let links = Arc::clone(self);
            let (is_dead, is_stalled) = (Arc::clone(&is_dead), Arc::clone(&is_stalled));
            thread::spawn(move || links.forward(from, to, &is_dead, &is_stalled));
        }
        self.lock().push(Link { client, server, is_dead, is_stalled });
    }

    fn forward(
        &self,
        mut from: TcpStream,
        mut to: TcpStream,
        is_dead: &AtomicBool,
        is_stalled: &AtomicBool,
    ) {
        let mut piece = [0; 8192];
        loop {
            let read = from.read(&mut piece).unwrap_or(0);
            while self.stalls_all.load(Ordering::Relaxed) || is_stalled.load(Ordering::Relaxed) {
                thread::sleep(STALL_CHECK);
            }
            if is_dead.load(Ordering::Relaxed) {
                return;
            }
            thread::sleep(Duration::from_millis(self.delay.load(Ordering::Relaxed)));
            if read == 0 || to.write_all(&piece[..read]).is_err() {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Link>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
