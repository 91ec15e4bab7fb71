//! Every quirk is seen by some conversation, and the pinned table says by which.

use super::{Came, Peer, create, data, fragment, http10, offset, packet, ranged, unstated};
use crate::{
    bits_upload::{KIND, Notification, Overlap, Settings, Uploads, wire::PROTOCOL},
    message::{Reply, Request},
    mock::{BodyEnd, BodyLength, Head, Outcome},
};
use std::fmt::Write as _;

/// A conversation: how the server is set, and what is said.
struct Conversation {
    name: &'static str,
    settings: fn(Settings) -> Settings,
    folder: bool,
    run: fn(&Peer, &mut Heard),
}

/// What was heard, step by step.
#[derive(Default)]
struct Heard(String);

impl Heard {
    fn reply(&mut self, reply: &Reply) {
        // Who built the reply does not matter, what a client sees does.
        writeln!(
            self.0,
            "{} {:?} {:?} {:?}",
            reply.status, reply.headers, reply.framing, reply.body
        )
        .unwrap();
    }

    fn file(&mut self, peer: &Peer, path: &str) {
        writeln!(self.0, "{path} {:?}", peer.get(path)).unwrap();
    }

    /// The session of a reply, or one that there is not.
    fn session(reply: &Reply) -> String {
        reply
            .headers
            .get("BITS-Session-Id")
            .unwrap_or("{none}")
            .to_owned()
    }
}

/// Creates, puts these ranges, closes, and looks at the file.
fn puts(peer: &Peer, heard: &mut Heard, total: usize, ranges: &[(usize, usize)]) {
    let data = data(total);
    let created = peer.ask(&create("/d/f"));
    let id = Heard::session(&created);
    for (first, end) in ranges {
        heard.reply(&peer.put("/d/f", &id, *first, *end, &data));
    }
    heard.reply(&peer.close("/d/f", &id));
    heard.file(peer, "/d/f");
}

/// One request that has a defect, then what became of the upload.
fn defect(peer: &Peer, heard: &mut Heard, spoil: fn(&mut Request, &str)) {
    let id = Heard::session(&peer.ask(&create("/f")));
    let data = data(30);
    peer.put("/f", &id, 0, 10, &data);
    let mut request = fragment("/f", &id, 10, 20, &data);
    spoil(&mut request, &id);
    heard.reply(&peer.ask(&request));
    heard.reply(&peer.put("/f", &id, 29, 30, &data));
}

fn creates(peer: &Peer, heard: &mut Heard, edit: fn(&mut Request)) {
    let mut request = create("/d/f");
    edit(&mut request);
    let reply = peer.ask(&request);
    // The id itself differs from quirk to quirk; whether there is one does not.
    writeln!(
        heard.0,
        "{} {:?}",
        reply.status,
        reply.headers.get("BITS-Protocol")
    )
    .unwrap();
}

fn same(settings: Settings) -> Settings {
    settings
}

fn by_value(settings: Settings) -> Settings {
    settings
        .notification(Notification::ByValue)
        .notification_url("http://app.example/x".to_owned())
}

fn notified(peer: &Peer, heard: &mut Heard, answer: Reply) {
    let (data, id) = (data(20), Heard::session(&peer.ask(&create("/f"))));
    heard.reply(&peer.put("/f", &id, 0, 10, &data));
    let (_, _, _, token) = peer.send(&fragment("/f", &id, 10, 20, &data)).question();
    let ack = peer.resume(token, Outcome::Answered(Ok(answer)));
    heard.reply(&ack);
    match peer.send(&fragment("/f", &id, 10, 20, &data)) {
        Came::Reply(reply) => heard.reply(&reply),
        Came::Ask(..) => heard.0.push_str("asked again\n"),
    }
    if let Some(url) = ack.headers.get("BITS-Reply-URL") {
        let path = url
            .split_once("://")
            .map_or(url, |(_, rest)| &rest[rest.find('/').unwrap()..]);
        heard.file(peer, path);
    }
    heard.reply(&peer.close("/f", &id));
    heard.file(peer, "/f");
}

const OTHER: &str = "{00000000-0000-0000-0000-000000000000}";

macro_rules! conversations {
    ($($name:literal $settings:expr, $folder:literal, $run:expr;)+) => {
        const CONVERSATIONS: &[Conversation] = &[
            $(Conversation { name: $name, settings: $settings, folder: $folder, run: $run }),+
        ];
    };
}

