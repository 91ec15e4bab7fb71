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
