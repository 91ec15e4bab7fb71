//! Whole uploads, and what may happen within them.

use super::{Came, Peer, both, create, data, fault, fragment, offset, packet, ranged};
use crate::{
    bits_upload::{
        CheckAt, CloseReplay, CreateStatus, EarlyClose, EmptyUpload, LastFragmentAgain,
        MissingFolder, Overlap, Publish, SessionPath, Settings,
    },
    message::{Reply, Request},
    mock::{BodyEnd, Model},
};
use rstest::rstest;

#[test]
fn the_sample_conversation_of_the_documents_comes_out_as_printed() {
    both(&Settings::default(), |peer| {
        let path = "/upload/2000mb-rfc2119.txt";
        let data = data(4892);
        let created = peer.ask(&create(path));
        let names: Vec<_> = created.headers.iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "BITS-Packet-Type",
                "BITS-Protocol",
                "BITS-Session-Id",
                "Accept-Encoding",
                "Content-Length"
            ]
        );
        let id = created.headers.get("BITS-Session-Id").unwrap();
        let expected = |fields: &[(&str, &str)]| {
            fields.iter().fold(Reply::new(200), |reply, (name, value)| {
                reply.header(*name, *value)
            })
        };
        let received = peer.put(path, id, 0, 4892, &data);
        assert_eq!(
            received,
            expected(&[
                ("BITS-Packet-Type", "Ack"),
                ("BITS-Session-Id", id),
                ("BITS-Received-Content-Range", "4892"),
                ("Content-Length", "0"),
            ])
        );
        let pong = peer.ask(&packet("Ping", path, None));
        assert_eq!(
            pong,
            expected(&[("BITS-Packet-Type", "Ack"), ("Content-Length", "0")])
        );
        assert_eq!(peer.get(path), None);
        let closed = peer.close(path, id);
        assert_eq!(
            closed,
            expected(&[
                ("BITS-Packet-Type", "Ack"),
                ("BITS-Session-Id", id),
                ("Content-Length", "0")
            ])
        );
        assert_eq!(peer.get(path), Some(data.clone()));
        let head = peer.ask(&Request::new("HEAD", path));
        assert_eq!(
            (head.headers.get("Content-Length"), head.body.len()),
            (Some("4892"), 0)
        );
        let mut part = Request::new("GET", path);
        part.headers.append("Range", "bytes=10-19");
        assert_eq!(peer.ask(&part).body, data[10..20]);
    });
}

#[test]
fn a_gap_is_refused_with_the_offset_expected_and_nothing_of_it_is_kept() {
    both(&Settings::default(), |peer| {
        let (path, data) = ("/f", data(100));
        let id = peer.create(path);
        peer.put(path, &id, 0, 10, &data);
        let gap = peer.put(path, &id, 20, 30, &data);
        assert_eq!((gap.status, offset(&gap)), (416, Some(10)));
        assert_eq!(gap.headers.get("BITS-Error"), None);
        assert_eq!(offset(&peer.put(path, &id, 10, 100, &data)), Some(100));
        assert_eq!(peer.close(path, &id).status, 200);
        assert_eq!(peer.get(path), Some(data.clone()));
    });
}

#[rstest]
#[case(Overlap::Reject, 416, 60)]
#[case(Overlap::Trim, 200, 80)]
fn an_overlap_is_refused_or_trimmed_and_never_changes_bytes(
    #[case] overlap: Overlap,
    #[case] status: u16,
    #[case] then: usize,
) {
    both(&Settings::default().overlap(overlap), |peer| {
        let (path, data) = ("/f", data(100));
        let other: Vec<u8> = data
            .iter()
            .enumerate()
            .map(|(n, b)| if n < 60 { !b } else { *b })
            .collect();
        let id = peer.create(path);
        peer.put(path, &id, 0, 60, &data);
        let reply = peer.put(path, &id, 40, 80, &other);
        assert_eq!((reply.status, offset(&reply)), (status, Some(then as u64)));
        let duplicate = peer.put(path, &id, 0, 30, &other);
        assert_eq!(
            (duplicate.status, offset(&duplicate)),
            (status, Some(then as u64))
        );
        assert_eq!(peer.put(path, &id, then, 100, &data).status, 200);
        peer.close(path, &id);
        assert_eq!(peer.get(path), Some(data.clone()));
    });
}

