use crate::mock::{Quirk as Listed, SettingError, nearest};

/// The quirks that are switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quirks([u64; 4]);

impl Quirks {
    /// Reads the ids as they were typed.
    ///
    /// # Errors
    /// Where there is no quirk of that id.
    pub(crate) fn read(ids: &[String]) -> Result<Self, SettingError> {
        let mut quirks = Self::default();
        for id in ids {
            let index = LISTED
                .iter()
                .position(|quirk| quirk.id == id)
                .ok_or_else(|| SettingError::UnknownQuirk {
                    suite: super::SUITE,
                    id: id.clone(),
                    nearest: nearest(id, LISTED.iter().map(|quirk| quirk.id)),
                })?;
            quirks.0[index / 64] |= 1 << (index % 64);
        }
        Ok(quirks)
    }

    /// Only that one.
    #[cfg(test)]
    pub(crate) fn only(quirk: Quirk) -> Self {
        let mut quirks = Self::default();
        quirks.0[quirk as usize / 64] |= 1 << (quirk as usize % 64);
        quirks
    }

    /// Whether it is switched on.
    pub(crate) fn has(&self, quirk: Quirk) -> bool {
        self.0[quirk as usize / 64] >> (quirk as usize % 64) & 1 == 1
    }
}

macro_rules! quirks {
    ($($name:ident $id:literal $says:literal)*) => {
        /// The deliberate deviations, each named after what goes wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Quirk { $(#[doc = $says] $name,)* }

        /// All quirks, as `--help-settings` shows them.
        pub(crate) static LISTED: &[Listed] = &[$(Listed { id: $id, says: $says },)*];
    };
}

