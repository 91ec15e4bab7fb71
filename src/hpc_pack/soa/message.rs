use std::{sync::Arc, time::Duration};

/// A request of a batch, whatever it was written in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// The action that it asks for.
    pub(crate) action: String,
    /// The operation of the service.
    pub(crate) operation: String,
    /// The namespace of the operation.
    pub(crate) namespace: String,
    /// What the operation is to work on.
    pub(crate) input: String,
    /// What the client wants back with the response, at most 1024 characters.
    pub(crate) user_data: String,
    /// The id that the response relates to.
    pub(crate) id: String,
}

impl Message {
    /// How many bytes of text it holds.
    pub(super) fn size(&self) -> usize {
        [
            &self.action,
            &self.operation,
            &self.namespace,
            &self.input,
            &self.user_data,
            &self.id,
        ]
        .iter()
        .map(|text| text.len())
        .sum()
    }
}

/// What a service makes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// A result.
    Result(String),
    /// A fault of the service, with its reason.
    Fault(String),
}

/// What a service does on a request, and how long that takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    /// What comes out.
    pub(crate) output: Output,
    /// How long it takes.
    pub(crate) takes: Duration,
}

impl Work {
    /// How many bytes of text it holds.
    pub(super) fn size(&self) -> usize {
        let (Output::Result(text) | Output::Fault(text)) = &self.output;
        text.len()
    }
}

/// A response with the request that it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    /// The request.
    pub(crate) request: Arc<Message>,
    /// What came out.
    pub(crate) output: Output,
}

/// Why a list of responses ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// All that was asked for, or all there is.
    Success,
    /// The batch was purged.
    ClientPurged,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It takes requests.
    Ready,
    /// It was committed and is worked on.
    Processing,
    /// All responses are there.
    Finished,
}

/// Which responses somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// How many; none: all.
    pub(crate) count: Option<usize>,
    /// Only those to requests for this action; empty: all.
    pub(crate) action: String,
    /// Whether to begin at the first response that is still there, and to delete none.
    pub(crate) reset: bool,
}
