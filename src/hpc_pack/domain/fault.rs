use super::state::{JobState, TaskState, TaskType};

/// The most characters of a reason to cancel (pages of the cancel operations).
pub(crate) const CANCEL_MESSAGE: usize = 128;
/// The most characters of the name of a custom property.
pub(crate) const CUSTOM_NAME: usize = 80;
/// The most characters of the value of a custom property.
pub(crate) const CUSTOM_VALUE: usize = 1_024;
/// The most characters of environment variables, names and values together.
pub(crate) const VARIABLES: usize = 2_048;

/// Why the scheduler refuses. Codes are those of section 7 of the contract; the texts are our own, but for the two that the pages print.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// No job has that id.
    #[error("there is no job with this identifier")]
    UnknownJob,
    /// A parent named in `ParentJobIds` does not exist, or is the job itself.
    #[error("`{0}` cannot be a parent of this job")]
    UnknownParent(i32),
    /// No task has that id, or the sweep has no such subtask, or not yet.
    #[error(
        "there is no task or subtask with this identifier, or its sweep has not been expanded yet"
    )]
    UnknownTask,
    /// No node has that name.
    #[error("there is no node named `{0}`")]
    UnknownNode(String),
    /// No node group has that name.
    #[error("there is no node group named `{0}`")]
    UnknownGroup(String),
    /// No job template has that name.
    #[error("there is no job template named `{0}`")]
    UnknownTemplate(String),
    /// Submit of a job that is not being configured.
    #[error(
        "only a job in the Configuring state can be submitted, and this one is {0}; a Canceled or Failed job can be requeued"
    )]
    SubmitState(JobState),
    /// Cancel of a job in the wrong state; the page of Cancel Job prints this text.
    #[error("Jobs in the {0} state cannot be canceled.")]
    CancelState(JobState),
    /// Cancel of a task in the wrong state.
    #[error("a task in the {0} state cannot be canceled")]
    CancelTaskState(TaskState),
    /// Requeue of a job in the wrong state; the page of Requeue Job prints this text.
    #[error(
        "Only jobs that are in the Canceled or Failed state can be requeued. To create a new job that is based on a Finished or Running job, save the job as an XML file (render as hpcJobXml) and then POST to http://<headnode>:<port>/WindowsHPC/<cluster>/Jobs/JobFile"
    )]
    RequeueState,
    /// Requeue of a task in the wrong state.
    #[error("only a Failed, Canceled or Queued task can be requeued, and this one is {0}")]
    RequeueTaskState(TaskState),
    /// Requeue of a task with `IsRerunnable` false.
    #[error("the task is not rerunnable")]
    NotRerunnable,
    /// A property that cannot be set at all.
    #[error("the property {0} is read-only")]
    ReadOnly(&'static str),
    /// A property that the job's state does not let change.
    #[error("the property {name} cannot be changed while the job is {state}")]
    JobProperty {
        /// The property.
        name: &'static str,
        /// The state of the job.
        state: JobState,
    },
    /// The job's state lets nothing change.
    #[error("a job in the {0} state cannot be modified")]
    JobState(JobState),
    /// The task's state lets nothing change.
    #[error("a task in the {0} state cannot be modified")]
    TaskState(TaskState),
    /// A task of that type comes too late.
    #[error("tasks of type {} can only be added while the job is in the Configuring state", .0.name())]
    TaskTypeTooLate(TaskType),
    /// A property that a task of that type does not take.
    #[error("the property {name} cannot be set for tasks of type {}", .kind.name())]
    TaskTypeProperty {
        /// The property.
        name: &'static str,
        /// The type of the task.
        kind: TaskType,
    },
    /// Service tasks and others in one job.
    #[error("a job cannot hold a task of type Service beside Basic or ParametricSweep tasks")]
    MixedTypes,
    /// The reason to cancel is too long.
    #[error("a cancel message has at most {CANCEL_MESSAGE} characters")]
    CancelMessage,
    /// `ExpandedPriority` out of range.
    #[error("ExpandedPriority is a whole number from 0 to 4000")]
    ExpandedPriority,
    /// `Priority` is none.
    #[error("Priority is one of Lowest, BelowNormal, Normal, AboveNormal, Highest, or 0 to 4")]
    Priority,
    /// The name of a custom property is too long.
    #[error("the name of a custom property has at most {CUSTOM_NAME} characters")]
    CustomName,
    /// The environment variables are too long.
    #[error("environment variables have at most {VARIABLES} characters, names and values together")]
    Variables,
    /// No such property.
    #[error("there is no property `{0}`")]
    UnknownProperty(String),
    /// A value that the property does not take.
    #[error("the property {name} takes {takes}")]
    BadValue {
        /// The property.
        name: &'static str,
        /// What it takes.
        takes: String,
    },
    /// A `$filter` that does not read.
    #[error("the filter cannot be read: {0}")]
    Filter(String),
    /// A continuation that this listing never gave, or gave too long ago.
    #[error("the continuation is unknown or has expired")]
    Continuation,
    /// There is as much as there may be.
    #[error("the head node has no room for more {0}")]
    Full(&'static str),
    /// Anything else that a request asks wrongly.
    #[error("{0}")]
    Other(String),
}

impl Fault {
    /// The number that goes into `Code`.
    #[must_use]
    pub(crate) fn code(&self) -> i32 {
        /// `Operation_*` codes of the scheduler count from here.
        const BASE: i32 = -2_147_220_992;
        BASE + match self {
            Self::SubmitState(_) => 2,
            Self::ReadOnly(_) => 3,
            Self::UnknownJob | Self::UnknownParent(_) => 6,
            Self::UnknownTask => 7,
            Self::CancelState(_) => 8,
            Self::CancelTaskState(_) => 9,
            Self::UnknownNode(_) => 14,
            Self::NotRerunnable | Self::MixedTypes => 15,
            Self::UnknownTemplate(_) => 27,
            Self::JobProperty { .. } => 30,
            Self::JobState(_) => 31,
            Self::UnknownGroup(_) => 55,
            Self::Variables => 63,
            Self::TaskState(_) => 71,
            Self::RequeueTaskState(_) => 76,
            Self::TaskTypeTooLate(_) => 82,
            Self::TaskTypeProperty { .. } => 84,
            Self::CancelMessage => 211,
            Self::ExpandedPriority => 217,
            Self::Priority => 218,
            Self::CustomName => 220,
            Self::RequeueState
            | Self::UnknownProperty(_)
            | Self::BadValue { .. }
            | Self::Filter(_)
            | Self::Continuation
            | Self::Full(_)
            | Self::Other(_) => return Self::GENERAL,
        }
    }

    /// The code of everything that has none of its own (stance A21).
    pub(crate) const GENERAL: i32 = 267_386_880;

    /// Whether it is about something that is not there, rather than about what was asked of it (stance A20).
    #[must_use]
    pub(crate) fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::UnknownJob | Self::UnknownTask | Self::UnknownNode(_) | Self::UnknownGroup(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use crate::hpc_pack::domain::state::JobState;
    use rstest::rstest;

    #[rstest]
    #[case(Fault::CancelState(JobState::Canceled), -2_147_220_984)]
    #[case(Fault::RequeueState, 267_386_880)]
    #[case(Fault::UnknownJob, -2_147_220_986)]
    #[case(Fault::SubmitState(JobState::Queued), -2_147_220_990)]
    #[case(Fault::CancelMessage, -2_147_220_781)]
    #[case(Fault::UnknownGroup(String::new()), -2_147_220_937)]
    #[case(Fault::CustomName, -2_147_220_772)]
    #[case(Fault::UnknownProperty(String::new()), 267_386_880)]
    fn every_refusal_has_its_code(#[case] fault: Fault, #[case] code: i32) {
        assert_eq!(fault.code(), code);
    }

    #[test]
    fn the_text_that_the_page_of_cancel_job_prints_is_used() {
        assert_eq!(
            Fault::CancelState(JobState::Canceled).to_string(),
            "Jobs in the Canceled state cannot be canceled."
        );
    }
}
