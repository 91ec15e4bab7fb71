//! The environment that a task sees: its own variables, those of its job, and those that the scheduler sets.

use super::{
    bag::look_up,
    catalogue::{JobProperty, TaskProperty},
    cluster::Node,
    job::{Job, Task},
    plan::Stage,
};
use crate::hpc_pack::Quirk;

/// The value of a variable as a task sees it: the task's own win over those of its job.
pub(crate) fn variable(
    job: &Job,
    task: &Task,
    instance: i32,
    node: Option<&Node>,
    stage: Stage<'_>,
    name: &str,
) -> Option<String> {
    let own =
        || look_up(&task.variables, name).filter(|_| !stage.quirks.has(Quirk::TaskVariablesUnseen));
    let jobs =
        || look_up(&job.variables, name).filter(|_| !stage.quirks.has(Quirk::JobVariablesUnseen));
    let set = if stage.quirks.has(Quirk::JobVariablesOverride) {
        jobs().or_else(own)
    } else {
        own().or_else(jobs)
    };
    if let Some(set) = set {
        return Some(set.to_owned());
    }
    let job_text = |property| job.bag.get(property).written().into_owned();
    let task_text = |property| task.bag.get(property).written().into_owned();
    let node_name = node.map_or_else(String::new, |node| node.name.clone());
    let count = job.nodes.len();
    let nodes = || {
        job.nodes
            .iter()
            .filter_map(|at| stage.cluster.nodes.get(usize::from(*at)))
    };
    Some(match name.to_ascii_uppercase().as_str() {
        "CCP_JOBID" => job.id.to_string(),
        "CCP_JOBNAME" => job_text(JobProperty::Name),
        "CCP_TASKID" => task.id.to_string(),
        "CCP_TASKINSTANCEID" => instance.to_string(),
        "CCP_SCHEDULER" | "CCP_CLUSTER_NAME" => stage.cluster.head_node.clone(),
        "CCP_NUMCPUS" => task_text(TaskProperty::MaxCores),
        "CCP_WORKDIR" => task_text(TaskProperty::WorkDirectory),
        "CCP_STDIN" => task_text(TaskProperty::StdInFilePath),
        "CCP_STDOUT" => task_text(TaskProperty::StdOutFilePath),
        "CCP_STDERR" => task_text(TaskProperty::StdErrFilePath),
        "CCP_RUNTIME" => task_text(TaskProperty::RuntimeSeconds),
        "CCP_EXCLUSIVE" => task_text(TaskProperty::IsExclusive),
        "CCP_RERUNNABLE" => task_text(TaskProperty::IsRerunnable),
        "CCP_REQUEUECOUNT" => job.requeues.to_string(),
        "CCP_JOBTEMPLATE" => job_text(JobProperty::JobTemplate),
        "CCP_OWNER" | "USERNAME" => job.owner.rsplit('\\').next().unwrap_or_default().to_owned(),
        "CCP_NODES" | "CCP_NODES_CORES" => {
            let list: Vec<_> = nodes()
                .map(|node| format!("{} {}", node.name, node.cores))
                .collect();
            format!("{count} {}", list.join(" "))
        }
        "COMPUTERNAME" | "HOSTNAME" | "CCP_NODE" => node_name,
        "OS" => "Windows_NT".to_owned(),
        _ => return None,
    })
}
