//! Uploads against a simple model: whatever comes in whatever order, the server holds a prefix of the file, tells its length,
//! and publishes the file whole or not at all.

use super::{Peer, data, offset};
use crate::bits_upload::{Overlap, Settings};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

/// The size of the file.
const SIZE: usize = 60;

#[derive(Clone, Copy, Debug)]
enum Act {
    Create,
    /// From there, so many bytes.
    Fragment(usize, usize),
    /// From where the server is, so many bytes.
    Next(usize),
    Close,
    Cancel,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        Just(Act::Create),
        (0..SIZE, 1..SIZE).prop_map(|(from, count)| Act::Fragment(from, count)),
        (1..SIZE).prop_map(Act::Next),
        (1..SIZE).prop_map(Act::Next),
        Just(Act::Close),
        Just(Act::Cancel),
    ];
    proptest::collection::vec(act, 1..30)
}

/// What the server is to be: whether a session is open, how much it holds, and whether the file is there.
#[derive(Clone, Copy, Debug, Default)]
struct Model {
    open: bool,
    held: usize,
    published: bool,
}

proptest! {
    #[test]
    fn an_upload_is_what_the_model_says_after_every_packet(acts in acts(), trims in any::<bool>()) {
        let overlap = if trims { Overlap::Trim } else { Overlap::Reject };
        let peer = Peer::set(Settings::default().overlap(overlap).overwrite(true));
        let (path, data) = ("/f", data(SIZE));
        let mut model = Model::default();
        let mut id = String::from("{00000000-0000-0000-0000-000000000000}");
        for act in acts {
            let (from, count) = match act {
                Act::Create => {
                    // The session before goes on being there; it is only nobody's any more.
                    id = peer.create(path);
                    (model.open, model.held) = (true, 0);
                    continue;
                }
                Act::Close => {
                    let reply = peer.close(path, &id);
                    assert_eq!(reply.status == 200, model.open, "{act:?} {model:?}");
                    model.published |= model.open && model.held == SIZE;
                    model.open = false;
                    (0, 0)
                }
                Act::Cancel => {
                    let reply = peer.cancel(path, &id);
                    assert_eq!(reply.status == 200, model.open, "{act:?} {model:?}");
                    model.open = false;
                    (0, 0)
                }
                Act::Fragment(from, count) => (from, count),
                Act::Next(count) => (model.held, count),
            };
            if count > 0 && from < SIZE {
                let end = (from + count).min(SIZE);
                let reply = peer.put(path, &id, from, end, &data);
                // The last fragment may come again: its ack may have been lost.
                if model.open && model.held == SIZE && end == SIZE && reply.status == 200 {
                    continue;
                }
                let taken = model.open && (from == model.held || (trims && from < model.held));
                if taken {
                    model.held = model.held.max(end);
                    assert_eq!(reply.status, 200, "{act:?} {model:?}");
                } else {
                    // An unknown session is 500, as the pages say; a known one in another place 416.
                    let refused = if model.open { 416 } else { 500 };
                    assert_eq!(reply.status, refused, "{act:?} {model:?}");
                }
                if model.open {
                    assert_eq!(offset(&reply), Some(model.held as u64), "{act:?} {model:?}");
                }
            }
            let there = peer.get(path);
            assert_eq!(there, model.published.then(|| data.clone()), "{act:?} {model:?}");
        }
    }
}
