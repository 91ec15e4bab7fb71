//! Talks to a mock without a socket, as a door does.

use std::{ops::ControlFlow, sync::Arc};
use wireproof::{
    message::{Reply, Request},
    mock::{
        Answer, Begin, BodyEnd, Clock, Head, Ids, Kind, Model, Moment, Options, Outcome, Refusal,
    },
};

/// How often an answer may wait or ask before it is given up.
const MOST_WAITS: usize = 8;

/// A mock, and its time.
pub(crate) struct Peer {
    model: Arc<dyn Model>,
    now: Moment,
}

impl Peer {
    /// A mock in memory whose ids repeat.
    pub(crate) fn start(kind: &Kind, set: &[(&str, &str)]) -> Self {
        let options = Options {
            set: set
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            clock: Clock::held(Clock::START),
            ids: Ids::seeded(1),
            ..Options::default()
        };
        Self {
            model: (kind.start)(&options).expect("the settings exist"),
            now: Clock::START,
        }
    }

    /// Sends a request, its body in pieces of seven bytes, and follows the answer to its end; none where it never comes.
    ///
    /// What a door does beside it is done too: masking for the journal, and the words for a refusal.
    pub(crate) fn ask(&mut self, request: &Request) -> Option<Reply> {
        let head = Head::of(request);
        let mut answer = match self.model.begin(&head, self.now) {
            Begin::Answer(answer) => answer,
            Begin::Body(mut sink) => 'body: {
                let cut = (request.body.len() / 16).max(7);
                for piece in request.body.chunks(cut) {
                    if let ControlFlow::Break(answer) = sink.chunk(piece) {
                        break 'body answer;
                    }
                }
                self.model.end(sink, BodyEnd::Complete, self.now)
            }
        };
        for _ in 0..MOST_WAITS {
            let (token, outcome) = match answer {
                Answer::Reply(reply) => {
                    self.shown(request, &reply);
                    return Some(reply);
                }
                Answer::File { head, .. } => return Some(head),
                Answer::Wait { until, token } => {
                    self.now = self.now.max(until);
                    (token, Outcome::Woke)
                }
                Answer::Ask { token, .. } => (token, Outcome::Answered(Ok(Reply::new(200)))),
            };
            answer = self.model.resume(token, outcome, self.now);
        }
        if let Answer::Wait { token, .. } | Answer::Ask { token, .. } = answer {
            drop(self.model.resume(token, Outcome::Gone, self.now));
        }
        None
    }

    /// A body that breaks off in its middle is a case of the model.
    pub(crate) fn cut(&mut self, request: &Request) {
        let head = Head::of(request);
        if let Begin::Body(mut sink) = self.model.begin(&head, self.now) {
            let half = request.body.len() / 2;
            if let ControlFlow::Continue(()) = sink.chunk(&request.body[..half]) {
                drop(self.model.end(sink, BodyEnd::Cut(half as u64), self.now));
            }
        }
    }

    fn shown(&self, request: &Request, reply: &Reply) {
        let mut masked = request.clone();
        self.model.mask(&mut masked);
        let mut again = masked.clone();
        self.model.mask(&mut again);
        assert_eq!(masked, again, "masking a request twice changes it again");
        let mut masked = reply.clone();
        self.model.mask_reply(&mut masked);
        let mut again = masked.clone();
        self.model.mask_reply(&mut again);
        assert_eq!(masked, again, "masking a reply twice changes it again");
        let refused = self.model.refuse(&Head::of(request), Refusal::Timeout);
        assert!((400..600).contains(&refused.status));
    }
}

/// A request with a body, its length stated.
pub(crate) fn request(method: &str, target: &str, body: &[u8]) -> Request {
    let mut request = Request::new(method, target);
    request.headers.append("Host", "mock.example:8443");
    request
        .headers
        .append("Content-Length", body.len().to_string());
    request.body = body.to_vec().into();
    request
}

/// Bytes as the value of a header field, which the doors have let in: UTF-8 or Latin-1, no control characters.
pub(crate) fn field(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).map_or_else(
        |_| bytes.iter().copied().map(char::from).collect(),
        str::to_owned,
    );
    text.chars()
        .filter(|c| !c.is_control() || *c == '\t')
        .collect::<String>()
        .trim()
        .to_owned()
}
