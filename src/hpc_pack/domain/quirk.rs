//! What the scheduler can be told to do wrong: one row for each behaviour that its pages promise.

use crate::mock;

macro_rules! quirks {
    ($($name:ident $id:literal $says:literal)+) => {
        /// One deliberate deviation of the scheduler.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Quirk {
            $(#[doc = $says] $name,)+
        }

        /// All of them as `--help-settings` shows them.
        pub(crate) const QUIRKS: &[mock::Quirk] = &[$(mock::Quirk { id: $id, says: $says },)+];

        const ALL: &[(Quirk, &str)] = &[$((Quirk::$name, $id),)+];
    };
}

quirks! {
    // Jobs: made, changed, submitted.
    NewJobIsQueued "new-job-is-queued" "Create Job submits the job at once instead of leaving it Configuring."
    NewJobIdRepeats "new-job-id-repeats" "Create Job gives back the identifier of the job before."
    NewJobLosesProperties "new-job-loses-properties" "Create Job drops the properties that it was sent."
    NewJobLosesLists "new-job-loses-lists" "Create Job keeps only the first item of a comma-separated list."
    EmptyJobRefused "empty-job-refused" "Create Job refuses an ArrayOfProperty without elements."
    EmptyTaskRefused "empty-task-refused" "Add Task refuses an ArrayOfProperty without elements."
    EmptySubmitRefused "empty-submit-refused" "Submit Job refuses an ArrayOfProperty without elements."
    JobPropertiesLost "job-properties-lost" "Set Job Properties answers 200 and changes nothing."
    TaskPropertiesLost "task-properties-lost" "Set Task Properties answers 200 and changes nothing."
    NewTaskLosesProperties "new-task-loses-properties" "Add Task drops the properties that it was sent."
    NewTaskIdRepeats "new-task-id-repeats" "Add Task gives back the identifier of the task before."
    NewTaskIsLost "new-task-is-lost" "Add Task gives an identifier and adds no task."
    SubmitDoesNothing "submit-does-nothing" "Submit Job answers 200 and leaves the job Configuring."
    SubmitIgnoresProperties "submit-ignores-properties" "Submit Job drops the properties that it was sent."
    SubmitResetsProperties "submit-resets-properties" "Submit Job without properties takes the name of the job back to its default."
    SubmitValidates "submit-validates" "Submit Job validates at once and refuses a job that cannot run."
    SubmitInAnyState "submit-in-any-state" "Submit Job answers 200 for a job that is not Configuring."
    PasswordReturned "password-returned" "The run-as password is stored and given back among the properties of a job."
    OwnerLost "owner-lost" "Jobs belong to nobody, whoever made them."
    PrioritiesDrift "priorities-drift" "Priority and ExpandedPriority no longer follow one another."
    UnknownTemplateAccepted "unknown-template-accepted" "A job may name a job template that does not exist."
    // Cancel and requeue.
    CancelOfCancelledSucceeds "cancel-of-cancelled-succeeds" "Cancel Job answers 200 for a job that is Canceled already."
    CancelOfCancelledOtherCode "cancel-of-cancelled-other-code" "Cancel Job refuses a Canceled job with a code other than the documented one."
    CancelDoesNothing "cancel-does-nothing" "Cancel Job answers 200 and the job goes on."
    CancelTaskDoesNothing "cancel-task-does-nothing" "Cancel Task answers 200 and the task goes on."
    CancelSubtaskDoesNothing "cancel-subtask-does-nothing" "Cancel Subtask answers 200 and the subtask goes on."
    CancelSubtaskCancelsAll "cancel-subtask-cancels-all" "Cancel Subtask cancels every subtask of the sweep."
    CancelMessageLost "cancel-message-lost" "The reason of a cancel does not reach ErrorMessage."
    EmptyCancelMessageRefused "empty-cancel-message-refused" "A cancel without a reason is refused."
    CancelMessageUnlimited "cancel-message-unlimited" "A cancel message of more than 128 characters is accepted."
    CancelMessageTooShort "cancel-message-too-short" "A cancel message of 128 characters is refused."
    ForcedRunsRelease "forced-cancel-runs-release-task" "A forced Cancel Job still runs the node release task."
    UnforcedSkipsRelease "unforced-cancel-skips-release-task" "An unforced Cancel Job does not run the node release task."
    ForcedWaits "forced-cancel-waits" "A forced cancel still honours the grace period."
    RequeueInAnyState "requeue-in-any-state" "Requeue Job answers 200 for a job that is neither Canceled nor Failed, and runs it again."
    RequeueOfCancelledRefused "requeue-of-cancelled-refused" "Requeue Job refuses a Canceled job."
    RequeueOfFailedRefused "requeue-of-failed-refused" "Requeue Job refuses a Failed job."
    RequeueDoesNothing "requeue-does-nothing" "Requeue Job answers 200 and the job stays where it is."
    RequeueChangesProperties "requeue-changes-properties" "Requeue Job sets the properties that its body holds."
    RequeueNotCounted "requeue-not-counted" "RequeueCount stays 0 after a requeue."
    RequeueRerunsFinished "requeue-reruns-finished-tasks" "Requeue Job runs tasks again that had Finished."
    RequeueTaskDoesNothing "requeue-task-does-nothing" "Requeue Task answers 200 and the task stays where it is."
    RequeueSubtaskDoesNothing "requeue-subtask-does-nothing" "Requeue Subtask answers 200 and the subtask stays where it is."
    RequeueTaskChangesProperties "requeue-task-changes-properties" "Requeue Task and Requeue Subtask set the properties that their body holds."
    // How jobs and tasks run.
    TasksNeverFinish "tasks-never-finish" "Commands run on for ever, so jobs never end."
    FailuresFinish "failures-finish" "A task whose command fails is Finished."
    OutputLost "output-lost" "What a command prints does not reach Output."
    ExitCodeLost "exit-code-lost" "ExitCode stays 0 whatever the command ends with."
    RunUntilCanceledEnds "run-until-canceled-ends" "A job with RunUntilCanceled ends with its tasks."
    DependentsStartAtOnce "dependents-start-at-once" "Tasks start without waiting for those that they depend on."
    JobVariablesUnseen "job-variables-unseen" "Environment variables of a job do not reach its tasks."
    TaskVariablesUnseen "task-variables-unseen" "Environment variables of a task do not reach its command."
    JobVariablesOverride "job-variables-override" "An environment variable of the job wins over that of the task."
    RuntimeIgnored "runtime-ignored" "Jobs and tasks run longer than RuntimeSeconds."
    ChangeTimeStands "change-time-stands" "ChangeTime stays what it was when the job was made."
    StateIsNumber "state-is-number" "State is told as a number instead of a name."
    // Environment variables and custom properties.
    VariablesLost "variables-lost" "Setting environment variables answers 200 and changes nothing."
    CustomPropertiesLost "custom-properties-lost" "Setting custom properties answers 200 and changes nothing."
    SettingReplacesAll "setting-replaces-all" "Setting environment variables or custom properties removes those not named."
    UnknownVariableOmitted "unknown-variable-omitted" "A variable asked for that does not exist is left out instead of coming back empty."
    NamesIgnored "names-ignored" "Names is ignored: all environment variables or custom properties come back."
    // What is given back.
    UnknownPropertyIgnored "unknown-property-ignored" "A name in Properties that is no property is left out instead of being refused."
    PropertiesIgnored "properties-ignored" "Properties is ignored: the default set comes back."
    DefaultSetIsAll "default-set-is-all" "Lists give every property where Properties is absent."
    DefaultSetIsName "default-set-is-name" "Only Name comes back where Properties is absent."
    RenderIgnored "render-ignored" "Render=HpcJobXml is ignored: properties come back as pairs of name and value."
    JobXmlWithoutTasks "job-xml-without-tasks" "Job XML holds no tasks."
    JobXmlWithoutCustom "job-xml-without-custom-properties" "Job and task XML hold no custom properties."
    JobXmlIgnoresProperties "job-xml-ignores-properties" "Job and task XML hold every property, whatever Properties names."
    JobFileLosesTasks "job-file-loses-tasks" "Create Job From XML makes the job without its tasks."
    JobFileLosesProperties "job-file-loses-properties" "Create Job From XML makes the job without its properties."
    JobFileKeepsState "job-file-keeps-state" "Create Job From XML submits a job whose file says that it was Finished."
    UnknownIdAnswered "unknown-id-answered" "An identifier that does not exist is answered 200, without properties."
    // Lists.
    UnknownSortRefused "unknown-sort-refused" "Sorting by a property that does not exist is refused instead of falling back to the identifier."
    SortIgnored "sort-ignored" "The sort key is ignored."
    SortDescends "sort-descends" "Lists are sorted the other way round, also by identifier."
    OwnerIgnored "owner-ignored" "Owner is ignored: the jobs of everybody are listed."
    FilterIgnored "filter-ignored" "$filter is ignored."
    FilterStateCaseSensitive "filter-state-case-sensitive" "States in $filter must be written as the enumeration prints them."
    FilterNullRefused "filter-null-refused" "A null value in $filter is refused instead of being ignored."
    FilterChangeTimeIgnored "filter-change-time-ignored" "ChangeTimeFrom in $filter is ignored."
    FilterIsOr "filter-is-or" "Clauses of $filter are joined by or instead of and."
    FilterWithoutRender "filter-without-render" "$filter is accepted without Render."
    FilterWithoutVersion "filter-without-version" "$filter is accepted whatever the api-version."
    RowsPerReadIgnored "rows-per-read-ignored" "RowsPerRead is ignored: every page has 10 rows."
    DefaultPageIsFive "default-page-is-five" "A page has 5 rows where RowsPerRead is absent."
    DefaultPageIsAll "default-page-is-all" "A page has all rows where RowsPerRead is absent."
    NoRowsForZero "no-rows-for-zero" "RowsPerRead=0 gives no row."
    ContinuationMissing "continuation-missing" "The continuation headers are missing although more rows remain."
    ContinuationOnLastPage "continuation-on-last-page" "The continuation headers are there on the last page too."
    ObjectNumberMissing "object-number-missing" "x-ms-continuation-CurrentObjectNumber is missing although more rows remain."
    PageRepeatsRow "page-repeats-row" "The next page begins with the last row of the one before."
    PageSkipsRow "page-skips-row" "The next page leaves out one row."
    ContinuationIgnored "continuation-ignored" "QueryId is ignored: the first page comes again."
    ContinuationForgets "continuation-forgets" "The next page has the default properties, whatever the first asked for."
    ForgedContinuationAccepted "forged-continuation-accepted" "A continuation that was never given is answered with the first page."
    SweepNotExpanded "sweep-not-expanded" "Get Task List never lists subtasks."
    SweepAlwaysExpanded "sweep-always-expanded" "Get Task List lists subtasks although ExpandParametric is False."
    SweepMasterListed "sweep-master-listed" "Get Task List lists the sweep itself among its subtasks."
    SweepStartsAtZero "sweep-starts-at-zero" "Subtasks are numbered from 0."
    SweepKeepsAsterisk "sweep-keeps-asterisk" "The asterisk in the command of a sweep is not replaced."
    SweepOneShort "sweep-one-short" "A sweep leaves out its last value."
    // The cluster.
    NodeMissing "node-missing" "Get Node List leaves out the last node."
    NodeMemberMissing "node-member-missing" "Get Node Group Members leaves out the first node."
    NodeMemberForeign "node-member-foreign" "Get Node Group Members names a node that does not exist."
    GroupMissing "group-missing" "Get Node Group List leaves out the last group."
    TemplateMissing "template-missing" "Get Job Templates leaves out the template that jobs use."
}

