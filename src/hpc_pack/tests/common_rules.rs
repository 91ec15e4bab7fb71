use super::{Bench, bare, body, code, header, request, text};
use crate::hpc_pack::{Hosting, Quirk, Settings};
use crate::{
    message::Request,
    mock::{Head, Model, Refusal},
};
use rstest::rstest;

const ATTACH: &str = "GET /WindowsHPC/Session/7/Attach?durable=False";

#[rstest]
#[case(bare(ATTACH), 400, 50_331_700)]
#[case(header(bare(ATTACH), "api-version", "1999"), 400, 50_331_700)]
#[case(
    bare("GET /WindowsHPC/Session/7/Attach?durable=False&api-version=2016-11-01.5.0"),
    400,
    50_331_700
)]
#[case(bare("GET /WindowsHPC/Nodes"), 400, 267_386_880)]
#[case(bare("GET /WindowsHPC/ActiveHeadnode"), 400, 267_386_880)]
#[case(request("GET /WindowsHPC/ActiveHeadnode"), 400, 267_386_880)]
#[case(
    header(request("GET /WindowsHPC/Jobs"), "api-version", "x"),
    400,
    267_386_880
)]
#[case(request("GET /WindowsHPC/Nothing"), 404, 267_386_880)]
#[case(request("DELETE /WindowsHPC/Jobs"), 405, 267_386_880)]
#[case(
    header(request("POST /WindowsHPC/session/7/Close"), "Content-Length", ""),
    411,
    267_386_880
)]
fn what_breaks_a_common_rule_is_told_as_a_fault(
    #[case] request: Request,
    #[case] status: u16,
    #[case] wanted: i32,
) {
    let reply = Bench::new(Settings::default()).ask(&request);
    assert_eq!(
        (reply.status, code(&reply)),
        (status, wanted),
        "{}",
        text(&reply)
    );
    assert_eq!(
        reply.headers.get("Content-Type"),
        Some("application/xml; charset=utf-8")
    );
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let reply = Bench::new(Settings::default()).ask(&request("DELETE /WindowsHPC/Jobs"));
    assert_eq!(reply.headers.get("Allow"), Some("POST, GET"));
}

#[rstest]
#[case("application/json", "{")]
#[case("application/xml", "<")]
#[case("", "<")]
#[case("*/*", "<")]
fn faults_are_json_on_soa_routes_only_and_only_where_asked_for(
    #[case] accept: &str,
    #[case] start: &str,
) {
    let mut bench = Bench::new(Settings::default());
    let soa = bench.ask(&header(request(ATTACH), "Accept", accept));
    assert!(text(&soa).starts_with(start), "{}", text(&soa));
    let scheduler = bench.ask(&header(bare("GET /WindowsHPC/Nodes"), "Accept", accept));
    assert!(
        text(&scheduler).starts_with("<HpcWebServiceFault"),
        "{}",
        text(&scheduler)
    );
}

#[rstest]
#[case(None, None, "<string")]
#[case(None, Some("1.0"), "<string")]
#[case(Some("2011-11-01"), None, "<Hpc")]
#[case(Some("2011-11-01"), Some("1.0"), "<Hpc")]
fn the_body_of_a_scheduler_error_follows_the_versions_stated(
    #[case] version: Option<&str>,
    #[case] ccp: Option<&str>,
    #[case] start: &str,
) {
    let job = bare("POST /WindowsHPC/Jobs");
    let job = body(job, "text/plain", "x");
    let job = header(job, "api-version", version.unwrap_or_default());
    let job = header(job, "CCP_Version", ccp.unwrap_or_default());
    let reply = Bench::new(Settings::default()).ask(&job);
    assert_eq!(reply.status, 415);
    assert!(text(&reply).starts_with(start), "{}", text(&reply));
    assert!(text(&reply).contains("Create Job"), "{}", text(&reply));
}

#[test]
fn the_authority_chain_is_sent_in_azure_by_the_scheduler_only() {
    let chain = |settings, line| {
        let reply = Bench::new(settings).ask(&header(request(line), "api-version", "x"));
        reply.headers.contains("x-ms-hpc-authoritychain")
    };
    assert!(chain(Settings::default(), "GET /WindowsHPC/Jobs"));
    assert!(!chain(Settings::default(), ATTACH));
    assert!(!chain(
        Settings::default().hosting(Hosting::OnPremises),
        "GET /WindowsHPC/Jobs"
    ));
}

#[rstest]
#[case(Refusal::Unauthenticated, 401, 50_331_650, -2_147_220_980)]
#[case(Refusal::Rejected, 403, 50_331_701, -2_147_220_981)]
#[case(Refusal::BodyTooLarge, 413, 267_386_880, 267_386_880)]
fn what_a_door_refuses_has_a_fault_for_its_body(
    #[case] refusal: Refusal,
    #[case] status: u16,
    #[case] of_sessions: i32,
    #[case] of_the_scheduler: i32,
) {
    let bench = Bench::new(Settings::default());
    let lines = [
        (ATTACH, of_sessions),
        ("GET /WindowsHPC/Jobs", of_the_scheduler),
    ];
    for (line, wanted) in lines {
        let reply = bench.node.refuse(&Head::of(&request(line)), refusal);
        assert_eq!((reply.status, code(&reply)), (status, wanted), "{line}");
    }
    let reply = bench
        .node
        .refuse(&Head::of(&bare("GET /WindowsHPC/Jobs")), refusal);
    assert!(text(&reply).starts_with("<string"), "{}", text(&reply));
}

#[rstest]
#[case(Quirk::VersionNotRequired, bare(ATTACH))]
#[case(
    Quirk::QueryVersionWins,
    request("GET /WindowsHPC/Session/7/Attach?durable=False&api-version=garbage")
)]
#[case(
    Quirk::UnknownVersionAccepted,
    header(request(ATTACH), "api-version", "garbage")
)]
#[case(
    Quirk::KnownVersionRefused,
    header(request(ATTACH), "api-version", "2012-11-01")
)]
#[case(Quirk::OldVersionAccepted, request("GET /WindowsHPC/ActiveHeadnode"))]
#[case(Quirk::FaultWithoutVersion, bare("GET /WindowsHPC/Nothing"))]
#[case(Quirk::LegacyWithVersion, request("GET /WindowsHPC/Nothing"))]
#[case(
    Quirk::CaseSensitivePaths,
    request("GET /windowshpc/session/7/attach?durable=False")
)]
#[case(Quirk::ClustersIn2016, request("GET /WindowsHPC/Clusters"))]
#[case(Quirk::AcceptDefaultsToJson, request(ATTACH))]
#[case(
    Quirk::AcceptIgnored,
    header(request(ATTACH), "Accept", "application/json")
)]
fn each_quirk_of_the_common_rules_changes_a_reply(#[case] quirk: Quirk, #[case] request: Request) {
    let usual = Bench::new(Settings::default()).ask(&request);
    let odd = Bench::with(quirk).ask(&request);
    assert_ne!((usual.status, usual.body), (odd.status, odd.body));
}
