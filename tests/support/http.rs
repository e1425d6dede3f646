//! Just enough HTTP for requests to a server on this machine.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

/// Sends a POST request, and returns the response: status line, headers and body.
pub fn post(port: u16, path: &str, body: &str) -> String {
    let mut stream = begin_post(port, path, body);
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("the server responds");
    response
}

/// Sends a POST request, whose response can be read from the stream.
pub fn begin_post(port: u16, path: &str, body: &str) -> TcpStream {
    let mut stream =
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server is running");
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("the server reads");
    stream
}
