use crate::hpc_pack::Service;
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
    pub(crate) body_memory: usize,
    pub(crate) job_limit: usize,
    pub(crate) task_limit: usize,
    pub(crate) subtask_limit: usize,
    pub(crate) job_memory: usize,
    pub(crate) session_limit: usize,
    pub(crate) durable: bool,
    pub(crate) close_strict: bool,
    pub(crate) owner: String,
    pub(crate) cluster_file: String,
    pub(crate) commands: String,
    pub(crate) services: Vec<Service>,
    pub(crate) batch_limit: usize,
    pub(crate) batch_size_limit: usize,
    pub(crate) batch_memory: usize,
    pub(crate) cancel_grace: Duration,
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

    /// How many bytes of bodies that are still on their way all requests may hold together.
    #[must_use]
    pub fn body_memory(mut self, bytes: usize) -> Self {
        self.body_memory = bytes;
        self
    }

    /// How many jobs, tasks of all jobs, and subtasks of all jobs there may be.
    #[must_use]
    pub fn job_limits(mut self, jobs: usize, tasks: usize, subtasks: usize) -> Self {
        (self.job_limit, self.task_limit, self.subtask_limit) = (jobs, tasks, subtasks);
        self
    }

    /// How many bytes all jobs and tasks with their texts and outputs may hold together.
    #[must_use]
    pub fn job_memory(mut self, bytes: usize) -> Self {
        self.job_memory = bytes;
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

    /// Whose jobs are those that somebody without a name makes.
    #[must_use]
    pub fn owner(mut self, name: impl Into<String>) -> Self {
        self.owner = name.into();
        self
    }

    /// Adds a service; one of the same name as an echo service that is built in takes its place.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.services.push(service);
        self
    }

    /// How long running tasks get to end themselves when they are cancelled without force.
    #[must_use]
    pub fn cancel_grace(mut self, time: Duration) -> Self {
        self.cancel_grace = time;
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

    /// How many bytes of requests and responses all batches of all sessions may hold together.
    #[must_use]
    pub fn batch_memory(mut self, bytes: usize) -> Self {
        self.batch_memory = bytes;
        self
    }
}
