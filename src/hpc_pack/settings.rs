use super::soa::Service;
use crate::mock::{Setting, SettingError, nearest};
use std::time::Duration;

/// Everything that can be set on the head node.
///
/// Built with its methods: `Settings::default().form(Form::Pre2016).cluster("ALPHA")`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub(crate) form: Form,
    pub(crate) cluster: String,
    pub(crate) hosting: Hosting,
    pub(crate) ccp_decides: bool,
    pub(crate) unknown_id_status: u16,
    pub(crate) body_limit: usize,
    pub(crate) session_limit: usize,
    pub(crate) durable: bool,
    pub(crate) close_strict: bool,
    pub(crate) owner: String,
    pub(crate) services: Vec<Service>,
    pub(crate) batch_limit: usize,
    pub(crate) batch_size_limit: usize,
    pub(crate) request_time: Duration,
    pub(crate) response_wait: Duration,
    pub(crate) soa_names: SoaNames,
    pub(crate) generic_encoding: GenericEncoding,
}

/// Which form of URIs is served (A05): never both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// HPC Pack 2016 and later: `/WindowsHPC/Jobs`.
    #[default]
    V2016,
    /// Before HPC Pack 2016: `/WindowsHPC/{cluster}/Jobs`.
    Pre2016,
}

/// Where the service runs (A99).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hosting {
    /// In Azure: the SOA operations are there, and `x-ms-hpc-authoritychain` is sent.
    #[default]
    Azure,
    /// On premises: neither.
    OnPremises,
}

/// How the literals of SOA messages begin (A34).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SoaNames {
    /// `HPCServer2008_`, as clients that exist read and write them.
    #[default]
    Server,
    /// `HPCPack2008_`, as the pages print them.
    Pack,
}

impl SoaNames {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Server => "HPCServer2008",
            Self::Pack => "HPCPack2008",
        }
    }
}

/// The encoding of batches of generic services (A67).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GenericEncoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16, low byte first.
    Utf16,
}

impl Default for Settings {
    fn default() -> Self {
        let mut settings = Self {
            form: Form::default(),
            cluster: String::new(),
            hosting: Hosting::default(),
            ccp_decides: false,
            unknown_id_status: 0,
            body_limit: 0,
            session_limit: 0,
            durable: false,
            close_strict: false,
            owner: String::new(),
            services: Vec::new(),
            batch_limit: 0,
            batch_size_limit: 0,
            request_time: Duration::ZERO,
            response_wait: Duration::ZERO,
            soa_names: SoaNames::default(),
            generic_encoding: GenericEncoding::default(),
        };
        for row in ROWS {
            let read = (row.read)(&mut settings, row.setting.default);
            debug_assert!(
                read.is_some(),
                "the default of {} can be read",
                row.setting.name
            );
        }
        settings
    }
}

impl Settings {
    /// The form of URIs.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// The name of the cluster, which stands in URIs of the form before 2016.
    #[must_use]
    pub fn cluster(mut self, name: impl Into<String>) -> Self {
        self.cluster = name.into();
        self
    }

    /// Where the service runs.
    #[must_use]
    pub fn hosting(mut self, hosting: Hosting) -> Self {
        self.hosting = hosting;
        self
    }

    /// How many bytes the body of a request may have.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How many sessions may be open at a time.
    #[must_use]
    pub fn session_limit(mut self, sessions: usize) -> Self {
        self.session_limit = sessions;
        self
    }

    /// Whether durable sessions can be created, which Azure refuses.
    #[must_use]
    pub fn durable_sessions(mut self, accepted: bool) -> Self {
        self.durable = accepted;
        self
    }

    /// Adds a service; one of the same name as an echo service that is built in takes its place.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.services.push(service);
        self
    }

    /// How long a service takes for a request, unless it says otherwise.
    #[must_use]
    pub fn request_time(mut self, time: Duration) -> Self {
        self.request_time = time;
        self
    }

    /// How long Get Responses waits for responses that are missing.
    #[must_use]
    pub fn response_wait(mut self, time: Duration) -> Self {
        self.response_wait = time;
        self
    }

    /// How the literals of SOA messages begin.
    #[must_use]
    pub fn soa_names(mut self, names: SoaNames) -> Self {
        self.soa_names = names;
        self
    }

    /// The encoding of batches of generic services.
    #[must_use]
    pub fn generic_encoding(mut self, encoding: GenericEncoding) -> Self {
        self.generic_encoding = encoding;
        self
    }

    /// How many batches a session may have, and how many bytes of requests a batch.
    #[must_use]
    pub fn batch_limits(mut self, batches: usize, bytes: usize) -> Self {
        self.batch_limit = batches;
        self.batch_size_limit = bytes;
        self
    }

    /// Sets one by name, as `--set NAME=VALUE` does.
    ///
    /// # Errors
    /// Where there is no such setting, or it has no such value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let row = ROWS
            .iter()
            .find(|row| row.setting.name == name)
            .ok_or_else(|| SettingError::UnknownSetting {
                suite: super::SUITE,
                name: name.to_owned(),
                nearest: nearest(name, ROWS.iter().map(|row| row.setting.name)),
            })?;
        (row.read)(self, value).ok_or_else(|| SettingError::BadValue {
            name: row.setting.name,
            value: value.to_owned(),
            values: row.setting.values,
        })
    }
}

struct Row {
    setting: Setting,
    read: fn(&mut Settings, &str) -> Option<()>,
}

const COUNT: usize = ROWS.len();

/// The rows as `--help-settings` shows them.
pub(crate) static LISTED: [Setting; COUNT] = {
    let mut listed = [ROWS[0].setting; COUNT];
    let mut at = 0;
    while at < COUNT {
        listed[at] = ROWS[at].setting;
        at += 1;
    }
    listed
};

