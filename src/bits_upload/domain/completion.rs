//! How uploads end: the last fragment, the application's answer, Close-Session, Cancel-Session.
//!
//! Source: MC-BUP 3.2.5.1 (state machine), 3.2.5.2.7, 3.2.5.2.8.

use super::{
    Fault, Refusal,
    session::{Phase, Session},
    store::{Found, Terms},
    uploads::{Settled, Shared, Uploads, lock},
};
use crate::{
    bits_upload::{
        CheckAt, CloseReplay, Durability, EarlyClose, EmptyUpload, Notification, Publish, Quirk,
    },
    mock::Moment,
};

impl Uploads {
    /// What a complete body comes to, after the bytes have been stored.
    ///
    /// # Errors
    /// Where the upload cannot be completed; the last fragment may come again then.
    pub(crate) fn settle(&self, session: &mut Session, now: Moment) -> Result<Settled, Refusal> {
        let offset = session.offset();
        session.active = now;
        if let Phase::Waiting { reply_url, .. } = &session.phase {
            if session.is_complete()
                && self.quirk(Quirk::NotifiesAgainAfterSuccess)
                && reply_url.is_some()
            {
                return Ok(Settled::Notify);
            }
            let hidden = self.quirk(Quirk::LosesTheReplyUrlOnRepeat);
            let reply_url = reply_url.clone().filter(|_| !hidden);
            return Ok(Settled::Done { offset, reply_url });
        }
        if !session.is_complete() {
            return Ok(Settled::Done {
                offset,
                reply_url: None,
            });
        }
        if self.settings.check_at == CheckAt::LastFragment
            && !self.may_overwrite()
            && self
                .store
                .look(&session.destination)
                .map_err(|fault| fault.at(offset))?
                != Found::Nothing
        {
            return Err(Fault::Exists.at(offset));
        }
        if self.settings.notification != Notification::None {
            return Ok(Settled::Notify);
        }
        self.complete(session, None, true, now)
    }

    /// The client may be told of success now.
    fn complete(
        &self,
        session: &mut Session,
        reply_url: Option<String>,
        copy: bool,
        now: Moment,
    ) -> Result<Settled, Refusal> {
        let offset = session.offset();
        let publish = copy && self.settings.publish == Publish::OnLastFragment;
        if publish {
            self.publish(session, now)
                .map_err(|fault| fault.at(offset))?;
        }
        let waiting = Phase::Waiting {
            reply_url: reply_url.clone(),
            copy,
            published: publish,
        };
        let before = std::mem::replace(&mut session.phase, waiting);
        // A plain complete upload is recognised by its bytes; only what they cannot tell is written down.
        if publish || self.settings.notification != Notification::None {
            self.save(session).map_err(|fault| {
                // A file that is published stays so, which the line before tells; all else is done again.
                if !publish {
                    session.phase = before;
                }
                fault.at(offset)
            })?;
        }
        Ok(Settled::Done { offset, reply_url })
    }

    /// The application has answered: the reply URL, if there is one, may be told to the client.
    ///
    /// # Errors
    /// Where the session has ended meanwhile, or the file cannot be published.
    pub(crate) fn answered(
        &self,
        shared: &Shared,
        reply_url: Option<String>,
        copy: bool,
        now: Moment,
    ) -> Result<Settled, Refusal> {
        let mut session = lock(shared);
        match session.phase {
            Phase::Ended => Err(Fault::NoSession.into()),
            Phase::Receiving if !session.is_complete() => Err(Fault::Gone.at(session.offset())),
            Phase::Waiting { .. } if !self.quirk(Quirk::NotifiesAgainAfterSuccess) => {
                self.settle(&mut session, now)
            }
            Phase::Waiting { .. } | Phase::Receiving => {
                self.complete(&mut session, reply_url, copy, now)
            }
        }
    }

    fn publish(&self, session: &mut Session, now: Moment) -> Result<(), Fault> {
        if !session.is_published() && !session.entity.look() && session.total != Some(0) {
            return Err(Fault::Gone);
        }
        // The record must not say that an empty upload is published because it has no file.
        session.entity.make().map_err(|error| Fault::from(&error))?;
        session.publishing = true;
        self.save(session)
            .inspect_err(|_| session.publishing = false)?;
        let terms = Terms {
            overwrite: self.may_overwrite(),
            sync: self.settings.durability == Durability::Fsync,
            now,
        };
        self.spoil(session);
        self.store
            .publish(&mut session.entity, &session.destination, terms)
            .inspect_err(|_| {
                session.publishing = false;
                // Where it cannot be written, what the old line says holds as long as the bytes are there.
                let _ = self.save(session);
            })
    }