#[rstest]
#[case("bytes 9-0/100")]
#[case("bytes 0-100/100")]
#[case("bytes 0-8/100")]
#[case("bytes 0-10/100")]
#[case("bytes */100")]
#[case("bytes 0-9/*")]
#[case("lines 0-9/100")]
#[case("nonsense")]
#[case("")]
fn a_bad_range_is_refused_and_nothing_of_it_is_kept(#[case] range: &str) {
    both(&Settings::default(), |peer| {
        let id = peer.create("/f");
        let reply = peer.ask(&ranged("/f", &id, range, &[7; 10]));
        assert_eq!(fault(&reply), (400, Some("0x80070057")));
        assert_eq!(reply.headers.get("BITS-Error-Context"), Some("0x5"));
        let probe = peer.ask(&ranged("/f", &id, "bytes 50-59/90", &[7; 10]));
        assert_eq!((probe.status, offset(&probe)), (416, Some(0)));
    });
}

#[test]
fn a_changed_total_is_refused_and_nothing_of_it_is_kept() {
    both(&Settings::default(), |peer| {
        let id = peer.create("/f");
        peer.ask(&ranged("/f", &id, "bytes 0-9/100", &[1; 10]));
        let reply = peer.ask(&ranged("/f", &id, "bytes 10-19/101", &[1; 10]));
        assert_eq!(
            (fault(&reply), offset(&reply)),
            ((400, Some("0x80070057")), Some(10))
        );
        let next = peer.ask(&ranged("/f", &id, "bytes 10-19/100", &[1; 10]));
        assert_eq!(offset(&next), Some(20));
    });
}

#[test]
fn a_body_that_was_cut_is_kept_as_far_as_it_came() {
    both(&Settings::default(), |peer| {
        let (path, data) = ("/f", data(1000));
        let id = peer.create(path);
        let request = fragment(path, &id, 0, 1000, &data);
        let head = peer.head(&request);
        peer.exchange(&head, &[&data[..100], &data[100..333]], BodyEnd::Cut(333));
        assert_eq!(peer.get(path), None);
        peer.connection.set(2);
        let probe = peer.put(path, &id, 0, 1000, &data);
        assert_eq!((probe.status, offset(&probe)), (416, Some(333)));
        assert_eq!(peer.put(path, &id, 333, 1000, &data).status, 200);
        peer.close(path, &id);
        assert_eq!(peer.get(path), Some(data.clone()));
    });
}

#[test]
fn a_newer_fragment_takes_over_from_one_that_hangs() {
    both(&Settings::default(), |peer| {
        let (path, data) = ("/f", data(1000));
        let id = peer.create(path);
        let hanging = fragment(path, &id, 0, 1000, &data);
        let crate::mock::Begin::Body(mut old) =
            peer.server.begin(&peer.head(&hanging), peer.clock.now())
        else {
            panic!("a fragment has a body");
        };
        assert!(old.chunk(&data[..400]).is_continue());
        assert_eq!(offset(&peer.put(path, &id, 400, 700, &data)), Some(700));
        assert!(old.chunk(&data[400..500]).is_break());
        let _ = peer.server.end(old, BodyEnd::Cut(500), peer.clock.now());
        assert_eq!(offset(&peer.put(path, &id, 700, 1000, &data)), Some(1000));
        peer.close(path, &id);
        assert_eq!(peer.get(path), Some(data.clone()));
    });
}

#[test]
fn a_last_fragment_heard_late_does_not_disturb_the_one_that_brought_the_bytes() {
    both(&Settings::default(), |peer| {
        let (path, data) = ("/f", data(100));
        let id = peer.create(path);
        let request = fragment(path, &id, 0, 100, &data);
        let begin = || match peer.server.begin(&peer.head(&request), peer.clock.now()) {
            crate::mock::Begin::Body(sink) => sink,
            crate::mock::Begin::Answer(answer) => panic!("{answer:?}"),
        };
        let mut first = begin();
        assert!(first.chunk(&data).is_continue());
        let mut late = begin();
        assert!(late.chunk(&[0; 50]).is_continue());
        let settled = |sink, end| match peer.server.end(sink, end, peer.clock.now()) {
            crate::mock::Answer::Reply(reply) => (reply.status, offset(&reply)),
            other => panic!("{other:?}"),
        };
        assert_eq!(settled(first, BodyEnd::Complete), (200, Some(100)));
        settled(late, BodyEnd::Cut(50));
        assert_eq!(peer.close(path, &id).status, 200);
        assert_eq!(peer.get(path), Some(data.clone()));
    });
}

