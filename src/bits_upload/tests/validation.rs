//! One defect per request, and what is not one.

use super::{Peer, create, data, fault, fragment, http10, offset, packet, ranged, unstated};
use crate::{
    bits_upload::{
        Chunked, ErrorHeader, ErrorOn416, MissingLength, Settings, Uploads, wire::PROTOCOL,
    },
    message::{Reply, Request, Version},
    mock::{BodyEnd, BodyLength, Head, Model, Refusal},
};
use rstest::rstest;

const OTHER: &str = "{00000000-0000-0000-0000-000000000000}";

#[rstest]
#[case("alone", PROTOCOL.to_owned(), true)]
#[case("upper case", PROTOCOL.to_uppercase(), true)]
#[case("last of several", format!("{OTHER} {OTHER} {PROTOCOL}"), true)]
#[case("with commas", format!("{OTHER},{PROTOCOL}"), true)]
#[case("with commas and blanks", format!(" {OTHER} ,\t{PROTOCOL} "), true)]
#[case("behind ninety-nine others", format!("{}{PROTOCOL}", format!("{OTHER} ").repeat(99)), true)]
#[case("unknown", OTHER.to_owned(), false)]
#[case("without braces", PROTOCOL.trim_matches(['{', '}']).to_owned(), false)]
#[case("empty", String::new(), false)]
fn the_protocol_is_found_among_those_offered(
    #[case] name: &str,
    #[case] offered: String,
    #[case] known: bool,
) {
    let peer = Peer::new();
    let mut request = create("/f");
    request.headers.set("BITS-Supported-Protocols", offered);
    let reply = peer.ask(&request);
    let expected = if known {
        (200, None)
    } else {
        (400, Some("0x80070057"))
    };
    assert_eq!(fault(&reply), expected, "{name}");
    assert_eq!(
        reply.headers.get("BITS-Protocol"),
        known.then_some(PROTOCOL),
        "{name}"
    );
}

#[test]
fn protocols_in_several_headers_count_together() {
    let mut request = create("/f");
    request.headers.set("BITS-Supported-Protocols", OTHER);
    request.headers.append("BITS-Supported-Protocols", PROTOCOL);
    assert_eq!(Peer::new().ask(&request).status, 200);
}

#[rstest]
#[case("ping", 200)]
#[case("PING", 200)]
#[case(" Ping ", 200)]
#[case("Pong", 400)]
#[case("", 400)]
fn packet_types_are_known_in_any_case(#[case] kind: &str, #[case] status: u16) {
    assert_eq!(Peer::new().ask(&packet(kind, "/f", None)).status, status);
}

#[rstest]
#[case(Some("{7DF0354D-249B-430F-820D-3D2A9BEF4931}"), 500, "0x8020001F")]
#[case(Some("malformed"), 500, "0x8020001F")]
#[case(Some(""), 400, "0x80070057")]
#[case(None, 400, "0x80070057")]
fn sessions_that_there_are_not(
    #[case] id: Option<&str>,
    #[case] status: u16,
    #[case] code: &str,
    #[values("Fragment", "Close-Session", "Cancel-Session")] kind: &str,
) {
    let peer = Peer::new();
    let mut request = ranged("/f", "", "bytes 0-2/3", b"abc");
    request.headers.remove("BITS-Session-Id");
    if kind != "Fragment" {
        request = packet(kind, "/f", None);
    }
    if let Some(id) = id {
        request.headers.append("BITS-Session-Id", id);
    }
    let reply = peer.ask(&request);
    assert_eq!(fault(&reply), (status, Some(code)));
    assert_eq!(reply.headers.get("BITS-Session-Id"), None);
}

#[rstest]
#[case(ErrorHeader::Both, Some("0x80070057"), Some("0x80070057"))]
#[case(ErrorHeader::BitsError, Some("0x80070057"), None)]
#[case(ErrorHeader::BitsErrorCode, None, Some("0x80070057"))]
fn the_error_stands_under_the_names_that_are_set(
    #[case] header: ErrorHeader,
    #[case] short: Option<&str>,
    #[case] long: Option<&str>,
) {
    let peer = Peer::set(
        Settings::default()
            .error_header(header)
            .error_on_416(ErrorOn416::Zero),
    );
    let reply = peer.ask(&packet("Pong", "/f", None));
    let both = |reply: &Reply| {
        let get = |name| reply.headers.get(name).map(ToOwned::to_owned);
        (get("BITS-Error"), get("BITS-Error-Code"))
    };
    let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
    assert_eq!(both(&reply), (owned(short), owned(long)));
    let id = peer.create("/f");
    let gap = peer.put("/f", &id, 1, 2, &data(5));
    let zero = |text: Option<&str>| text.map(|_| "0x0".to_owned());
    assert_eq!((gap.status, both(&gap)), (416, (zero(short), zero(long))));
}

