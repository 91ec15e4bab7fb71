use super::{
    Credentials, Origin, OriginError, Outgoing, Scheme, TlsError, TlsOptions,
    credentials::basic,
    dial::{Idle, Proxy, dial},
    exact::{Excess, Sent, Wire, encode},
    ntlm::{Way, shake},
    pooled,
};
use crate::message::{Broken, Exchange, How, Reply, Request};
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_rustls::rustls::ClientConfig;

/// What all requests of a run have in common.
#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    /// How https is set up.
    pub tls: TlsOptions,
    /// `http://[user:password@]host:port` that everything goes through.
    pub proxy: Option<String>,
    /// Who asks; sent where a request does not suppress `Authorization`.
    pub credentials: Option<Credentials>,
}

/// We cannot send as asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The proxy's URL.
    #[error(transparent)]
    Proxy(#[from] OriginError),
    /// reqwest cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(#[from] reqwest::Error),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// What all connections of a run share. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    pooled: reqwest::Client,
    tls_options: TlsOptions,
    tls: OnceLock<Result<Arc<ClientConfig>, String>>,
    proxy: Option<Proxy>,
    credentials: Option<Credentials>,
    connections: AtomicU64,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("credentials", &self.0.credentials)
            .finish_non_exhaustive()
    }
}

/// The connections of one scenario: at most one is kept open for each origin. Connections that reqwest
/// keeps are shared by the whole run.
#[derive(Debug)]
pub struct Connections {
    client: Client,
    kept: HashMap<Origin, Wire>,
    /// From how long a rest on a connection is not trusted with what must not be sent twice: servers close those that rest.
    pub(super) rest: Duration,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Sets up what does not depend on a request. TLS only when the first https request is sent.
    ///
    /// # Errors
    /// A proxy that cannot be used.
    pub fn new(options: &ClientOptions) -> Result<Self, ClientError> {
        Ok(Self(Arc::new(Shared {
            pooled: pooled::client()?,
            tls_options: options.tls.clone(),
            tls: OnceLock::new(),
            proxy: options.proxy.as_deref().map(Proxy::parse).transpose()?,
            credentials: options.credentials.clone(),
            connections: AtomicU64::new(1),
        })))
    }

    /// Reads the files that TLS needs, so that a mistake in them is told before anything is sent.
    ///
    /// # Errors
    /// As [`TlsError`] tells.
    pub fn check_tls(&self) -> Result<(), ClientError> {
        let config = self.0.tls_options.config()?;
        // Set already: by an earlier check, from the same files.
        let _ = self.0.tls.set(Ok(config));
        Ok(())
    }

    /// Connections of its own, none open yet.
    #[must_use]
    pub fn connections(&self) -> Connections {
        Connections {
            client: self.clone(),
            kept: HashMap::new(),
            rest: Duration::from_secs(1),
        }
    }
}

impl Connections {
    /// Sends a request and waits for its reply.
    ///
    /// Where a kept connection ends without a byte of a reply, only a request that changes nothing is sent again, on a new one
    /// (RFC 2616 8.1.4), and the exchange says so unless the connection had rested; of any other nobody knows whether it was
    /// carried out, so it is told as a connection that closed.
    pub async fn send(&mut self, outgoing: &Outgoing) -> Exchange {
        let shared = self.client.0.clone();
        let credentials = shared
            .credentials
            .as_ref()
            .filter(|_| outgoing.raw.is_none());
        let at_once = credentials.filter(|given| given.scheme == Scheme::Basic);
        let header = |given: &Credentials| basic(&given.user, &given.password);
        let exchange = self.once(outgoing, at_once.map(header).as_deref()).await;
        match credentials {
            Some(given)
                if given.scheme == Scheme::BasicWhenChallenged
                    && exchange
                        .reply()
                        .is_some_and(|reply| challenged(reply, "Basic"))
                    && takes_credentials(outgoing, &exchange.request) =>
            {
                self.once(outgoing, Some(&header(given))).await
            }
            _ => exchange,
        }
    }

