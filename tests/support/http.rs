//! Just enough of HTTP to ask a server on this machine.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

/// What a server answers to a POST: status line, headers and body.
pub fn post(port: u16, path: &str, body: &str) -> String {
    let mut stream = begin_post(port, path, body);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the server answers");
    answer
}

/// A POST that was sent, and whose answer is still to be read.
pub fn begin_post(port: u16, path: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server is there");
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("the server reads");
    stream
}