#[rstest]
#[case(EarlyClose::Delete, 200, 500)]
#[case(EarlyClose::Error, 400, 416)]
fn closing_early_publishes_nothing(
    #[case] early: EarlyClose,
    #[case] status: u16,
    #[case] then: u16,
) {
    both(&Settings::default().early_close(early), |peer| {
        let (path, data) = ("/f", data(100));
        let id = peer.create(path);
        peer.put(path, &id, 0, 50, &data);
        assert_eq!(peer.close(path, &id).status, status);
        assert_eq!(peer.get(path), None);
        assert_eq!(peer.put(path, &id, 60, 100, &data).status, then);
    });
}

#[test]
fn cancelling_leaves_no_file_and_no_session() {
    both(&Settings::default(), |peer| {
        for upto in [0, 50, 100] {
            let (path, data) = ("/f", data(100));
            let id = peer.create(path);
            if upto > 0 {
                peer.put(path, &id, 0, upto, &data);
            }
            assert_eq!(peer.cancel(path, &id).status, 200);
            assert_eq!(peer.get(path), None);
            for reply in [
                peer.put(path, &id, 0, 100, &data),
                peer.close(path, &id),
                peer.cancel(path, &id),
            ] {
                assert_eq!(fault(&reply), (500, Some("0x8020001F")));
            }
        }
    });
}

#[rstest]
#[case(LastFragmentAgain::Ack, 200)]
#[case(LastFragmentAgain::OutOfStep, 416)]
fn the_last_fragment_sent_again_changes_nothing(
    #[case] again: LastFragmentAgain,
    #[case] status: u16,
) {
    both(&Settings::default().last_fragment_again(again), |peer| {
        let (path, data) = ("/f", data(100));
        let id = peer.create(path);
        peer.put(path, &id, 0, 50, &data);
        let first = peer.put(path, &id, 50, 100, &data);
        let other = peer.put(path, &id, 50, 100, &[0; 100]);
        assert_eq!((other.status, offset(&other)), (status, Some(100)));
        if status == 200 {
            assert_eq!(first, other);
        }
        peer.close(path, &id);
        assert_eq!(peer.get(path), Some(data.clone()));
    });
}

#[rstest]
#[case(Settings::default(), 403, Some("0x80070005"))]
#[case(Settings::default().exists_status(crate::bits_upload::ExistsStatus::Conflict), 409, Some("0x80070005"))]
#[case(Settings::default().check_at(CheckAt::LastFragment), 403, Some("0x80070005"))]
#[case(Settings::default().check_at(CheckAt::Close), 403, Some("0x80070005"))]
#[case(Settings::default().overwrite(true), 200, None)]
fn a_file_that_exists_is_replaced_only_with_leave(
    #[case] settings: Settings,
    #[case] status: u16,
    #[case] code: Option<&str>,
) {
    both(&settings, |peer| {
        let (old, new) = (data(10), data(30));
        assert_eq!(peer.upload("/d/f", &old, 10).status, 200);
        let create = peer.ask(&create("/d/f"));
        let reply = if settings.check_at == CheckAt::Create && !settings.overwrite {
            create
        } else {
            let id = create.headers.get("BITS-Session-Id").unwrap();
            let last = peer.put("/d/f", id, 0, 30, &new);
            if settings.check_at == CheckAt::LastFragment {
                last
            } else {
                peer.close("/d/f", id)
            }
        };
        assert_eq!(fault(&reply), (status, code));
        let now = if settings.overwrite { &new } else { &old };
        assert_eq!(peer.get("/d/f").as_ref(), Some(now));
    });
}

#[test]
fn of_two_uploads_to_one_place_the_first_to_close_wins() {
    both(&Settings::default(), |peer| {
        let (a, b) = (peer.create("/f"), peer.create("/f"));
        assert_ne!(a, b);
        peer.put("/f", &a, 0, 10, &[1; 10]);
        peer.put("/f", &b, 0, 10, &[2; 10]);
        assert_eq!(peer.close("/f", &b).status, 200);
        assert_eq!(peer.close("/f", &a).status, 403);
        assert_eq!(peer.get("/f"), Some(vec![2; 10]));
        assert_eq!(peer.cancel("/f", &a).status, 200);
    });
}

#[test]
fn with_publication_at_the_last_fragment_the_file_is_there_before_close_and_stays_after_cancel() {
    both(
        &Settings::default().publish(Publish::OnLastFragment),
        |peer| {
            for (path, close) in [("/a", true), ("/b", false)] {
                let data = data(20);
                let id = peer.create(path);
                peer.put(path, &id, 0, 10, &data);
                assert_eq!(peer.get(path), None);
                assert_eq!(offset(&peer.put(path, &id, 10, 20, &data)), Some(20));
                assert_eq!(peer.get(path), Some(data.clone()));
                assert_eq!(offset(&peer.put(path, &id, 10, 20, &data)), Some(20));
                let end = if close {
                    peer.close(path, &id)
                } else {
                    peer.cancel(path, &id)
                };
                assert_eq!(end.status, 200);
                assert_eq!(peer.get(path), Some(data));
            }
        },
    );
}

