//! Tells the application of a complete upload, and the client what it answered.

use super::{
    Quirk,
    domain::{ApplicationFailure, ApplicationReply, Fault, Refusal, Settled, Shared, lock},
    server::{Context, Core},
    values::{Notification, ReplyUrl},
    wire::{self, Files},
};
use crate::{
    message::{Broken, Reply},
    mock::{Answer, Moment, Token},
};
use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The longest reply URL that a client is told. Source: MC-BUP 2.2.1.2.
const LONGEST_URL: usize = 2_200;

/// A client that waits for an application.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) shared: Shared,
    pub(super) context: Context,
}

/// The clients that wait for an application.
#[derive(Debug, Default)]
pub(super) struct Notifications {
    next: AtomicU64,
    asked: Mutex<HashMap<u64, Asked>>,
}

impl Notifications {
    fn asked(&self) -> MutexGuard<'_, HashMap<u64, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, asked: Asked) -> Token {
        let token = self.next.fetch_add(1, Ordering::Relaxed);
        self.asked().insert(token, asked);
        Token(token)
    }

    /// Who waited for that.
    pub(super) fn take(&self, token: Token) -> Option<Asked> {
        self.asked().remove(&token.0)
    }

    /// Nobody waits any longer.
    pub(super) fn forget(&self) {
        self.asked().clear();
    }
}

impl Core {
    /// Asks the application about an upload that is complete.
    pub(super) fn notify(&self, asked: Asked) -> Answer {
        let settings = &self.uploads.settings;
        let context = asked.context.clone();
        let refuse = |refusal: Refusal| self.refused(refusal, Some(&context.id));
        if settings.notification_url.is_none() {
            return Answer::Wait {
                until: Moment::default(),
                token: self.notifications.keep(asked),
            };
        }
        let Some((origin, target)) = wire::application_url(settings, &context.url) else {
            return refuse(Fault::ApplicationUnreachable.into());
        };
        let built = {
            let mut session = lock(&asked.shared);
            let offset = session.offset();
            if settings.notification == Notification::ByValue {
                if offset > settings.notification_max_body.unwrap_or(u64::MAX) {
                    return refuse(Fault::UploadTooLarge.at(offset));
                }
                session.entity.read_all().map(|body| {
                    wire::question(settings, &origin, &target, &context.url, None, body)
                })
            } else {
                let response = self.uploads.store.reply_file(&context.id);
                let files = session.entity.file().zip(response.as_deref());
                let files = files.map(|(request, response)| Files { request, response });
                let files = files.ok_or_else(|| std::io::ErrorKind::NotFound.into());
                files.map(|files| {
                    wire::question(
                        settings,
                        &origin,
                        &target,
                        &context.url,
                        Some(&files),
                        Vec::new(),
                    )
                })
            }
        };
        match built {
            Ok(request) => Answer::Ask {
                origin,
                request: Box::new(request),
                timeout: Duration::from_secs(settings.notification_timeout),
                token: self.notifications.keep(asked),
            },
            Err(error) => refuse(Fault::from(&error).into()),
        }
    }

    /// The application has answered, or not.
    pub(super) fn answered(
        &self,
        asked: &Asked,
        outcome: Result<Reply, Broken>,
        now: Moment,
    ) -> Result<Settled, Refusal> {
        let offset = lock(&asked.shared).offset();
        let at = |refusal: Refusal| Refusal {
            offset: Some(offset),
            ..refusal
        };
        let reply = match wire::answer(&self.uploads.settings, outcome) {
            Err(ApplicationFailure::Error { .. }) if self.quirk(Quirk::HidesApplicationErrors) => {
                ApplicationReply {
                    static_url: None,
                    copy: true,
                    body: bytes::Bytes::new(),
                }
            }
            answer => answer.map_err(|failure| at(failure.refusal()))?,
        };
        self.accept(asked, &reply, now)
    }

    /// The application of the server's own has answered, where no other is configured: it takes the upload
    /// to its destination and gives its bytes back as the reply, unless it is set to answer with an error.
    pub(super) fn answered_by_itself(
        &self,
        asked: &Asked,
        now: Moment,
    ) -> Result<Settled, Refusal> {
        let status = self.uploads.settings.application_status.0;
        if status != 200 {
            return self.answered(asked, Ok(Reply::new(status)), now);
        }
        let (body, offset) = {
            let mut session = lock(&asked.shared);
            let offset = session.offset();
            if offset
                > self
                    .uploads
                    .settings
                    .notification_max_body
                    .unwrap_or(u64::MAX)
            {
                return Err(Fault::UploadTooLarge.at(offset));
            }
            (session.entity.read_all(), offset)
        };
        let reply = ApplicationReply {
            static_url: None,
            copy: true,
            body: body.map_err(|error| Fault::from(&error).at(offset))?.into(),
        };
        self.accept(asked, &reply, now)
    }

    fn accept(
        &self,
        asked: &Asked,
        reply: &ApplicationReply,
        now: Moment,
    ) -> Result<Settled, Refusal> {
        let offset = lock(&asked.shared).offset();
        let at = |refusal: Refusal| Refusal {
            offset: Some(offset),
            ..refusal
        };
        let url = self
            .reply_url(asked, reply)
            .map_err(|fault| fault.at(offset))?;
        if url.as_ref().is_some_and(|url| url.len() > LONGEST_URL) {
            return Err(Fault::ReplyUrlTooLong.at(offset));
        }
        self.uploads
            .answered(&asked.shared, url, reply.copy, now)
            .map_err(at)
    }

    /// The URL of the reply; none where the application gave none.
    fn reply_url(&self, asked: &Asked, reply: &ApplicationReply) -> Result<Option<String>, Fault> {
        let (store, id) = (&self.uploads.store, &asked.context.id);
        if let Some(url) = &reply.static_url {
            return Ok(Some(url.clone()));
        }
        if !reply.body.is_empty() {
            let kept = store.keep_reply(id, &reply.body);
            kept.map_err(|error| Fault::from(&error))?;
        } else {
            let counted = store.count_reply(id);
            counted.map_err(|error| Fault::from(&error))?;
        }
        if store.open_reply(id).is_none() {
            return Ok(None);
        }
        let relative = self.uploads.settings.reply_url == ReplyUrl::RelativeBackslash;
        let id = if self.quirk(Quirk::TellsAReplyUrlThatLeadsNowhere) {
            "{00000000-0000-4000-8000-000000000000}"
        } else {
            id
        };
        Ok(Some(wire::reply_url(relative, &asked.context.url, id)))
    }
}
