use crate::{bits_upload, hpc_pack, mock::Kind};
use rstest::rstest;
use std::collections::BTreeSet;

/// Quirks that no clause names, by why that is so. What stands here is to become shorter.
const HPC_PACK: &[(&str, &[&str])] = &[
    (
        "which versions are refused is not documented (A13, A87)",
        &[
            "unknown-api-version-accepted",
            "too-old-api-version-accepted",
        ],
    ),
    (
        "what applies to versions and settings of a service that a client cannot know (A32, A33, A62, A89)",
        &[
            "unknown-service-version-accepted",
            "service-operation-timeout-changed",
            "service-version-lost",
            "service-version-invented",
            "broker-node-elsewhere",
            "attach-ignores-durable",
        ],
    ),
    (
        "it is noticed where a scenario goes on from such a reply, which is then blocked; no clause of its own says it",
        &["batches-shared"],
    ),
    (
        "no client can wait so long",
        &["idle-sessions-never-end", "runtime-ignored"],
    ),
    (
        "what happens around a commit, and to names and marks of batches, is not documented (A61, A67, A69, A70, A73)",
        &[
            "any-batch-name",
            "send-commits",
            "requests-after-commit",
            "second-commit-succeeds",
            "commit-of-nothing-succeeds",
            "responses-before-commit",
            "status-finished-early",
            "last-terminator-required",
            "read-responses-kept",
            "callback-id-lost",
            "end-reason-wrong",
        ],
    ),
    (
        "how a scheduler runs jobs is described by other documents than those of the service (A74 to A79)",
        &[
            "submit-in-any-state",
            "owner-lost",
            "priorities-drift",
            "unknown-template-accepted",
            "forced-cancel-runs-release-task",
            "unforced-cancel-skips-release-task",
            "forced-cancel-waits",
            "forced-by-default",
            "requeue-not-counted",
            "requeue-reruns-finished-tasks",
            "run-until-canceled-ends",
            "dependents-start-at-once",
            "job-variables-override",
            "change-time-stands",
            "setting-replaces-all",
            "job-file-keeps-state",
        ],
    ),
    (
        "what becomes of a continuation that a server never gave is not said (A38)",
        &["forged-continuation-accepted"],
    ),
    (
        "what a cluster has no client can know, so nothing is missed; how subtasks are numbered is told by other documents (A60)",
        &[
            "node-missing",
            "node-member-missing",
            "group-missing",
            "sweep-starts-at-zero",
            "sweep-keeps-asterisk",
        ],
    ),
];

/// The same for uploads.
const BITS_UPLOAD: &[(&str, &[&str])] = &[
    (
        "how strict a server is with what no client of the protocol sends is not documented (A41)",
        &[
            "refuses-headers-of-other-packets",
            "takes-post-for-bits-post",
            "refuses-http-1.0",
        ],
    ),
    (
        "only whoever runs the server can bring it about (A25, A28)",
        &[
            "uploads-where-denied",
            "keeps-stale-sessions",
            "forgets-sessions-on-restart",
        ],
    ),
    (
        "what passes between server and application a client does not see (A62, A64)",
        &[
            "relays-application-errors-as-its-own",
            "hides-application-errors",
            "notifies-again-after-success",
        ],
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
