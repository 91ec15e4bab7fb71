use super::{
    Flaw, Observed, Side, Tally,
    pump::{Over, Pump},
    shared::Shared,
    tap::{Queued, Tap},
};
use crate::{
    client::{Origin, Stream, TlsError, TlsOptions, dial},
    contract::Level,
    mock::{Tls, Wire},
};
use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs, UdpSocket},
    sync::{
        Arc,
        atomic::Ordering::Relaxed,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_rustls::rustls::ClientConfig;

/// How many exchanges may wait to be judged.
const QUEUE: usize = 4096;
/// How long the upstream has to take a connection, and a client to begin TLS.
const CONNECT: Duration = Duration::from_secs(60);

/// Where a proxy listens and where it leads.
#[derive(Clone, Debug)]
pub struct ProxyOptions {
    /// Address and port; port 0 takes a free one. Default: `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// The real server.
    pub upstream: Origin,
    /// How TLS with the upstream is set up, where its scheme is `https`.
    pub upstream_tls: TlsOptions,
    /// Speaks TLS with clients, with that certificate. Default: plain HTTP.
    pub tls: Option<Tls>,
    /// Whether everybody may be led on from an address that other machines reach. Default: no.
    pub allow_open: bool,
    /// Connections at once; more wait until one ends. Default: 4,096.
    pub connections: usize,
    /// How long [`stop`](Proxy::stop) waits for exchanges that are under way. Default: 2 s.
    pub grace: Duration,
}

impl ProxyOptions {
    /// The defaults, for that upstream.
    #[must_use]
    pub fn new(upstream: Origin) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            upstream,
            upstream_tls: TlsOptions::default(),
            tls: None,
            allow_open: false,
            connections: 4096,
            grace: Duration::from_secs(2),
        }
    }
}

/// Why a proxy cannot begin, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// Everybody could reach the upstream through an address that other machines reach.
    #[error(
        "{addr} can be reached from other machines, and whoever reaches it is led on to the upstream; allow it with --allow-open"
    )]
    Open {
        /// The address.
        addr: SocketAddr,
    },
    /// The upstream is the proxy itself.
    #[error(
        "the upstream is {addr}, where the proxy itself listens: every request would come back to it for ever; name the real server with --upstream"
    )]
    Itself {
        /// The address.
        addr: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// TLS with the upstream cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is no tokio runtime.
    #[error("a proxy needs a tokio runtime to be started in")]
    NoRuntime,
    /// The thread that judges could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// The thread that judges broke down, so what was judged is lost.
    #[error("the judgement of what passed broke down")]
    Judge,
}

/// A proxy that listens. It changes nothing that passes. It ends when it is dropped, or with [`stop`](Proxy::stop), which
/// loses nothing.
pub struct Proxy {
    addr: SocketAddr,
    tls: bool,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    /// One task, which ends with this.
    accepting: JoinSet<()>,
    judging: thread::JoinHandle<()>,
}

/// What a connection needs.
struct Door {
    options: ProxyOptions,
    upstream_tls: Option<Arc<ClientConfig>>,
    shared: Arc<Shared>,
    queue: SyncSender<Queued>,
}

/// Whether what connects to the upstream comes to the address that is listened on.
fn is_itself(addr: SocketAddr, upstream: &Origin) -> bool {
    // Names are looked up only where the port is the same, which is rarely so.
    if upstream.port != addr.port() {
        return false;
    }
    let Ok(found) = (upstream.host.as_str(), upstream.port).to_socket_addrs() else {
        return false;
    };
    let here = addr.ip();
    found.map(|one| one.ip()).any(|ip| {
        let to_all = here.is_unspecified() && (here.is_ipv6() || ip.is_ipv4());
        // Only an address of this machine can be bound.
        ip == here
            || (ip.is_unspecified() && here.is_loopback())
            || (to_all && UdpSocket::bind((ip, 0)).is_ok())
    })
}

