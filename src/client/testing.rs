//! Servers for tests that say byte by byte what goes over the wire.

use super::Origin;
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What a server does behind the bytes it has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Waits for the next request.
    Keep,
    /// Closes.
    Close,
    /// Resets.
    Reset,
    /// Neither writes nor closes.
    Stall,
}

/// One answer: bytes, and what follows.
pub(crate) type Answer = (Vec<u8>, Then);

/// A server on loopback with the answers of each connection in order. Gives where it is, and all that it read,
/// one entry per request.
pub(crate) async fn server(connections: Vec<Vec<Answer>>) -> (Origin, Arc<Mutex<Vec<Vec<u8>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let read = Arc::new(Mutex::new(Vec::new()));
    let seen = read.clone();
    tokio::spawn(async move {
        for answers in connections {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(talk(stream, answers, seen.clone()));
        }
    });
    (Origin::parse(&url).unwrap().0, read)
}

async fn talk(mut stream: TcpStream, answers: Vec<Answer>, seen: Arc<Mutex<Vec<Vec<u8>>>>) {
    for (bytes, then) in answers {
        let request = request(&mut stream).await;
        if request.is_empty() {
            return;
        }
        seen.lock().unwrap().push(request);
        let _ = stream.write_all(&bytes).await;
        match then {
            Then::Keep => {}
            Then::Close => return,
            Then::Reset => {
                // What was written is to arrive before the reset that would discard it.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                stream.set_zero_linger().unwrap();
                return;
            }
            Then::Stall => std::future::pending().await,
        }
    }
    let _ = request(&mut stream).await;
}

/// Reads one request with its body by `Content-Length`, or what there is of it.
async fn request(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |value| value.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return bytes;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return bytes;
        }
    }
}
