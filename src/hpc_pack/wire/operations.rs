/// The documented operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    /// Adds a task to a job.
    AddTask,
    /// Cancels a job.
    CancelJob,
    /// Cancels a subtask.
    CancelSubtask,
    /// Cancels a task.
    CancelTask,
    /// Creates a job with given property values.
    CreateJob,
    /// Creates a job (with tasks) from job XML.
    CreateJobFromXml,
    /// Name of the active head node.
    GetActiveHeadNode,
    /// Name of the cluster that hosts the REST service.
    GetClusters,
    /// Properties of a job.
    GetJob,
    /// Custom properties of a job.
    GetJobCustomProperties,
    /// Environment variables of a job.
    GetJobEnvironmentVariables,
    /// Properties of all jobs, optionally filtered.
    GetJobList,
    /// Names of the job templates.
    GetJobTemplates,
    /// All properties of a node.
    GetNode,
    /// Names and descriptions of all node groups.
    GetNodeGroupList,
    /// Node names in a node group.
    GetNodeGroupMembers,
    /// Properties of all nodes, optionally filtered.
    GetNodeList,
    /// Properties of a subtask.
    GetSubtask,
    /// Properties of a task.
    GetTask,
    /// Custom properties of a task.
    GetTaskCustomProperties,
    /// Environment variables of a task.
    GetTaskEnvironmentVariables,
    /// Properties of all tasks in a job.
    GetTaskList,
    /// HPC Pack version on the cluster.
    GetVersion,
    /// Resubmits a job to the queue.
    RequeueJob,
    /// Moves a failed, canceled or queued subtask to Configuring so it is queued again when the job is resubmitted.
    RequeueSubtask,
    /// Moves a failed, canceled or queued task to Configuring so it is queued again when the job is resubmitted.
    RequeueTask,
    /// Sets custom properties of a job.
    SetJobCustomProperties,
    /// Sets environment variables of a job.
    SetJobEnvironmentVariables,
    /// Sets job properties.
    SetJobProperties,
    /// Sets properties of the task that contains the specified subtask (wording of the page).
    SetSubtaskProperties,
    /// Sets custom properties of a task.
    SetTaskCustomProperties,
    /// Sets environment variables of a task.
    SetTaskEnvironmentVariables,
    /// Sets task properties.
    SetTaskProperties,
    /// Submits a job to the scheduler queue.
    SubmitJob,
    /// Connects to an existing SOA session.
    AttachSession,
    /// Closes a SOA session: ends its job and deletes its response messages.
    CloseSession,
    /// Creates a SOA session from configuration information.
    CreateSession,
    /// Deletes a batch of SOA requests sent earlier.
    DeleteRequests,
    /// Gets the SOA responses for a batch.
    GetResponses,
    /// Status of a batch of SOA requests.
    GetRequestStatus,
    /// Ends a batch: the broker commits the queued requests.
    IndicateEndOfRequests,
    /// Sends SOA requests of a batch to the session's service.
    SendRequests,
}

impl Operation {
    /// Whether it adds to what the scheduler holds: texts of jobs and tasks.
    pub(crate) fn adds(self) -> bool {
        matches!(
            self,
            Self::AddTask
                | Self::CreateJob
                | Self::CreateJobFromXml
                | Self::SetJobCustomProperties
                | Self::SetJobEnvironmentVariables
                | Self::SetJobProperties
                | Self::SetSubtaskProperties
                | Self::SetTaskCustomProperties
                | Self::SetTaskEnvironmentVariables
                | Self::SetTaskProperties
                | Self::SubmitJob
        )
    }
}

/// The methods that the pages use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

/// Which rules on versions and error bodies an operation follows, named after the service pack it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// api-version may be absent, and errors are told in the legacy body then, or where `CCP_Version` says so.
    Sp2,
    /// As `Sp2`, but these four pages go by the date of the api-version and do not mention `CCP_Version` (A16).
    Sp2ByDate,
    /// api-version is required; errors are faults.
    Sp3,
    /// As `Sp3`, from version 2012-03-31 on (A87).
    Sp4,
    /// As `Sp3`; there only where the service is hosted in Azure, and faults may be JSON.
    Soa,
}

/// What the body of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// Nothing; what comes is dropped (A66).
    None,
    /// XML, or nothing at all: `application/xml`, `text/xml` or no media type (A48).
    Xml,
    /// The start information of a session: JSON or XML.
    SessionStart,
    /// `application/octet-stream`.
    Octets,
}

