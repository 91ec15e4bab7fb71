use super::{Form, GenericEncoding, Hosting, Settings, SoaNames};
use crate::{
    hpc_pack::{
        SUITE, Service,
        domain::{Cluster, Script},
        service_file,
    },
    mock::{Setting, SettingError, nearest, read_limit},
};
use std::time::Duration;

impl Default for Settings {
    fn default() -> Self {
        let mut settings = Self {
            form: Form::default(),
            cluster: String::new(),
            hosting: Hosting::default(),
            ccp_decides: false,
            unknown_id_status: 0,
            body_limit: 0,
            body_memory: 0,
            job_limit: 0,
            task_limit: 0,
            subtask_limit: 0,
            job_memory: 0,
            session_limit: 0,
            durable: false,
            close_strict: false,
            owner: String::new(),
            cluster_file: String::new(),
            commands: String::new(),
            services: Vec::new(),
            batch_limit: 0,
            batch_size_limit: 0,
            batch_memory: 0,
            cancel_grace: Duration::ZERO,
            request_time: Duration::ZERO,
            response_wait: Duration::ZERO,
            soa_names: SoaNames::default(),
            generic_encoding: GenericEncoding::default(),
        };
        for row in ROWS {
            let read = settings.set(row.setting.name, row.setting.default);
            debug_assert!(read.is_ok(), "{read:?}");
        }
        settings
    }
}

impl Settings {
    /// All of them by name, as [`set`](Settings::set) takes them.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        ROWS.iter()
            .map(|row| (row.setting.name.to_owned(), (row.write)(self)))
            .collect()
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
                suite: SUITE,
                name: name.to_owned(),
                nearest: nearest(name, ROWS.iter().map(|row| row.setting.name)),
            })?;
        match row.read {
            Read::Value(read) => read(self, value).ok_or_else(|| SettingError::BadValue {
                name: row.setting.name,
                value: value.to_owned(),
                values: row.setting.values,
            }),
            Read::Text(read) => {
                let (path, text) = text_of(value)?;
                read(self, &path, &text).map_err(|why| SettingError::Path { path, why })
            }
        }
    }
}

pub(super) struct Row {
    pub(super) setting: Setting,
    read: Read,
    /// The value that the settings have, as `read` takes it.
    write: fn(&Settings) -> String,
}

/// How the value of a setting is read.
#[derive(Clone, Copy)]
enum Read {
    /// By itself; none where it is no value of the setting.
    Value(fn(&mut Settings, &str) -> Option<()>),
    /// It names a file, or is the text of one; gets the path for messages and the text.
    Text(fn(&mut Settings, &str, &str) -> Result<(), String>),
}

/// What a setting that takes a file says: the path for messages, and the text. `none` is an empty text;
/// what begins with a bracket or a brace is the text itself, so that Rust users need no file.
fn text_of(value: &str) -> Result<(String, String), SettingError> {
    match value {
        "none" => Ok(("none".to_owned(), String::new())),
        text if text.starts_with(['[', '{']) => Ok(("the setting".to_owned(), text.to_owned())),
        path => std::fs::read_to_string(path)
            .map(|text| (path.to_owned(), text))
            .map_err(|why| SettingError::Path {
                path: path.to_owned(),
                why: why.to_string(),
            }),
    }
}

