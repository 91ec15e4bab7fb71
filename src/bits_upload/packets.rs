//! One request of the protocol from its head to its answer, in the order in which it is validated.
//!
//! In: a head. Out: an answer, or where the body goes.

use super::{
    Quirk,
    domain::{Content, Destination, Fault, Refusal, Shared, Stored, lock},
    server::{Context, Core},
    values::{Chunked, Uploads as Enabled},
    wire::{self, Acks, Packet, Target},
};
use crate::{
    message::{Reply, Request, Version},
    mock::{Answer, Begin, BodyEnd, BodyLength, Head, Moment, Sink},
};
use std::{any::Any, ops::ControlFlow, sync::Arc};

impl Core {
    pub(super) fn quirk(&self, quirk: Quirk) -> bool {
        self.uploads.quirk(quirk)
    }

    pub(super) fn acks(&self) -> Acks<'_> {
        Acks {
            settings: &self.uploads.settings,
            quirks: self.uploads.quirks,
        }
    }

    pub(super) fn refused(&self, refusal: Refusal, id: Option<&str>) -> Answer {
        Answer::Reply(self.acks().refused(refusal, id))
    }

    pub(super) fn is_overridden(&self, request: &Request) -> bool {
        let header = request.headers.get("X-Http-Method-Override");
        self.uploads.settings.post_override
            && request.method == "POST"
            && header.is_some_and(|method| method.trim() == "BITS_POST")
    }

    pub(super) fn fetch(&self, request: &Request) -> Answer {
        let missing = Answer::Reply(Reply::new(404).header("Content-Length", "0"));
        let stored = match Target::read(&request.target) {
            Ok(Target::File(destination)) if !destination.is_folder() => {
                let store = &self.uploads.store;
                store
                    .open(&destination)
                    .or_else(|| self.unfinished(&destination))
            }
            Ok(Target::Reply(id)) => self.uploads.store.open_reply(&id),
            Ok(Target::File(_)) | Err(_) => None,
        };
        stored.map_or(missing, |stored| {
            wire::fetch(request, stored, self.uploads.quirks)
        })
    }

    /// What has arrived for a destination, where a quirk shows it.
    fn unfinished(&self, destination: &Destination) -> Option<Stored> {
        let shown = self.quirk(Quirk::ShowsTheFileWhileReceiving);
        let shared = self.uploads.latest(destination).filter(|_| shown)?;
        let bytes = lock(&shared).entity.read_all().ok()?;
        Some(Stored {
            length: bytes.len() as u64,
            content: Content::Bytes(bytes.into()),
            modified: Moment::default(),
        })
    }

    /// A request of the protocol: validated in the order of MC-BUP 3.2.5.2.3, then dispatched.
    pub(super) fn packet(core: &Arc<Self>, head: &Head, now: Moment) -> Begin {
        let request = &head.request;
        let kind = request.headers.get("BITS-Packet-Type").map(str::trim);
        let named = !core.quirk(Quirk::ReadsHeaderNamesWithCase)
            || request
                .headers
                .iter()
                .any(|(name, _)| name == "BITS-Packet-Type");
        let packet = core.packet_of(kind.filter(|_| named));
        if let Ok(Some(Packet::Ping)) = packet {
            return Begin::Answer(core.ping(head, now));
        }
        let refuse = |fault: Fault| Begin::Answer(core.refused(fault.into(), None));
        if core.uploads.settings.uploads != Enabled::Enabled
            && !core.quirk(Quirk::UploadsWhenDisabled)
        {
            return refuse(Fault::Disabled);
        }
        let checked = packet.and_then(|packet| {
            let Some(packet) = packet else {
                return Ok(None);
            };
            core.check_form(packet, head)?;
            let destination = core.destination(request)?;
            core.check_length(packet, head)?;
            Ok(Some((packet, destination)))
        });
        match checked {
            Err(fault) => refuse(fault),
            // Only with a quirk: a packet that nobody knows is answered like a Ping.
            Ok(None) => Begin::Answer(Answer::Reply(core.acks().pong())),
            Ok(Some((Packet::Fragment, destination))) => {
                Self::fragment(core, head, &destination, now)
            }
            Ok(Some((packet, destination))) => {
                let empty = EmptySink {
                    core: Arc::clone(core),
                    packet,
                    head: head.clone(),
                    destination,
                };
                // A chunked body may turn out to be empty; with a stated length it is known to be.
                if head.length == BodyLength::Chunked {
                    Begin::Body(Box::new(empty))
                } else {
                    Begin::Answer(core.bodiless(&empty, now))
                }
            }
        }
    }

    /// The packet of that type. None: a quirk takes it for a Ping.
    fn packet_of(&self, kind: Option<&str>) -> Result<Option<Packet>, Fault> {
        let Some(kind) = kind.filter(|kind| !kind.is_empty()) else {
            let quirky = self.quirk(Quirk::AcceptsAMissingPacketType);
            return if quirky {
                Ok(None)
            } else {
                Err(Fault::Malformed)
            };
        };
        let (upper, mixed) = (kind.to_uppercase() == kind, kind.to_uppercase() != kind);
        let refused = (mixed && self.quirk(Quirk::RefusesMixedCasePacketTypes))
            || (upper && self.quirk(Quirk::RefusesUpperCasePacketTypes));
        match Packet::of(kind).filter(|_| !refused) {
            Some(packet) => Ok(Some(packet)),
            None if self.quirk(Quirk::AcceptsUnknownPackets) => Ok(None),
            None => Err(Fault::UnknownPacket),
        }
    }

    fn ping(&self, head: &Head, now: Moment) -> Answer {
        if let Ok(Target::File(destination)) = Target::read(&head.request.target) {
            if self.quirk(Quirk::PingNeedsASession) {
                let id = head
                    .request
                    .headers
                    .get("BITS-Session-Id")
                    .unwrap_or_default();
                let found = self.uploads.find(id, &destination, head.connection, now);
                if let Err(fault) = found {
                    return self.refused(fault.into(), None);
                }
            }
            self.uploads.ping(&destination);
        }
        Answer::Reply(self.acks().pong())
    }

    /// Whether the request has the form of its packet (MC-BUP 2.2).
    fn check_form(&self, packet: Packet, head: &Head) -> Result<(), Fault> {
        let (request, settings) = (&head.request, &self.uploads.settings);
        let longer =
            |length: usize, most: Option<u64>| most.is_some_and(|most| length as u64 > most);
        if longer(request.target.len(), settings.max_url) {
            return Err(Fault::UrlTooLong);
        }
        if request
            .headers
            .iter()
            .any(|(_, value)| longer(value.len(), settings.max_header_value))
            && !self.quirk(Quirk::AcceptsOversizedHeaders)
        {
            return Err(Fault::HeaderTooLong);
        }
        let http10 = request.version == Version::Http10;
        let unknown = request
            .headers
            .iter()
            .any(|(name, _)| !wire::is_known_header(name));
        let misplaced = packet != Packet::CreateSession
            && request.headers.contains("BITS-Supported-Protocols")
            || !packet.shape().body && request.headers.contains("Content-Range")
            || packet != Packet::CreateSession
                && packet != Packet::Fragment
                && request.headers.contains("Content-Name");
        let quirky = (misplaced && self.quirk(Quirk::RefusesHeadersOfOtherPackets))
            || (http10 && self.quirk(Quirk::RefusesHttp10))
            || (unknown && self.quirk(Quirk::RefusesUnknownHeaders));
        if quirky {
            return Err(Fault::Malformed);
        }
        for name in packet.shape().required {
            if request
                .headers
                .get(name)
                .is_none_or(|value| value.trim().is_empty())
            {
                match *name {
                    "BITS-Session-Id" if self.quirk(Quirk::GuessesAMissingSessionId) => {}
                    "BITS-Session-Id" => return Err(Fault::NoSessionId),
                    "BITS-Supported-Protocols" if self.quirk(Quirk::CreatesWithoutProtocols) => {}
                    "BITS-Supported-Protocols" => return Err(Fault::NoProtocol),
                    _ if self.quirk(Quirk::AcceptsAMissingRange) => {}
                    _ => return Err(Fault::BadRange),
                }
            }
        }
        let body = matches!(head.length, BodyLength::Bytes(1..));
        if body && !packet.shape().body && !self.quirk(Quirk::AcceptsABodyWithAnyPacket) {
            return Err(Fault::UnwantedBody);
        }
        Ok(())
    }

    fn destination(&self, request: &Request) -> Result<Destination, Fault> {
        let Target::File(destination) = Target::read(&request.target)? else {
            return Err(Fault::Denied);
        };
        let denied = self.uploads.settings.denied_path.as_deref();
        let denied = denied.is_some_and(|path| destination.is_below(path))
            && !self.quirk(Quirk::UploadsWhereDenied);
        if destination.is_reserved() || denied {
            return Err(Fault::Denied);
        }
        if self.quirk(Quirk::IgnoresTheFolder) {
            return Ok(destination.in_top_folder());
        }
        Ok(destination)
    }

    /// Whether the length of the body is told where it must be.
    fn check_length(&self, packet: Packet, head: &Head) -> Result<(), Fault> {
        let chunked = self.uploads.settings.chunked == Chunked::Accept
            || self.quirk(Quirk::AcceptsChunkedBodies);
        let http10 = head.request.version == Version::Http10;
        match head.length {
            BodyLength::Bytes(_) => Ok(()),
            BodyLength::Chunked if chunked => Ok(()),
            BodyLength::Unstated if http10 && !packet.shape().body => Ok(()),
            BodyLength::Unstated if self.quirk(Quirk::AcceptsAMissingLength) => Ok(()),
            BodyLength::Unstated | BodyLength::Chunked => Err(Fault::NoLength),
        }
    }

    /// The URL of an upload as far as the request tells it.
    fn url(head: &Head) -> String {
        let target = &head.request.target;
        match head.request.headers.get("Host") {
            _ if target.contains("://") => target.clone(),
            Some(host) if head.tls => format!("https://{host}{target}"),
            Some(host) => format!("http://{host}{target}"),
            None => target.clone(),
        }
    }

    pub(super) fn find(
        &self,
        head: &Head,
        destination: &Destination,
        now: Moment,
    ) -> Result<(Shared, Context), Fault> {
        let id = head.request.headers.get("BITS-Session-Id").map(str::trim);
        let shared = match id.filter(|id| !id.is_empty()) {
            Some(id) => self.uploads.find(id, destination, head.connection, now)?,
            None => self.uploads.latest(destination).ok_or(Fault::NoSessionId)?,
        };
        let context = Context {
            id: lock(&shared).id.clone(),
            url: Self::url(head),
        };
        Ok((shared, context))
    }

    /// Create-Session, Close-Session and Cancel-Session.
    fn bodiless(&self, request: &EmptySink, now: Moment) -> Answer {
        let (head, destination) = (&request.head, &request.destination);
        if request.packet == Packet::CreateSession {
            return match self.create(head, destination, now) {
                Ok(id) => Answer::Reply(self.acks().created(&id)),
                Err(fault) => self.refused(fault.into(), None),
            };
        }
        let named = head
            .request
            .headers
            .get("BITS-Session-Id")
            .unwrap_or_default()
            .trim();
        let closes = request.packet == Packet::CloseSession;
        let (shared, context) = match self.find(head, destination, now) {
            Ok(found) => found,
            Err(Fault::NoSession) if self.forgives(named, closes, now) => {
                return Answer::Reply(self.acks().ended(named, 200));
            }
            Err(fault) => return self.refused(fault.into(), None),
        };
        let done = if closes {
            self.uploads.close(&shared, now)
        } else {
            self.uploads.cancel(&shared, now)
        };
        let status = if closes && self.quirk(Quirk::Answers204ToClose) {
            204
        } else {
            200
        };
        match done {
            Ok(()) => Answer::Reply(self.acks().ended(&context.id, status)),
            Err(fault) => self.refused(fault.into(), Some(&context.id)),
        }
    }

    /// Whether a packet for a session that is unknown is answered with success.
    fn forgives(&self, id: &str, closes: bool, now: Moment) -> bool {
        (closes && self.uploads.was_closed(id, now))
            || (!closes && self.quirk(Quirk::CancelsUnknownSessions))
            || self.quirk(Quirk::AcceptsUnknownSessions)
    }

    fn create(&self, head: &Head, destination: &Destination, now: Moment) -> Result<String, Fault> {
        let headers = &head.request.headers;
        let offered = headers
            .joined("BITS-Supported-Protocols")
            .unwrap_or_default();
        if !self.knows_one_of(&offered) {
            return Err(Fault::NoProtocol);
        }
        let name = headers.get("Content-Name").map(wire::file_name);
        if name.is_none() && self.quirk(Quirk::DemandsAContentName) {
            return Err(Fault::Malformed);
        }
        let renamed = name
            .filter(|_| self.quirk(Quirk::StoresUnderContentName))
            .and_then(|name| destination.renamed(name));
        let destination = renamed.unwrap_or_else(|| destination.clone());
        self.uploads
            .create(destination, head.user.clone(), head.connection, now)
    }

    /// Whether the protocol is among those offered: at most a hundred, as Windows reads them.
    fn knows_one_of(&self, offered: &str) -> bool {
        if self.quirk(Quirk::AcceptsAnyProtocol)
            || (offered.trim().is_empty() && self.quirk(Quirk::CreatesWithoutProtocols))
        {
            return true;
        }
        let blanks: &[char] = if self.quirk(Quirk::SplitsProtocolsAtBlanksOnly) {
            &[' ', '\t']
        } else {
            &[' ', '\t', ',']
        };
        let most = if self.quirk(Quirk::ReadsOnlyTheFirstProtocol) {
            1
        } else {
            100
        };
        let case = self.quirk(Quirk::ComparesProtocolsWithCase);
        offered
            .split(blanks)
            .filter(|guid| !guid.is_empty())
            .take(most)
            .any(|guid| {
                guid == wire::PROTOCOL || (!case && guid.eq_ignore_ascii_case(wire::PROTOCOL))
            })
    }
}

/// A packet without a body whose framing does not say so at once.
pub(super) struct EmptySink {
    core: Arc<Core>,
    packet: Packet,
    head: Head,
    destination: Destination,
}

impl Sink for EmptySink {
    fn chunk(&mut self, bytes: &[u8]) -> ControlFlow<Answer> {
        if bytes.is_empty() || self.core.quirk(Quirk::AcceptsABodyWithAnyPacket) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(self.core.refused(Fault::UnwantedBody.into(), None))
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl EmptySink {
    pub(super) fn end(self, end: BodyEnd, now: Moment) -> Answer {
        match end {
            BodyEnd::Complete => self.core.bodiless(&self, now),
            BodyEnd::Cut(_) => self.core.refused(Fault::Malformed.into(), None),
        }
    }
}
