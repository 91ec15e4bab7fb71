use super::wire::{Line, Received};
use std::{
    cell::RefCell,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// What a load came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Replies counted.
    pub(crate) replies: usize,
    /// From the first request to the last reply.
    pub(crate) took: Duration,
    /// How long each request took, where that was asked for.
    pub(crate) times: Vec<Duration>,
}

impl Tally {
    /// Replies each second.
    pub(crate) fn rate(&self) -> f64 {
        self.replies as f64 / self.took.as_secs_f64()
    }

    /// The time that this part of the requests did not exceed, in ms.
    pub(crate) fn quantile(&mut self, part: f64) -> f64 {
        self.times.sort_unstable();
        let at = (self.times.len() as f64 * part) as usize;
        let last = self.times.len().saturating_sub(1);
        let time = self.times.get(at.min(last)).copied();
        time.unwrap_or_default().as_secs_f64() * 1000.0
    }
}

/// The threads of the load generator: one, so that a machine with two processors leaves one to the server.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts")
}

/// Sends requests over connections that stay open, each as soon as the reply before it was read; counts replies.
///
/// `make` gives the n-th request; every reply must have a status below 400.
pub(crate) fn load<M, R>(addr: SocketAddr, connections: usize, requests: usize, make: M) -> Tally
where
    M: Fn(usize) -> R + 'static,
    R: AsRef<[u8]>,
{
    let make = Arc::new(make);
    let next = Arc::new(AtomicUsize::new(0));
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime(), async move {
        let mut lines = Vec::new();
        for _ in 0..connections {
            lines.push(Line::open(addr).await);
        }
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for mut line in lines {
            let (make, next) = (make.clone(), next.clone());
            tasks.spawn_local(async move {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if number >= requests {
                        return;
                    }
                    let reply = line.send(&[make(number).as_ref()]).await;
                    assert!(reply.status < 400, "{}", shown(&reply));
                }
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.expect("a connection does its part");
        }
        Tally {
            replies: requests,
            took: began.elapsed(),
            times: Vec::new(),
        }
    })
}

/// A connection whose requests are timed.
#[derive(Debug)]
pub(crate) struct Conversation {
    line: Line,
    times: Vec<Duration>,
}

impl Conversation {
    /// Sends a request, given in pieces, and waits for the whole reply, which must be no error.
    pub(crate) async fn send(&mut self, pieces: &[&[u8]]) -> Received<'_> {
        let began = Instant::now();
        let reply = self.line.send(pieces).await;
        self.times.push(began.elapsed());
        assert!(reply.status < 400, "{}", shown(&reply));
        reply
    }

    /// The same for a body that others use as soon as this waits: what the connection does not take at once is copied.
    pub(crate) async fn send_shared(
        &mut self,
        head: &[u8],
        body: &RefCell<Vec<u8>>,
    ) -> Received<'_> {
        let began = Instant::now();
        let rest = {
            let body = body.borrow();
            let sent = self.line.begin(&[head, &body]);
            let in_body = sent.saturating_sub(head.len());
            [&head[sent.min(head.len())..], &body[in_body..]].concat()
        };
        let reply = self.line.send(&[&rest]).await;
        self.times.push(began.elapsed());
        assert!(reply.status < 400, "{}", shown(&reply));
        reply
    }
}

/// Holds conversations at once, each on a connection of its own.
pub(crate) fn conversations<F>(addr: SocketAddr, count: usize, hold: F) -> Tally
where
    F: AsyncFn(usize, &mut Conversation) + 'static,
{
    let hold = Arc::new(hold);
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime(), async move {
        let mut open = Vec::new();
        for _ in 0..count {
            open.push(Conversation {
                line: Line::open(addr).await,
                times: Vec::new(),
            });
        }
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for (number, mut one) in open.into_iter().enumerate() {
            let hold = hold.clone();
            tasks.spawn_local(async move {
                hold(number, &mut one).await;
                one.times
            });
        }
        let mut tally = Tally::default();
        while let Some(ended) = tasks.join_next().await {
            tally.times.extend(ended.expect("a conversation ends well"));
        }
        tally.replies = tally.times.len();
        tally.took = began.elapsed();
        tally
    })
}

fn shown(reply: &Received<'_>) -> String {
    let end = reply.raw.len().min(600);
    String::from_utf8_lossy(&reply.raw[..end]).into_owned()
}
