//! Upload-reply: what an application is told, and what the client hears of it.

use super::{Peer, data, fault, fragment, offset, packet};
use crate::{
    bits_upload::{ApplicationBody, Notification, NotificationHeaders, ReplyUrl, Settings},
    message::{Broken, How, Reply, Request},
    mock::{Answer, Model, Outcome, Token},
};
use rstest::rstest;
use std::{fs, time::Duration};

const PATH: &str = "/dir/file.bin?q=1";

fn by(notification: Notification) -> Settings {
    Settings::default()
        .notification(notification)
        .notification_url("http://app.example:81/x".to_owned())
}

/// Uploads all bytes in two fragments; the application is asked then.
fn asked(peer: &Peer) -> (String, Request, Token) {
    let (id, data) = (peer.create(PATH), data(100));
    let first = peer.put(PATH, &id, 0, 50, &data);
    assert_eq!(
        (first.status, first.headers.get("BITS-Reply-URL")),
        (200, None)
    );
    let last = peer.send(&fragment(PATH, &id, 50, 100, &data));
    let (request, origin, timeout, token) = last.question();
    assert_eq!(
        (origin.as_str(), timeout),
        ("http://app.example:81", Duration::from_secs(300))
    );
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/x?q=1")
    );
    (id, request, token)
}

fn answers(reply: Reply) -> Outcome {
    Outcome::Answered(Ok(reply))
}

/// The path and query of a URL.
fn target(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    &rest[rest.find('/').unwrap()..]
}

#[test]
fn by_value_the_application_gets_the_bytes_and_its_body_is_the_reply() {
    let folder = tempfile::tempdir().unwrap();
    let settings = by(Notification::ByValue);
    for peer in [
        Peer::set(settings.clone()),
        Peer::with(settings.clone(), &[], Some(folder.path())),
    ] {
        let (id, request, token) = asked(&peer);
        let original = request.headers.get("BITS-Original-Request-URL");
        assert_eq!(original, Some("http://host.example/dir/file.bin?q=1"));
        assert_eq!(request.headers.get("BITS-Request-DataFile-Name"), None);
        assert_eq!(
            (request.headers.get("Content-Length"), &request.body[..]),
            (Some("100"), &data(100)[..])
        );
        let ack = peer.resume(token, answers(Reply::new(200).body("the reply")));
        assert_eq!((ack.status, offset(&ack)), (200, Some(100)));
        let url = ack.headers.get("BITS-Reply-URL").unwrap().to_owned();
        assert!(
            url.starts_with("http://host.example/dir/BITS-Sessions/Replies/%7B"),
            "{url}"
        );
        assert_eq!(peer.get(target(&url)).unwrap(), b"the reply");
        let mut part = Request::new("GET", target(&url));
        part.headers.append("Range", "bytes=4-");
        assert_eq!(&peer.ask(&part).body[..], b"reply");
        // The last fragment again: the same answer, and nobody is asked.
        assert_eq!(peer.put(PATH, &id, 50, 100, &data(100)), ack);
        assert_eq!(peer.close(PATH, &id).status, 200);
        assert_eq!(peer.get(target(&url)), None);
        assert_eq!(
            peer.get(PATH),
            None,
            "without the header the file is not published"
        );
    }
}

