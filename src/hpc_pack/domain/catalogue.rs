//! Every property of jobs, tasks and nodes: name, what it takes, default, and which operations document it as settable.
//!
//! The order is that of the pages. Names and settability are compared with the facts of `operations.json` in the tests
//! of this folder; types and defaults are those of Microsoft's client library, limits those of its pages.

use super::{
    state::{
        AVAILABILITIES, GROUP_OPS, JOB_STATES, JOB_TYPES, LOCATIONS, NODE_STATES, PRIORITIES,
        TASK_STATES, TASK_TYPES, UNIT_TYPES,
    },
    value::{
        Form::{self, Bool, Ids, List, Text, Time, Word},
        Value,
    },
};
use std::borrow::Cow;

/// One property of a catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    /// The name on the wire.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) form: Form,
    /// Its value where nothing was set.
    pub(crate) default: Value,
    /// The operations that list it as settable: [`CREATE`], [`SET`], [`SUBMIT`]; for tasks [`ALL`] or [`NOWHERE`].
    pub(crate) settable: u8,
}

/// In no list of settable properties.
pub(crate) const NOWHERE: u8 = 0;
/// Settable by Create Job.
pub(crate) const CREATE: u8 = 1;
/// Settable by Set Job Properties.
pub(crate) const SET: u8 = 2;
/// Settable by Submit Job.
pub(crate) const SUBMIT: u8 = 4;
/// Settable by every operation that sets.
pub(crate) const ALL: u8 = CREATE | SET | SUBMIT;

/// A set of properties with names, known in any letter case.
pub(crate) trait Catalogue: Copy + Eq + Send + 'static {
    /// All that can be got, in the order of the pages.
    const GETTABLE: &'static [Self];
    /// What is known of this one.
    fn facts(self) -> &'static Property;
    /// Its place in the catalogue.
    fn index(self) -> u8;
    /// The property of that name in any letter case, one that only can be set too.
    fn named(name: &str) -> Option<Self>;
}

