use super::{
    Quirk, Settings,
    domain::{
        Closed, Destination, Fault, Folder, Memory, Refusal, Settled, Shared, Space, Span, Store,
        Ticket, Uploads, lock,
    },
    notification::{Asked, Notifications},
    quirks::Quirks,
    settings::DiskSpace,
    values::{Chunked, EmptyUpload, Notification, Uploads as Enabled},
    wire::{self, Acks, ContentRange, Packet, Target},
};
use crate::{
    message::{Reply, Request, Version},
    mock::{
        Answer, Begin, BodyEnd, BodyLength, Head, Model, Moment, Options, Outcome,
        Refusal as Refused, SettingError, Sink, Token,
    },
};
use std::{any::Any, io, ops::ControlFlow, sync::Arc};

/// The BITS upload server: reads packets, asks the domain, writes acks.
#[derive(Debug)]
pub struct Server {
    core: Arc<Core>,
}

/// What the server shares with bodies on their way in.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) uploads: Uploads,
    pub(super) notifications: Notifications,
}

/// What is known of a request for a session, for its answer.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) id: String,
    /// The upload's URL as the client wrote it, absolute where it can be.
    pub(super) url: String,
}

const ALLOW: &str = "BITS_POST, GET, HEAD";
/// In memory without a limit of its own.
const MEMORY: u64 = 1 << 30;

impl Server {
    /// A server as these options say.
    ///
    /// # Errors
    /// An unknown setting, value or quirk; a folder that cannot be used.
    pub fn start(options: &Options) -> Result<Self, SettingError> {
        let settings = Settings::from_pairs(&options.set)?;
        let quirks = Quirks::from_ids(&options.quirks)?;
        let unusable = |error: io::Error| SettingError::Path {
            path: options
                .data_dir
                .as_deref()
                .map_or_else(String::new, |path| path.display().to_string()),
            why: error.to_string(),
        };
        // An application that is told a file's name needs a file.
        let files = settings.notification == Notification::ByReference;
        let limit = match (settings.disk_space, &options.data_dir, files) {
            (DiskSpace::Bytes(bytes), ..) => bytes,
            (DiskSpace::Auto, None, false) => Some(MEMORY),
            (DiskSpace::Auto, ..) => None,
        };
        let store: Box<dyn Store> = match &options.data_dir {
            Some(folder) => Box::new(Folder::open(folder, limit).map_err(unusable)?),
            None if files => Box::new(Folder::temporary(limit).map_err(unusable)?),
            None => Box::new(Memory::new(Space::new(0, limit))),
        };
        let now = options.clock.now();
        let uploads = Uploads::new(settings, quirks, store, options.ids.clone(), now);
        Ok(Self {
            core: Arc::new(Core {
                uploads,
                notifications: Notifications::default(),
            }),
        })
    }

    /// How the server is set.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.core.uploads.settings
    }
}

impl Model for Server {
    fn begin(&self, head: &Head, now: Moment) -> Begin {
        let core = &self.core;
        match head.request.method.as_str() {
            "GET" | "HEAD" => Begin::Answer(core.fetch(&head.request)),
            "BITS_POST" => Core::packet(core, head, now),
            "POST" if core.is_overridden(&head.request) => Core::packet(core, head, now),
            _ => {
                let refused = Reply::new(405)
                    .header("Allow", ALLOW)
                    .header("Content-Length", "0");
                Begin::Answer(Answer::Reply(refused))
            }
        }
    }

    fn end(&self, sink: Box<dyn Sink>, end: BodyEnd, now: Moment) -> Answer {
        let any = sink.into_any();
        match any.downcast::<FragmentSink>() {
            Ok(sink) => sink.end(end, now),
            Err(any) => any.downcast::<EmptySink>().map_or_else(
                |_| Answer::Reply(Reply::new(500)),
                |sink| sink.end(end, now),
            ),
        }
    }

