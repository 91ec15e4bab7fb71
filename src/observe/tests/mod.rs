//! The tap alone, and the whole proxy between two raw sockets.

mod tap;
mod wire;