#[rstest]
#[case(NotificationHeaders::DataFile, &["DataFile"])]
#[case(NotificationHeaders::DataEntity, &["DataEntity"])]
#[case(NotificationHeaders::Both, &["DataFile", "DataEntity"])]
fn by_reference_the_application_reads_one_file_and_writes_another(
    #[case] headers: NotificationHeaders,
    #[case] names: &[&str],
) {
    let settings = by(Notification::ByReference)
        .notification_headers(headers)
        .reply_url(ReplyUrl::RelativeBackslash);
    let peer = Peer::set(settings);
    let (id, request, token) = asked(&peer);
    assert_eq!(
        (request.headers.get("Content-Length"), request.body.len()),
        (Some("0"), 0)
    );
    for name in names {
        let file = |kind| {
            request
                .headers
                .get(&format!("BITS-{kind}-{name}-Name"))
                .unwrap()
        };
        assert_eq!(fs::read(file("Request")).unwrap(), data(100));
        fs::write(file("Response"), "written").unwrap();
    }
    let answer = Reply::new(200).header("BITS-Copy-File-To-Destination", "");
    let ack = peer.resume(token, answers(answer));
    let url = ack.headers.get("BITS-Reply-URL").unwrap();
    assert_eq!(url, format!(r"BITS-Sessions\Replies\{id}\responsefile.bin"));
    assert_eq!(
        peer.get(&format!("/dir/{}", url.replace('\\', "/")))
            .unwrap(),
        b"written"
    );
    assert_eq!(peer.get(PATH), None);
    assert_eq!(peer.close(PATH, &id).status, 200);
    assert_eq!(peer.get(PATH), Some(data(100)));
}

#[test]
fn a_reply_that_the_application_keeps_is_told_as_it_is() {
    let peer = Peer::set(by(Notification::ByValue));
    let (_, _, token) = asked(&peer);
    let answer = Reply::new(200).header("BITS-Static-Response-URL", "http://elsewhere/r");
    let ack = peer.resume(token, answers(answer));
    assert_eq!(
        ack.headers.get("BITS-Reply-URL"),
        Some("http://elsewhere/r")
    );
}

#[test]
fn an_application_may_have_no_reply() {
    let peer = Peer::set(by(Notification::ByReference));
    let (_, _, token) = asked(&peer);
    let ack = peer.resume(token, answers(Reply::new(200)));
    assert_eq!((ack.status, ack.headers.get("BITS-Reply-URL")), (200, None));
}

#[rstest]
#[case(answers(Reply::new(503)), 503, "0x801901F7")]
#[case(answers(Reply::new(403).header("BITS-Error", "0x80070005")), 403, "0x80070005")]
#[case(answers(Reply::new(302)), 302, "0x8019012E")]
#[case(answers(Reply::new(201)), 500, "0x801901F4")]
#[case(Outcome::Answered(Err(Broken { how: How::Stalled, detail: String::new(), partial: None })), 408, "0x80070112")]
#[case(Outcome::Answered(Err(Broken { how: How::Unreachable, detail: String::new(), partial: None })), 500, "0x80072EFD")]
#[case(answers(Reply::new(200).header("BITS-Static-Response-URL", "r.bin")), 411, "0x80070057")]
fn what_the_application_does_wrong_is_relayed_and_the_last_fragment_asks_again(
    #[case] outcome: Outcome,
    #[case] status: u16,
    #[case] code: &str,
) {
    let peer = Peer::set(by(Notification::ByValue));
    let (id, _, token) = asked(&peer);
    let refused = peer.resume(token, outcome);
    assert_eq!(fault(&refused), (status, Some(code)));
    assert_eq!(refused.headers.get("BITS-Error-Context"), Some("0x7"));
    assert_eq!(offset(&refused), Some(100));
    let again = peer.send(&fragment(PATH, &id, 50, 100, &data(100)));
    let (request, _, _, token) = again.question();
    assert_eq!(&request.body[..], data(100));
    assert_eq!(
        peer.resume(token, answers(Reply::new(200).body("r")))
            .status,
        200
    );
    assert_eq!(peer.close(PATH, &id).status, 200);
}

#[test]
fn closing_before_the_application_agreed_deletes_the_upload() {
    let peer = Peer::set(by(Notification::ByValue));
    let (id, _, token) = asked(&peer);
    peer.resume(token, answers(Reply::new(500)));
    assert_eq!(peer.close(PATH, &id).status, 200);
    assert_eq!(peer.get(PATH), None);
    assert_eq!(peer.cancel(PATH, &id).status, 500);
}

