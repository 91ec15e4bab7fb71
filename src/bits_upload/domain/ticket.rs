use super::{
    Fault, Refusal, Span,
    session::{Phase, Session},
    span::Plan,
    uploads::{Settled, Shared, Uploads, lock},
};
use crate::{
    bits_upload::{Durability, Quirk},
    mock::Moment,
};

/// A fragment on its way in.
#[derive(Debug)]
pub(crate) struct Ticket {
    shared: Shared,
    writer: u64,
    span: Span,
    plan: Plan,
    /// What was held before.
    start: u64,
    received: u64,
    /// Whether it set the total.
    begins: bool,
}

impl Ticket {
    pub(super) fn new(
        shared: Shared,
        writer: u64,
        span: Span,
        plan: Plan,
        start: u64,
        begins: bool,
    ) -> Self {
        Self {
            shared,
            writer,
            span,
            plan,
            start,
            received: 0,
            begins,
        }
    }

    /// The session that it belongs to.
    pub(crate) fn session(&self) -> &Shared {
        &self.shared
    }

    /// Stores the next bytes of the body.
    ///
    /// # Errors
    /// Where there are more than the range says, another request has taken over, or storage fails.
    pub(crate) fn write(&mut self, uploads: &Uploads, bytes: &[u8]) -> Result<(), Refusal> {
        let before = self.received;
        self.received += bytes.len() as u64;
        let mut session = lock(&self.shared);
        self.owns(&session)?;
        if self.received > self.span.len() && !uploads.quirk(Quirk::AcceptsALongBody) {
            self.roll_back(&mut session);
            return Err(Fault::BadRange.at(session.offset()));
        }
        let stored = match self.plan {
            Plan::Store { skip } => {
                let drop = usize::try_from(skip.saturating_sub(before)).unwrap_or(usize::MAX);
                match bytes.get(drop..) {
                    Some(rest) if !rest.is_empty() && !self.swallows(uploads, &session) => {
                        session.entity.append(rest)
                    }
                    _ => Ok(()),
                }
            }
            Plan::StorePast { gap } => {
                let zeros = if before == 0 { gap } else { 0 };
                fill(&mut session, zeros).and_then(|()| session.entity.append(bytes))
            }
            Plan::Replace { at } => session.entity.replace(at + before, bytes),
            Plan::Drop | Plan::OutOfStep => Ok(()),
        };
        stored.map_err(|error| Fault::from(&error).at(session.offset()))
    }

    fn swallows(&self, uploads: &Uploads, session: &Session) -> bool {
        uploads.quirk(Quirk::SwallowsFragments) && session.confirmed % 3 == 2
    }

    /// The body has ended as its framing promised.
    ///
    /// # Errors
    /// Where it was shorter than its range, another request has taken over, or it cannot be settled.
    pub(crate) fn finish(&mut self, uploads: &Uploads, now: Moment) -> Result<Settled, Refusal> {
        let mut session = lock(&self.shared);
        self.owns(&session)?;
        if self.received != self.span.len()
            && !uploads.quirk(Quirk::AcceptsAShortBody)
            && !uploads.quirk(Quirk::AcceptsALongBody)
        {
            self.roll_back(&mut session);
            return Err(Fault::BadRange.at(session.offset()));
        }
        let sync = uploads.settings.durability == Durability::Fsync;
        let offset = session.offset();
        session
            .entity
            .rest(sync)
            .map_err(|error| Fault::from(&error).at(offset))?;
        if self.swallows(uploads, &session) {
            let missing = self.span.end.saturating_sub(session.entity.held());
            // What was swallowed reads as zeros.
            let _ = fill(&mut session, missing);
        }
        session.confirmed += 1;
        match uploads.settle(&mut session, now)? {
            Settled::Done { reply_url, .. }
                if self.plan == Plan::Drop && uploads.quirk(Quirk::GoesBackOnADuplicate) =>
            {
                Ok(Settled::Done {
                    offset: self.span.end,
                    reply_url,
                })
            }
            settled => Ok(settled),
        }
    }

    /// The connection broke within the body: what has arrived stays.
    pub(crate) fn cut(&mut self, uploads: &Uploads) {
        let mut session = lock(&self.shared);
        if self.owns(&session).is_err() {
            return;
        }
        let _ = session.entity.rest(false);
        if uploads.quirk(Quirk::ForgetsAllAfterACut) {
            let _ = session.entity.cut_to(0);
        } else if uploads.quirk(Quirk::CountsBytesThatNeverCame) {
            let missing = self.span.end.saturating_sub(session.entity.held());
            let _ = fill(&mut session, missing);
        } else if uploads.quirk(Quirk::RepeatsBytesAfterACut) {
            session.untold = session.entity.held().saturating_sub(self.start);
        } else if uploads.quirk(Quirk::ScramblesBytesAfterACut) {
            let mut kept = session.entity.read_all().unwrap_or_default();
            let arrived = usize::try_from(self.start).unwrap_or(usize::MAX);
            if let Some(arrived) = kept.get_mut(arrived..) {
                arrived.reverse();
                let _ = session.entity.replace(self.start, arrived);
            }
        }
    }

    fn owns(&self, session: &Session) -> Result<(), Refusal> {
        if session.phase == Phase::Ended {
            return Err(Fault::NoSession.into());
        }
        if session.writer != self.writer && self.plan != Plan::Drop {
            return Err(Fault::OutOfStep.at(session.offset()));
        }
        Ok(())
    }

    /// As if the fragment had not been sent.
    fn roll_back(&self, session: &mut Session) {
        let _ = session.entity.cut_to(self.start);
        if self.begins {
            session.total = None;
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut session = lock(&self.shared);
        if self.owns(&session).is_ok() {
            let _ = session.entity.rest(false);
        }
    }
}

/// Adds that many zeros, at most a gibibyte.
fn fill(session: &mut Session, zeros: u64) -> std::io::Result<()> {
    const BLOCK: [u8; 4096] = [0; 4096];
    let mut left = usize::try_from(zeros.min(1 << 30)).unwrap_or(0);
    while left > 0 {
        let n = left.min(BLOCK.len());
        session.entity.append(&BLOCK[..n])?;
        left -= n;
    }
    Ok(())
}