macro_rules! catalogue {
    ($(#[$doc:meta])* $kind:ident: $($name:ident: $form:expr, $default:expr, $settable:expr;)+
     => $($secret:ident: $secret_form:expr, $secret_settable:expr;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum $kind {
            $(#[doc = concat!("`", stringify!($name), "`")] $name,)+
            $(#[doc = concat!("`", stringify!($secret), "`, never told")] $secret,)*
        }

        impl Catalogue for $kind {
            const GETTABLE: &'static [Self] = &[$(Self::$name),+];

            fn facts(self) -> &'static Property {
                static FACTS: &[Property] = &[
                    $(Property { name: stringify!($name), form: $form, default: $default, settable: $settable },)+
                    $(Property { name: stringify!($secret), form: $secret_form, default: EMPTY, settable: $secret_settable },)*
                ];
                &FACTS[self as usize]
            }

            fn index(self) -> u8 {
                self as u8
            }

            fn named(name: &str) -> Option<Self> {
                const EVERY: &[$kind] = &[$($kind::$name,)+ $($kind::$secret,)*];
                EVERY.iter().copied().find(|property| property.facts().name.eq_ignore_ascii_case(name))
            }
        }
    };
}

const LONG: usize = 65_536;
const MOST: i64 = i32::MAX as i64;
const NUMBER: Form = Form::Int(0, MOST);
const COUNT: Form = Form::Int(1, MOST);
const WHOLE: Form = Form::Int(i32::MIN as i64, MOST);
const EMPTY: Value = Value::EMPTY;
const NEVER: Value = Value::Time(None);
const YES: Value = Value::Bool(true);
const NO: Value = Value::Bool(false);

const fn int(number: i64) -> Value {
    Value::Int(number)
}

const fn text(text: &'static str) -> Value {
    Value::Text(Cow::Borrowed(text))
}

const fn word(word: &'static str, number: i64) -> Value {
    Value::Word(word, number)
}

catalogue! {
    /// The properties of a job.
    JobProperty:
    Id: NUMBER, int(0), NOWHERE;
    Name: Text(80), EMPTY, ALL;
    Owner: Text(80), EMPTY, NOWHERE;
    UserName: Text(80), EMPTY, ALL;
    Project: Text(80), EMPTY, ALL;
    RuntimeSeconds: NUMBER, int(0), ALL;
    SubmitTime: Time, NEVER, NOWHERE;
    CreateTime: Time, NEVER, NOWHERE;
    EndTime: Time, NEVER, NOWHERE;
    StartTime: Time, NEVER, NOWHERE;
    ChangeTime: Time, NEVER, NOWHERE;
    State: Word(JOB_STATES), word("Configuring", 1), NOWHERE;
    PreviousState: Word(JOB_STATES), word("Configuring", 1), NOWHERE;
    MinCores: COUNT, int(1), ALL;
    MaxCores: COUNT, int(1), ALL;
    MinNodes: COUNT, int(1), ALL;
    MaxNodes: COUNT, int(1), ALL;
    MinSockets: COUNT, int(1), ALL;
    MaxSockets: COUNT, int(1), ALL;
    UnitType: Word(UNIT_TYPES), word("Core", 0), ALL;
    RequestedNodes: List(LONG), EMPTY, ALL;
    IsExclusive: Bool, NO, ALL;
    RunUntilCanceled: Bool, NO, ALL;
    NodeGroups: List(LONG), EMPTY, ALL;
    FailOnTaskFailure: Bool, NO, ALL;
    AutoCalculateMax: Bool, NO, ALL;
    AutoCalculateMin: Bool, NO, ALL;
    CanGrow: Bool, YES, NOWHERE;
    CanShrink: Bool, YES, NOWHERE;
    Preemptable: Bool, NO, ALL;
    ErrorMessage: Text(LONG), EMPTY, NOWHERE;
    HasRuntime: Bool, NO, NOWHERE;
    RequeueCount: NUMBER, int(0), NOWHERE;
    MinMemory: COUNT, int(1), ALL;
    MaxMemory: COUNT, int(2_147_483_647), ALL;
    MinCoresPerNode: COUNT, int(1), ALL;
    MaxCoresPerNode: COUNT, int(2_147_483_647), ALL;
    EndpointReference: List(LONG), EMPTY, NOWHERE;
    SoftwareLicense: List(LONG), EMPTY, ALL;
    OrderBy: Text(LONG), EMPTY, ALL;
    ClientSource: Text(LONG), EMPTY, ALL;
    Progress: Form::Int(0, 100), int(0), ALL;
    ProgressMessage: Text(80), EMPTY, ALL;
    TargetResourceCount: NUMBER, int(0), ALL;
    ExpandedPriority: Form::Int(0, 4_000), int(2_000), ALL;
    ServiceName: Text(LONG), EMPTY, ALL;
    JobTemplate: Text(LONG), text("Default"), ALL;
    HoldUntil: Time, NEVER, SET | SUBMIT;
    NotifyOnStart: Bool, NO, ALL;
    NotifyOnCompletion: Bool, NO, ALL;
    ExcludedNodes: List(LONG), EMPTY, NOWHERE;
    EmailAddress: Text(LONG), EMPTY, ALL;
    Priority: Word(PRIORITIES), word("Normal", 2), ALL;
    AllocatedNodes: List(LONG), EMPTY, NOWHERE;
    Pool: Text(LONG), text("Default"), ALL;
    JobValidExitCodes: Text(LONG), EMPTY, ALL;
    ParentJobIds: Ids, EMPTY, ALL;
    FailDependentTasks: Bool, NO, ALL;
    NodeGroupOp: Word(GROUP_OPS), word("Intersect", 0), ALL;
    SingleNode: Bool, NO, ALL;
    ChildJobIds: Ids, EMPTY, CREATE | SUBMIT;
    EstimatedProcessMemory: NUMBER, int(0), ALL;
    =>
    Password: Text(127), ALL;
}

catalogue! {
    /// The properties of a task or subtask.
    TaskProperty:
    TaskId: Text(80), EMPTY, NOWHERE;
    Name: Text(80), EMPTY, ALL;
    State: Word(TASK_STATES), word("Configuring", 1), NOWHERE;
    PreviousState: Word(TASK_STATES), word("Configuring", 1), NOWHERE;
    MinCores: COUNT, int(1), ALL;
    MaxCores: COUNT, int(1), ALL;
    MinNodes: COUNT, int(1), ALL;
    MaxNodes: COUNT, int(1), ALL;
    MinSockets: COUNT, int(1), ALL;
    MaxSockets: COUNT, int(1), ALL;
    RuntimeSeconds: NUMBER, int(0), ALL;
    SubmitTime: Time, NEVER, NOWHERE;
    CreateTime: Time, NEVER, NOWHERE;
    EndTime: Time, NEVER, NOWHERE;
    ChangeTime: Time, NEVER, NOWHERE;
    StartTime: Time, NEVER, NOWHERE;
    ParentJobId: NUMBER, int(0), NOWHERE;
    CommandLine: Text(1_024), EMPTY, ALL;
    WorkDirectory: Text(LONG), EMPTY, ALL;
    RequiredNodes: List(LONG), EMPTY, ALL;
    DependsOn: List(LONG), EMPTY, ALL;
    IsExclusive: Bool, NO, ALL;
    IsRerunnable: Bool, YES, ALL;
    StdOutFilePath: Text(LONG), EMPTY, ALL;
    StdInFilePath: Text(LONG), EMPTY, ALL;
    StdErrFilePath: Text(LONG), EMPTY, ALL;
    ExitCode: WHOLE, int(0), NOWHERE;
    RequeueCount: NUMBER, int(0), NOWHERE;
    StartValue: WHOLE, int(1), ALL;
    EndValue: WHOLE, int(1), ALL;
    IncrementValue: WHOLE, int(1), ALL;
    ErrorMessage: Text(LONG), EMPTY, NOWHERE;
    Output: Text(LONG), EMPTY, NOWHERE;
    UserBlob: Text(LONG), EMPTY, ALL;
    Type: Word(TASK_TYPES), word("Basic", 0), ALL;
    IsServiceConcluded: Bool, NO, NOWHERE;
    FailJobOnFailure: Bool, NO, ALL;
    FailJobOnFailureCount: COUNT, int(1), ALL;
    AllocatedCoreIds: Text(LONG), EMPTY, NOWHERE;
    AllocatedNodes: List(LONG), EMPTY, NOWHERE;
    HasRuntime: Bool, NO, NOWHERE;
    JobTaskId: NUMBER, int(0), NOWHERE;
    InstanceId: NUMBER, int(0), NOWHERE;
    TaskValidExitCodes: Text(LONG), EMPTY, ALL;
    =>
}

catalogue! {
    /// The properties of a node.
    NodeProperty:
    Availability: Word(AVAILABILITIES), word("AlwaysOn", 1), NOWHERE;
    AzureServiceName: Text(LONG), EMPTY, NOWHERE;
    CpuSpeed: NUMBER, int(0), NOWHERE;
    DnsSuffix: Text(LONG), EMPTY, NOWHERE;
    Guid: Text(LONG), EMPTY, NOWHERE;
    Id: NUMBER, int(0), NOWHERE;
    JobType: Word(JOB_TYPES), word("Batch", 1), NOWHERE;
    Location: Word(LOCATIONS), word("OnPremise", 1), NOWHERE;
    MemorySize: Form::Int(0, i64::MAX), int(0), NOWHERE;
    MoveToOffline: Bool, NO, NOWHERE;
    Name: Text(80), EMPTY, NOWHERE;
    NodeGroups: List(LONG), EMPTY, NOWHERE;
    NumCores: NUMBER, int(0), NOWHERE;
    NumSockets: NUMBER, int(0), NOWHERE;
    OfflineTime: Time, NEVER, NOWHERE;
    OnlineTime: Time, NEVER, NOWHERE;
    Reachable: Bool, YES, NOWHERE;
    State: Word(NODE_STATES), word("Online", 4), NOWHERE;
    =>
}

/// What Get Job List gives unless told otherwise.
pub(crate) const JOB_LIST_DEFAULT: &[JobProperty] = &[
    JobProperty::Id,
    JobProperty::Owner,
    JobProperty::Name,
    JobProperty::State,
    JobProperty::Priority,
];

/// What Get Task List gives unless told otherwise.
pub(crate) const TASK_LIST_DEFAULT: &[TaskProperty] = &[
    TaskProperty::TaskId,
    TaskProperty::Name,
    TaskProperty::State,
    TaskProperty::CommandLine,
    TaskProperty::ExitCode,
    TaskProperty::ParentJobId,
    TaskProperty::JobTaskId,
    TaskProperty::InstanceId,
];
