//! The upload server: headers of packets, `Content-Range` above all.

use super::talk::{Peer, field, request};
use wireproof::{bits_upload, message::Request};

const PROTOCOL: &str = "{7df0354d-249b-430f-820d-3d2a9bef4931}";
const PACKETS: [&str; 5] = [
    "Ping",
    "Create-Session",
    "Fragment",
    "Close-Session",
    "Cancel-Session",
];
/// Fields that a line may name by its first byte.
const FIELDS: [&str; 10] = [
    "Content-Range",
    "BITS-Session-Id",
    "BITS-Supported-Protocols",
    "BITS-Packet-Type",
    "Content-Name",
    "Content-Encoding",
    "Range",
    "If-Range",
    "X-Http-Method-Override",
    "Content-Length",
];

/// Packets to one session, one for each line: the first byte picks the packet, the rest is fields divided by `|`, of
/// which the first byte picks the name and `=` stands before a body. The value alone is a `Content-Range`.
///
/// Whatever comes, the offset that the server tells never goes beyond the size of the file and never back.
pub fn bits_packets(data: &[u8]) {
    let mut server = Peer::start(&bits_upload::KIND, &[]);
    let mut created = request("BITS_POST", "/a.bin", b"");
    created.headers.append("BITS-Packet-Type", "Create-Session");
    created.headers.append("BITS-Supported-Protocols", PROTOCOL);
    let reply = server.ask(&created).expect("a session is created");
    assert_eq!(reply.status, 200);
    let session = reply
        .headers
        .get("BITS-Session-Id")
        .expect("a session has an id")
        .to_owned();

    let mut offset = 0;
    for line in data.split(|byte| *byte == b'\n').take(16) {
        let packet = packet(line, &session);
        if line.len() % 5 == 4 {
            server.cut(&packet);
            continue;
        }
        let Some(reply) = server.ask(&packet) else {
            continue;
        };
        assert!(
            matches!(
                reply.status,
                200 | 201
                    | 206
                    | 304
                    | 400
                    | 403
                    | 404
                    | 405
                    | 409
                    | 411
                    | 412
                    | 413
                    | 415
                    | 416
                    | 500
                    | 501
            ),
            "{packet:?}: {}",
            reply.status
        );
        let own = packet.headers.all("BITS-Session-Id").eq([session.as_str()]);
        let told = reply.headers.get("BITS-Received-Content-Range");
        if own
            && reply.status == 200
            && let Some(told) = told.and_then(|told| told.parse::<u64>().ok())
        {
            assert!(
                told >= offset,
                "the offset goes back from {offset} to {told}"
            );
            offset = told;
        }
    }
}

fn packet(line: &[u8], session: &str) -> Request {
    let (first, rest) = line.split_first().unwrap_or((&2, b""));
    let (fields, body) = match rest.iter().position(|byte| *byte == b'=') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, &b""[..]),
    };
    let method = if *first == b'G' { "GET" } else { "BITS_POST" };
    let mut packet = request(method, "/a.bin", body);
    packet
        .headers
        .append("BITS-Packet-Type", PACKETS[usize::from(*first) % 5]);
    packet.headers.append("BITS-Session-Id", session);
    if PACKETS[usize::from(*first) % 5] == "Create-Session" {
        packet.headers.append("BITS-Supported-Protocols", PROTOCOL);
    }
    for (at, given) in fields.split(|byte| *byte == b'|').enumerate() {
        match (at, given.split_first()) {
            (0, _) => packet.headers.append("Content-Range", field(given)),
            (_, Some((name, value))) => packet
                .headers
                .set(FIELDS[usize::from(*name) % FIELDS.len()], field(value)),
            (_, None) => {}
        }
    }
    packet
}
