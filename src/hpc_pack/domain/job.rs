use super::{
    bag::{Bag, Pairs},
    catalogue::{JobProperty, TaskProperty},
    planning::Planning,
    rework::Rework,
    run::Run,
    state::{JobState, TaskType},
    validation::Validation,
    value::Value,
    weight::Weight,
};
use crate::mock::Moment;
use std::sync::Arc;

/// A job as the scheduler keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Its identifier.
    pub(crate) id: i32,
    /// Who made it.
    pub(crate) owner: Arc<str>,
    /// What was set.
    pub(crate) bag: Bag,
    /// Its environment variables.
    pub(crate) variables: Pairs,
    /// Its custom properties.
    pub(crate) custom: Pairs,
    /// Where it is.
    pub(crate) state: JobState,
    /// Where it was before.
    pub(crate) previous: JobState,
    /// When it was made.
    pub(crate) created: Moment,
    /// When anything about it changed last.
    pub(crate) changed: Moment,
    /// When it was submitted.
    pub(crate) submitted: Option<Moment>,
    /// When it was queued last.
    pub(crate) queued: Option<Moment>,
    /// When it began to run last.
    pub(crate) started: Option<Moment>,
    /// When it came to its end.
    pub(crate) ended: Option<Moment>,
    /// When its next step is due; none where it waits for somebody.
    pub(crate) due: Option<Moment>,
    /// What a running job runs towards.
    pub(crate) goal: Goal,
    /// What is being done to its runs; nothing of the job is told or changed before that is done.
    pub(super) rework: Option<Box<Rework>>,
    /// The validation, as long as it is not done.
    pub(super) validation: Option<Box<Validation>>,
    /// The plan of a running job, as long as it is not whole.
    pub(super) planning: Option<Box<Planning>>,
    /// What stopped it before its tasks had ended.
    pub(crate) stop: Option<Box<Stop>>,
    /// What went wrong.
    pub(crate) error: Option<Box<str>>,
    /// How often it was requeued.
    pub(crate) requeues: u32,
    /// Its tasks; the place in the list plus one is the id.
    pub(crate) tasks: Vec<Task>,
    /// The jobs that wait for this one.
    pub(crate) children: Vec<i32>,
    /// The nodes that it runs on, as places in the list of the cluster.
    pub(crate) nodes: Box<[u16]>,
    /// Kept only where a quirk says so.
    pub(crate) password: Option<Box<str>>,
    /// What it held when it was weighed last, without its tasks.
    pub(super) weight: Weight,
}

/// How a running job will end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Goal {
    /// Finished, Failed, or Canceled where its time runs out.
    pub(crate) end: Option<JobState>,
    /// Whether it ends before its tasks do, so that these are stopped.
    pub(crate) stops: bool,
    /// Why, where it does not finish.
    pub(crate) why: Option<&'static str>,
}

/// The end of a job before that of its tasks.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// From when on nothing new starts.
    pub(crate) at: Moment,
    /// When what still ran is stopped for good.
    pub(crate) until: Moment,
    /// What running tasks say of it.
    pub(crate) why: Box<str>,
}

/// A task of a job.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// Its identifier within the job.
    pub(crate) id: i32,
    /// What was set.
    pub(crate) bag: Bag,
    /// Its environment variables.
    pub(crate) variables: Pairs,
    /// Its custom properties.
    pub(crate) custom: Pairs,
    /// Its own run; of a sweep, what its subtasks come to together.
    pub(crate) run: Run,
    /// The subtasks of a sweep once it is expanded.
    pub(crate) instances: Vec<Run>,
    /// What it held when it was weighed last.
    pub(super) weight: Weight,
}

impl Job {
    /// A new job without tasks.
    pub(crate) fn new(id: i32, owner: Arc<str>, now: Moment) -> Self {
        Self {
            id,
            owner,
            bag: Bag::default(),
            variables: Vec::new(),
            custom: Vec::new(),
            state: JobState::Configuring,
            previous: JobState::Configuring,
            created: now,
            changed: now,
            submitted: None,
            queued: None,
            started: None,
            ended: None,
            due: None,
            goal: Goal::default(),
            rework: None,
            validation: None,
            planning: None,
            stop: None,
            error: None,
            requeues: 0,
            tasks: Vec::new(),
            children: Vec::new(),
            nodes: Box::default(),
            password: None,
            weight: Weight::default(),
        }
    }