    fn resume(&self, token: Token, outcome: Outcome, now: Moment) -> Answer {
        let core = &self.core;
        let Some(asked) = core.notifications.take(token) else {
            return core.refused(Fault::Storage.into(), None);
        };
        let told = match outcome {
            Outcome::Answered(outcome) => core.answered(&asked, outcome, now),
            // Nobody hears this; the client asks again.
            Outcome::Woke | Outcome::Gone => Err(Fault::ApplicationLate.into()),
        };
        match told {
            Ok(Settled::Done { offset, reply_url }) => {
                let reply = core
                    .acks()
                    .received(&asked.context.id, offset, reply_url.as_deref());
                Answer::Reply(reply)
            }
            Ok(Settled::Notify) => core.refused(Fault::Storage.into(), Some(&asked.context.id)),
            Err(refusal) => core.refused(refusal, Some(&asked.context.id)),
        }
    }

    fn refuse(&self, head: &Head, refusal: Refused) -> Reply {
        let packet = head.request.method == "BITS_POST" || self.core.is_overridden(&head.request);
        let fault = match refusal {
            Refused::BodyTooLarge => Fault::FragmentTooLarge,
            Refused::HeadTooLarge => Fault::HeaderTooLong,
            Refused::Rejected => Fault::Denied,
            // A challenge is no ack (MC-BUP 3.2.5.2.1), nor is the end of patience.
            Refused::Unauthenticated | Refused::Timeout => return Reply::new(refusal.status()),
        };
        if packet {
            self.core.acks().refused(fault.into(), None)
        } else {
            Reply::new(refusal.status())
        }
    }

