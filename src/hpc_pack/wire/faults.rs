use super::{Shape, WireReply, media, ns, xml};
use std::borrow::Cow;

/// An error reply before it has been given its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The HTTP status. The pages fix only the 400 of a missing api-version; the rest is this mock's policy (A20).
    pub(crate) status: u16,
    /// `Code` of the fault, see [`code`].
    pub(crate) code: i32,
    /// `Message` of the fault, and the whole text of the legacy body.
    pub(crate) message: Cow<'static, str>,
    /// Further header fields, such as `Allow`.
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// The codes that clients know (contract section 7).
pub(crate) mod code {
    /// What the pages print in their samples.
    pub(crate) const GENERAL: i32 = 267_386_880;
    /// A second request to commit, or requests after it.
    pub(crate) const END_ALREADY_CALLED: i32 = 16_777_241;
    /// A commit without requests.
    pub(crate) const NO_REQUEST: i32 = 16_777_246;
    /// No room for another session.
    pub(crate) const NO_BROKER: i32 = 33_554_432;
    /// The broker of the session has gone.
    pub(crate) const BROKER_NOT_ACTIVE: i32 = 33_554_447;
    /// The requests could not be taken.
    pub(crate) const FAILED_TO_SEND: i32 = 33_554_448;
    /// An argument does not do.
    pub(crate) const INVALID_ARGUMENT: i32 = 50_331_648;
    /// No session of that id.
    pub(crate) const INVALID_SESSION: i32 = 50_331_649;
    /// The credentials were refused.
    pub(crate) const AUTHENTICATION: i32 = 50_331_650;
    /// A durable session attached as interactive.
    pub(crate) const ATTACH_DURABLE: i32 = 50_331_658;
    /// An interactive session attached as durable.
    pub(crate) const ATTACH_INTERACTIVE: i32 = 50_331_659;
    /// A batch name that the broker does not take.
    pub(crate) const INVALID_BATCH_NAME: i32 = 50_331_670;
    /// The session has ended.
    pub(crate) const SESSION_FINISHED: i32 = 50_331_675;
    /// The service job was cancelled.
    pub(crate) const SESSION_CANCELED: i32 = 50_331_676;
    /// No such service.
    pub(crate) const SERVICE_NOT_FOUND: i32 = 50_331_678;
    /// No such version of the service.
    pub(crate) const SERVICE_VERSION_NOT_FOUND: i32 = 50_331_680;
    /// Durable sessions in Azure.
    pub(crate) const NO_DURABLE_IN_AZURE: i32 = 50_331_698;
    /// The api-version does not do.
    pub(crate) const API_VERSION: i32 = 50_331_700;
    /// The caller may not do this.
    pub(crate) const ACCESS_DENIED: i32 = 50_331_701;
    /// The batch was purged.
    pub(crate) const CLIENT_PURGED: i32 = 67_108_864;

    /// What an operation of the scheduler says for a code of the sessions: its own where it has one, or else the general one.
    pub(crate) fn of_the_scheduler(code: i32) -> i32 {
        match code {
            AUTHENTICATION => -2_147_220_980,
            ACCESS_DENIED => -2_147_220_981,
            INVALID_ARGUMENT => GENERAL,
            other => other,
        }
    }
}

impl Fault {
    /// A fault without further headers.
    pub(crate) fn new(status: u16, code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            headers: Vec::new(),
        }
    }

    /// 400 with the general code: input that does not do and has no code of its own.
    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, code::GENERAL, message)
    }

    /// 400 for a URI parameter. The code is that of SOA; scheduler operations tell it as the general one.
    pub(crate) fn bad_parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, code::INVALID_ARGUMENT, message)
    }

    /// The same fault with one more header field.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The fault on the wire.
    pub(crate) fn into_reply(self, shape: Shape) -> WireReply {
        let message = short(&self.message);
        let mut reply = match shape {
            Shape::Legacy => WireReply::of(media::XML, legacy(&message)),
            Shape::Xml => WireReply::of(media::XML, fault_xml(self.code, &message)),
            Shape::Json => WireReply::of(media::JSON, fault_json(self.code, &message)),
        };
        reply.status = Some(self.status);
        reply.headers = self.headers;
        reply
    }
}

/// The most characters of a message. Messages quote what was wrong, and that may be of any length.
const LONGEST: usize = 500;

fn short(message: &str) -> Cow<'_, str> {
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &message[..end]).into(),
        None => message.into(),
    }
}

fn legacy(message: &str) -> String {
    let mut out = xml::Writer::new();
    out.leaf_with("string", &[("xmlns", ns::SERIALIZATION)], message);
    out.finish()
}

fn fault_xml(code: i32, message: &str) -> String {
    let mut out = xml::Writer::new();
    out.open(
        "HpcWebServiceFault",
        &[("xmlns", ns::COMMON), ("xmlns:i", ns::INSTANCE)],
    );
    out.leaf("Code", &code.to_string());
    out.leaf("Message", message);
    out.empty("Values", &[("i:nil", "true"), ("xmlns:a", ns::COLLECTIONS)]);
    out.close("HpcWebServiceFault");
    out.finish()
}

fn fault_json(code: i32, message: &str) -> String {
    format!(
        r#"{{"Code":{code},"Message":{},"Values":null}}"#,
        super::json::quoted(message)
    )
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use crate::hpc_pack::wire::Shape;
    use rstest::rstest;

    #[rstest]
    #[case(
        Shape::Legacy,
        "<string xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">a &lt; b</string>"
    )]
    #[case(
        Shape::Xml,
        "<HpcWebServiceFault xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\" \
         xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"><Code>267386880</Code>\
         <Message>a &lt; b</Message><Values i:nil=\"true\" \
         xmlns:a=\"http://schemas.datacontract.org/2004/07/System.Collections.Generic\"/></HpcWebServiceFault>"
    )]
    #[case(Shape::Json, r#"{"Code":267386880,"Message":"a < b","Values":null}"#)]
    fn a_fault_has_three_shapes(#[case] shape: Shape, #[case] expected: &str) {
        let reply = Fault::bad_request("a < b").into_reply(shape);
        assert_eq!(std::str::from_utf8(&reply.body).unwrap(), expected);
    }

    #[test]
    fn a_message_that_quotes_too_much_is_cut_between_characters() {
        let reply = Fault::bad_request("\u{E9}".repeat(100_000)).into_reply(Shape::Json);
        let body = std::str::from_utf8(&reply.body).unwrap();
        assert_eq!(body.matches('\u{E9}').count(), 500);
        assert!(body.contains("...\",\"Values\""), "{body}");
    }
}
