//! Ids that are none.

use super::{XML, furnished, good_body, is_fault, line, parameters, path_with, seen, text, with};
use crate::hpc_pack::{Settings, wire::ROUTES};

const WRONG_IDS: &[&str] = &[
    "0",
    "-1",
    "999",
    "2147483647",
    "2147483648",
    "4294967297",
    "99999999999999999999999999",
    "abc",
    "1.5",
    "1e0",
    "0x1",
    "+1",
    "1a",
    "%2D1",
    "%20",
    "1%20",
    "%31%00",
    "1%2F1",
    "%EF%BC%91",
    "%D9%A1",
    "%E2%80%8B1",
    "null",
    "1;2",
    "%25",
    "..%2F1",
    "'%20or%20'1'='1",
];

#[test]
fn an_id_that_is_none_is_a_fault_on_every_operation() {
    let mut bench = furnished(Settings::default());
    let before = seen(&mut bench);
    for route in ROUTES {
        for (at, parameter) in parameters(route).iter().enumerate() {
            for wrong in WRONG_IDS {
                // Closing what is closed or was never there succeeds (A73), and batches have names.
                if route.id == "close_session"
                    || (*parameter == "{batch}" && route.id == "send_requests")
                {
                    continue;
                }
                let (media, content) = good_body(route);
                let line = path_with(route, at, wrong);
                let durable = if route.id == "attach_session" {
                    "?durable=False"
                } else {
                    ""
                };
                let reply = bench.ask(&with(&format!("{line}{durable}"), media, &content));
                is_fault(&line, &reply);
                assert!(
                    [400, 404].contains(&reply.status),
                    "{line}: {}",
                    reply.status
                );
            }
            // Bytes that are no text lead nowhere.
            let line = path_with(route, at, "%FF%FE");
            is_fault(&line, &bench.ask(&with(&line, XML, b"")));
        }
    }
    assert_eq!(seen(&mut bench), before);
    // Percent-encoded, a good id is as good as ever.
    let reply = bench.ask(&line("GET %4aob/%31?%50roperties=Id"));
    assert!(
        text(&reply).contains("<Value>1</Value>"),
        "{}",
        text(&reply)
    );
}
