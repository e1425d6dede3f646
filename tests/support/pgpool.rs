//! A pgpool-II in front of a server, for one test.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::observe::wait_until;
use crate::postgres::{Server, as_nobody, new_folder};
use crate::requirements::skip;

/// Where Debian installs it, which need not be on the path.
const PROGRAM: &str = "/usr/sbin/pgpool";

/// A pgpool-II, which is stopped and removed on drop.
pub struct Pgpool {
    port: u16,
    folder: PathBuf,
    process: Child,
}

impl Pgpool {
    /// A pgpool-II with these settings in front of `server`; `None` if it is not installed.
    pub fn start(server: &Server, settings: &str) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            skip("pgpool-II is not installed");
            return None;
        }
        let folder = new_folder();
        let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [port, control] = free.map(|listener| listener.local_addr().unwrap().port());
        let of_server = format!(
            "backend_hostname0 = '127.0.0.1'\nbackend_port0 = {}\nbackend_flag0 = 'ALWAYS_PRIMARY'\n\
             listen_addresses = '127.0.0.1'\nport = {port}\n\
             pcp_listen_addresses = '127.0.0.1'\npcp_port = {control}\n\
             num_init_children = 4\nsr_check_user = 'app'\n",
            server.port(),
        );
        let file = |name: &str| folder.join(name);
        // Older versions have only the first of them for the clients' socket.
        let folders = [
            "socket_dir",
            "unix_socket_directories",
            "pcp_socket_dir",
            "wd_ipc_socket_dir",
            "work_dir",
            "logdir",
        ];
        let folders = folders.map(|setting| format!("{setting} = '{}'\n", folder.display()));
        let process_file = format!("pid_file_name = '{}'\n", file("pid").display());
        let configuration = [of_server, folders.concat(), process_file, settings.to_owned()];
        fs::write(file("conf"), configuration.concat()).unwrap();
        for empty in ["pcp.conf", "hba.conf"] {
            fs::write(file(empty), "").unwrap();
        }
        let mut command = as_nobody(Path::new(PROGRAM));
        command.arg("-n").arg("-f").arg(file("conf"));
        command.arg("-F").arg(file("pcp.conf")).arg("-a").arg(file("hba.conf"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let pgpool = Self { port, folder, process: command.spawn().unwrap() };
        wait_until("pgpool-II listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(pgpool)
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Pgpool {
    fn drop(&mut self) {
        // Killed, it would leave the processes of its connections behind.
        let _ = kill_process(Pid::from_child(&self.process), Signal::INT);
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