    /// What quirks do to the bytes before they are published.
    fn spoil(&self, session: &mut Session) {
        let held = session.entity.held();
        let last = held.saturating_sub(1);
        if self.quirk(Quirk::DropsTheLastByte) {
            let _ = session.entity.cut_to(last);
        } else if self.quirk(Quirk::ChangesAByte) && held > 0 {
            let byte = session
                .entity
                .read_all()
                .ok()
                .and_then(|all| all.last().copied());
            let _ = session
                .entity
                .replace(last, &[byte.unwrap_or_default() ^ 1]);
        }
    }

    /// Publishes a complete upload and ends its session; an incomplete one is deleted.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] where that is set; [`Fault::Gone`] where its bytes were deleted; where it
    /// cannot be published. The session goes on then, except where it is gone.
    pub(crate) fn close(&self, shared: &Shared, now: Moment) -> Result<(), Fault> {
        let mut session = lock(shared);
        if session.phase == Phase::Ended {
            return Err(Fault::NoSession);
        }
        session.writer += 1;
        if self.quirk(Quirk::PublishesNothing) {
            self.end(&mut session);
            return Ok(());
        }
        let copy = match &session.phase {
            Phase::Waiting {
                copy, published, ..
            } => Some(*copy && !published),
            _ if self.settings.notification != Notification::None => None,
            _ if session.is_complete() => Some(true),
            _ if self.is_empty(&session) || self.quirk(Quirk::PublishesAPartialFile) => {
                session.total = Some(session.entity.held());
                Some(true)
            }
            _ => None,
        };
        let Some(copy) = copy else {
            return match self.settings.early_close {
                EarlyClose::Error => Err(Fault::Incomplete),
                EarlyClose::Delete => {
                    self.end(&mut session);
                    Ok(())
                }
            };
        };
        if copy {
            let published = self.publish(&mut session, now);
            if published == Err(Fault::Gone) {
                self.end(&mut session);
            }
            published?;
        }
        session.active = now;
        self.finish(&mut session);
        Ok(())
    }

    /// The session is closed; whether that is remembered is a setting.
    fn finish(&self, session: &mut Session) {
        let (id, destination) = (session.id.clone(), session.destination.clone());
        let replays = self.settings.close_replay == CloseReplay::Ok;
        if replays || self.quirk(Quirk::EmptiesTheFileOnASecondClose) {
            self.remember(id, destination);
        }
        if self.quirk(Quirk::KeepsClosedSessions) {
            session.phase = Phase::Waiting {
                reply_url: None,
                copy: false,
                published: true,
            };
        } else if replays {
            session.phase = Phase::Ended;
            // Where it cannot be written, a second close after a restart finds nothing: no harm.
            let _ = self.save(session);
            self.store.drop_reply(&session.id);
            self.release(session);
        } else {
            self.end(session);
        }
    }

    fn is_empty(&self, session: &Session) -> bool {
        self.settings.empty_upload == EmptyUpload::Accept && session.total.is_none()
    }

    /// Whether a session of that id was closed not long ago, and closing it again is to succeed.
    pub(crate) fn was_closed(&self, id: &str, now: Moment) -> bool {
        let closed = self.closed();
        let Some((_, destination)) = closed.iter().find(|(known, _)| known == id) else {
            return false;
        };
        if self.quirk(Quirk::EmptiesTheFileOnASecondClose) {
            let terms = Terms {
                overwrite: true,
                sync: false,
                now,
            };
            let _ = self
                .store
                .publish(&mut self.store.entity(id), destination, terms);
        }
        self.settings.close_replay == CloseReplay::Ok
    }

    /// Deletes a session with all that belongs to it; a file that is published stays.
    pub(crate) fn cancel(&self, shared: &Shared, now: Moment) -> Result<(), Fault> {
        if self.quirk(Quirk::CancelsAllSessions) {
            for other in self.all() {
                self.end(&mut lock(&other));
            }
            return Ok(());
        }
        let mut session = lock(shared);
        if session.phase == Phase::Ended {
            return Err(Fault::NoSession);
        }
        if self.quirk(Quirk::PublishesACancelledUpload) {
            let _ = self.publish(&mut session, now);
        }
        if !self.quirk(Quirk::KeepsCancelledSessions) {
            self.end(&mut session);
        }
        Ok(())
    }
}
