//! A wire that a test can cut, hold up, slow down or close at one end.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a held-up wire sleeps before it looks again.
const NAP: Duration = Duration::from_millis(5);

/// Passes on what comes to one port of this machine to another one.
pub struct Proxy {
    port: u16,
    wire: Arc<Wire>,
}

#[derive(Default)]
struct Wire {
    is_held_up: AtomicBool,
    /// Whether new connections are, which the others do not notice.
    holds_up_new: AtomicBool,
    delay: AtomicU64,
    links: Mutex<Vec<Link>>,
}

/// A connection's two ends.
struct Link {
    client: TcpStream,
    server: TcpStream,
    /// Whether nothing of it is passed on any more.
    is_dead: Arc<AtomicBool>,
    /// Whether it was new when new ones were held up.
    is_held_up: bool,
}

impl Proxy {
    /// A wire to `port`.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let wire = Arc::new(Wire::default());
        let accepting = Arc::clone(&wire);
        // It ends with the program: nothing but loopback is listened on.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                accepting.link(client, server);
            }
        });
        Self { port: own, wire }
    }

    /// Where the near end of the wire is.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Passes nothing on, and closes nothing, from now on: as a wire that was unplugged.
    pub fn hold_up(&self) {
        self.wire.is_held_up.store(true, Ordering::Relaxed);
    }

    /// Passes nothing on of what is connected from now on.
    pub fn hold_up_new(&self) {
        self.wire.holds_up_new.store(true, Ordering::Relaxed);
    }

    /// Whether a connection is held up that was new.
    pub fn holds_up_one(&self) -> bool {
        self.wire.links().iter().any(|link| link.is_held_up)
    }

    /// Passes everything on again, what was held up included.
    pub fn go_on(&self) {
        self.wire.is_held_up.store(false, Ordering::Relaxed);
        self.wire.holds_up_new.store(false, Ordering::Relaxed);
    }

    /// Takes so long for every piece.
    pub fn delay(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap();
        self.wire.delay.store(millis, Ordering::Relaxed);
    }

    /// Ends all connections at both ends.
    pub fn cut(&self) {
        for Link { client, server, .. } in self.wire.links().drain(..) {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    /// Ends all connections at the server's end alone, of which the client is not told; new ones
    /// are as they should be.
    pub fn half_close(&self) {
        for Link { server, is_dead, .. } in self.wire.links().iter() {
            is_dead.store(true, Ordering::Relaxed);
            let _ = server.shutdown(Shutdown::Both);
        }
    }
}

impl Wire {
    fn link(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let is_dead = Arc::<AtomicBool>::default();
        let is_held_up = self.holds_up_new.load(Ordering::Relaxed);
        for (from, to) in [(&client, &server), (&server, &client)] {
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let (wire, is_dead) = (Arc::clone(self), Arc::clone(&is_dead));
            thread::spawn(move || wire.pass_on(from, to, &is_dead, is_held_up));
        }
        self.links().push(Link { client, server, is_dead, is_held_up });
    }

    fn pass_on(&self, mut from: TcpStream, mut to: TcpStream, is_dead: &AtomicBool, is_new: bool) {
        let mut piece = [0; 8192];
        loop {
            let read = from.read(&mut piece).unwrap_or(0);
            while self.is_held_up.load(Ordering::Relaxed)
                || is_new && self.holds_up_new.load(Ordering::Relaxed)
            {
                thread::sleep(NAP);
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

    fn links(&self) -> MutexGuard<'_, Vec<Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