#[test]
fn http_1_0_needs_no_length_without_a_body() {
    let peer = Peer::new();
    let created = peer.ask(&http10(create("/f")));
    let id = created.headers.get("BITS-Session-Id").unwrap();
    let mut request = fragment("/f", id, 0, 9, &data(9));
    request.version = Version::Http10;
    assert_eq!(peer.ask(&request).status, 200);
    assert_eq!(
        peer.ask(&http10(packet("Close-Session", "/f", Some(id))))
            .status,
        200
    );
    assert_eq!(peer.get("/f"), Some(data(9)));
}

#[rstest]
#[case(MissingLength::LengthRequired, 411)]
#[case(MissingLength::BadRequest, 400)]
fn http_1_1_needs_a_length(#[case] setting: MissingLength, #[case] status: u16) {
    let peer = Peer::set(Settings::default().missing_length(setting));
    let id = peer.create("/f");
    for request in [
        create("/f"),
        packet("Close-Session", "/f", Some(&id)),
        packet("Cancel-Session", "/f", Some(&id)),
        ranged("/f", &id, "bytes 0-2/3", b""),
    ] {
        let reply = peer
            .exchange(&unstated(&request), &[], BodyEnd::Complete)
            .reply();
        assert_eq!(fault(&reply), (status, Some("0x80070057")));
    }
    let ping = packet("Ping", "/f", None);
    assert_eq!(
        peer.exchange(&unstated(&ping), &[], BodyEnd::Complete)
            .reply()
            .status,
        200
    );
    assert_eq!(peer.put("/f", &id, 0, 3, &data(3)).status, 200);
}

fn chunked(request: &Request) -> Head {
    Head {
        length: BodyLength::Chunked,
        ..Head::of(request)
    }
}

#[test]
fn chunked_bodies_are_refused_unless_they_are_taken() {
    let data = data(20);
    let peer = Peer::new();
    let id = peer.create("/f");
    let request = fragment("/f", &id, 0, 20, &data);
    let reply = peer
        .exchange(&chunked(&request), &[&data], BodyEnd::Complete)
        .reply();
    assert_eq!(fault(&reply), (411, Some("0x80070057")));

    let peer = Peer::set(Settings::default().chunked(Chunked::Accept));
    let created = peer
        .exchange(&chunked(&create("/f")), &[], BodyEnd::Complete)
        .reply();
    let id = created.headers.get("BITS-Session-Id").unwrap();
    let with_body = peer
        .exchange(&chunked(&create("/g")), &[b"x"], BodyEnd::Complete)
        .reply();
    assert_eq!(fault(&with_body), (400, Some("0x80070057")));
    // Longer or shorter than the range says: refused, and nothing is kept.
    let request = fragment("/f", id, 0, 10, &data);
    for body in [&data[..11], &data[..9]] {
        let reply = peer
            .exchange(&chunked(&request), &[body], BodyEnd::Complete)
            .reply();
        assert_eq!(
            (fault(&reply), offset(&reply)),
            ((400, Some("0x80070057")), Some(0))
        );
    }
    // The refused ones set no total either.
    let request = fragment("/f", id, 0, 15, &data[..15]);
    let reply = peer
        .exchange(
            &chunked(&request),
            &[&data[..7], &data[7..15]],
            BodyEnd::Complete,
        )
        .reply();
    assert_eq!((reply.status, offset(&reply)), (200, Some(15)));
}

#[test]
fn the_post_dialect_is_known_only_where_it_is_set() {
    let mut request = create("/f");
    request.method = "POST".to_owned();
    request
        .headers
        .append("X-Http-Method-Override", "BITS_POST");
    let refused = Peer::new().ask(&request);
    assert_eq!(
        (refused.status, refused.headers.get("Allow")),
        (405, Some("BITS_POST, GET, HEAD"))
    );
    assert_eq!(
        Peer::set(Settings::default().post_override(true))
            .ask(&request)
            .status,
        200
    );
    assert_eq!(
        Peer::new().ask(&Request::new("bits_post", "/f")).status,
        405
    );
}