#[rstest]
#[case(CloseReplay::NotFound, 500)]
#[case(CloseReplay::Ok, 200)]
fn a_second_close_never_touches_the_file(#[case] replay: CloseReplay, #[case] status: u16) {
    both(&Settings::default().close_replay(replay), |peer| {
        let id = peer.create("/f");
        peer.put("/f", &id, 0, 10, &data(10));
        assert_eq!(peer.close("/f", &id).status, 200);
        assert_eq!(peer.close("/f", &id).status, status);
        assert_eq!(peer.get("/f"), Some(data(10)));
    });
}

#[test]
fn an_empty_upload_is_published_only_where_that_is_set() {
    both(&Settings::default(), |peer| {
        let id = peer.create("/f");
        assert_eq!(peer.ask(&ranged("/f", &id, "bytes */0", &[])).status, 400);
        assert_eq!(peer.close("/f", &id).status, 200);
        assert_eq!(peer.get("/f"), None);
    });
    both(
        &Settings::default().empty_upload(EmptyUpload::Accept),
        |peer| {
            for (path, range) in [
                ("/a", None),
                ("/b", Some("bytes */0")),
                ("/c", Some("bytes 0--1/0")),
            ] {
                let id = peer.create(path);
                if let Some(range) = range {
                    assert_eq!(offset(&peer.ask(&ranged(path, &id, range, &[]))), Some(0));
                }
                assert_eq!(peer.close(path, &id).status, 200);
                assert_eq!(peer.get(path), Some(Vec::new()));
            }
        },
    );
}

#[rstest]
#[case(MissingFolder::Create, 200)]
#[case(MissingFolder::NotFound, 404)]
fn a_missing_folder_is_made_or_refused(#[case] missing: MissingFolder, #[case] status: u16) {
    both(&Settings::default().missing_folder(missing), |peer| {
        assert_eq!(peer.ask(&create("/a/b/f")).status, status);
        assert_eq!(peer.upload("/f", &data(3), 1).status, 200);
    });
}

#[test]
fn a_folder_or_what_lies_below_a_file_is_no_destination() {
    both(&Settings::default(), |peer| {
        peer.upload("/d/f", &data(3), 3);
        for path in ["/", "/d/", "/d", "/new/"] {
            assert_eq!(
                fault(&peer.ask(&create(path))),
                (400, Some("0x80070057")),
                "{path}"
            );
        }
        assert_eq!(peer.ask(&create("/d/f/g")).status, 403);
        assert_eq!(peer.ask(&Request::new("GET", "/d")).status, 404);
    });
}

#[rstest]
#[case(SessionPath::Check, 400)]
#[case(SessionPath::Ignore, 200)]
fn a_session_is_bound_to_its_path(#[case] check: SessionPath, #[case] status: u16) {
    both(&Settings::default().session_path(check), |peer| {
        let id = peer.create("/a");
        assert_eq!(peer.put("/b", &id, 0, 3, &data(3)).status, status);
        assert_eq!(peer.put("/%61?x", &id, 0, 3, &data(3)).status, 200);
    });
}

#[test]
fn a_created_session_may_be_told_with_201() {
    let peer = Peer::set(Settings::default().create_status(CreateStatus::Created));
    let reply = peer.ask(&create("/f"));
    assert_eq!(reply.status, 201);
    assert!(reply.headers.contains("BITS-Protocol"));
}

#[test]
fn what_the_packet_says_besides_does_not_matter() {
    both(&Settings::default(), |peer| {
        let mut request = create("/url-name");
        request.headers.append("Content-Name", r"..\..\other.txt");
        request.headers.append("X-Unknown", "x");
        request.headers.set("BITS-Packet-Type", "CREATE-session");
        let created = peer.ask(&request);
        let id = created.headers.get("BITS-Session-Id").unwrap();
        peer.put("/url-name", id, 0, 3, &data(3));
        peer.close("/url-name", id);
        assert_eq!(peer.get("/url-name"), Some(data(3)));
        assert_eq!(peer.get("/other.txt"), None);
    });
}

#[test]
fn the_answer_to_a_plain_upload_asks_nobody() {
    let peer = Peer::new();
    let id = peer.create("/f");
    let came = peer.send(&fragment("/f", &id, 0, 3, &data(3)));
    assert!(matches!(came, Came::Reply(reply) if !reply.headers.contains("BITS-Reply-URL")));
}