/// The row of a setting that is a limit.
macro_rules! number {
    ($name:literal, $values:literal, $default:literal, $field:ident, $says:literal) => {
        Row {
            setting: Setting {
                name: $name,
                values: $values,
                default: $default,
                says: $says,
            },
            read: Read::Value(|settings, value| {
                settings.$field = read_limit(value)?;
                Some(())
            }),
            write: |settings| settings.$field.to_string(),
        }
    };
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

pub(super) const ROWS: &[Row] = &[
    Row {
        setting: Setting {
            name: "form",
            values: "2016 | pre2016",
            default: "2016",
            says: "The form of URIs; before 2016 the name of the cluster stands in them.",
        },
        read: Read::Value(|settings, value| {
            settings.form = match value {
                "2016" => Form::V2016,
                "pre2016" => Form::Pre2016,
                _ => return None,
            };
            Some(())
        }),
        write: |settings| {
            match settings.form {
                Form::V2016 => "2016",
                Form::Pre2016 => "pre2016",
            }
            .to_owned()
        },
    },
    Row {
        setting: Setting {
            name: "cluster",
            values: "NAME",
            default: "HPCCluster",
            says: "The name of the cluster.",
        },
        read: Read::Value(|settings, value| {
            (!value.is_empty() && !value.contains('/'))
                .then(|| value.clone_into(&mut settings.cluster))
        }),
        write: |settings| settings.cluster.clone(),
    },
    Row {
        setting: Setting {
            name: "hosting",
            values: "azure | on-premises",
            default: "azure",
            says: "Where the service runs; on premises it has no SOA operations and sends no x-ms-hpc-authoritychain.",
        },
        read: Read::Value(|settings, value| {
            settings.hosting = match value {
                "azure" => Hosting::Azure,
                "on-premises" => Hosting::OnPremises,
                _ => return None,
            };
            Some(())
        }),
        write: |settings| {
            match settings.hosting {
                Hosting::Azure => "azure",
                Hosting::OnPremises => "on-premises",
            }
            .to_owned()
        },
    },
    Row {
        setting: Setting {
            name: "error-with-both-versions",
            values: "fault | legacy",
            default: "fault",
            says: "The body of errors where a request has both api-version and CCP_Version.",
        },
        read: Read::Value(|settings, value| {
            settings.ccp_decides = one_of(value, "legacy", "fault")?;
            Some(())
        }),
        write: |settings| word(settings.ccp_decides, "legacy", "fault"),
    },
    Row {
        setting: Setting {
            name: "unknown-id-status",
            values: "404 | 400",
            default: "404",
            says: "The status for ids and names that do not exist.",
        },
        read: Read::Value(|settings, value| {
            settings.unknown_id_status = if one_of(value, "404", "400")? {
                404
            } else {
                400
            };
            Some(())
        }),
        write: |settings| settings.unknown_id_status.to_string(),
    },
    number!(
        "body-limit",
        "BYTES from 1",
        "16777216",
        body_limit,
        "The largest body of a request; a larger one is answered 413."
    ),
    number!(
        "body-memory",
        "BYTES from 1",
        "268435456",
        body_memory,
        "How many bytes of bodies that are still on their way all requests may hold together; one more is answered 503."
    ),
    number!(
        "job-limit",
        "COUNT from 1",
        "1000000",
        job_limit,
        "How many jobs there may be; one more is answered 503."
    ),
    number!(
        "task-limit",
        "COUNT from 1",
        "1000000",
        task_limit,
        "How many tasks all jobs may have together; one more is answered 503. A job has 100,000 at most."
    ),
    number!(
        "subtask-limit",
        "COUNT from 1",
        "1000000",
        subtask_limit,
        "How many subtasks all jobs may have together; a job that would have more fails when it is validated. A job has 100,000 at most."
    ),
    number!(
        "job-memory",
        "BYTES from 1",
        "1073741824",
        job_memory,
        "How many bytes all jobs and tasks with their texts and outputs may hold together; what would hold more is answered 503, and a job that begins to run then fails."
    ),
    number!(
        "session-limit",
        "COUNT from 1",
        "100000",
        session_limit,
        "How many sessions may be open at a time; one more is answered 400 with fault 33554432."
    ),
    Row {
        setting: Setting {
            name: "durable-sessions",
            values: "refused | accepted",
            default: "refused",
            says: "Whether durable sessions can be created; Azure has none.",
        },
        read: Read::Value(|settings, value| {
            settings.durable = one_of(value, "accepted", "refused")?;
            Some(())
        }),
        write: |settings| word(settings.durable, "accepted", "refused"),
    },
    Row {
        setting: Setting {
            name: "close-of-closed",
            values: "ok | fault",
            default: "ok",
            says: "The answer to Close Session where the session is unknown or closed already.",
        },
        read: Read::Value(|settings, value| {
            settings.close_strict = one_of(value, "fault", "ok")?;
            Some(())
        }),
        write: |settings| word(settings.close_strict, "fault", "ok"),
    },
    number!(
        "batch-limit",
        "COUNT from 1",
        "1000",
        batch_limit,
        "How many batches a session may have; one more is answered 400 with fault 33554448."
    ),
    number!(
        "batch-size-limit",
        "BYTES from 1",
        "268435456",
        batch_size_limit,
        "How many bytes of requests a batch may have; more are answered 400 with fault 33554448."
    ),
    number!(
        "batch-memory",
        "BYTES from 1",
        "536870912",
        batch_memory,
        "How many bytes of requests and responses all batches of all sessions may hold together; more are answered 400 with fault 33554448."
    ),
    Row {
        setting: Setting {
            name: "cancel-grace",
            values: "MILLISECONDS",
            default: "100",
            says: "How long running tasks get to end themselves when they are cancelled without force.",
        },
        read: Read::Value(|settings, value| {
            settings.cancel_grace = Duration::from_millis(value.parse().ok()?);
            Some(())
        }),
        write: |settings| settings.cancel_grace.as_millis().to_string(),
    },
    Row {
        setting: Setting {
            name: "request-time",
            values: "MILLISECONDS",
            default: "20",
            says: "How long a service takes for a request, unless its script says otherwise.",
        },
        read: Read::Value(|settings, value| {
            settings.request_time = Duration::from_millis(value.parse().ok()?);
            Some(())
        }),
        write: |settings| settings.request_time.as_millis().to_string(),
    },
    Row {
        setting: Setting {
            name: "response-wait",
            values: "MILLISECONDS",
            default: "1000",
            says: "How long Get Responses waits for responses that are missing.",
        },
        read: Read::Value(|settings, value| {
            settings.response_wait = Duration::from_millis(value.parse().ok()?);
            Some(())
        }),
        write: |settings| settings.response_wait.as_millis().to_string(),
    },
    Row {
        setting: Setting {
            name: "soa-names",
            values: "server | pack",
            default: "server",
            says: "How the literals of SOA messages begin: HPCServer2008_, as clients read them, or HPCPack2008_, as the pages print them.",
        },
        read: Read::Value(|settings, value| {
            settings.soa_names = if one_of(value, "server", "pack")? {
                SoaNames::Server
            } else {
                SoaNames::Pack
            };
            Some(())
        }),
        write: |settings| word(settings.soa_names == SoaNames::Server, "server", "pack"),
    },
    Row {
        setting: Setting {
            name: "generic-encoding",
            values: "utf-8 | utf-16",
            default: "utf-8",
            says: "The encoding of batches of generic services.",
        },
        read: Read::Value(|settings, value| {
            settings.generic_encoding = if one_of(value, "utf-8", "utf-16")? {
                GenericEncoding::Utf8
            } else {
                GenericEncoding::Utf16
            };
            Some(())
        }),
        write: |settings| {
            word(
                settings.generic_encoding == GenericEncoding::Utf8,
                "utf-8",
                "utf-16",
            )
        },
    },
    Row {
        setting: Setting {
            name: "services",
            values: "FILE | none",
            default: "none",
            says: "A YAML list of services beside the echo services: name, versions, answers (action, input, output or fault, takes).",
        },
        read: Read::Text(|settings, path, text| {
            if !text.is_empty() {
                let services = service_file::read(path, text).map_err(|why| why.to_string())?;
                settings.services.extend(services);
            }
            Ok(())
        }),
        write: |settings| {
            if settings.services.is_empty() {
                "none".to_owned()
            } else {
                let services: Vec<_> = settings.services.iter().map(Service::inline).collect();
                serde_json::Value::from(services).to_string()
            }
        },
    },
    Row {
        setting: Setting {
            name: "owner",
            values: "NAME",
            default: "HPC\\hpcuser",
            says: "Whose jobs are those that somebody without a name makes.",
        },
        read: Read::Value(|settings, value| {
            (!value.is_empty()).then(|| value.clone_into(&mut settings.owner))
        }),
        write: |settings| settings.owner.clone(),
    },
    Row {
        setting: Setting {
            name: "cluster-file",
            values: "FILE | none",
            default: "none",
            says: "A JSON object that replaces the cluster: nodes (name, groups, state, cores ...), groups (name, description), templates, headNode.",
        },
        read: Read::Text(|settings, _, text| {
            if !text.is_empty() {
                Cluster::read(text)?;
            }
            text.trim().clone_into(&mut settings.cluster_file);
            Ok(())
        }),
        write: |settings| or_none(&settings.cluster_file),
    },
    Row {
        setting: Setting {
            name: "commands",
            values: "FILE | none",
            default: "none",
            says: "A JSON list of what commands do: pattern (with *), exit, output, duration (150ms, 2s, forever); the first that fits counts.",
        },
        read: Read::Text(|settings, _, text| {
            if !text.is_empty() {
                Script::read_all(text)?;
            }
            text.trim().clone_into(&mut settings.commands);
            Ok(())
        }),
        write: |settings| or_none(&settings.commands),
    },
];

fn or_none(text: &str) -> String {
    if text.is_empty() { "none" } else { text }.to_owned()
}

fn word(is: bool, yes: &str, no: &str) -> String {
    if is { yes } else { no }.to_owned()
}

fn one_of(value: &str, yes: &str, no: &str) -> Option<bool> {
    match value {
        _ if value == yes => Some(true),
        _ if value == no => Some(false),
        _ => None,
    }
}
