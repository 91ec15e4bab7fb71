//! What every mock shares: the model's contract with its doors, settings, quirks, clock and ids.
//!
//! In: the head of a request and its body chunk by chunk. Out: an answer, and a journal. A mock must
//! not know scenarios, plans or the checker; a model must not know sockets.

mod clock;
mod defect;
mod documented;
mod ids;
mod journal;
mod model;
mod server;
mod settings;
mod tls;
pub mod wiremock_door;

pub use clock::{Clock, Moment};
pub use defect::{At, Commit, Cues, Defect, Strike, Then};
pub use documented::Documented;
pub use ids::Ids;
pub use journal::{Ending, Entry, Journal};
pub use model::{Answer, Begin, BodyEnd, BodyLength, Head, Model, Outcome, Refusal, Sink, Token};
pub use server::{Auth, Limits, Server, ServerError, ServerOptions};
pub(crate) use server::{Parsed, Step, Unframed, Wire, looks_like_request, parse as parse_request};
pub(crate) use settings::nearest;
pub use settings::{Kind, Options, Quirk, Setting, SettingError};
pub use tls::{Tls, TlsError};