/// The deviations that are switched on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quirks(u128);

impl Quirks {
    /// Those of the given ids that are the scheduler's own.
    pub(crate) fn named<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        let bits = ids
            .into_iter()
            .filter_map(|id| ALL.iter().find(|(_, known)| *known == id))
            .fold(0, |bits, (quirk, _)| bits | 1 << *quirk as u32);
        Self(bits)
    }

    /// Whether it is switched on.
    pub(crate) fn has(self, quirk: Quirk) -> bool {
        self.0 >> quirk as u32 & 1 == 1
    }
}

const _: () = assert!(ALL.len() <= 128, "a bit for each");

#[cfg(test)]
mod tests {
    use super::{ALL, QUIRKS, Quirk, Quirks};
    use std::collections::HashSet;

    #[test]
    fn every_quirk_has_an_id_of_its_own_and_one_sentence() {
        let ids: HashSet<_> = QUIRKS.iter().map(|quirk| quirk.id).collect();
        assert_eq!(ids.len(), ALL.len());
        for quirk in QUIRKS {
            assert!(
                quirk
                    .id
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{}",
                quirk.id
            );
            assert!(
                quirk.says.ends_with('.') && !quirk.says.contains(". "),
                "{}",
                quirk.says
            );
        }
    }

    #[test]
    fn only_what_was_named_is_switched_on() {
        let quirks = Quirks::named(["cancel-of-cancelled-succeeds", "of-somebody-else"]);
        assert!(quirks.has(Quirk::CancelOfCancelledSucceeds));
        assert!(!quirks.has(Quirk::CancelDoesNothing));
        assert!(Quirks::named(["template-missing"]).has(Quirk::TemplateMissing));
    }
}