impl Proxy {
    /// Listens from now on, in the tokio runtime that this is called in. Every exchange that ends is given to `judge`, one after
    /// the other, in a thread of its own; what it takes holds up nothing that passes.
    ///
    /// # Errors
    /// The address cannot be listened on, or can be reached from other machines although that is not allowed; a file for TLS
    /// cannot be read.
    pub fn start(
        options: ProxyOptions,
        judge: impl FnMut(Observed) + Send + 'static,
    ) -> Result<Self, ProxyError> {
        let runtime = Handle::try_current().map_err(|_| ProxyError::NoRuntime)?;
        let addr = options.listen;
        if !addr.ip().is_loopback() && !options.allow_open {
            return Err(ProxyError::Open { addr });
        }
        let upstream_tls = options
            .upstream
            .tls
            .then(|| options.upstream_tls.config())
            .transpose()?;
        let listen = || {
            let listener = std::net::TcpListener::bind(addr)?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            listener.local_addr().map(|addr| (listener, addr))
        };
        let (listener, addr) = listen().map_err(|source| ProxyError::Listen { addr, source })?;
        if is_itself(addr, &options.upstream) {
            return Err(ProxyError::Itself { addr });
        }

        let shared = Arc::new(Shared::new(options.upstream.to_string()));
        let (queue, waiting) = sync_channel(QUEUE);
        let judging = thread::Builder::new()
            .name("judge".to_owned())
            .spawn(move || judge_all(&waiting, judge))
            .map_err(ProxyError::Thread)?;
        let (stop, stopping) = watch::channel(false);
        let tls = options.tls.is_some();
        let door = Arc::new(Door {
            options,
            upstream_tls,
            shared: Arc::clone(&shared),
            queue,
        });
        let mut accepting = JoinSet::new();
        accepting.spawn_on(accept(listener, door, stopping), &runtime);
        Ok(Self {
            addr,
            tls,
            shared,
            stop,
            accepting,
            judging,
        })
    }

    /// `http://127.0.0.1:PORT`, or `https://...`; without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// What has passed so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.shared.tally()
    }

    /// Listens no longer, lets exchanges that are under way end for a while, and waits until all that passed is judged.
    ///
    /// # Errors
    /// The judge panicked.
    pub async fn stop(mut self) -> Result<(Tally, Vec<Flaw>), ProxyError> {
        self.stop.send_replace(true);
        // The loop ends by itself; it fails only where the runtime is going down.
        let _ = self.accepting.join_next().await;
        let Self {
            shared, judging, ..
        } = self;
        // Every sender is gone, so the judge comes to an end.
        let judged = tokio::task::spawn_blocking(move || judging.join()).await;
        match judged {
            Ok(Ok(())) => Ok((shared.tally(), shared.flaws())),
            _ => Err(ProxyError::Judge),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("url", &self.url())
            .field("tally", &self.tally())
            .finish_non_exhaustive()
    }
}

fn judge_all(waiting: &Receiver<Queued>, mut judge: impl FnMut(Observed)) {
    while let Ok(queued) = waiting.recv() {
        let (observed, held) = queued.apart();
        judge(observed);
        drop(held);
    }
}

