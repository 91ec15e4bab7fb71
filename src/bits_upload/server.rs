use super::{
    Quirk, Settings,
    cued::FAULTS,
    domain::{Fault, Folder, Memory, Settled, Space, Store, Uploads},
    fragments::FragmentSink,
    notification::Notifications,
    packets::EmptySink,
    quirks::Quirks,
    settings::DiskSpace,
    values::Notification,
    wire,
};
use crate::{
    message::Reply,
    mock::{
        self, Answer, Begin, BodyEnd, Head, Model, Moment, Options, Outcome, Refusal as Refused,
        Sessions, SettingError, Sink, Token,
    },
};
use std::{any::Any, io, sync::Arc};

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
            "POST"
                if core.is_overridden(&head.request) || core.quirk(Quirk::TakesPostForBitsPost) =>
            {
                Core::packet(core, head, now)
            }
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
            Outcome::Woke if core.uploads.settings.notification_url.is_none() => {
                core.answered_by_itself(&asked, now)
            }
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

    fn reset(&self, now: Moment) {
        self.core.uploads.drop_sessions(None);
        self.restart(now);
    }

    fn drop_sessions(&self, which: Sessions<'_>, _now: Moment) -> usize {
        let id = match which {
            Sessions::All => None,
            Sessions::Named(id) => Some(id),
            Sessions::Of(head) => {
                let id = head.request.headers.get("BITS-Session-Id");
                Some(id.unwrap_or_default().trim())
            }
        };
        self.core.uploads.drop_sessions(id)
    }

    fn faults(&self) -> &'static [mock::Fault] {
        &FAULTS
    }

    fn fault(&self, id: &str, head: &Head, _now: Moment) -> Option<Reply> {
        self.core.cued(id, head)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
