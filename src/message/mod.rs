//! The one vocabulary for HTTP, used by the client side and by the mocks.
//!
//! Goes in and out: nothing but values. It must not know how bytes travel: neither hyper nor
//! reqwest is named here.

mod chunks;
mod exchange;
mod headers;
mod reply;
mod request;
mod secret_names;
mod syntax;

pub(crate) use chunks::{chunk_size, wrong_trailer};
pub use exchange::{Broken, Exchange, How, Lengths};
pub use headers::Headers;
pub use reply::{Framing, Reply};
pub use request::{Request, Version};
pub(crate) use secret_names::{is_secret_name, may_name_a_secret};
pub(crate) use syntax::{wrong_header_name, wrong_header_value, wrong_method, wrong_target};
