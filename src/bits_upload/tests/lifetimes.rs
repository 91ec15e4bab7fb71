//! How long sessions live, and how they live side by side.

use super::{Peer, both, create, data, fault, fragment, packet};
use crate::{
    bits_upload::{
        Settings,
        domain::{Destination, Folder, Uploads, lock},
        fragments::FragmentSink,
        notification::Notifications,
        quirks::Quirks,
        server::Core,
    },
    message::Request,
    mock::{Answer, Begin, BodyEnd, Clock, Head, Ids, Moment},
};
use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

#[test]
fn sessions_run_out_and_a_ping_does_not_keep_them() {
    both(&Settings::default().session_timeout(100_u64), |peer| {
        let (path, data) = ("/f", data(30));
        let (used, idle) = (peer.create(path), peer.create(path));
        for n in 0..3 {
            peer.clock.advance(Duration::from_secs(60));
            assert_eq!(
                peer.put(path, &used, n * 10, n * 10 + 10, &data).status,
                200
            );
            assert_eq!(peer.ask(&packet("Ping", path, Some(&idle))).status, 200);
        }
        assert_eq!(
            fault(&peer.put(path, &idle, 0, 10, &data)),
            (500, Some("0x8020001F"))
        );
        assert_eq!(peer.close(path, &used).status, 200);
    });
}

#[test]
fn uploads_are_taken_and_fetched_at_the_end_of_time() {
    both(&Settings::default(), |peer| {
        let (path, data) = ("/f", data(30));
        let old = peer.create("/old");
        for _ in 0..2_250 {
            peer.clock.advance(Duration::from_secs(86_400 * 3_650));
        }
        peer.clock.skip_to(Moment(Moment::LAST.0 + 1));
        assert_eq!(
            fault(&peer.put("/old", &old, 0, 30, &data)),
            (500, Some("0x8020001F"))
        );
        assert_eq!(peer.upload(path, &data, 10).status, 200);
        for method in ["GET", "HEAD"] {
            let reply = peer.ask(&Request::new(method, path));
            assert_eq!(reply.status, 200);
            let modified = reply.headers.get("Last-Modified").unwrap();
            assert!(modified.ends_with(" GMT"), "{modified}");
        }
    });
    let peer = Peer::new();
    peer.clock.skip_to(Moment(u64::MAX));
    assert_eq!(peer.upload("/f", &data(30), 10).status, 200);
    let reply = peer.ask(&Request::new("GET", "/f"));
    assert_eq!(
        reply.headers.get("Last-Modified"),
        Some("Fri, 31 Dec 9999 23:59:59 GMT")
    );
}

#[test]
fn a_session_too_many_of_a_user_drops_the_most_recent_of_the_others() {
    both(&Settings::default().sessions_per_user(2_u64), |peer| {
        let ids: Vec<_> = (0..3).map(|_| peer.create("/f")).collect();
        let alive = |id: &String| peer.put("/f", id, 5, 10, &data(10)).status == 416;
        assert_eq!(
            ids.iter().map(alive).collect::<Vec<_>>(),
            [true, false, true]
        );
    });
}

#[test]
fn two_uploads_at_once_do_not_touch_each_other() {
    both(&Settings::default(), |peer| {
        let (a, b) = (data(100), vec![9; 50]);
        let (ida, idb) = (peer.create("/a"), peer.create("/b"));
        for n in 0..10 {
            peer.put("/a", &ida, n * 10, n * 10 + 10, &a);
            peer.put("/b", &idb, n * 5, n * 5 + 5, &b);
        }
        peer.close("/b", &idb);
        assert_eq!(peer.get("/a"), None);
        peer.close("/a", &ida);
        assert_eq!((peer.get("/a"), peer.get("/b")), (Some(a), Some(b)));
    });
}

#[test]
fn a_packet_waits_for_no_other_session() {
    let folder = tempfile::tempdir().unwrap();
    let core = Arc::new(Core {
        uploads: Uploads::new(
            Settings::default(),
            Quirks::from_ids(&[]).unwrap(),
            Box::new(Folder::open(folder.path(), None).unwrap()),
            Ids::seeded(7),
            Clock::START,
        ),
        notifications: Notifications::default(),
    });
    let ask = |core: &Arc<Core>, request: &Request| {
        let head = Head::of(request);
        match Core::packet(core, &head, Clock::START) {
            Begin::Answer(Answer::Reply(reply)) => reply,
            Begin::Body(mut sink) => {
                assert!(sink.chunk(&request.body).is_continue());
                let Ok(sink) = sink.into_any().downcast::<FragmentSink>() else {
                    panic!("no fragment: {request:?}");
                };
                match sink.end(BodyEnd::Complete, Clock::START) {
                    Answer::Reply(reply) => reply,
                    other => panic!("{other:?}"),
                }
            }
            Begin::Answer(other) => panic!("{other:?}"),
        }
    };
    let slow = ask(&core, &create("/slow"));
    let slow = slow.headers.get("BITS-Session-Id").unwrap();
    let shared = core.uploads.find(
        slow,
        &Destination::from_segments(&["slow".to_owned()]).unwrap(),
        0,
        Clock::START,
    );
    let shared = shared.unwrap();
    // As while its bytes are written to a disk that is slow.
    let held = lock(&shared);
    let (told, done) = mpsc::channel();
    let other = Arc::clone(&core);
    thread::spawn(move || {
        let created = ask(&other, &create("/f"));
        let id = created.headers.get("BITS-Session-Id").unwrap().to_owned();
        for request in [
            packet("Ping", "/f", None),
            fragment("/f", &id, 0, 10, &data(10)),
            packet("Close-Session", "/f", Some(&id)),
        ] {
            assert_eq!(ask(&other, &request).status, 200);
        }
        told.send(()).unwrap();
    });
    done.recv_timeout(Duration::from_secs(20)).unwrap();
    drop(held);
}
