use super::{Call, Media, Operation, WireReply, json, media, ns, xml};
use crate::hpc_pack::{
    HeadNode, Quirk,
    soa::{Session, Version},
};
use std::borrow::Cow;

/// The members of `WebSessionInfo`, in ordinal order.
#[derive(Debug)]
struct Info<'a> {
    broker: Cow<'a, str>,
    id: i32,
    durable: bool,
    max_message_size: i64,
    operation_timeout: i32,
    version: Option<Version>,
}

/// The session information as the reply to Create Session and Attach to Session.
pub(crate) fn reply(node: &HeadNode, call: &Call<'_>, session: &Session) -> WireReply {
    let info = deviate(
        Info {
            broker: Cow::Borrowed(call.authority()),
            id: session.id,
            durable: session.durable,
            max_message_size: i64::from(session.start.max_message_size),
            operation_timeout: session.start.operation_timeout,
            version: session.start.version,
        },
        node,
        call,
    );
    match call.accept {
        Media::Json => WireReply::of(media::JSON, in_json(&info)),
        Media::Xml => WireReply::of(media::XML, in_xml(&info)),
    }
}

fn deviate<'a>(mut info: Info<'a>, node: &HeadNode, call: &Call<'_>) -> Info<'a> {
    let quirks = node.quirks;
    let attaching = call.route.operation == Operation::AttachSession;
    let forgets = attaching && quirks.has(Quirk::AttachForgets);
    if quirks.has(Quirk::BrokerNodeElsewhere) {
        // Nobody has to be asked for the address, and nothing listens there.
        info.broker = Cow::Borrowed("127.0.0.1:1");
    }
    if attaching && quirks.has(Quirk::AttachGivesOther) {
        info.id = info.id.wrapping_add(1);
    }
    if forgets || quirks.has(Quirk::MaxMessageSizeChanged) {
        info.max_message_size += 1;
    }
    if forgets || quirks.has(Quirk::OperationTimeoutChanged) {
        info.operation_timeout = info.operation_timeout.wrapping_add(1);
    }
    if quirks.has(Quirk::ServiceVersionLost) {
        info.version = None;
    }
    if quirks.has(Quirk::ServiceVersionInvented) && info.version.is_none() {
        info.version = Some(Version { major: 1, minor: 0 });
    }
    info
}

fn in_json(info: &Info<'_>) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(192);
    // Writing into a string cannot fail.
    let _ = write!(
        out,
        r#"{{"BrokerNode":{},"Id":{},"IsDurable":{},"MaxMessageSize":{},"ServiceOperationTimeout":{},"ServiceVersion":"#,
        json::quoted(&info.broker),
        info.id,
        info.durable,
        info.max_message_size,
        info.operation_timeout,
    );
    match info.version {
        None => out.push_str("null}"),
        Some(Version { major, minor }) => {
            let _ = write!(
                out,
                r#"{{"_Build":-1,"_Major":{major},"_Minor":{minor},"_Revision":-1}}}}"#
            );
        }
    }
    out
}

fn in_xml(info: &Info<'_>) -> String {
    let mut out = xml::Writer::new();
    out.open(
        "WebSessionInfo",
        &[("xmlns", ns::SESSION), ("xmlns:i", ns::INSTANCE)],
    );
    out.leaf("BrokerNode", &info.broker);
    out.leaf("Id", &info.id.to_string());
    out.leaf("IsDurable", if info.durable { "true" } else { "false" });
    out.leaf("MaxMessageSize", &info.max_message_size.to_string());
    out.leaf(
        "ServiceOperationTimeout",
        &info.operation_timeout.to_string(),
    );
    match info.version {
        None => out.empty(
            "ServiceVersion",
            &[("i:nil", "true"), ("xmlns:a", ns::SYSTEM)],
        ),
        Some(Version { major, minor }) => {
            out.open("ServiceVersion", &[("xmlns:a", ns::SYSTEM)]);
            out.leaf("a:_Build", "-1");
            out.leaf("a:_Major", &major.to_string());
            out.leaf("a:_Minor", &minor.to_string());
            out.leaf("a:_Revision", "-1");
            out.close("ServiceVersion");
        }
    }
    out.close("WebSessionInfo");
    out.finish()
}
