//! Fragments: the range a head tells, where the body goes, and what it comes to.

use super::{
    Quirk,
    domain::{Destination, Fault, Refusal, Settled, Shared, Span, Ticket, lock},
    notification::Asked,
    server::{Context, Core},
    values::EmptyUpload,
    wire::{self, ContentRange},
};
use crate::mock::{Answer, Begin, BodyEnd, BodyLength, Head, Moment, Sink};
use std::{any::Any, ops::ControlFlow, sync::Arc};

impl Core {
    pub(super) fn fragment(
        core: &Arc<Self>,
        head: &Head,
        destination: &Destination,
        now: Moment,
    ) -> Begin {
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
        let shared = if core.quirk(Quirk::MixesUpInterleavedUploads) {
            core.uploads.newest().unwrap_or(shared)
        } else {
            shared
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
                    _ if head.length == BodyLength::Unstated => Quirk::AcceptsAMissingLength,
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
pub(super) struct FragmentSink {
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
    pub(super) fn end(self, end: BodyEnd, now: Moment) -> Answer {
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
