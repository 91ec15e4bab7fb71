//! What an upload server does, without a word of HTTP: sessions, ranges, storage, notification.
//!
//! In: destinations, spans of bytes, bytes, moments. Out: offsets, files, and [`Fault`]s. It must not
//! know headers, statuses or codes.

mod application;
mod completion;
mod destination;
mod entity;
mod fault;
mod session;
mod span;
mod store;
mod ticket;
mod uploads;

pub(crate) use application::{ApplicationFailure, ApplicationReply};
pub(crate) use destination::{Destination, RESERVED};
pub(crate) use entity::Space;
pub(crate) use fault::{Fault, Refusal};
pub(crate) use span::Span;
pub(crate) use store::{Content, Folder, Memory, Store, Stored};
pub(crate) use ticket::Ticket;
pub(crate) use uploads::{Settled, Shared, Uploads, lock};
