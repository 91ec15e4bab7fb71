use crate::{bits_upload, hpc_pack, mock::Kind};
use rstest::rstest;
use std::collections::BTreeSet;

/// Quirks that no clause names, by why that is so: what the documents leave open (`A` is an ambiguity of the reports on them),
/// or what nobody can see who sends requests. What stands here is to become shorter.
const HPC_PACK: &[(&str, &[&str])] = &[
    (
        "the page of the active head node calls 2012-03-31.3.4 required; that an older value of the table is refused it does not say (A87)",
        &["too-old-api-version-accepted"],
    ),
    (
        "idle times are members of the start information, to which the pages only link: neither what they count nor what follows is \
         said, so a session that stays open breaks nothing",
        &["idle-sessions-never-end"],
    ),
    (
        "the pages give no rule for names of batches; that of the broker is known of its code alone (A69)",
        &["any-batch-name"],
    ),
    (
        "only Get Responses before the commit would show it, and what that does then, wait or answer, is not said (A70); that such a batch \
         is not Finished has a clause",
        &["responses-before-commit"],
    ),
    (
        "whether the last record of a generic request needs its terminator is not said; it is printed for responses alone (A67)",
        &["last-terminator-required"],
    ),
    (
        "the parameter clientdata stands on no page, and the element that gives it back is printed empty (A70)",
        &["callback-id-lost"],
    ),
    (
        "the page prints a placeholder for the reason of the end; its words are known of client code alone (A70)",
        &["end-reason-wrong"],
    ),
    (
        "the page of Submit Job tells no state that a job must have, and that the job is not validated; the error is known of a list of \
         codes alone (A77)",
        &["submit-in-any-state"],
    ),
    (
        "no page tells an error for a value of a property, and whether a template is looked for when a job is made or when it is \
         submitted, which does not validate, is open (A20, A77)",
        &["unknown-template-accepted"],
    ),
    (
        "the value to go on with is opaque, and what follows one that the server never gave is not said (A38)",
        &["forged-continuation-accepted"],
    ),
];

/// The same for uploads.
const BITS_UPLOAD: &[(&str, &[&str])] = &[
    (
        "every request must have the method BITS_POST, but no text says what POST with the headers of a packet is answered: a server \
         may have other uses for it, and a dialect takes it (A41)",
        &["takes-post-for-bits-post"],
    ),
    (
        "the version must be 1.1, so a server may refuse 1.0; that ours takes it is for the sake of clients that speak it (A41)",
        &["refuses-http-1.0"],
    ),
    (
        "no document says that a session outlives its server, which may drop sessions at any time; a client is to start again (A28)",
        &["forgets-sessions-on-restart"],
    ),
    (
        "how often the application is told passes between server and application, and applications have to bear it (A64)",
        &["notifies-again-after-success"],
    ),
];

#[rstest]
#[case(&hpc_pack::KIND, include_str!("../../../scenarios/hpc-pack/contract.yaml"), HPC_PACK)]
#[case(&bits_upload::KIND, include_str!("../../../scenarios/bits-upload/contract.yaml"), BITS_UPLOAD)]
fn every_quirk_is_a_counterexample_of_some_clause_or_told_why_not(
    #[case] kind: &Kind,
    #[case] contract: &str,
    #[case] left_out: &[(&str, &[&str])],
) {
    let named: BTreeSet<&str> = contract
        .split("quirk: ")
        .skip(1)
        .map(|rest| rest.split([' ', ',', '}', '\n']).next().unwrap_or_default())
        .collect();
    let told: Vec<&str> = left_out.iter().flat_map(|(_, ids)| *ids).copied().collect();
    let known: BTreeSet<&str> = kind.quirks.iter().map(|quirk| quirk.id).collect();
    let forgotten: Vec<_> = known
        .iter()
        .filter(|id| !named.contains(*id) && !told.contains(*id))
        .collect();
    assert!(
        forgotten.is_empty(),
        "neither used nor told why not: {forgotten:?}"
    );
    let stale: Vec<_> = told
        .iter()
        .filter(|id| named.contains(*id) || !known.contains(*id))
        .collect();
    assert!(
        stale.is_empty(),
        "used by a clause, or no quirk at all: {stale:?}"
    );
}