    async fn once(&mut self, outgoing: &Outgoing, authorization: Option<&str>) -> Exchange {
        let request = outgoing.complete(authorization);
        let shared = self.client.0.clone();
        let began = Instant::now();
        let ntlm = shared.credentials.as_ref().filter(|given| {
            given.scheme == Scheme::Ntlm
                && outgoing.raw.is_none()
                && takes_credentials(outgoing, &request)
        });
        if shared.proxy.is_none() && ntlm.is_none() && pooled::can_send(outgoing, &request) {
            let (outcome, connection) = pooled::send(&shared.pooled, outgoing, &request).await;
            return Exchange {
                connection,
                elapsed: began.elapsed(),
                ..Exchange::new(request, outgoing.origin.to_string(), outcome)
            };
        }
        let mut excess = Excess::default();
        let harmless =
            outgoing.raw.is_none() && matches!(&*request.method, "GET" | "HEAD" | "OPTIONS");
        let mut again = false;
        let mut kept = self.kept(outgoing, harmless, &mut excess);
        loop {
            let reused = harmless && kept.is_some();
            let rested = kept.as_ref().is_none_or(|wire| self.has_rested(wire));
            let wire = match kept.take() {
                Some(wire) => Ok(wire),
                None => self.open(&outgoing.origin, outgoing).await,
            };
            let began = Instant::now();
            let (mut wire, (sent, request)) = match wire {
                Err(broken) => {
                    return Exchange {
                        elapsed: began.elapsed(),
                        excess: excess.bytes,
                        ..Exchange::new(request, outgoing.origin.to_string(), Err(broken))
                    };
                }
                Ok(mut wire) => {
                    let sent = self.over(&mut wire, outgoing, &request, ntlm).await;
                    (wire, sent)
                }
            };
            let gone = matches!(&sent.outcome, Err(broken) if matches!(broken.how, How::Closed | How::Reset));
            if reused && gone && !sent.answered && outgoing.cut.is_none() {
                again = !rested;
                continue;
            }
            let elapsed = began.elapsed();
            let connection = wire.id;
            if sent.reusable && !outgoing.fresh {
                wire.idle_since = Instant::now().into();
                self.kept.insert(outgoing.origin.clone(), wire);
            }
            let excess = if sent.excess.bytes.is_empty() {
                excess
            } else {
                sent.excess
            };
            return Exchange {
                connection,
                elapsed,
                again,
                excess: excess.bytes,
                lead: excess.lead,
                ..Exchange::new(request, outgoing.origin.to_string(), sent.outcome)
            };
        }
    }

    /// Sends it over that connection. Gives what became of it, with the request as it was sent.
    async fn over(
        &self,
        wire: &mut Wire,
        outgoing: &Outgoing,
        request: &Request,
        ntlm: Option<&Credentials>,
    ) -> (Sent, Request) {
        let absolute;
        let form = match &self.client.0.proxy {
            Some(_) if !outgoing.origin.tls => {
                absolute = format!("{}{}", outgoing.origin, request.target);
                &absolute
            }
            _ => &request.target,
        };
        if let Some(credentials) = ntlm.filter(|_| !wire.authenticated) {
            let way = Way {
                form,
                cut: outgoing.cut,
                limits: outgoing.limits,
                timeout: outgoing.timeout,
            };
            return shake(wire, credentials, request, &way).await;
        }
        let encoded;
        let bytes: &[u8] = match &outgoing.raw {
            Some(raw) => {
                let upto = outgoing
                    .cut
                    .map_or(raw.len(), |cut| cut.after.min(raw.len()));
                &raw[..upto]
            }
            None => {
                encoded = encode(request, form, outgoing.cut);
                &encoded
            }
        };
        let sent = wire
            .exchange(
                bytes,
                &request.method,
                outgoing.cut,
                outgoing.limits,
                outgoing.timeout,
            )
            .await;
        (sent, request.clone())
    }

    /// The connection kept for that origin, where it is still good. What changes something gets none that may end just now.
    fn kept(&mut self, outgoing: &Outgoing, harmless: bool, excess: &mut Excess) -> Option<Wire> {
        if outgoing.fresh {
            return None;
        }
        let mut wire = self.kept.remove(&outgoing.origin)?;
        match wire.stream.idle() {
            Idle::Quiet if !harmless && self.has_rested(&wire) => None,
            Idle::Quiet => Some(wire),
            Idle::Closed => None,
            Idle::Spoke(bytes) => {
                excess.bytes = bytes.into();
                None
            }
        }
    }

    fn has_rested(&self, wire: &Wire) -> bool {
        wire.idle_since.elapsed() >= self.rest
    }

    async fn open(&self, origin: &Origin, outgoing: &Outgoing) -> Result<Wire, Broken> {
        let shared = &self.client.0;
        let config = if origin.tls {
            let config = shared.tls.get_or_init(|| {
                shared
                    .tls_options
                    .config()
                    .map_err(|error| error.to_string())
            });
            Some(config.as_ref().map_err(|detail| Broken {
                how: How::Tls,
                detail: detail.clone(),
                partial: None,
            })?)
        } else {
            None
        };
        let within = outgoing.timeout.min(pooled::CONNECT_WITHIN);
        let stream = dial(origin, shared.proxy.as_ref(), config, within).await?;
        Ok(Wire {
            stream,
            id: shared.connections.fetch_add(1, Ordering::Relaxed),
            idle_since: Instant::now().into(),
            authenticated: false,
        })
    }
}

/// Whether a request leaves it to the client who asks.
fn takes_credentials(outgoing: &Outgoing, request: &Request) -> bool {
    let names_it = |name: &String| name.eq_ignore_ascii_case("Authorization");
    !request.headers.contains("Authorization") && !outgoing.suppress.iter().any(names_it)
}

/// Whether a reply asks for credentials of that scheme.
fn challenged(reply: &Reply, scheme: &str) -> bool {
    reply.status == 401
        && reply.headers.all("WWW-Authenticate").any(|value| {
            value
                .split([' ', ','])
                .any(|word| word.eq_ignore_ascii_case(scheme))
        })
}
