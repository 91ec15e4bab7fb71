//! What every mock shares: the model's contract with its doors, settings, quirks, clock and ids.
//!
//! In: the head of a request and its body chunk by chunk. Out: an answer, and a journal. A mock must
//! not know scenarios, plans or the checker; a model must not know sockets.

mod admin;
mod calendar;
mod clock;
pub mod cues;
mod defect;
mod documented;
mod ids;
mod journal;
mod model;
mod server;
mod settings;
mod tls;
pub mod wiremock_door;

pub use admin::Admin;
pub(crate) use admin::reset;
pub use calendar::NoMoment;
pub(crate) use calendar::{date, days};
pub use clock::{Clock, Moment};
pub use cues::{Cue, CueBook, CueError, CueId, Operations};
pub use defect::{Act, At, Commit, Cues, Defect, Strike, StruckBy, Then};
pub use documented::Documented;
pub use ids::Ids;
pub use journal::{Ending, Entry, Journal};
pub use model::{
    Answer, Begin, BodyEnd, BodyLength, Fault, Head, Model, Outcome, Refusal, Sessions, Sink, Token,
};
pub use server::{Auth, Limits, Server, ServerError, ServerOptions};
pub(crate) use server::{Parsed, Step, Unframed, Wire, looks_like_request, parse as parse_request};
pub use settings::{Kind, Options, Quirk, Setting, SettingError};
pub(crate) use settings::{nearest, read_limit};
pub use tls::{Tls, TlsError};
