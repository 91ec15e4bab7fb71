/// The packets that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Packet {
    Ping,
    CreateSession,
    Fragment,
    CloseSession,
    CancelSession,
}

/// What is fixed about a packet.
pub(crate) struct Shape {
    /// Which.
    pub(crate) packet: Packet,
    /// Its value in `BITS-Packet-Type`, as the win32 pages write it.
    pub(crate) name: &'static str,
    /// The headers that it must have besides packet type and length, and that only exist for it.
    pub(crate) required: &'static [&'static str],
    /// Whether it carries a body.
    pub(crate) body: bool,
}

/// The table of packets. Source: MC-BUP 2.2.2 to 2.2.10.
pub(crate) const PACKETS: [Shape; 5] = [
    Shape {
        packet: Packet::Ping,
        name: "Ping",
        required: &[],
        body: false,
    },
    Shape {
        packet: Packet::CreateSession,
        name: "Create-Session",
        required: &["BITS-Supported-Protocols"],
        body: false,
    },
    Shape {
        packet: Packet::Fragment,
        name: "Fragment",
        required: &["BITS-Session-Id", "Content-Range"],
        body: true,
    },
    Shape {
        packet: Packet::CloseSession,
        name: "Close-Session",
        required: &["BITS-Session-Id"],
        body: false,
    },
    Shape {
        packet: Packet::CancelSession,
        name: "Cancel-Session",
        required: &["BITS-Session-Id"],
        body: false,
    },
];

impl Packet {
    /// The packet of that name, in any case of letters.
    pub(crate) fn of(name: &str) -> Option<Self> {
        PACKETS
            .iter()
            .find(|shape| shape.name.eq_ignore_ascii_case(name))
            .map(|shape| shape.packet)
    }

    /// What is fixed about it.
    pub(crate) fn shape(self) -> &'static Shape {
        PACKETS
            .iter()
            .find(|shape| shape.packet == self)
            .expect("every packet has its row")
    }
}

/// Whether the protocol or plain HTTP knows a request header (for a quirk).
pub(crate) fn is_known_header(name: &str) -> bool {
    const KNOWN: [&str; 22] = [
        "accept",
        "accept-encoding",
        "authorization",
        "bits-packet-type",
        "bits-session-id",
        "bits-supported-protocols",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-name",
        "content-range",
        "content-type",
        "expect",
        "host",
        "pragma",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "user-agent",
        "via",
        "x-http-method-override",
    ];
    KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name))
}