conversations! {
    "plain upload" same, false, |p, h| puts(p, h, 100, &[(0, 40), (40, 60), (60, 100)]);
    "ids" same, false, |p, h| {
        let ids: Vec<_> = ["/a", "/b", "/a"].iter().map(|path| Heard::session(&p.ask(&create(path)))).collect();
        let braced = ids[0].len() == 38 && ids[0].starts_with('{');
        writeln!(h.0, "{} {} {braced} {}", ids[0] == ids[1], ids[0] == ids[2], ids[0].len() <= 100).unwrap();
    };
    "created" same, false, |p, h| {
        let mut reply = p.ask(&create("/f"));
        reply.headers.set("BITS-Session-Id", "{masked}");
        h.reply(&reply);
    };
    "created, host id set" |s| s.host_id("h.example".to_owned()), false, |p, h| {
        let reply = p.ask(&create("/f"));
        writeln!(h.0, "{:?}", reply.headers.get("BITS-Host-Id")).unwrap();
    };
    "unknown protocol" same, false, |p, h| creates(p, h, |r| r.headers.set("BITS-Supported-Protocols", OTHER));
    "no protocols" same, false, |p, h| creates(p, h, |r| { r.headers.remove("BITS-Supported-Protocols"); });
    "known protocol last" same, false, |p, h| creates(p, h, |r| r.headers.set("BITS-Supported-Protocols", format!("{OTHER} {PROTOCOL}")));
    "protocol in upper case" same, false, |p, h| creates(p, h, |r| r.headers.set("BITS-Supported-Protocols", PROTOCOL.to_uppercase()));
    "protocols with commas" same, false, |p, h| creates(p, h, |r| r.headers.set("BITS-Supported-Protocols", format!("{OTHER},{PROTOCOL}")));
    "folder as destination" same, false, |p, h| creates(p, h, |r| r.target = "/d/".to_owned());
    "second upload while one is live" same, false, |p, h| {
        creates(p, h, |_| {});
        creates(p, h, |r| r.target = "/other".to_owned());
    };
    "existing file" same, false, |p, h| {
        p.upload("/d/f", &data(5), 5);
        creates(p, h, |_| {});
    };
    "content name" same, false, |p, h| {
        let mut request = create("/d/f");
        request.headers.append("Content-Name", "named");
        let id = Heard::session(&p.ask(&request));
        p.put("/d/f", &id, 0, 9, &data(9));
        p.close("/d/f", &id);
        h.file(p, "/d/f");
    };
    "packet types in other case" same, false, |p, h| h.reply(&p.ask(&packet("pInG", "/f", None)));
    "packet types in upper case" same, false, |p, h| h.reply(&p.ask(&packet("PING", "/f", None)));
    "unknown packet" same, false, |p, h| h.reply(&p.ask(&packet("Pong", "/f", None)));
    "no packet type" same, false, |p, h| {
        let mut request = packet("", "/f", None);
        request.headers.remove("BITS-Packet-Type");
        h.reply(&p.ask(&request));
    };
    "body where none belongs" same, false, |p, h| creates(p, h, |r| {
        r.headers.set("Content-Length", "3");
        r.body = "abc".into();
    });
    "no length" same, false, |p, h| {
        let head = unstated(&create("/f"));
        let reply = p.exchange(&head, &[], BodyEnd::Complete).reply();
        writeln!(h.0, "{}", reply.status).unwrap();
    };
    "long header" same, false, |p, h| creates(p, h, |r| r.headers.append("X-Long", "x".repeat(5000)));
    "unknown header" same, false, |p, h| creates(p, h, |r| r.headers.append("X-Unknown", "x"));
    "headers of other packets" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        let mut request = fragment("/f", &id, 0, 9, &data(9));
        request.headers.append("BITS-Supported-Protocols", PROTOCOL);
        h.reply(&p.ask(&request));
    };
    "header names in other case" same, false, |p, h| {
        let mut request = packet("Ping", "/f", None);
        request.headers = request.headers.iter().map(|(n, v)| (n.to_lowercase(), v)).collect();
        h.reply(&p.ask(&request));
    };
    "post" same, false, |p, h| {
        let mut request = packet("Ping", "/f", None);
        request.method = "POST".to_owned();
        h.reply(&p.ask(&request));
    };
    "chunked" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        let request = fragment("/f", &id, 0, 9, &data(9));
        let head = Head { length: BodyLength::Chunked, ..Head::of(&request) };
        h.reply(&p.exchange(&head, &[&data(9)], BodyEnd::Complete).reply());
    };
    "denied path" |s| s.denied_path("/d".to_owned()), false, |p, h| creates(p, h, |_| {});
    "stale session" |s| s.session_timeout(60_u64), false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        p.clock.advance(std::time::Duration::from_secs(60));
        h.reply(&p.put("/f", &id, 0, 9, &data(9)));
    };
    "large total" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        h.reply(&p.ask(&ranged("/f", &id, "bytes 0-8/5000000000", &data(9))));
    };
    "file before its end" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        p.put("/f", &id, 0, 9, &data(20));
        h.file(p, "/f");
    };
    "http 1.0" same, false, |p, h| {
        let reply = p.ask(&http10(create("/f")));
        writeln!(h.0, "{}", reply.status).unwrap();
    };
    "uploads disabled" |s| s.uploads(Uploads::Disabled), false, |p, h| creates(p, h, |_| {});
    "ping" same, false, |p, h| h.reply(&p.ask(&packet("Ping", "/f", None)));
    "ping during an upload" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        p.put("/f", &id, 0, 9, &data(20));
        p.ask(&packet("Ping", "/f", None));
        h.reply(&p.put("/f", &id, 9, 20, &data(20)));
    };
    "another connection" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        p.connection.set(2);
        h.reply(&p.put("/f", &id, 0, 20, &data(20)));
    };
    "restart" same, true, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        p.put("/f", &id, 0, 10, &data(20));
        crate::mock::Model::restart(&p.server, p.clock.now());
        h.reply(&p.put("/f", &id, 10, 20, &data(20)));
    };
    "unknown session" same, false, |p, h| {
        h.reply(&p.put("/f", "{7DF0354D-249B-430F-820D-3D2A9BEF4931}", 0, 9, &data(9)));
        h.reply(&p.close("/f", "{7DF0354D-249B-430F-820D-3D2A9BEF4931}"));
    };
    "unknown session cancelled" same, false, |p, h| h.reply(&p.cancel("/f", "{7DF0354D-249B-430F-820D-3D2A9BEF4931}"));
    "no session id" same, false, |p, h| defect(p, h, |r, _| { r.headers.remove("BITS-Session-Id"); });
    "two uploads at once" same, false, |p, h| {
        let (a, b) = (Heard::session(&p.ask(&create("/a"))), Heard::session(&p.ask(&create("/b"))));
        for n in 0..2 {
            h.reply(&p.put("/a", &a, n * 10, n * 10 + 10, &data(20)));
            h.reply(&p.put("/b", &b, n * 5, n * 5 + 5, &data(10)));
        }
        p.close("/a", &a);
        p.close("/b", &b);
        h.file(p, "/a");
        h.file(p, "/b");
    };
    "gap" same, false, |p, h| puts(p, h, 40, &[(0, 10), (20, 30), (10, 40)]);
    "overlap" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        p.put("/f", &id, 0, 10, &data(20));
        h.reply(&p.put("/f", &id, 5, 15, &[7; 20]));
    };
    "overlap, trimming" |s| s.overlap(Overlap::Trim), false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        p.put("/f", &id, 0, 10, &data(20));
        h.reply(&p.put("/f", &id, 5, 15, &[7; 20]));
        p.put("/f", &id, 15, 20, &data(20));
        p.close("/f", &id);
        h.file(p, "/f");
    };
    "duplicate" same, false, |p, h| puts(p, h, 40, &[(0, 10), (10, 20), (0, 10), (20, 40)]);
    "changed total" same, false, |p, h| defect(p, h, |r, id| *r = ranged("/f", id, "bytes 10-19/31", &[1; 10]));
    "backward range" same, false, |p, h| defect(p, h, |r, id| *r = ranged("/f", id, "bytes 19-10/30", &[1; 10]));
    "range past the total" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        h.reply(&p.ask(&ranged("/f", &id, "bytes 0-10/10", &[1; 11])));
    };
    "short body" same, false, |p, h| defect(p, h, |r, id| *r = ranged("/f", id, "bytes 10-19/30", &[1; 9]));
    "long body" same, false, |p, h| defect(p, h, |r, id| *r = ranged("/f", id, "bytes 10-18/30", &[1; 10]));
    "star" same, false, |p, h| defect(p, h, |r, id| *r = ranged("/f", id, "bytes */30", &[1; 10]));
    "no range" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        let mut request = ranged("/f", &id, "", &[1; 10]);
        request.headers.remove("Content-Range");
        h.reply(&p.ask(&request));
    };
    "malformed range" same, false, |p, h| defect(p, h, |r, id| *r = ranged("/f", id, "lines 10-19/30", &[1; 10]));
    "unit in other case" same, false, |p, h| defect(p, h, |r, id| *r = ranged("/f", id, "Bytes 10-19/30", &[1; 10]));
    "one byte" same, false, |p, h| puts(p, h, 10, &[(0, 1), (1, 10)]);
    "encoded" same, false, |p, h| defect(p, h, |r, _| r.headers.append("Content-Encoding", "gzip"));
    "cut" same, false, |p, h| {
        let (id, data) = (Heard::session(&p.ask(&create("/f"))), data(40));
        p.put("/f", &id, 0, 10, &data);
        let request = fragment("/f", &id, 10, 40, &data);
        p.exchange(&p.head(&request), &[&data[10..25]], BodyEnd::Cut(15));
        let probe = p.put("/f", &id, 39, 40, &data);
        h.reply(&probe);
        let at = offset(&probe).and_then(|at| usize::try_from(at).ok()).unwrap_or(25).min(39);
        p.put("/f", &id, at, 40, &data);
        p.close("/f", &id);
        h.file(p, "/f");
    };
    "upload too large" |s| s.max_upload_size(10), false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        h.reply(&p.put("/f", &id, 0, 5, &data(11)));
    };
    "fragment too large" |s| s.max_fragment_size(4), false, |p, h| puts(p, h, 8, &[(0, 5), (0, 4), (4, 8)]);
    "last fragment again" same, false, |p, h| puts(p, h, 20, &[(0, 10), (10, 20), (10, 20)]);
    "early close" same, false, |p, h| puts(p, h, 20, &[(0, 10)]);
    "closed session used" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        p.put("/f", &id, 0, 20, &data(20));
        p.close("/f", &id);
        h.reply(&p.put("/f", &id, 0, 20, &data(20)));
    };
    "second close" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        p.put("/f", &id, 0, 20, &data(20));
        p.close("/f", &id);
        p.close("/f", &id);
        h.file(p, "/f");
    };
    "cancel" same, false, |p, h| {
        let id = Heard::session(&p.ask(&create("/f")));
        p.put("/f", &id, 0, 10, &data(20));
        h.reply(&p.cancel("/f", &id));
        h.file(p, "/f");
        h.reply(&p.put("/f", &id, 10, 20, &data(20)));
    };
    "cancel of one of two" same, false, |p, h| {
        let (a, b) = (Heard::session(&p.ask(&create("/a"))), Heard::session(&p.ask(&create("/b"))));
        p.cancel("/a", &a);
        h.reply(&p.put("/b", &b, 0, 10, &data(10)));
    };
    "reply" by_value, false, |p, h| notified(p, h, Reply::new(200).body("the reply"));
    "application error" by_value, false, |p, h| notified(p, h, Reply::new(403));
    "range of a file" same, false, |p, h| {
        p.upload("/f", &data(20), 20);
        let mut request = Request::new("GET", "/f");
        request.headers.append("Range", "bytes=5-9");
        h.reply(&p.ask(&request));
    };
    "head of a file" same, false, |p, h| {
        p.upload("/f", &data(20), 20);
        h.reply(&p.ask(&Request::new("HEAD", "/f")));
    };
}

