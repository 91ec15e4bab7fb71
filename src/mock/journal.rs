use super::{
    Model, Moment, StruckBy,
    server::{Parsed, parse, reply_of},
};
use crate::message::{Headers, Reply, Request};
use bytes::Bytes;
use std::{
    collections::VecDeque,
    fmt,
    mem::size_of,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// How much of each body is kept.
const BODY: usize = 1024;

/// The number of records that are not kept; those that are count from 1.
const HIDDEN: u64 = 0;

/// What a door has seen: the heads and the first KiB of the bodies of requests and replies, bounded in bytes.
///
/// The oldest entries go first. Secrets are masked when the journal is read.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    model: Arc<dyn Model>,
    limit: usize,
    next: AtomicU64,
    ring: Mutex<Ring>,
}

#[derive(Default)]
struct Ring {
    records: VecDeque<Record>,
    bytes: usize,
    dropped: u64,
}

/// One request with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counts the requests of the door from 1, in the order in which their heads arrived.
    pub number: u64,
    /// When its head had arrived, on the mock's clock.
    pub at: Moment,
    /// The number of the connection, unique within the door.
    pub connection: u64,
    /// The request, its secrets masked, with the first KiB of its body. Without a method where what came was
    /// no request; its first line is the body then.
    pub request: Request,
    /// How many bytes of the body arrived.
    pub request_bytes: u64,
    /// The reply that was sent, with the first KiB of its body.
    pub reply: Option<Reply>,
    /// How many bytes the whole body of the reply has; 0 where none goes out, as with 204 or to `HEAD`.
    pub reply_bytes: u64,
    /// What became of it.
    pub ending: Ending,
    /// The cue that struck it.
    pub cue: Option<StruckBy>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The reply was sent whole, or is on its way.
    Replied,
    /// The connection broke within the request's body.
    RequestCut,
    /// The client went away before the reply: the connection was reset, or the reply that came was refused.
    Gone,
    /// The client went away, or took nothing more, within the reply.
    ReplyCut,
    /// A defect on cue broke it.
    Struck,
}

/// What is gathered about one request while it is under way.
pub(crate) struct Record {
    number: u64,
    at: Moment,
    connection: u64,
    /// Head and body of the request, then head and body of the reply.
    bytes: Vec<u8>,
    head: usize,
    request: usize,
    reply_of: usize,
    request_bytes: u64,
    reply_bytes: u64,
    ending: Ending,
    /// The cue that struck the request.
    pub(crate) cue: Option<StruckBy>,
}

impl Record {
    /// Of a request that no journal shows.
    pub(crate) fn hidden(head: &[u8]) -> Self {
        Self::new(HIDDEN, 0, Moment::default(), head)
    }

    fn new(number: u64, connection: u64, at: Moment, head: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(head.len() + 384);
        bytes.extend_from_slice(head);
        Self {
            number,
            at,
            connection,
            head: head.len(),
            request: head.len(),
            reply_of: 0,
            request_bytes: 0,
            reply_bytes: 0,
            ending: Ending::Replied,
            cue: None,
            bytes,
        }
    }

    /// More of the request's body.
    pub(crate) fn body(&mut self, bytes: &[u8]) {
        let room = (self.head + BODY).saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.request = self.bytes.len();
        self.request_bytes += bytes.len() as u64;
    }

    /// The reply: its head as sent, and of its body what is in memory.
    pub(crate) fn reply(&mut self, head: &[u8], body: &[u8], length: u64) {
        self.bytes.truncate(self.request);
        self.bytes.extend_from_slice(head);
        self.reply_of = head.len();
        self.bytes.extend_from_slice(&body[..body.len().min(BODY)]);
        self.reply_bytes = length;
    }

    fn cost(&self) -> usize {
        let cue = self.cue.as_ref().map_or(0, |cue| {
            cue.did.capacity() + cue.name.as_ref().map_or(0, String::capacity)
        });
        size_of::<Self>() + self.bytes.capacity() + cue
    }

    fn entry(&self, model: &dyn Model) -> Entry {
        let (request, reply) = self.bytes.split_at(self.request);
        let (head, body) = request.split_at(self.head);
        let mut request = match parse(head) {
            Parsed::Head(head) => head.request,
            _ => Request {
                body: Bytes::copy_from_slice(head),
                ..Request::default()
            },
        };
        if !request.method.is_empty() {
            request.body = Bytes::copy_from_slice(body);
        }
        mask_credentials(&mut request.headers);
        model.mask(&mut request);
        let mut reply = parse_reply(reply, self.reply_of);
        if let Some(reply) = &mut reply {
            mask_credentials(&mut reply.headers);
            model.mask_reply(reply);
        }
        Entry {
            number: self.number,
            at: self.at,
            connection: self.connection,
            request,
            request_bytes: self.request_bytes,
            reply,
            reply_bytes: self.reply_bytes,
            ending: self.ending,
            cue: self.cue.clone(),
        }
    }
}

impl Journal {
    pub(crate) fn new(limit: usize, model: Arc<dyn Model>) -> Self {
        Self(Arc::new(Inner {
            model,
            limit,
            next: AtomicU64::new(1),
            ring: Mutex::default(),
        }))
    }

