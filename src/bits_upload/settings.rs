use super::values::{
    ApplicationBody, CheckAt, Chunked, CloseReplay, Code, CreateStatus, Durability, EarlyClose,
    EmptyUpload, ErrorHeader, ErrorOn416, ExistsStatus, FragmentTooLarge, LastFragmentAgain,
    MissingFolder, MissingLength, Notification, NotificationHeaders, Overlap, Publish, ReplyUrl,
    SessionPath, Status, TooLarge, Uploads, Value,
};
use crate::mock::{Setting, SettingError, nearest};

macro_rules! settings {
    ($($(#[doc = $says:literal])+ $field:ident $name:literal: $type:ty, $values:expr, $default:literal;)+) => {
        /// Everything that can be set about the server: one field per row of the table of settings.
        ///
        /// ```
        /// use wireproof::bits_upload::{Overlap, Settings};
        /// let settings = Settings::default().overlap(Overlap::Trim).max_fragment_size(65_536);
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings {
            $($(#[doc = $says])+ pub(crate) $field: $type,)+
        }

        impl Default for Settings {
            fn default() -> Self {
                Self {
                    $($field: <$type as Value>::parse($default).expect("the default in the table is a value"),)+
                }
            }
        }

        /// The table of settings, as `--help-settings` shows it.
        pub(crate) const SETTINGS: &[Setting] = &[
            $(Setting { name: $name, values: $values, default: $default, says: concat!($($says),+).trim_ascii() }),+
        ];

        impl Settings {
            $(
                $(#[doc = $says])+
                #[must_use]
                pub fn $field(mut self, value: impl Into<$type>) -> Self {
                    self.$field = value.into();
                    self
                }
            )+

            /// Sets one by its name and word, as `--set NAME=VALUE` does.
            ///
            /// # Errors
            /// Where there is no such setting, or no such value of it.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
                match name {
                    $($name => {
                        let lets_through = value.parse().map_or(true, |number: u64| number >= least($name));
                        self.$field = <$type as Value>::parse(value).filter(|_| lets_through).ok_or_else(|| SettingError::BadValue {
                            name: $name,
                            value: value.to_owned(),
                            values: $values,
                        })?;
                        Ok(())
                    })+
                    _ => Err(SettingError::UnknownSetting {
                        suite: super::SUITE,
                        name: name.to_owned(),
                        nearest: nearest(name, SETTINGS.iter().map(|setting| setting.name)),
                    }),
                }
            }

            /// All of them as names and words, for [`Options::set`](crate::mock::Options::set).
            #[must_use]
            pub fn pairs(&self) -> Vec<(String, String)> {
                vec![$(($name.to_owned(), <$type as Value>::word(&self.$field))),+]
            }
        }
    };
}

const BYTES: &str = "bytes | unlimited";
const SOME_BYTES: &str = "bytes from 1 | unlimited";
const SOME: &str = "number from 1 | unlimited";
const SWITCH: &str = "false | true";

/// The least that may be set: with less, nobody could upload anything. An id of a session is 38 bytes long.
fn least(name: &str) -> u64 {
    match name {
        "max-upload-size" | "max-fragment-size" | "session-timeout" | "sessions-per-user"
        | "max-sessions" | "disk-space" | "max-url" => 1,
        "max-header-value" => 38,
        _ => 0,
    }
}

settings! {
    /// Under which names an ack tells its error code: MC-BUP and the win32 pages differ.
    error_header "error-header": ErrorHeader, ErrorHeader::VALUES, "both";
    /// Whether a 416 carries an error header of value 0.
    error_on_416 "error-on-416": ErrorOn416, ErrorOn416::VALUES, "omit";
    /// What happens to a fragment that starts before the expected offset.
    overlap "overlap": Overlap, Overlap::VALUES, "reject";
    /// What Close-Session does before all bytes have arrived.
    early_close "early-close": EarlyClose, EarlyClose::VALUES, "delete-200";
    /// When the file appears at its destination.
    publish "publish": Publish, Publish::VALUES, "on-close";
    /// What a second Close-Session for the same session is answered.
    close_replay "close-replay": CloseReplay, CloseReplay::VALUES, "not-found";
    /// The status of a successful Create-Session.
    create_status "create-status": CreateStatus, CreateStatus::VALUES, "200";
    /// The status of a request that lacks Content-Length; HTTP/1.0 needs none without a body.
    missing_length "missing-length": MissingLength, MissingLength::VALUES, "411";
    /// What happens where the folder of the destination does not exist.
    missing_folder "missing-folder": MissingFolder, MissingFolder::VALUES, "create";
    /// Whether an upload may replace a file that exists.
    overwrite "overwrite": bool, SWITCH, "false";
    /// The status where the destination exists and may not be replaced.
    exists_status "exists-status": ExistsStatus, ExistsStatus::VALUES, "403";
    /// When the server looks whether the destination exists.
    check_at "check-at": CheckAt, CheckAt::VALUES, "create";
    /// What happens to an upload of no bytes, for which the protocol has no message.
    empty_upload "empty-upload": EmptyUpload, EmptyUpload::VALUES, "refuse";
    /// What the last fragment is answered when it comes again after its success ack.
    last_fragment_again "last-fragment-again": LastFragmentAgain, LastFragmentAgain::VALUES, "ack";
    /// The largest total of an upload; an unset IIS property means the default here.
    max_upload_size "max-upload-size": Option<u64>, SOME_BYTES, "1844674407370955";
    /// The status where the total of an upload is larger than that.
    too_large "too-large": TooLarge, TooLarge::VALUES, "500";
    /// The largest body of one fragment.
    max_fragment_size "max-fragment-size": Option<u64>, SOME_BYTES, "unlimited";
    /// The status where a fragment is larger than that.
    fragment_too_large "fragment-too-large": FragmentTooLarge, FragmentTooLarge::VALUES, "413";
    /// Whether a session may only be used with the path that it was created for.
    session_path "session-path": SessionPath, SessionPath::VALUES, "check";
    /// The host that clients are sent to for the rest of an upload, without a port; empty: none.
    host_id "host-id": Option<String>, "host", "";
    /// After how long clients may fall back to the first host; only told with host-id, 0: not told.
    host_id_fallback_timeout "host-id-fallback-timeout": u64, "seconds", "86400";
    /// After how long without a successful packet a session is dropped; Ping does not count.
    session_timeout "session-timeout": u64, "seconds from 1", "1209600";
    /// How many sessions a user may have; one more drops the most recent of the others (IIS: 50, where the limit is on).
    sessions_per_user "sessions-per-user": Option<u64>, SOME, "unlimited";
    /// How many sessions there may be in all; one more is answered 503.
    max_sessions "max-sessions": Option<u64>, SOME, "100000";
    /// How many bytes the server holds in all, uploads and files; beyond it the disk is full. `auto`: 1 GiB in memory, no limit in a folder.
    disk_space "disk-space": DiskSpace, "auto | bytes from 1 | unlimited", "auto";
    /// The code of a full disk: MC-BUP prints a slip, 0x80070112.
    disk_full_code "disk-full-code": Code, "0x80070070 | 0x80070112 | code", "0x80070070";
    /// The longest value of one header of a request.
    max_header_value "max-header-value": Option<u64>, "bytes from 38 | unlimited", "4096";
    /// The longest request target; longer ones are answered 414.
    max_url "max-url": Option<u64>, SOME_BYTES, "8192";
    /// Whether the server takes uploads.
    uploads "uploads": Uploads, Uploads::VALUES, "enabled";
    /// A path below which nobody may upload (403 with 0x80070005); empty: none.
    denied_path "denied-path": Option<String>, "path", "";
    /// Whether scripts may run in the folder: every Create-Session is answered 403 with 0x80200023.
    script_execute "script-execute": bool, SWITCH, "false";
    /// Dialect: whether POST with `X-Http-Method-Override: BITS_POST` counts as BITS_POST.
    post_override "post-override": bool, SWITCH, "false";
    /// Dialect: whether chunked bodies are taken.
    chunked "chunked": Chunked, Chunked::VALUES, "reject";
    /// What a success ack to a fragment promises; only a folder can keep it.
    durability "durability": Durability, Durability::VALUES, "none";
    /// Whether an application is told of complete uploads, and how it gets the bytes; that makes them upload-replies.
    notification "notification": Notification, Notification::VALUES, "none";
    /// Where that application is: an http URL, or a reference that is resolved beside the upload's URL; the query of the upload is added. Without one the server has an application of its own, which gives back what was uploaded.
    notification_url "notification-url": Option<String>, "URL", "";
    /// The status with which the server's own application answers; anything but 200 is an error of the application.
    application_status "application-status": Status, "200 | status", "200";
    /// The names of the two headers of a notification by reference.
    notification_headers "notification-headers": NotificationHeaders, NotificationHeaders::VALUES, "data-file";
    /// How long the application may take to answer.
    notification_timeout "notification-timeout": u64, "seconds", "300";
    /// The code that a client gets where it takes longer (408).
    notification_timeout_code "notification-timeout-code": Code, "0x80070112 | code", "0x80070112";
    /// The largest upload that is sent to the application by value.
    notification_max_body "notification-max-body": Option<u64>, BYTES, "67108864";
    /// What happens to a body in the application's answer where none belongs.
    application_body "application-body": ApplicationBody, ApplicationBody::VALUES, "refuse";
    /// How BITS-Reply-URL is written.
    reply_url "reply-url": ReplyUrl, ReplyUrl::VALUES, "absolute";
}

/// How many bytes a server holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskSpace {
    /// 1 GiB in memory, no limit in a folder.
    Auto,
    /// This many; none: no limit.
    Bytes(Option<u64>),
}

impl Value for DiskSpace {
    fn parse(word: &str) -> Option<Self> {
        if word == "auto" {
            return Some(Self::Auto);
        }
        Option::parse(word).map(Self::Bytes)
    }

    fn word(&self) -> String {
        match self {
            Self::Auto => "auto".to_owned(),
            Self::Bytes(bytes) => bytes.word(),
        }
    }
}

impl From<u64> for DiskSpace {
    fn from(bytes: u64) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl Settings {
    /// The defaults with these changes, the later ones winning.
    ///
    /// # Errors
    /// As [`set`](Settings::set); and where the settings do not fit each other.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, SettingError> {
        let mut settings = Self::default();
        for (name, value) in pairs {
            settings.set(name, value)?;
        }
        settings.fit()?;
        Ok(settings)
    }

    /// Whether the settings fit each other.
    ///
    /// # Errors
    /// A URL that cannot be asked, whether it is to be asked now or not.
    pub(crate) fn fit(&self) -> Result<(), SettingError> {
        let url = self.notification_url.as_deref().unwrap_or_default();
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        let askable = url.bytes().all(|b| b.is_ascii_graphic())
            && scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case("http"));
        if !askable {
            return Err(SettingError::BadValue {
                name: "notification-url",
                value: url.to_owned(),
                values: "an http URL",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{SETTINGS, Settings};

    #[test]
    fn the_defaults_of_the_table_are_the_defaults_of_the_struct() {
        let listed: Vec<_> = SETTINGS
            .iter()
            .map(|s| (s.name.to_owned(), s.default.to_owned()))
            .collect();
        assert_eq!(Settings::default().pairs(), listed);
    }

    #[test]
    fn every_word_that_the_table_lists_for_a_choice_is_taken_and_given_back() {
        for setting in SETTINGS {
            for word in setting.values.split(" | ").filter(|word| {
                let kind = word.split(' ').next().unwrap_or_default();
                ![
                    "bytes", "number", "seconds", "host", "path", "URL", "code", "status",
                ]
                .contains(&kind)
            }) {
                let mut settings = Settings::default();
                settings.set(setting.name, word).unwrap();
                let back = settings
                    .pairs()
                    .into_iter()
                    .find(|(name, _)| name == setting.name);
                assert_eq!(back, Some((setting.name.to_owned(), word.to_owned())));
            }
            assert!(setting.says.ends_with('.'), "{}", setting.name);
        }
    }

    #[test]
    fn what_would_refuse_every_upload_is_refused_and_the_least_is_told() {
        let mut refused = Vec::new();
        for setting in SETTINGS {
            let mut settings = Settings::default();
            let Some((_, told)) = setting.values.split_once(" from ") else {
                continue;
            };
            let least: u64 = told.split(' ').next().unwrap_or_default().parse().unwrap();
            settings.set(setting.name, &least.to_string()).unwrap();
            let below = (least - 1).to_string();
            let error = settings.set(setting.name, &below).unwrap_err();
            let expected = format!(
                "`{below}` is no value of the setting `{}`, which takes {}",
                setting.name, setting.values
            );
            assert_eq!(error.to_string(), expected);
            refused.push((setting.name, least));
        }
        let expected = [
            ("max-upload-size", 1),
            ("max-fragment-size", 1),
            ("session-timeout", 1),
            ("sessions-per-user", 1),
            ("max-sessions", 1),
            ("disk-space", 1),
            ("max-header-value", 38),
            ("max-url", 1),
        ];
        assert_eq!(refused, expected);
    }

    #[test]
    fn an_unknown_setting_or_value_is_told_with_what_was_meant() {
        let mut settings = Settings::default();
        let unknown = settings.set("overlaps", "trim").unwrap_err().to_string();
        assert!(unknown.contains("did you mean `overlap`"), "{unknown}");
        let value = settings.set("overlap", "cut").unwrap_err().to_string();
        assert!(value.contains("reject | trim"), "{value}");
        let unreachable = [
            ("notification".to_owned(), "by-value".to_owned()),
            (
                "notification-url".to_owned(),
                "https://app.example/".to_owned(),
            ),
        ];
        assert!(Settings::from_pairs(&unreachable).is_err());
        let ftp = [("notification-url".to_owned(), "ftp://x".to_owned())];
        assert!(Settings::from_pairs(&ftp).is_err());
    }
}
