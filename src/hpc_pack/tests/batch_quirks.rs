use super::{
    Bench,
    batches::{OCTETS, at, opened, read, send},
    body, request, text,
};
use crate::hpc_pack::{Quirk, Settings};
use rstest::rstest;

#[rstest]
fn each_quirk_of_batches_changes_a_conversation(
    #[values(
        Quirk::AnyBatchName,
        Quirk::BatchesShared,
        Quirk::CommitParameterIgnored,
        Quirk::SendCommits,
        Quirk::SendReplaces,
        Quirk::LastRequestLost,
        Quirk::RequestsAfterCommit,
        Quirk::CommitForgotten,
        Quirk::SecondCommit,
        Quirk::CommitOfNothing,
        Quirk::ResponsesBeforeCommit,
        Quirk::StatusStaysReady,
        Quirk::StatusNeverFinished,
        Quirk::StatusFinishedEarly,
        Quirk::GenericIgnored,
        Quirk::GenericByDefault,
        Quirk::LastTerminatorRequired,
        Quirk::UserDataFirst,
        Quirk::RootNameChecked,
        Quirk::PackNamesIgnored,
        Quirk::ServerNamesIgnored,
        Quirk::MessageIdRequired,
        Quirk::UserDataRequired,
        Quirk::ClientIdRequired,
        Quirk::CountIgnored,
        Quirk::ActionIgnored,
        Quirk::ResetIgnored,
        Quirk::ResetDeletes,
        Quirk::ReadResponsesKept,
        Quirk::CursorRestarts,
        Quirk::ResponsesRepeated,
        Quirk::OutputsMixedUp,
        Quirk::UserDataLost,
        Quirk::RelatesToOther,
        Quirk::RequestActionLost,
        Quirk::ResponseActionWrong,
        Quirk::CallbackLost,
        Quirk::EndMarkerMissing,
        Quirk::EndCountWrong,
        Quirk::EndReasonWrong,
        Quirk::PurgeForgotten,
        Quirk::PurgeAll,
        Quirk::CloseKeepsResponses
    )]
    quirk: Quirk,
) {
    let talk = |bench: Bench| {
        let mut bench = opened(bench, "CcpEchoSvc");
        let bare = "<r><s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
            xmlns:a='http://www.w3.org/2005/08/addressing'><s:Header><a:Action>urn:act</a:Action></s:Header>\
            <s:Body><Echo/></s:Body></s:Envelope></r>";
        let requests = [
            send("commit=False", &["a", "b"]),
            at("GET b/Status"),
            read("count=1&reset=False"),
            send("commit=False", &["c", "d"]),
            at("POST b/Commit"),
            at("POST b/Commit"),
            send("commit=False", &["e"]),
            read("count=1&clientdata=x"),
            read("count=1&reset=False"),
            read("count=1&reset=True"),
            read("count=1&reset=True"),
            read("action=urn:none&reset=False"),
            read("reset=False"),
            at("GET b/Status"),
            at("POST none/Commit"),
            at("POST bad.name/Purge"),
            body(
                at("POST p?commit=True"),
                OCTETS,
                &send("", &["q"])
                    .body
                    .escape_ascii()
                    .to_string()
                    .replace("\\\"", "\"")
                    .replace("HPCServer", "HPCPack"),
            ),
            at("POST p/Response"),
            at("GET p/Status"),
            body(at("POST m?commit=True"), OCTETS, bare),
            body(
                at("POST g?commit=True&genericservice=True"),
                OCTETS,
                "a\u{FFFF}u",
            ),
            at("POST g/Response?genericservice=True"),
            at("POST p/Purge"),
            at("GET p/Status"),
            at("GET m/Status"),
            request("POST /WindowsHPC/session/1/Close"),
            at("GET m/Status"),
        ];
        requests
            .iter()
            .map(|request| {
                let reply = bench.ask(request);
                (reply.status, text(&reply).to_owned())
            })
            .collect::<Vec<_>>()
    };
    assert!(
        talk(Bench::with(quirk)) != talk(Bench::new(Settings::default())),
        "nothing changes"
    );
}
