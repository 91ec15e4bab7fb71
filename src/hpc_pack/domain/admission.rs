//! Whether a job can run here, and where.

use super::{
    catalogue::{JobProperty, TaskProperty},
    cluster::{Cluster, Node},
    job::{Job, Task},
    validation::Validation,
    value::items,
};

/// The most subtasks of a sweep, and of all sweeps of a job together: a few small requests must not fill the memory.
pub(super) const SWEEP: i64 = 100_000;

/// Why a job cannot run, for `ErrorMessage`; none where it can. All of it at once.
pub(super) fn objection(job: &Job, cluster: &Cluster) -> Option<String> {
    let mut all = usize::MAX;
    Validation::new(job).go(job, cluster, &mut all)?.err()
}

/// Why a job cannot run for what it asks of the cluster itself, without its tasks.
pub(super) fn job_objection(job: &Job, cluster: &Cluster) -> Option<String> {
    for name in items(job.bag.get(JobProperty::RequestedNodes).as_text()) {
        if cluster.node(name).is_none() {
            return Some(format!("The requested node {name} does not exist."));
        }
    }
    for name in items(job.bag.get(JobProperty::NodeGroups).as_text()) {
        if cluster.group(name).is_none() {
            return Some(format!("The node group {name} does not exist."));
        }
    }
    let places = candidates(job, cluster);
    let sum = |count: fn(&Node) -> u32| -> i64 {
        places
            .iter()
            .map(|at| i64::from(count(&cluster.nodes[usize::from(*at)])))
            .sum()
    };
    let least = |property| job.bag.get(property).as_int();
    let (least, there) = match job.bag.get(JobProperty::UnitType).as_text() {
        "Node" => (least(JobProperty::MinNodes), sum(|_| 1)),
        "Socket" => (least(JobProperty::MinSockets), sum(|node| node.sockets)),
        _ => (least(JobProperty::MinCores), sum(|node| node.cores)),
    };
    if least > there {
        return Some(format!(
            "The job needs at least {least} units, and {there} can be had."
        ));
    }
    None
}

/// How many subtasks a sweep has; none where its values lead nowhere.
pub(super) fn sweep_size(task: &Task) -> Option<i32> {
    let whole = |property| task.bag.get(property).as_int();
    let (start, end, step) = (
        whole(TaskProperty::StartValue),
        whole(TaskProperty::EndValue),
        whole(TaskProperty::IncrementValue),
    );
    let steps = (end - start).checked_div(step)?;
    let backwards = (end - start).signum() * step.signum() < 0;
    (!backwards && steps < SWEEP)
        .then(|| i32::try_from(steps + 1).ok())
        .flatten()
}

/// The nodes that a job may run on, as places in the list of the cluster.
fn candidates(job: &Job, cluster: &Cluster) -> Vec<u16> {
    let text = |property| items(job.bag.get(property).as_text());
    let union = job.bag.get(JobProperty::NodeGroupOp).as_text() == "Union";
    let wanted: Vec<_> = text(JobProperty::RequestedNodes).collect();
    let groups: Vec<_> = text(JobProperty::NodeGroups).collect();
    let of =
        |name: &str, list: &[String]| list.iter().any(|group| group.eq_ignore_ascii_case(name));
    (0u16..)
        .zip(&cluster.nodes)
        .filter(|(_, node)| {
            let grouped = groups.is_empty()
                || if union {
                    groups.iter().any(|group| of(group, &node.groups))
                } else {
                    groups.iter().all(|group| of(group, &node.groups))
                };
            let named = wanted.is_empty()
                || wanted
                    .iter()
                    .any(|name| node.name.eq_ignore_ascii_case(name));
            // Somebody who names a head node wants it, although it takes no tasks of its own accord.
            let takes = node.takes_tasks() || !(wanted.is_empty() && groups.is_empty());
            grouped && named && takes
        })
        .map(|(at, _)| at)
        .collect()
}

/// The nodes that a job gets: as many as it asks for at most.
pub(crate) fn allocation(job: &Job, cluster: &Cluster) -> Box<[u16]> {
    let mut places = candidates(job, cluster);
    let most = |property| {
        usize::try_from(job.bag.get(property).as_int())
            .unwrap_or(1)
            .max(1)
    };
    let count = if job.is(JobProperty::SingleNode) {
        1
    } else if job.bag.get(JobProperty::UnitType).as_text() == "Node" {
        most(JobProperty::MaxNodes)
    } else {
        let each = places
            .first()
            .map_or(1, |at| cluster.nodes[usize::from(*at)].cores.max(1));
        most(JobProperty::MaxCores).div_ceil(each as usize)
    };
    places.truncate(count);
    places.into_boxed_slice()
}
