use super::{PROTOCOL, errors::row_of};
use crate::{
    bits_upload::{
        domain::{Fault, Refusal},
        quirks::{Quirk, Quirks},
        settings::Settings,
        values::{CreateStatus, ErrorHeader, ErrorOn416, Notification},
    },
    message::{Framing, Reply},
};

/// Writes acks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acks<'a> {
    /// How the server is set.
    pub(crate) settings: &'a Settings,
    /// What it does wrong.
    pub(crate) quirks: Quirks,
}

impl Acks<'_> {
    fn quirk(&self, quirk: Quirk) -> bool {
        self.quirks.has(quirk)
    }

    fn ack(&self, status: u16) -> Reply {
        Reply::new(status).header("BITS-Packet-Type", "Ack")
    }

    /// The end of every ack: its framing.
    fn framed(&self, mut reply: Reply) -> Reply {
        if reply.status < 300 && self.quirk(Quirk::TellsAnErrorOnSuccess) {
            reply = self.error(reply, 0x8007_0057, 0x5);
        }
        if reply.status == 204 {
            reply.framing = Framing::Bodiless;
            return reply;
        }
        if self.quirk(Quirk::SendsABodyWithAcks) {
            reply = reply.body("Ack\r\n");
        }
        if self.quirk(Quirk::SendsChunkedAcks) {
            reply.framing = Framing::Chunked;
        } else if self.quirk(Quirk::OmitsTheLengthOfAcks) {
            reply.framing = Framing::Close;
        } else {
            let length = reply.body.len().to_string();
            reply = reply.header("Content-Length", length);
        }
        reply
    }

    fn with_session(&self, reply: Reply, id: &str) -> Reply {
        if self.quirk(Quirk::OmitsTheSessionIdLater) {
            return reply;
        }
        let id = if self.quirk(Quirk::EchoesAnotherSessionId) {
            "{00000000-0000-4000-8000-000000000000}"
        } else {
            id
        };
        reply.header("BITS-Session-Id", id)
    }

    fn error(&self, reply: Reply, code: u32, context: u8) -> Reply {
        let (text, other) = (format!("0x{code:08X}"), format!("0x{:08X}", code ^ 1));
        let other = if self.quirk(Quirk::ContradictsItsErrorCode) {
            other
        } else {
            text.clone()
        };
        let context = if self.quirk(Quirk::TellsTheWrongContext) {
            0x4
        } else {
            context
        };
        let reply = match self.settings.error_header {
            ErrorHeader::Both => reply
                .header("BITS-Error", text)
                .header("BITS-Error-Code", other),
            ErrorHeader::BitsError => reply.header("BITS-Error", text),
            ErrorHeader::BitsErrorCode => reply.header("BITS-Error-Code", text),
        };
        reply.header("BITS-Error-Context", format!("{context:#x}"))
    }

    fn with_offset(&self, reply: Reply, offset: u64) -> Reply {
        let last = offset.saturating_sub(1);
        let value = if self.quirk(Quirk::ReportsRangeInsteadOfOffset) {
            format!("0-{last}")
        } else if self.quirk(Quirk::ReportsTheLastByteInsteadOfTheNext) {
            last.to_string()
        } else {
            offset.to_string()
        };
        let name = if self.quirk(Quirk::MisspellsReceivedRange) {
            "BITS-Received-Range"
        } else {
            "BITS-Received-Content-Range"
        };
        reply.header(name, value)
    }

    /// To Ping.
    pub(crate) fn pong(&self) -> Reply {
        self.framed(self.ack(200))
    }

    /// To Create-Session.
    pub(crate) fn created(&self, id: &str) -> Reply {
        let protocol = if self.quirk(Quirk::AnswersAnotherProtocol) {
            "{00000000-0000-0000-0000-000000000000}"
        } else {
            PROTOCOL
        };
        let status = match self.settings.create_status {
            CreateStatus::Ok => 200,
            CreateStatus::Created => 201,
        };
        let mut reply = self
            .ack(status)
            .header("BITS-Protocol", protocol)
            .header("BITS-Session-Id", id);
        let host = self.settings.host_id.as_deref();
        let host = match (host, self.quirk(Quirk::InventsAHostId)) {
            (None, true) => Some("elsewhere.invalid"),
            (host, _) => host.filter(|_| !self.quirk(Quirk::HidesTheHostId)),
        };
        if let Some(host) = host {
            reply = reply.header("BITS-Host-Id", host);
            let seconds = self.settings.host_id_fallback_timeout;
            if seconds > 0 {
                reply = reply.header("BITS-Host-Id-Fallback-Timeout", seconds.to_string());
            }
        }
        self.framed(reply.header("Accept-Encoding", "identity"))
    }

    /// To a fragment.
    pub(crate) fn received(&self, id: &str, offset: u64, reply_url: Option<&str>) -> Reply {
        let reply = self.with_session(self.ack(200), id);
        let mut reply = self.with_offset(reply, offset);
        let early = match self.settings.notification {
            Notification::None => self.quirk(Quirk::TellsAReplyUrlOnPlainUploads),
            Notification::ByReference | Notification::ByValue => {
                self.quirk(Quirk::TellsTheReplyUrlTooEarly)
            }
        };
        let url = match (reply_url, early) {
            (None, true) => Some("http://elsewhere.invalid/reply"),
            (url, _) => url.filter(|_| !self.quirk(Quirk::HidesTheReplyUrl)),
        };
        if let Some(url) = url {
            reply = reply.header("BITS-Reply-URL", url);
        }
        self.framed(reply)
    }

    /// To Close-Session or Cancel-Session.
    pub(crate) fn ended(&self, id: &str, status: u16) -> Reply {
        self.framed(self.with_session(self.ack(status), id))
    }

    /// To whatever is refused; `id` where the request named a session that there is.
    pub(crate) fn refused(&self, refusal: Refusal, id: Option<&str>) -> Reply {
        let mut row = row_of(refusal.fault, self.settings);
        if let Some((status, code)) = refusal.application {
            row.status = status;
            row.code = Some(code.unwrap_or(0x8019_0000 | u32::from(status)));
            if self.quirk(Quirk::RelaysApplicationErrorsAsItsOwn) {
                row.context = 0x5;
            }
        }
        if refusal.fault == Fault::NoSession {
            if self.quirk(Quirk::HidesThatASessionIsUnknown) {
                row.code = Some(0x8007_0057);
            }
            if self.quirk(Quirk::Answers404ToUnknownSessions) {
                row.status = 404;
            }
        }
        let mut reply = self.ack(row.status);
        if let Some(id) = id {
            reply = self.with_session(reply, id);
        }
        if let Some(code) = row.code {
            reply = self.error(reply, code, row.context);
        } else if refusal.fault == Fault::OutOfStep
            && self.settings.error_on_416 == ErrorOn416::Zero
        {
            for name in self.error_names() {
                reply = reply.header(*name, "0x0");
            }
            reply = reply.header("BITS-Error-Context", "0x5");
        }
        let hidden = row.status == 416 && self.quirk(Quirk::OmitsTheOffsetOn416);
        if let Some(offset) = refusal.offset.filter(|_| !hidden) {
            reply = self.with_offset(reply, offset);
        }
        self.framed(reply)
    }

    fn error_names(&self) -> &'static [&'static str] {
        match self.settings.error_header {
            ErrorHeader::Both => &["BITS-Error", "BITS-Error-Code"],
            ErrorHeader::BitsError => &["BITS-Error"],
            ErrorHeader::BitsErrorCode => &["BITS-Error-Code"],
        }
    }
}