const ROWS: &[Row] = &[
    Row {
        setting: Setting {
            name: "form",
            values: "2016 | pre2016",
            default: "2016",
            says: "The form of URIs; before 2016 the name of the cluster stands in them.",
        },
        read: |settings, value| {
            settings.form = match value {
                "2016" => Form::V2016,
                "pre2016" => Form::Pre2016,
                _ => return None,
            };
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "cluster",
            values: "NAME",
            default: "HPCCluster",
            says: "The name of the cluster.",
        },
        read: |settings, value| {
            (!value.is_empty() && !value.contains('/'))
                .then(|| value.clone_into(&mut settings.cluster))
        },
    },
    Row {
        setting: Setting {
            name: "hosting",
            values: "azure | on-premises",
            default: "azure",
            says: "Where the service runs; on premises it has no SOA operations and sends no x-ms-hpc-authoritychain.",
        },
        read: |settings, value| {
            settings.hosting = match value {
                "azure" => Hosting::Azure,
                "on-premises" => Hosting::OnPremises,
                _ => return None,
            };
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "error-with-both-versions",
            values: "fault | legacy",
            default: "fault",
            says: "The body of errors where a request has both api-version and CCP_Version.",
        },
        read: |settings, value| {
            settings.ccp_decides = one_of(value, "legacy", "fault")?;
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "unknown-id-status",
            values: "404 | 400",
            default: "404",
            says: "The status for ids and names that do not exist.",
        },
        read: |settings, value| {
            settings.unknown_id_status = if one_of(value, "404", "400")? {
                404
            } else {
                400
            };
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "body-limit",
            values: "BYTES",
            default: "16777216",
            says: "The largest body of a request; a larger one is answered 413.",
        },
        read: |settings, value| {
            settings.body_limit = value.parse().ok()?;
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "session-limit",
            values: "COUNT",
            default: "100000",
            says: "How many sessions may be open at a time.",
        },
        read: |settings, value| {
            settings.session_limit = value.parse().ok()?;
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "durable-sessions",
            values: "refused | accepted",
            default: "refused",
            says: "Whether durable sessions can be created; Azure has none.",
        },
        read: |settings, value| {
            settings.durable = one_of(value, "accepted", "refused")?;
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "close-of-closed",
            values: "ok | fault",
            default: "ok",
            says: "The answer to Close Session where the session is unknown or closed already.",
        },
        read: |settings, value| {
            settings.close_strict = one_of(value, "fault", "ok")?;
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "batch-limit",
            values: "COUNT",
            default: "1000",
            says: "How many batches a session may have.",
        },
        read: |settings, value| {
            settings.batch_limit = value.parse().ok()?;
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "batch-size-limit",
            values: "BYTES",
            default: "268435456",
            says: "How many bytes of requests a batch may have.",
        },
        read: |settings, value| {
            settings.batch_size_limit = value.parse().ok()?;
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "request-time",
            values: "MILLISECONDS",
            default: "20",
            says: "How long a service takes for a request, unless its script says otherwise.",
        },
        read: |settings, value| {
            settings.request_time = Duration::from_millis(value.parse().ok()?);
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "response-wait",
            values: "MILLISECONDS",
            default: "1000",
            says: "How long Get Responses waits for responses that are missing.",
        },
        read: |settings, value| {
            settings.response_wait = Duration::from_millis(value.parse().ok()?);
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "soa-names",
            values: "server | pack",
            default: "server",
            says: "How the literals of SOA messages begin: HPCServer2008_, as clients read them, or HPCPack2008_, as the pages print them.",
        },
        read: |settings, value| {
            settings.soa_names = if one_of(value, "server", "pack")? {
                SoaNames::Server
            } else {
                SoaNames::Pack
            };
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "generic-encoding",
            values: "utf-8 | utf-16",
            default: "utf-8",
            says: "The encoding of batches of generic services.",
        },
        read: |settings, value| {
            settings.generic_encoding = if one_of(value, "utf-8", "utf-16")? {
                GenericEncoding::Utf8
            } else {
                GenericEncoding::Utf16
            };
            Some(())
        },
    },
    Row {
        setting: Setting {
            name: "owner",
            values: "NAME",
            default: "HPC\\hpcuser",
            says: "Whose jobs are those that somebody without a name makes.",
        },
        read: |settings, value| (!value.is_empty()).then(|| value.clone_into(&mut settings.owner)),
    },
];

fn one_of(value: &str, yes: &str, no: &str) -> Option<bool> {
    match value {
        _ if value == yes => Some(true),
        _ if value == no => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, ROWS, Settings};
    use rstest::rstest;

    #[test]
    fn every_default_can_be_read_and_changes_nothing() {
        let mut settings = Settings::default();
        for row in ROWS {
            settings.set(row.setting.name, row.setting.default).unwrap();
        }
        assert_eq!(settings, Settings::default());
    }

    #[rstest]
    #[case("from", "2016", "did you mean `form`?")]
    #[case("form", "2017", "takes 2016 | pre2016")]
    #[case("cluster", "", "takes NAME")]
    #[case("body-limit", "-1", "takes BYTES")]
    fn what_cannot_be_set_is_told(#[case] name: &str, #[case] value: &str, #[case] expected: &str) {
        let error = Settings::default()
            .set(name, value)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_setting_by_name_is_the_same_as_by_method() {
        let mut named = Settings::default();
        named.set("form", "pre2016").unwrap();
        named.set("cluster", "ALPHA").unwrap();
        assert_eq!(
            named,
            Settings::default().form(Form::Pre2016).cluster("ALPHA")
        );
    }
}