    /// Begins a record with the head of a request as it stood on the wire.
    pub(crate) fn record(&self, connection: u64, at: Moment, head: &[u8]) -> Record {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        Record::new(number, connection, at, head)
    }

    /// Keeps a record; gives the number by which its ending can still be told.
    pub(crate) fn keep(&self, mut record: Record, ending: Ending) -> u64 {
        record.ending = ending;
        let number = record.number;
        if number == HIDDEN {
            return number;
        }
        let mut ring = self.ring();
        ring.bytes += record.cost();
        ring.records.push_back(record);
        while ring.bytes > self.0.limit {
            let Some(oldest) = ring.records.pop_front() else {
                break;
            };
            ring.bytes -= oldest.cost();
            ring.dropped += 1;
        }
        number
    }

    /// Says how the record with that number, kept a moment ago, really ended.
    pub(crate) fn amend(&self, number: u64, ending: Ending) {
        let mut ring = self.ring();
        if let Some(record) = ring
            .records
            .iter_mut()
            .rev()
            .find(|record| record.number == number)
        {
            record.ending = ending;
        }
    }

    /// The requests that the journal still holds, in the order in which they arrived, their secrets masked.
    #[must_use]
    pub fn received(&self) -> Vec<Entry> {
        let mut entries: Vec<_> = {
            let ring = self.ring();
            ring.records
                .iter()
                .map(|record| record.entry(self.0.model.as_ref()))
                .collect()
        };
        entries.sort_unstable_by_key(|entry| entry.number);
        entries
    }

    /// How many requests were dropped to keep within the bound.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.ring().dropped
    }

    /// How many bytes the journal takes now.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.ring().bytes
    }

    /// Forgets every entry; the numbers go on.
    pub fn clear(&self) {
        *self.ring() = Ring::default();
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // Nothing is left half done where the lock is held, so a panic elsewhere does no harm.
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ring = self.ring();
        f.debug_struct("Journal")
            .field("entries", &ring.records.len())
            .field("bytes", &ring.bytes)
            .field("dropped", &ring.dropped)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, target) = (&self.request.method, &self.request.target);
        write!(f, "#{} {method} {target} -> ", self.number)?;
        match &self.reply {
            Some(reply) => write!(f, "{}", reply.status)?,
            None => f.write_str("no reply")?,
        }
        f.write_str(match self.ending {
            Ending::Replied => "",
            Ending::RequestCut => " (the connection broke within the request)",
            Ending::Gone => " (the client went away)",
            Ending::ReplyCut => " (the client went away within the reply)",
            Ending::Struck => " (broken on cue)",
        })?;
        match &self.cue {
            Some(cue) => write!(f, " ({cue})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for StruckBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cue {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, ", {name}")?;
        }
        write!(f, ": {}", self.did)
    }
}

pub(super) fn mask_credentials(headers: &mut Headers) {
    for name in [
        "Authorization",
        "Proxy-Authorization",
        "Proxy-Authenticate",
        "Cookie",
        "Set-Cookie",
    ] {
        if let Some(value) = headers.get(name) {
            // Where no scheme stands before it, the first word is the secret.
            let masked = match value.split_once(' ') {
                Some((scheme, _)) if !name.ends_with("Cookie") => format!("{scheme} ***"),
                _ => "***".to_owned(),
            };
            let written = headers
                .iter()
                .map(|(written, _)| written)
                .find(|written| written.eq_ignore_ascii_case(name))
                .unwrap_or(name)
                .to_owned();
            headers.set(written, masked);
        }
    }
}

fn parse_reply(bytes: &[u8], head: usize) -> Option<Reply> {
    let mut fields = vec![httparse::EMPTY_HEADER; 256];
    let mut parsed = httparse::Response::new(&mut fields);
    let (head, body) = bytes.split_at_checked(head)?;
    if !parsed.parse(head).ok()?.is_complete() {
        return None;
    }
    Some(reply_of(&parsed).body(Bytes::copy_from_slice(body)))
}

#[cfg(test)]
mod tests {
    use super::mask_credentials;
    use crate::message::Headers;
    use rstest::rstest;

    #[rstest]
    #[case("Authorization", "Basic aHVzaA==", "Basic ***")]
    #[case("authorization", "Negotiate hush hush", "Negotiate ***")]
    #[case("Proxy-Authorization", "hush", "***")]
    #[case("COOKIE", "a=hush; b=hush", "***")]
    #[case("set-cookie", "a=hush; Path=/", "***")]
    #[case("Proxy-Authenticate", "NTLM hush", "NTLM ***")]
    #[case("Accept", "text/xml", "text/xml")]
    fn credentials_in_header_fields_leave_only_their_scheme(
        #[case] name: &str,
        #[case] value: &str,
        #[case] expected: &str,
    ) {
        let mut headers: Headers = [(name, value), (name, value)].into_iter().collect();
        mask_credentials(&mut headers);
        assert_eq!(headers.get(name), Some(expected));
        assert!(headers.iter().all(|(written, _)| written == name));
        assert!(headers.iter().all(|(_, value)| !value.contains("hush")));
    }
}