#[test]
fn a_session_that_ended_while_the_application_thought_is_not_found() {
    let peer = Peer::set(by(Notification::ByValue));
    let (id, _, token) = asked(&peer);
    assert_eq!(peer.cancel(PATH, &id).status, 200);
    let late = peer.resume(token, answers(Reply::new(200).body("r")));
    assert_eq!(fault(&late), (500, Some("0x8020001F")));
    let reused = peer.server.resume(token, Outcome::Woke, peer.clock.now());
    assert!(matches!(reused, Answer::Reply(reply) if reply.status == 500));
}

#[test]
fn a_client_that_went_away_while_the_application_thought_asks_again() {
    let peer = Peer::set(by(Notification::ByValue));
    let (id, _, token) = asked(&peer);
    let _ = peer.server.resume(token, Outcome::Gone, peer.clock.now());
    let probe = peer.ask(&packet("Ping", PATH, None));
    assert_eq!(probe.status, 200);
    let (_, _, _, token) = peer
        .send(&fragment(PATH, &id, 50, 100, &data(100)))
        .question();
    assert_eq!(peer.resume(token, answers(Reply::new(200))).status, 200);
}

#[test]
fn a_reply_survives_a_kill_between_the_last_fragment_and_close() {
    let folder = tempfile::tempdir().unwrap();
    let peer = Peer::with(by(Notification::ByValue), &[], Some(folder.path()));
    let (id, _, token) = asked(&peer);
    let copy = Reply::new(200)
        .header("BITS-Copy-File-To-Destination", "yes")
        .body("r");
    let ack = peer.resume(token, answers(copy));
    let url = ack.headers.get("BITS-Reply-URL").unwrap();
    let peer = peer.killed();
    assert_eq!(peer.put(PATH, &id, 50, 100, &data(100)), ack);
    assert_eq!(peer.get(target(url)).unwrap(), b"r");
    assert_eq!(peer.close(PATH, &id).status, 200);
    assert_eq!(peer.get(PATH), Some(data(100)));
}

#[test]
fn an_unwanted_body_of_the_application_may_be_dropped() {
    let peer = Peer::set(by(Notification::ByReference).application_body(ApplicationBody::Ignore));
    let (_, _, token) = asked(&peer);
    assert_eq!(
        peer.resume(token, answers(Reply::new(200).body("thanks")))
            .status,
        200
    );
}

#[test]
fn an_upload_too_large_to_be_sent_by_value_is_refused() {
    let peer = Peer::set(by(Notification::ByValue).notification_max_body(99));
    let id = peer.create(PATH);
    let reply = peer.put(PATH, &id, 0, 100, &data(100));
    assert_eq!(fault(&reply), (500, Some("0x80200020")));
}

#[test]
fn an_answer_that_could_not_be_written_down_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let peer = Peer::with(by(Notification::ByReference), &[], Some(folder.path()));
    let (id, _, token) = asked(&peer);
    let name = format!("{}.jsonl", id.trim_matches(['{', '}']));
    let record = folder.path().join("uploads").join(name);
    let aside = folder.path().join("aside");
    fs::rename(&record, &aside).unwrap();
    fs::create_dir(&record).unwrap();
    let copy = Reply::new(200).header("BITS-Copy-File-To-Destination", "");
    let lost = peer.resume(token, answers(copy.clone()));
    assert_eq!((lost.status, offset(&lost)), (500, Some(100)));
    fs::remove_dir(&record).unwrap();
    fs::rename(&aside, &record).unwrap();
    let again = peer.send(&fragment(PATH, &id, 50, 100, &data(100)));
    let (_, _, _, token) = again.question();
    let told = peer.resume(token, answers(copy));
    assert_eq!(told.status, 200);
    // What the client was told holds after a kill.
    let peer = peer.killed();
    assert_eq!(peer.close(PATH, &id).status, 200);
    assert_eq!(peer.get("/dir/file.bin"), Some(data(100)));
}
