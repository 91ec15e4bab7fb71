//! Whether a job can run here, where, and in which order its tasks come.

use super::{
    catalogue::{JobProperty, TaskProperty},
    cluster::{Cluster, Node},
    job::{Job, Task},
    state::TaskType,
    value::items,
};
use std::collections::{HashMap, HashSet};

/// The most subtasks of a sweep, and of all sweeps of a job together: a few small requests must not fill the memory.
const SWEEP: i64 = 100_000;

/// Why a job cannot run, for `ErrorMessage`; none where it can.
pub(crate) fn objection(job: &Job, cluster: &Cluster) -> Option<String> {
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
    let names: HashSet<_> = job.tasks.iter().map(name_of).collect();
    for task in &job.tasks {
        if let Some(why) = task_objection(task, &names, cluster) {
            return Some(format!("Task {}: {why}", task.id));
        }
    }
    let sweeps = job
        .tasks
        .iter()
        .filter(|task| task.kind() == TaskType::ParametricSweep);
    let subtasks: i64 = sweeps.filter_map(sweep_size).map(i64::from).sum();
    if subtasks > SWEEP {
        return Some(format!(
            "The sweeps of the job have {subtasks} subtasks together, and {SWEEP} are taken."
        ));
    }
    order(job).err()
}

fn task_objection(task: &Task, names: &HashSet<String>, cluster: &Cluster) -> Option<String> {
    if task
        .bag
        .get(TaskProperty::CommandLine)
        .as_text()
        .trim()
        .is_empty()
    {
        return Some("it has no command line.".to_owned());
    }
    for name in items(task.bag.get(TaskProperty::RequiredNodes).as_text()) {
        if cluster.node(name).is_none() {
            return Some(format!("the required node {name} does not exist."));
        }
    }
    for name in items(task.bag.get(TaskProperty::DependsOn).as_text()) {
        if !names.contains(&name.to_lowercase()) {
            return Some(format!("there is no task {name} to depend on."));
        }
    }
    if task.kind() == TaskType::ParametricSweep && sweep_size(task).is_none() {
        return Some(format!(
            "its values do not lead from start to end in at most {SWEEP} steps."
        ));
    }
    None
}

/// The name by which others depend on a task.
pub(super) fn name_of(task: &Task) -> String {
    task.bag.get(TaskProperty::Name).as_text().to_lowercase()
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

/// The tasks in an order in which each comes behind those it depends on, as places in the list of the job.
pub(super) fn order(job: &Job) -> Result<Vec<usize>, String> {
    let depends = |task: &Task| items(task.bag.get(TaskProperty::DependsOn).as_text()).count();
    if job.tasks.iter().all(|task| depends(task) == 0) {
        return Ok((0..job.tasks.len()).collect());
    }
    // Tasks of one name are waited for together. Pairs of tasks would be many more than there are names: 50,000 tasks may
    // wait for 50,000 others by one name.
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut own = Vec::with_capacity(job.tasks.len());
    for task in &job.tasks {
        let group = *names.entry(name_of(task)).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Group::default());
        }
        groups[group].left += 1;
        own.push(group);
    }
    let mut waits = vec![0usize; job.tasks.len()];
    for (at, task) in job.tasks.iter().enumerate() {
        for name in items(task.bag.get(TaskProperty::DependsOn).as_text()) {
            if let Some(group) = names.get(&name.to_lowercase()) {
                groups[*group].followers.push(at);
                waits[at] += 1;
            }
        }
    }
    let mut ready: Vec<_> = (0..waits.len()).filter(|at| waits[*at] == 0).collect();
    let mut done = 0;
    while done < ready.len() {
        let group = &mut groups[own[ready[done]]];
        group.left -= 1;
        if group.left == 0 {
            for &follower in &group.followers {
                waits[follower] -= 1;
                if waits[follower] == 0 {
                    ready.push(follower);
                }
            }
        }
        done += 1;
    }
    if ready.len() < waits.len() {
        return Err("Tasks depend on one another in a circle.".to_owned());
    }
    Ok(ready)
}

/// The tasks of one name.
#[derive(Debug, Default)]
struct Group {
    /// How many of them are not in order yet.
    left: usize,
    /// Who waits for all of them, as places in the list of the job.
    followers: Vec<usize>,
}
