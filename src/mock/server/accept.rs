use super::{
    Auth, ServerError, ServerOptions,
    connection::{Connection, Door, stopped},
    lives::Lives,
    wire::Wire,
};
use crate::mock::{Clock, Journal, Model, Tls};
use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::Handle,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

/// How long a request may still be on its way to a server that stops.
pub(super) const LAST_CALL: Duration = Duration::from_millis(20);

/// How long connections are accepted by a server that stops, at most.
const LAST_CALLS: Duration = Duration::from_millis(500);

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// How many connections beyond the limit are told why they are closed; more are just closed.
const FAREWELLS: usize = 64;

/// A mock that listens. It stops when it is dropped, or with [`shutdown`](Server::shutdown), which loses nothing.
pub struct Server {
    addr: SocketAddr,
    tls: bool,
    door: Arc<Door>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens from now on, in the tokio runtime that this is called in.
    ///
    /// # Errors
    /// The address cannot be listened on, or can be reached from other machines while everybody is let in.
    pub fn start(model: Arc<dyn Model>, options: ServerOptions) -> Result<Self, ServerError> {
        let runtime = Handle::try_current().map_err(|_| ServerError::NoRuntime)?;
        let addr = options.listen;
        if !addr.ip().is_loopback() && matches!(options.auth, Auth::None) && !options.allow_open {
            return Err(ServerError::Open { addr });
        }
        let listen = || {
            let socket = if addr.is_ipv4() {
                TcpSocket::new_v4()?
            } else {
                TcpSocket::new_v6()?
            };
            socket.set_reuseaddr(cfg!(unix))?;
            socket.bind(addr)?;
            let listener = socket.listen(BACKLOG)?;
            listener.local_addr().map(|addr| (listener, addr))
        };
        let (listener, addr) = listen().map_err(|source| ServerError::Listen { addr, source })?;

        let door = Arc::new(Door {
            journal: Journal::new(options.journal_bytes, Arc::clone(&model)),
            model,
            clock: options.clock,
            limits: options.limits,
            auth: options.auth,
            cues: options.cues,
            admin: options.admin,
            addr,
            lives: Lives::default(),
            replies: Arc::default(),
        });
        let (stop, stopping) = watch::channel(false);
        let accepting = runtime.spawn(accept(
            listener,
            Arc::clone(&door),
            options.tls.clone(),
            stopping,
        ));
        Ok(Self {
            addr,
            tls: options.tls.is_some(),
            door,
            stop,
            accepting,
        })
    }

    /// `http://127.0.0.1:PORT`, or `https://...`; without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// The address listened on, with the port that was taken.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What was received and answered.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.door.journal
    }

    /// The time of the mock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.door.clock
    }

    /// The mock behind the door.
    #[must_use]
    pub fn model(&self) -> &Arc<dyn Model> {
        &self.door.model
    }

    /// Starts again as far as clients can tell: what only memory held is lost, and every connection ends.
    pub fn restart(&self) {
        self.door.restart();
    }

    /// Stops listening, answers every request that was accepted, and ends.
    ///
    /// What has not ended within [`Limits::grace`](super::Limits::grace) is given up: a request that waits for a
    /// held clock which nobody moves, a client that does not read.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // The loop ends by itself; it fails only where the runtime is going down.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The loop owns the connections, so they end with it.
        self.accepting.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("url", &self.url())
            .field("journal", &self.door.journal)
            .finish_non_exhaustive()
    }
}

async fn accept(
    listener: TcpListener,
    door: Arc<Door>,
    tls: Option<Tls>,
    mut stopping: watch::Receiver<bool>,
) {
    let numbers = AtomicU64::new(1);
    let mut connections = JoinSet::new();
    let welcome = |connections: &mut JoinSet<()>, tcp: TcpStream, peer| {
        if connections.len() >= door.limits.connections {
            if connections.len() < door.limits.connections.saturating_add(FAREWELLS) {
                connections.spawn(turn_away(tcp));
            }
            return;
        }
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let (door, tls, stop) = (Arc::clone(&door), tls.clone(), door.lives.subscribe());
        connections.spawn(async move {
            // Small replies must not wait for acknowledgements; where it cannot be set they are only slower.
            let _ = tcp.set_nodelay(true);
            let secure = tls.is_some();
            let Some(wire) = secured(tcp, tls, door.limits.head_time).await else {
                return;
            };
            Connection::new(door, wire, stop, peer, number, secure)
                .serve()
                .await;
        });
    };
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, peer)) => welcome(&mut connections, tcp, peer),
                // Out of files or memory: the next try has to wait until something is given back.
                Err(_) => sleep(LAST_CALL).await,
            },
            () = stopped(&mut stopping) => break,
            Some(_) = connections.join_next() => {}
        }
    }
    door.lives.stop();
    // The system has accepted these already, and their clients may have sent requests.
    let last = async {
        while let Ok(Ok((tcp, peer))) = timeout(LAST_CALL, listener.accept()).await {
            welcome(&mut connections, tcp, peer);
        }
    };
    // Whoever connects again and again must not keep it from stopping.
    let _ = timeout(LAST_CALLS, last).await;
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    // What is left is aborted when the set is dropped.
    let _ = timeout(door.limits.grace, all).await;
}

async fn secured(tcp: TcpStream, tls: Option<Tls>, within: Duration) -> Option<Wire> {
    match tls {
        None => Some(Wire::Tcp(tcp)),
        Some(tls) => match timeout(within, tls.acceptor().accept(tcp)).await {
            Ok(Ok(stream)) => Some(Wire::Tls(Box::new(stream))),
            _ => None,
        },
    }
}

/// Too many connections: a word, and the end. Closing before the request was read would take the word with it.
async fn turn_away(mut tcp: TcpStream) {
    let words = async {
        tcp.write_all(
            b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        )
        .await?;
        tcp.shutdown().await?;
        tokio::io::copy(&mut tcp.take(64 * 1024), &mut tokio::io::sink()).await
    };
    // Whether it was heard is the client's affair.
    let _ = timeout(Duration::from_secs(1), words).await;
}