#[rstest]
#[case(Uploads::Disabled, (501, Some("0x80070005")))]
#[case(Uploads::NotFound, (404, None))]
fn a_server_that_takes_no_uploads_answers_pings_only(
    #[case] uploads: Uploads,
    #[case] refused: (u16, Option<&str>),
) {
    let peer = Peer::set(Settings::default().uploads(uploads));
    assert_eq!(fault(&peer.ask(&create("/f"))), refused);
    assert_eq!(
        fault(&peer.ask(&packet("Close-Session", "/f", Some("{X}")))),
        refused
    );
    assert_eq!(peer.ask(&packet("Ping", "/f", None)).status, 200);
}

#[test]
fn what_a_client_may_grow_has_limits() {
    let peer = Peer::set(Settings::default().max_sessions(2).max_url(100));
    peer.create("/a");
    peer.create("/b");
    assert_eq!(peer.ask(&create("/c")).status, 503);
    assert_eq!(
        peer.ask(&create(&format!("/{}", "x".repeat(100)))).status,
        414
    );
    let mut exact = create("/c");
    exact.headers.append("Content-Name", "x".repeat(4096));
    assert_eq!(peer.ask(&exact).status, 503, "4,096 bytes are no defect");

    let peer = Peer::set(Settings::default().max_upload_size(10).max_fragment_size(4));
    let id = peer.create("/f");
    assert_eq!(
        fault(&peer.put("/f", &id, 0, 1, &data(11))),
        (500, Some("0x80200020"))
    );
    assert_eq!(fault(&peer.put("/f", &id, 0, 5, &data(10))), (413, None));
    for first in [0, 4, 8] {
        assert_eq!(
            peer.put("/f", &id, first, (first + 4).min(10), &data(10))
                .status,
            200
        );
    }
    assert_eq!(peer.close("/f", &id).status, 200);
}

#[test]
fn an_unknown_encoding_is_refused_and_identity_is_none() {
    let peer = Peer::new();
    let id = peer.create("/f");
    let mut request = fragment("/f", &id, 0, 9, &data(9));
    request.headers.append("Content-Encoding", "gzip");
    let reply = peer.ask(&request);
    assert_eq!((reply.status, offset(&reply)), (415, Some(0)));
    request.headers.set("Content-Encoding", "Identity");
    assert_eq!(peer.ask(&request).status, 200);
}

#[test]
fn the_host_id_is_told_where_it_is_set_with_its_time_out() {
    let told = |settings| {
        let reply = Peer::set(settings).ask(&create("/f"));
        let get = |name| reply.headers.get(name).map(ToOwned::to_owned);
        (get("BITS-Host-Id"), get("BITS-Host-Id-Fallback-Timeout"))
    };
    let host = Settings::default().host_id("other.example".to_owned());
    let (name, timeout) = (Some("other.example".to_owned()), Some("86400".to_owned()));
    assert_eq!(
        told(Settings::default().host_id_fallback_timeout(110_u64)),
        (None, None)
    );
    assert_eq!(told(host.clone()), (name.clone(), timeout));
    assert_eq!(told(host.host_id_fallback_timeout(0_u64)), (name, None));
}

#[rstest]
#[case(Refusal::BodyTooLarge, 413, None)]
#[case(Refusal::HeadTooLarge, 400, Some("0x80070057"))]
#[case(Refusal::Rejected, 403, Some("0x80070005"))]
#[case(Refusal::Unauthenticated, 401, None)]
fn what_the_door_refuses_is_an_ack_except_a_challenge(
    #[case] refusal: Refusal,
    #[case] status: u16,
    #[case] code: Option<&str>,
) {
    let peer = Peer::new();
    let reply = peer.server.refuse(&Head::of(&create("/f")), refusal);
    assert_eq!(fault(&reply), (status, code));
    assert_eq!(reply.headers.contains("BITS-Packet-Type"), status != 401);
    let get = peer
        .server
        .refuse(&Head::of(&Request::new("GET", "/f")), refusal);
    assert_eq!(
        (get.status, get.headers.contains("BITS-Packet-Type")),
        (refusal.status(), false)
    );
}

#[test]
fn every_header_that_is_sent_is_listed_in_its_documented_case() {
    let peer = Peer::set(Settings::default().host_id("h".to_owned()));
    let id = peer.create("/f");
    let replies = [
        peer.ask(&create("/f")),
        peer.put("/f", &id, 0, 9, &data(9)),
        peer.close("/f", &id),
        peer.ask(&packet("Pong", "/f", None)),
        peer.ask(&Request::new("GET", "/f")),
        peer.ask(&Request::new("PUT", "/f")),
    ];
    for (name, _) in replies.iter().flat_map(|reply| reply.headers.iter()) {
        assert!(peer.server.header_names().contains(&name), "{name}");
    }
}
