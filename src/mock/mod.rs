//! What every mock shares: the model's contract with its doors, settings, quirks, clock and ids.
//!
//! In: the head of a request and its body chunk by chunk. Out: an answer, and a journal. A mock must
//! not know scenarios, plans or the checker; a model must not know sockets.

mod clock;
mod ids;
mod model;
mod settings;

pub use clock::{Clock, Moment};
pub use ids::Ids;
pub use model::{Answer, Begin, BodyEnd, BodyLength, Head, Model, Outcome, Refusal, Sink, Token};
pub(crate) use settings::nearest;
pub use settings::{Kind, Options, Quirk, Setting, SettingError};