    /// Goes to another state.
    pub(crate) fn go(&mut self, state: JobState, at: Moment) {
        self.previous = self.state;
        self.state = state;
        self.changed = at;
        // What was begun for the state before comes to nothing.
        (self.validation, self.planning) = (None, None);
        if state.is_final() {
            self.ended = Some(at);
            self.due = None;
        }
    }

    /// The task of that id.
    pub(crate) fn task(&self, id: i32) -> Option<&Task> {
        self.tasks.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// A property that is a truth value.
    pub(crate) fn is(&self, property: JobProperty) -> bool {
        *self.bag.get(property) == Value::Bool(true)
    }

    /// The jobs that this one waits for.
    pub(crate) fn parents(&self) -> impl Iterator<Item = i32> {
        super::value::items(self.bag.get(JobProperty::ParentJobIds).as_text())
            .filter_map(|id| id.parse().ok())
    }

    /// The value of a property.
    pub(crate) fn value(
        &self,
        property: JobProperty,
        node_names: &dyn Fn(&[u16]) -> String,
    ) -> Value {
        let state = |state: JobState| Value::Word(state.name(), state as i64);
        match property {
            JobProperty::Id => Value::Int(i64::from(self.id)),
            JobProperty::Owner => Value::from(self.owner.to_string()),
            JobProperty::UserName if self.bag.get(property).as_text().is_empty() => {
                Value::from(self.owner.to_string())
            }
            JobProperty::SubmitTime => Value::Time(self.submitted),
            JobProperty::CreateTime => Value::Time(Some(self.created)),
            JobProperty::EndTime => Value::Time(self.ended),
            JobProperty::StartTime => Value::Time(self.started),
            JobProperty::ChangeTime => Value::Time(Some(self.changed)),
            JobProperty::State => state(self.state),
            JobProperty::PreviousState => state(self.previous),
            JobProperty::ErrorMessage => {
                Value::from(self.error.as_deref().unwrap_or_default().to_owned())
            }
            JobProperty::HasRuntime => {
                Value::Bool(self.bag.get(JobProperty::RuntimeSeconds).as_int() > 0)
            }
            JobProperty::RequeueCount => Value::Int(i64::from(self.requeues)),
            JobProperty::AllocatedNodes => Value::from(node_names(&self.nodes)),
            JobProperty::ChildJobIds => {
                let ids: Vec<_> = self.children.iter().map(i32::to_string).collect();
                Value::from(ids.join(","))
            }
            JobProperty::Progress if self.state == JobState::Finished => Value::Int(100),
            _ => self.bag.get(property).clone(),
        }
    }
}

impl Task {
    /// A new task.
    pub(crate) fn new(id: i32, now: Moment) -> Self {
        Self {
            id,
            bag: Bag::default(),
            variables: Vec::new(),
            custom: Vec::new(),
            run: Run::new(now),
            instances: Vec::new(),
            weight: Weight::default(),
        }
    }

    /// Its type.
    pub(crate) fn kind(&self) -> TaskType {
        TaskType::named(self.bag.get(TaskProperty::Type).as_text()).unwrap_or(TaskType::Basic)
    }

    /// A property that is a truth value.
    pub(crate) fn is(&self, property: TaskProperty) -> bool {
        *self.bag.get(property) == Value::Bool(true)
    }

    /// Text with the asterisk replaced by the value of a subtask.
    pub(crate) fn swept(&self, text: &str, instance: i32) -> String {
        let whole = |property| self.bag.get(property).as_int();
        let value = whole(TaskProperty::StartValue)
            + (i64::from(instance) - 1) * whole(TaskProperty::IncrementValue);
        text.replace('*', &value.to_string())
    }
}