async fn accept(listener: TcpListener, door: Arc<Door>, mut stopping: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(door.options.connections));
    let mut connections = JoinSet::new();
    let stop = stopping.clone();
    loop {
        let accepted = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            (accepted, permit) = accepted => match accepted {
                Ok((tcp, _)) => {
                    let (door, stop) = (Arc::clone(&door), stop.clone());
                    connections.spawn(async move {
                        connection(&door, tcp, stop).await;
                        drop(permit);
                    });
                }
                // Out of files or memory: the next try has to wait until something is given back.
                Err(_) => sleep(Duration::from_millis(20)).await,
            },
            () = stopped(&mut stopping) => break,
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Waits until the proxy is asked to stop, or is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn connection(door: &Door, tcp: TcpStream, stop: watch::Receiver<bool>) {
    let shared = &door.shared;
    let number = shared.connections.fetch_add(1, Relaxed) + 1;
    shared.open.fetch_add(1, Relaxed);
    lead(door, tcp, number, stop).await;
    shared.open.fetch_sub(1, Relaxed);
}

async fn lead(door: &Door, tcp: TcpStream, number: u64, mut stop: watch::Receiver<bool>) {
    // What comes small must go on small; where it cannot be set it is only slower.
    let _ = tcp.set_nodelay(true);
    let mut asked = stop.clone();
    let both = async {
        let client = secured(door, tcp, number).await?;
        let server = upstream(door, &client, number).await?;
        Some((client, server))
    };
    let ends = tokio::select! {
        ends = both => ends,
        () = stopped(&mut asked) => None,
    };
    let Some((mut client, mut server)) = ends else {
        return;
    };
    let mut tap = Tap::new(&door.shared, door.queue.clone(), number);
    let mut pump = Pump::new();
    let over = tokio::select! {
        over = pump.run(&mut client, &mut server, &mut tap, false) => over,
        () = stopped(&mut stop) => {
            let deadline = Instant::now() + door.options.grace;
            let last = pump.run(&mut client, &mut server, &mut tap, true);
            timeout_at(deadline, last).await.unwrap_or(Over::Stopped)
        }
    };
    match over {
        Over::Closed => {}
        // Where no reset can be made, the connection still ends, only politely.
        Over::Client => drop(server.arm_reset()),
        Over::Server => client.reset_when_dropped(),
        Over::Stopped => tap.stopped(),
    }
}

async fn secured(door: &Door, tcp: TcpStream, number: u64) -> Option<Wire> {
    let Some(tls) = &door.options.tls else {
        return Some(Wire::Tcp(tcp));
    };
    let why = match timeout(CONNECT, tls.acceptor().accept(tcp)).await {
        Ok(Ok(stream)) => return Some(Wire::Tls(Box::new(stream))),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no handshake within {CONNECT:?}"),
    };
    let kind = (Side::Client, Level::May);
    let expected = "a handshake of TLS";
    door.shared.flaw(kind, number, expected, why);
    None
}

/// The connection to the upstream that this connection of a client is led on to, and to no other.
async fn upstream(door: &Door, client: &Wire, number: u64) -> Option<Stream> {
    let origin = &door.options.upstream;
    match dial(origin, None, door.upstream_tls.as_ref(), CONNECT).await {
        Ok(stream) => Some(stream),
        Err(broken) => {
            let kind = (Side::Server, Level::Must);
            let expected = format!("a connection to {origin}");
            door.shared
                .flaw(kind, number, &expected, broken.to_string());
            // As near as it comes to not being there.
            client.reset_when_dropped();
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Proxy, ProxyError, ProxyOptions, is_itself};
    use crate::client::Origin;
    use rstest::rstest;

    #[rstest]
    #[case("127.0.0.1:80", "http://127.0.0.1", true)]
    #[case("127.0.0.1:80", "http://localhost", true)]
    #[case("127.0.0.1:80", "http://0.0.0.0", true)]
    #[case("0.0.0.0:80", "http://127.0.0.1", true)]
    #[case("127.0.0.1:80", "http://127.0.0.1:81", false)]
    #[case("127.0.0.1:80", "http://127.0.0.2", false)]
    #[case("0.0.0.0:80", "http://192.0.2.1", false)]
    fn an_upstream_that_is_the_proxy_is_known(
        #[case] addr: &str,
        #[case] upstream: &str,
        #[case] is: bool,
    ) {
        let (upstream, _) = Origin::parse(upstream).unwrap();
        assert_eq!(is_itself(addr.parse().unwrap(), &upstream), is);
    }

    #[tokio::test]
    async fn a_proxy_before_itself_does_not_start() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = free.local_addr().unwrap();
        drop(free);
        let (upstream, _) = Origin::parse(&format!("http://{listen}")).unwrap();
        let options = ProxyOptions {
            listen,
            ..ProxyOptions::new(upstream)
        };
        let started = Proxy::start(options, |_| {});
        assert!(matches!(started.err(), Some(ProxyError::Itself { .. })));
    }
}