quirks! {
    // Rules common to all operations.
    VersionNotRequired "api-version-not-required" "Operations that require api-version are answered without it."
    QueryVersionWins "query-version-wins" "The api-version of the query overrides that of the header."
    UnknownVersionAccepted "unknown-api-version-accepted" "Any value of api-version is taken."
    OldVersionAccepted "too-old-api-version-accepted" "Get Active Head Node is answered for versions before 2012-03-31.3.4."
    KnownVersionRefused "short-api-version-refused" "The api-version 2012-11-01 is refused."
    FaultWithoutVersion "fault-without-api-version" "Errors are told as HpcWebServiceFault where api-version is absent and the legacy body is due."
    LegacyWithVersion "legacy-error-with-api-version" "Errors are told in the legacy body although api-version is present."
    CaseSensitivePaths "case-sensitive-paths" "Path segments are recognised in one spelling only."
    ClustersIn2016 "clusters-in-2016" "Get Clusters is answered in the form of 2016."
    AcceptDefaultsToJson "accept-defaults-to-json" "Without an Accept header the reply is JSON."
    AcceptIgnored "accept-ignored" "The reply is XML although Accept asks for JSON."
    // Sessions.
    DurableNotRequired "durable-not-required" "The durable parameter may be left out."
    DurableInAzure "durable-in-azure" "Durable sessions are created although Azure has none."
    JsonStartRefused "json-start-information-refused" "Create Session takes no JSON body."
    XmlStartRefused "xml-start-information-refused" "Create Session takes no XML body."
    ServiceNameNotRequired "service-name-not-required" "A session is created without ServiceName."
    UsernameNotRequired "username-not-required" "A session is created without Username."
    PasswordNotRequired "password-not-required" "A session is created without Password."
    MaxMessageSizeNotRequired "max-message-size-not-required" "A session is created without MaxMessageSize."
    RuntimeNotRequired "runtime-not-required" "A session is created without Runtime."
    UnknownServiceAccepted "unknown-service-accepted" "A session is created for a service that does not exist."
    UnknownServiceVersionAccepted "unknown-service-version-accepted" "A session is created for a version that the service does not have."
    SessionIdsRepeat "session-ids-repeat" "Every session gets the same id."
    MaxMessageSizeChanged "max-message-size-changed" "The session information does not give the MaxMessageSize of the request."
    OperationTimeoutChanged "service-operation-timeout-changed" "The session information does not give the ServiceOperationTimeout of the request."
    ServiceVersionLost "service-version-lost" "ServiceVersion is null although a version was requested."
    ServiceVersionInvented "service-version-invented" "ServiceVersion is given although the service has no version."
    BrokerNodeElsewhere "broker-node-elsewhere" "BrokerNode names a host that does not answer."
    AttachIgnoresId "attach-ignores-the-id" "Attach answers for a session that does not exist."
    AttachGivesOther "attach-gives-another-session" "Attach gives an id that is not the session's."
    AttachForgets "attach-forgets-the-start-information" "Attach gives other values than Create did."
    AttachOfClosed "attach-of-closed-succeeds" "A session that was closed can be attached to."
    AttachMismatch "attach-ignores-durable" "A session is attached to as durable although it is interactive."
    CloseForgotten "close-leaves-the-session-open" "Close answers 200, and the session goes on."
    CloseEndsAll "close-ends-all-sessions" "Close ends every session."
    CloseKeepsResponses "close-keeps-responses" "The responses of a closed session can still be read."
    IdleNeverEnds "idle-sessions-never-end" "A session does not end however long it is idle."
    // Batches.
    AnyBatchName "any-batch-name" "A batch may have any name."
    BatchesShared "batches-shared" "All batches of a session are one, whatever their names."
    CommitParameterIgnored "commit-parameter-ignored" "Send Requests with commit=True answers 201 and does not commit."
    SendCommits "send-commits" "Send Requests with commit=False commits the batch."
    SendReplaces "send-replaces-earlier-requests" "Requests that were sent before are dropped when more are sent."
    LastRequestLost "last-request-lost" "The last request of each send is dropped."
    RequestsAfterCommit "requests-after-commit" "A batch takes requests after it was committed."
    CommitForgotten "commit-does-nothing" "Indicate the End of Requests answers 201 and does not commit."
    SecondCommit "second-commit-succeeds" "A batch can be committed twice."
    CommitOfNothing "commit-of-nothing-succeeds" "A batch without requests can be committed."
    ResponsesBeforeCommit "responses-before-commit" "Requests are worked on before the batch is committed."
    StatusStaysReady "status-stays-ready" "The status of a batch is Ready also after it was committed."
    StatusNeverFinished "status-never-finished" "The status of a committed batch stays Processing."
    StatusFinishedEarly "status-finished-early" "The status of a batch is Finished before it was committed."
    GenericIgnored "genericservice-ignored" "Batches are read and written as SOAP although genericservice is True."
    GenericByDefault "genericservice-by-default" "Batches are read and written as records where genericservice is left out."
    LastTerminatorRequired "last-terminator-required" "A generic batch whose last record has no terminator is refused."
    UserDataFirst "user-data-before-output" "In generic responses user data stands before the output."
    RootNameChecked "root-name-checked" "A batch whose root element is not HPCServer2008_WebAPI_MessageArray is refused."
    PackNamesIgnored "hpcpack-names-ignored" "Headers named HPCPack2008_ as on the pages are skipped."
    ServerNamesIgnored "hpcserver-names-ignored" "Headers named HPCServer2008_ as clients write them are skipped."
    MessageIdRequired "message-id-required" "A request without MessageID is refused."
    UserDataRequired "user-data-required" "A request without user data is refused."
    ClientIdRequired "client-id-header-required" "A request without the header that repeats the name of the batch is refused."
    CountIgnored "count-ignored" "Get Responses gives all responses whatever count says."
    ActionIgnored "action-ignored" "Get Responses gives responses to requests for any action."
    ResetIgnored "reset-ignored" "Get Responses goes on at the cursor although reset is True."
    ResetDeletes "reset-deletes" "Get Responses deletes what was read before although reset is True."
    ReadResponsesKept "read-responses-kept" "Responses that were read are there again after a reset, although they were due to be deleted."
    CursorRestarts "cursor-restarts" "Get Responses begins at the first response each time."
    ResponsesRepeated "responses-repeated" "The last response is given twice."
    OutputsMixedUp "outputs-mixed-up" "Responses carry the outputs of other requests."
    UserDataLost "user-data-lost" "Responses carry no user data."
    RelatesToOther "relates-to-another-message" "Responses relate to another message than their request."
    RequestActionLost "request-action-lost" "Responses do not name the action of their request."
    ResponseActionWrong "response-action-wrong" "Responses have the action of their request."
    CallbackLost "callback-id-lost" "Responses do not carry the clientdata of the call."
    EndMarkerMissing "end-marker-missing" "There is no marker behind the last response."
    EndCountWrong "end-count-wrong" "The marker of the end counts one response too many."
    EndReasonWrong "end-reason-wrong" "The marker of the end tells ClientTimeout instead of Success."
    PurgeForgotten "purge-does-nothing" "Delete Requests answers 200 and deletes nothing."
    PurgeAll "purge-deletes-all-batches" "Delete Requests deletes every batch of the session."
    // The scheduler. Jobs: made, changed, submitted.
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
    NewJobHasTask "new-job-has-task" "A new job has a task already."
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
    ForcedByDefault "forced-by-default" "A cancel without Forced is a forced one."
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
    PropertiesReversed "properties-reversed" "Properties come back in the reverse of the order asked for or documented."
    EmptyPropertiesOmitted "empty-properties-omitted" "Properties that have no value are left out."
    RenderDefaultsToXml "render-defaults-to-xml" "Jobs and tasks are given as job XML where Render is absent."
    RenderIgnored "render-ignored" "Render=HpcJobXml is ignored: properties come back as pairs of name and value."
    JobXmlWithoutTasks "job-xml-without-tasks" "Job XML holds no tasks."
    JobXmlWithoutCustom "job-xml-without-custom-properties" "Job and task XML hold no custom properties."
    JobXmlIgnoresProperties "job-xml-ignores-properties" "Job and task XML hold every property, whatever Properties names."
    JobFileLosesTasks "job-file-loses-tasks" "Create Job From XML makes the job without its tasks."
    JobFileLosesProperties "job-file-loses-properties" "Create Job From XML makes the job without its properties."
    JobFileKeepsIdentifier "job-file-keeps-identifier" "Create Job From XML gives back the identifier that the file names."
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
    JobMissing "job-missing" "Get Job List leaves out the first job."
    TaskMissing "task-missing" "Get Task List leaves out the first task."
    CollapsedByDefault "expand-parametric-defaults-to-false" "Get Task List lists the sweep itself where ExpandParametric is absent."
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
    VersionOfThreeParts "version-of-three-parts" "Get Version tells three numbers instead of four."
    TemplateMissing "template-missing" "Get Job Templates leaves out the template that jobs use."
}

#[cfg(test)]
mod tests {
    use super::{LISTED, Quirk, Quirks};

    #[test]
    fn ids_are_unique_kebab_case_and_fit_the_set() {
        let mut ids: Vec<_> = LISTED.iter().map(|quirk| quirk.id).collect();
        assert!(ids.len() <= 256);
        assert!(ids.iter().all(|id| {
            id.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        }));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), LISTED.len());
        assert!(LISTED.iter().all(|quirk| quirk.says.ends_with('.')));
    }

    #[test]
    fn a_quirk_is_switched_on_by_its_id_and_a_wrong_id_gets_the_nearest() {
        let on = Quirks::read(&["session-ids-repeat".to_owned()]).unwrap();
        assert!(on.has(Quirk::SessionIdsRepeat));
        assert!(!on.has(Quirk::AttachGivesOther));
        let error = Quirks::read(&["session-id-repeats".to_owned()]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("did you mean `session-ids-repeat`?"),
            "{error}"
        );
    }
}