    fn header_names(&self) -> &'static [&'static str] {
        wire::HEADER_NAMES
    }

    fn restart(&self, now: Moment) {
        self.core.notifications.forget();
        self.core.uploads.recover(now);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

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

    fn is_overridden(&self, request: &Request) -> bool {
        let header = request.headers.get("X-Http-Method-Override");
        self.uploads.settings.post_override
            && request.method == "POST"
            && header.is_some_and(|method| method.trim() == "BITS_POST")
    }

    fn fetch(&self, request: &Request) -> Answer {
        let missing = Answer::Reply(Reply::new(404).header("Content-Length", "0"));
        let stored = match Target::read(&request.target) {
            Ok(Target::File(destination)) if !destination.is_folder() => {
                self.uploads.store.open(&destination)
            }
            Ok(Target::Reply(id)) => self.uploads.store.open_reply(&id),
            Ok(Target::File(_)) | Err(_) => None,
        };
        stored.map_or(missing, |stored| {
            wire::fetch(request, stored, self.uploads.quirks)
        })
    }

    /// A request of the protocol: validated in the order of MC-BUP 3.2.5.2.3, then dispatched.
    fn packet(core: &Arc<Self>, head: &Head, now: Moment) -> Begin {
        let request = &head.request;
        let kind = request.headers.get("BITS-Packet-Type").map(str::trim);
        let packet = core.packet_of(kind);
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
        let quirky = (http10 && self.quirk(Quirk::RefusesHttp10))
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
        if destination.is_reserved() || denied.is_some_and(|path| destination.is_below(path)) {
            return Err(Fault::Denied);
        }
        if self.quirk(Quirk::IgnoresTheFolder) {
            return Ok(destination.in_top_folder());
        }
        Ok(destination)
    }

    /// Whether the length of the body is told where it must be.
    fn check_length(&self, packet: Packet, head: &Head) -> Result<(), Fault> {
        let chunked = self.uploads.settings.chunked == Chunked::Accept;
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

    fn find(
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
            self.uploads.close(&shared, now).map(|_: Closed| ())
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

    fn fragment(core: &Arc<Self>, head: &Head, destination: &Destination, now: Moment) -> Begin {
        let found = core.find(head, destination, now);
        let (shared, context) = match found {
            Ok(found) => found,
            Err(Fault::NoSession) if core.quirk(Quirk::AcceptsUnknownSessions) => {
                let id = head
                    .request
                    .headers
                    .get("BITS-Session-Id")
                    .unwrap_or_default();
                return Begin::Answer(Answer::Reply(core.acks().received(id, 0, None)));
            }
            Err(fault) => return Begin::Answer(core.refused(fault.into(), None)),
        };
        let shared = match core.uploads.newest() {
            Some(newest) if core.quirk(Quirk::MixesUpInterleavedUploads) => newest,
            _ => shared,
        };
        let admitted = core
            .span(head, &shared)
            .and_then(|span| core.uploads.admit(&shared, span, now));
        let keeping = match admitted {
            Ok(ticket) => Keeping::Fragment(ticket),
            Err(refusal) => match core.instead(head, &shared, refusal) {
                Some(keeping) => keeping,
                None => return Begin::Answer(core.refused(refusal, Some(&context.id))),
            },
        };
        Begin::Body(Box::new(FragmentSink {
            core: Arc::clone(core),
            context,
            keeping,
        }))
    }

    /// What a quirk does with a fragment that is refused; none: it is refused.
    fn instead(&self, head: &Head, shared: &Shared, refusal: Refusal) -> Option<Keeping> {
        let offset = refusal.offset?;
        let keep = |answer: Refusal| Some(Keeping::Refused(Arc::clone(shared), answer));
        let (range, _) = range_of(head);
        let beyond = matches!(range, ContentRange::Span(span) if span.first > offset);
        let first = match range {
            ContentRange::Span(span) => span.first,
            _ => 0,
        };
        match refusal.fault {
            Fault::OutOfStep if beyond && self.quirk(Quirk::KeepsBytesOfAGap) => keep(refusal),
            Fault::OutOfStep if beyond && self.quirk(Quirk::AnswersSuccessToAGap) => {
                Some(Keeping::Nothing(Ok(offset)))
            }
            Fault::OutOfStep if beyond && self.quirk(Quirk::Answers400ToAGap) => {
                Some(Keeping::Nothing(Err(Fault::BadRange.at(offset))))
            }
            Fault::OutOfStep if self.quirk(Quirk::TellsTheWrongOffsetOn416) => {
                Some(Keeping::Nothing(Err(refusal.fault.at(first.max(1)))))
            }
            Fault::TotalChanged if self.quirk(Quirk::KeepsBytesOfAChangedTotal) => keep(refusal),
            Fault::BadRange if self.quirk(Quirk::KeepsBytesOfARefusedRange) => keep(refusal),
            Fault::BadRange => {
                let taken = match range {
                    ContentRange::Backward => Quirk::AcceptsABackwardRange,
                    ContentRange::Star | ContentRange::Empty => Quirk::AcceptsAStarRange,
                    ContentRange::Malformed => Quirk::AcceptsAMalformedRange,
                    ContentRange::PastTheTotal(_) | ContentRange::Span(_) => return None,
                };
                self.quirk(taken).then_some(Keeping::Nothing(Ok(offset)))
            }
            _ => None,
        }
    }

    /// The bytes that a fragment says it carries.
    fn span(&self, head: &Head, shared: &Shared) -> Result<Span, Refusal> {
        let offset = lock(shared).offset();
        let bad = Err(Fault::BadRange.at(offset));
        let headers = &head.request.headers;
        let encoding = headers.get("Content-Encoding").map(str::trim);
        if encoding.is_some_and(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
            && !self.quirk(Quirk::StoresEncodedBytes)
        {
            return Err(Fault::Encoded.at(offset));
        }
        let length = match head.length {
            BodyLength::Bytes(length) => Some(length),
            BodyLength::Unstated => Some(0),
            BodyLength::Chunked => None,
        };
        let (range, text) = range_of(head);
        if self.quirk(Quirk::RefusesTheUnitInOtherCase) && !text.trim().starts_with("bytes") {
            return bad;
        }
        let span = match range {
            ContentRange::Span(span) => span,
            ContentRange::PastTheTotal(span) if self.quirk(Quirk::AcceptsARangePastTheTotal) => {
                Span {
                    total: span.end,
                    ..span
                }
            }
            ContentRange::Empty if self.uploads.settings.empty_upload == EmptyUpload::Accept => {
                Span::EMPTY
            }
            ContentRange::Malformed
                if text.is_empty() && self.quirk(Quirk::AcceptsAMissingRange) =>
            {
                let end = length.unwrap_or_default();
                Span {
                    first: 0,
                    end,
                    total: end,
                }
            }
            _ => return bad,
        };
        let odd = match length {
            None => false,
            Some(length) if length < span.len() => !self.quirk(Quirk::AcceptsAShortBody),
            Some(length) if length > span.len() => !self.quirk(Quirk::AcceptsALongBody),
            Some(_) => false,
        };
        if odd { bad } else { Ok(span) }
    }

    /// What a fragment that is stored comes to.
    fn settled(
        &self,
        shared: &Shared,
        context: &Context,
        settled: Result<Settled, Refusal>,
    ) -> Answer {
        match settled {
            Ok(Settled::Done { offset, reply_url }) => {
                let reply = self
                    .acks()
                    .received(&context.id, offset, reply_url.as_deref());
                Answer::Reply(reply)
            }
            Ok(Settled::Notify) => self.notify(Asked {
                shared: Arc::clone(shared),
                context: context.clone(),
            }),
            Err(refusal) => self.refused(refusal, Some(&context.id)),
        }
    }
}

/// The range of a fragment, read and as it stands there; several headers of that name are no range.
fn range_of(head: &Head) -> (ContentRange, String) {
    let text = head
        .request
        .headers
        .joined("Content-Range")
        .unwrap_or_default();
    (wire::parse(&text), text)
}

/// Where the body of a fragment goes.
struct FragmentSink {
    core: Arc<Core>,
    context: Context,
    keeping: Keeping,
}

/// What becomes of the bytes.
enum Keeping {
    /// They are a fragment.
    Fragment(Ticket),
    /// They are dropped, and that is answered (a quirk).
    Nothing(Result<u64, Refusal>),
    /// They are refused and kept all the same (a quirk).
    Refused(Shared, Refusal),
}

impl Sink for FragmentSink {
    fn chunk(&mut self, bytes: &[u8]) -> ControlFlow<Answer> {
        match &mut self.keeping {
            Keeping::Fragment(ticket) => match ticket.write(&self.core.uploads, bytes) {
                Ok(()) => ControlFlow::Continue(()),
                Err(refusal) => {
                    ControlFlow::Break(self.core.refused(refusal, Some(&self.context.id)))
                }
            },
            Keeping::Refused(shared, _) => {
                let _ = lock(shared).entity.append(bytes);
                ControlFlow::Continue(())
            }
            Keeping::Nothing(_) => ControlFlow::Continue(()),
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl FragmentSink {
    fn end(self, end: BodyEnd, now: Moment) -> Answer {
        let (core, context) = (&self.core, &self.context);
        match self.keeping {
            Keeping::Fragment(mut ticket) => {
                let settled = match end {
                    BodyEnd::Complete => ticket.finish(&core.uploads, now),
                    BodyEnd::Cut(_) => {
                        ticket.cut(&core.uploads);
                        Err(Fault::BadRange.into())
                    }
                };
                core.settled(ticket.session(), context, settled)
            }
            Keeping::Nothing(Ok(offset)) => {
                Answer::Reply(core.acks().received(&context.id, offset, None))
            }
            Keeping::Nothing(Err(refusal)) | Keeping::Refused(_, refusal) => {
                core.refused(refusal, Some(&context.id))
            }
        }
    }
}

/// A packet without a body whose framing does not say so at once.
struct EmptySink {
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
    fn end(self, end: BodyEnd, now: Moment) -> Answer {
        match end {
            BodyEnd::Complete => self.core.bodiless(&self, now),
            BodyEnd::Cut(_) => self.core.refused(Fault::Malformed.into(), None),
        }
    }
}
