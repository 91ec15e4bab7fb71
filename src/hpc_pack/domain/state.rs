use std::fmt;

/// Names and numbers of an enumeration, in the order of the numbers.
pub(crate) type Words = &'static [(&'static str, i64)];

macro_rules! states {
    ($(#[$doc:meta])* $kind:ident, $words:ident: $($name:ident = $number:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum $kind {
            $(#[doc = concat!("`", stringify!($name), "`, ", stringify!($number), " on the wire.")] $name = $number),+
        }

        /// The same as names and numbers.
        pub(crate) const $words: Words = &[$((stringify!($name), $number)),+];

        impl $kind {
            /// All of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name on the wire.
            #[must_use]
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// The state of that name in any letter case.
            #[must_use]
            pub(crate) fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.name().eq_ignore_ascii_case(name))
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

states! {
    /// The states of a job (page of `JobState`).
    JobState, JOB_STATES:
    Configuring = 1, Submitted = 2, Validating = 4, ExternalValidation = 8, Queued = 16, Running = 32,
    Finishing = 64, Finished = 128, Failed = 256, Canceled = 512, Canceling = 1024
}
states! {
    /// The states of a task or subtask (page of `TaskState`).
    TaskState, TASK_STATES:
    Configuring = 1, Submitted = 2, Validating = 4, Queued = 8, Dispatching = 16, Running = 32,
    Finishing = 64, Finished = 128, Failed = 256, Canceled = 512, Canceling = 1024
}
states! {
    /// The states of a node (page of `NodeState`).
    NodeState, NODE_STATES:
    Offline = 1, Draining = 2, Online = 4
}
states! {
    /// The types of a task (page of `TaskType`).
    TaskType, TASK_TYPES:
    Basic = 0, ParametricSweep = 1, NodePrep = 2, NodeRelease = 3, Service = 4
}

impl JobState {
    /// Whether the job has come to its end.
    #[must_use]
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Canceled)
    }
}

impl TaskState {
    /// Whether the task has come to its end.
    #[must_use]
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Canceled)
    }
}

/// `JobPriority`; the number times 1000 is the expanded priority.
pub(crate) const PRIORITIES: Words = &[
    ("Lowest", 0),
    ("BelowNormal", 1),
    ("Normal", 2),
    ("AboveNormal", 3),
    ("Highest", 4),
];
/// `JobUnitType`.
pub(crate) const UNIT_TYPES: Words = &[("Core", 0), ("Socket", 1), ("Node", 2), ("Gpu", 3)];
/// `JobType`, which a node tells of the jobs that it takes.
pub(crate) const JOB_TYPES: Words = &[("Batch", 1), ("Admin", 2), ("Service", 4), ("Broker", 8)];
/// `JobNodeGroupOp`.
pub(crate) const GROUP_OPS: Words = &[("Intersect", 0), ("Uniform", 1), ("Union", 2)];
/// `NodeAvailability`.
pub(crate) const AVAILABILITIES: Words = &[("AlwaysOn", 1), ("Available", 2), ("Occupied", 4)];
/// `NodeLocation`.
pub(crate) const LOCATIONS: Words = &[
    ("OnPremise", 1),
    ("Azure", 2),
    ("AzureVM", 3),
    ("AzureEmbedded", 4),
    ("AzureEmbeddedVM", 5),
    ("UnmanagedResource", 6),
    ("Linux", 7),
    ("AzureBatch", 8),
    ("NonDomainJoined", 9),
];