/// One row of the table: everything that the pages fix about an operation before its own body.
#[derive(Debug)]
pub(crate) struct Route {
    /// The operation.
    pub(crate) operation: Operation,
    /// Its id in the contract: `create_session`.
    pub(crate) id: &'static str,
    /// Its method.
    pub(crate) method: Method,
    /// The segments behind `/WindowsHPC` and the cluster; `{..}` takes any value.
    pub(crate) path: &'static [&'static str],
    /// Its rules.
    pub(crate) rules: Rules,
    /// What its body is.
    pub(crate) accepts: Accepts,
    /// The status of success.
    pub(crate) success: u16,
}

impl Route {
    /// Whether the page lists `x-ms-hpc-authoritychain`: all of the scheduler but Get Clusters.
    pub(crate) fn lists_authority_chain(&self) -> bool {
        self.rules != Rules::Soa && self.operation != Operation::GetClusters
    }

    /// Whether the page lists `Transfer-Encoding` among the headers of the reply (A100).
    pub(crate) fn lists_transfer_encoding(&self) -> bool {
        matches!(
            self.operation,
            Operation::CreateSession
                | Operation::AttachSession
                | Operation::GetResponses
                | Operation::GetRequestStatus
        )
    }
}

impl Method {
    /// The token on the request line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

const fn row(
    operation: Operation,
    id: &'static str,
    method: Method,
    path: &'static [&'static str],
    rules: Rules,
    accepts: Accepts,
    success: u16,
) -> Route {
    Route {
        operation,
        id,
        method,
        path,
        rules,
        accepts,
        success,
    }
}