fn hear(conversation: &Conversation, quirks: &[&str]) -> String {
    let folder = conversation.folder.then(|| tempfile::tempdir().unwrap());
    let settings = (conversation.settings)(Settings::default());
    let peer = Peer::with(
        settings,
        quirks,
        folder.as_ref().map(|folder| folder.path()),
    );
    let mut heard = Heard::default();
    (conversation.run)(&peer, &mut heard);
    heard.0
}

#[test]
fn every_quirk_is_seen_by_the_conversations_it_is_about() {
    let sound: Vec<_> = CONVERSATIONS.iter().map(|c| hear(c, &[])).collect();
    let mut table = String::new();
    for quirk in KIND.quirks {
        let seen: Vec<_> = CONVERSATIONS
            .iter()
            .zip(&sound)
            .filter(|(conversation, sound)| {
                // A quirk may well make a conversation impossible; that is seen too.
                let heard = std::panic::catch_unwind(|| hear(conversation, &[quirk.id]));
                heard.ok().as_ref() != Some(*sound)
            })
            .map(|(conversation, _)| conversation.name)
            .collect();
        assert!(!seen.is_empty(), "nobody sees {}", quirk.id);
        let seen = if seen.len() > 12 {
            "nearly all".to_owned()
        } else {
            seen.join("; ")
        };
        writeln!(table, "{}: {seen}", quirk.id).unwrap();
    }
    insta::assert_snapshot!("quirks", table);
}

#[test]
fn without_a_quirk_every_conversation_is_the_same_each_time() {
    for conversation in CONVERSATIONS {
        assert_eq!(
            hear(conversation, &[]),
            hear(conversation, &[]),
            "{}",
            conversation.name
        );
    }
}
