//! A PgBouncer in front of a server, for one test.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use crate::postgres::{Server, as_nobody, new_folder};
use crate::{observe::wait_until, requirements::skip};

/// Where it is installed, which need not be on the path.
const PROGRAMS: [&str; 2] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"];

/// A pool of connections to a server, which is stopped and removed on drop.
pub struct Pooler {
    port: u16,
    folder: PathBuf,
    process: Child,
}

impl Pooler {
    /// A pool with this `pool_mode` in front of `server`; `None` if PgBouncer is not installed.
    pub fn start(server: &Server, mode: &str) -> Option<Self> {
        Self::start_with(server, &format!("pool_mode = {mode}"))
    }

    /// A pool with these settings.
    pub fn start_with(server: &Server, settings: &str) -> Option<Self> {
        let program = PROGRAMS.map(PathBuf::from).into_iter().find(|program| program.exists());
        let Some(program) = program else {
            skip("PgBouncer is not installed");
            return None;
        };
        let folder = new_folder();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = format!(
            "[databases]\npostgres = host=127.0.0.1 port={}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\n{settings}\nlogfile = {}/log\n",
            server.port(),
            folder.display(),
        );
        // With `auth_type = any`, the setting of the database decides which user connects.
        let configuration = configuration.replace("port=", "user=app port=");
        fs::write(folder.join("ini"), configuration).unwrap();
        let mut command = as_nobody(&program);
        command.arg("-q").arg(folder.join("ini")).stdin(Stdio::null());
        let process = command.spawn().unwrap();
        wait_until("PgBouncer listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(Self { port, folder, process })
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