/// All documented operations. Source: the request tables of the 42 pages.
#[rustfmt::skip]
pub(crate) static ROUTES: &[Route] = {
    use Accepts::{None, Octets, SessionStart, Xml};
    use Method::{Get, Post, Put};
    use Operation::{
        AddTask, AttachSession, CancelJob, CancelSubtask, CancelTask, CloseSession, CreateJob,
        CreateJobFromXml, CreateSession, DeleteRequests, GetActiveHeadNode, GetClusters, GetJob,
        GetJobCustomProperties, GetJobEnvironmentVariables, GetJobList, GetJobTemplates, GetNode,
        GetNodeGroupList, GetNodeGroupMembers, GetNodeList, GetRequestStatus, GetResponses,
        GetSubtask, GetTask, GetTaskCustomProperties, GetTaskEnvironmentVariables, GetTaskList,
        GetVersion, IndicateEndOfRequests, RequeueJob, RequeueSubtask, RequeueTask, SendRequests,
        SetJobCustomProperties, SetJobEnvironmentVariables, SetJobProperties, SetSubtaskProperties,
        SetTaskCustomProperties, SetTaskEnvironmentVariables, SetTaskProperties, SubmitJob,
    };
    use Rules::{Soa, Sp2, Sp2ByDate, Sp3, Sp4};
    &[
        row(AddTask, "add_task", Post, &["Job", "{job}", "Tasks"], Sp2, Xml, 200),
        row(CancelJob, "cancel_job", Post, &["Job", "{job}", "Cancel"], Sp2, Xml, 200),
        row(CancelSubtask, "cancel_subtask", Post, &["Job", "{job}", "Task", "{task}", "SubTask", "{subtask}", "Cancel"], Sp2ByDate, Xml, 200),
        row(CancelTask, "cancel_task", Post, &["Job", "{job}", "Task", "{task}", "Cancel"], Sp2, Xml, 200),
        row(CreateJob, "create_job", Post, &["Jobs"], Sp2, Xml, 200),
        row(CreateJobFromXml, "create_job_from_xml", Post, &["Jobs", "JobFile"], Sp2, Xml, 200),
        row(GetActiveHeadNode, "get_active_head_node", Get, &["ActiveHeadnode"], Sp4, None, 200),
        row(GetClusters, "get_clusters", Get, &["Clusters"], Sp3, None, 200),
        row(GetJob, "get_job", Get, &["Job", "{job}"], Sp2, None, 200),
        row(GetJobCustomProperties, "get_job_custom_properties", Get, &["Job", "{job}", "CustomProperties"], Sp2, None, 200),
        row(GetJobEnvironmentVariables, "get_job_environment_variables", Get, &["Job", "{job}", "EnvVariables"], Sp2, None, 200),
        row(GetJobList, "get_job_list", Get, &["Jobs"], Sp2, None, 200),
        row(GetJobTemplates, "get_job_templates", Get, &["JobTemplates"], Sp2, None, 200),
        row(GetNode, "get_node", Get, &["Node", "{node}"], Sp3, None, 200),
        row(GetNodeGroupList, "get_node_group_list", Get, &["NodeGroups"], Sp3, None, 200),
        row(GetNodeGroupMembers, "get_node_group_members", Get, &["NodeGroup", "{group}"], Sp3, None, 200),
        row(GetNodeList, "get_node_list", Get, &["Nodes"], Sp3, None, 200),
        row(GetSubtask, "get_subtask", Get, &["Job", "{job}", "Task", "{task}", "SubTask", "{subtask}"], Sp2, None, 200),
        row(GetTask, "get_task", Get, &["Job", "{job}", "Task", "{task}"], Sp2ByDate, None, 200),
        row(GetTaskCustomProperties, "get_task_custom_properties", Get, &["Job", "{job}", "Task", "{task}", "CustomProperties"], Sp2ByDate, None, 200),
        row(GetTaskEnvironmentVariables, "get_task_environment_variables", Get, &["Job", "{job}", "Task", "{task}", "EnvVariables"], Sp2ByDate, None, 200),
        row(GetTaskList, "get_task_list", Get, &["Job", "{job}", "Tasks"], Sp2, None, 200),
        row(GetVersion, "get_version", Get, &["Version"], Sp2, None, 200),
        row(RequeueJob, "requeue_job", Post, &["Job", "{job}", "Requeue"], Sp2, Xml, 200),
        row(RequeueSubtask, "requeue_subtask", Post, &["Job", "{job}", "Task", "{task}", "SubTask", "{subtask}", "Requeue"], Sp2, Xml, 200),
        row(RequeueTask, "requeue_task", Post, &["Job", "{job}", "Task", "{task}", "Requeue"], Sp2, Xml, 200),
        row(SetJobCustomProperties, "set_job_custom_properties", Post, &["Job", "{job}", "CustomProperties"], Sp2, Xml, 200),
        row(SetJobEnvironmentVariables, "set_job_environment_variables", Post, &["Job", "{job}", "EnvVariables"], Sp2, Xml, 200),
        row(SetJobProperties, "set_job_properties", Put, &["Job", "{job}"], Sp2, Xml, 200),
        row(SetSubtaskProperties, "set_subtask_properties", Put, &["Job", "{job}", "Task", "{task}", "SubTask", "{subtask}"], Sp2, Xml, 200),
        row(SetTaskCustomProperties, "set_task_custom_properties", Post, &["Job", "{job}", "Task", "{task}", "CustomProperties"], Sp2, Xml, 200),
        row(SetTaskEnvironmentVariables, "set_task_environment_variables", Post, &["Job", "{job}", "Task", "{task}", "EnvVariables"], Sp2, Xml, 200),
        row(SetTaskProperties, "set_task_properties", Put, &["Job", "{job}", "Task", "{task}"], Sp2, Xml, 200),
        row(SubmitJob, "submit_job", Post, &["Job", "{job}", "Submit"], Sp2, Xml, 200),
        row(AttachSession, "attach_session", Get, &["Session", "{session}", "Attach"], Soa, None, 200),
        row(CloseSession, "close_session", Post, &["session", "{session}", "Close"], Soa, None, 200),
        row(CreateSession, "create_session", Post, &["Sessions", "Create"], Soa, SessionStart, 201),
        row(DeleteRequests, "delete_requests", Post, &["session", "{session}", "batch", "{batch}", "Purge"], Soa, None, 200),
        row(GetResponses, "get_responses", Post, &["Session", "{session}", "batch", "{batch}", "Response"], Soa, None, 200),
        row(GetRequestStatus, "get_request_status", Get, &["session", "{session}", "batch", "{batch}", "Status"], Soa, None, 200),
        row(IndicateEndOfRequests, "indicate_end_of_requests", Post, &["session", "{session}", "batch", "{batch}", "Commit"], Soa, None, 201),
        row(SendRequests, "send_requests", Post, &["Session", "{session}", "batch", "{batch}"], Soa, Octets, 200),
    ]
};
