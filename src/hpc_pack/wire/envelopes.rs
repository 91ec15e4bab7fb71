//! Batches of SOAP services: any root with envelopes of SOAP 1.2 and WS-Addressing 1.0 in it (contract 5.2, 5.3).

use super::{Fault, records, records::End, xml};
use crate::hpc_pack::{
    HeadNode, Quirk, Quirks,
    soa::{Message, Output, Reason, Response},
};
use std::borrow::Cow;

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const BROKER: &str = "http://www.microsoft.com/hpc";
const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";
const SERVICE: &str = "http://tempuri.org/";

/// Reads the requests of a batch.
///
/// # Errors
/// Where the body is no XML, a child of its root is no envelope, or an envelope has no action or body.
pub(super) fn read(body: &[u8], node: &HeadNode) -> Result<Vec<Message>, Fault> {
    let mut messages = Vec::new();
    let root = xml::each_child(body, |envelope| {
        messages.push(message(&envelope, node).map_err(|why| xml::Malformed(why.to_owned()))?);
        Ok(())
    })
    .map_err(|why| Fault::bad_parameter(why.to_string()))?;
    if node.quirks.has(Quirk::RootNameChecked) && root.name != "HPCServer2008_WebAPI_MessageArray" {
        return Err(Fault::bad_parameter("The root element has another name."));
    }
    if !root.text.trim().is_empty() || root.is(SOAP, "Envelope") {
        return Err(Fault::bad_parameter(
            "The root element holds something else than envelopes.",
        ));
    }
    Ok(messages)
}

fn message(envelope: &xml::Element, node: &HeadNode) -> Result<Message, &'static str> {
    if !envelope.is(SOAP, "Envelope") {
        return Err("A child of the root element is no Envelope of SOAP 1.2.");
    }
    let part = |name| envelope.children.iter().find(|child| child.is(SOAP, name));
    let header = part("Header").ok_or("An Envelope has no Header.")?;
    let body = part("Body").ok_or("An Envelope has no Body.")?;
    let addressed = |name| {
        header
            .children
            .iter()
            .find(|child| child.is(ADDRESSING, name))
    };
    let action = addressed("Action")
        .map(|action| action.text.trim())
        .filter(|action| !action.is_empty())
        .ok_or("A Header has no Action.")?;
    let operation = body.children.first().ok_or("A Body has no element.")?;
    let quirks = node.quirks;
    let user_data = broker_header(header, "Broker_UserDataNS", quirks);
    // The page spells it both ways (A68).
    let id = addressed("MessageID").or(addressed("MessageId"));
    let demanded = [
        (Quirk::MessageIdRequired, id.is_some()),
        (Quirk::UserDataRequired, user_data.is_some()),
        (
            Quirk::ClientIdRequired,
            broker_header(header, "Broker_ClientIdNS", quirks).is_some(),
        ),
    ];
    if demanded
        .iter()
        .any(|(quirk, is_there)| quirks.has(*quirk) && !is_there)
    {
        return Err("A Header lacks an element.");
    }
    Ok(Message {
        action: action.to_owned(),
        operation: operation.name.clone(),
        namespace: operation.namespace.to_string(),
        input: operation
            .children
            .first()
            .map_or_else(|| operation.text.clone(), xml::Element::all_text),
        user_data: user_data.map(|data| data.text.clone()).unwrap_or_default(),
        id: id
            .map(|id| id.text.trim().to_owned())
            .filter(|id| !id.is_empty())
            .unwrap_or_else(|| new_id(node)),
    })
}

/// A header of the broker under the name that clients use or the one that the page prints (A34).
fn broker_header<'h>(
    header: &'h xml::Element,
    name: &str,
    quirks: Quirks,
) -> Option<&'h xml::Element> {
    header.children.iter().find(|child| {
        let prefix = child.name.strip_suffix(name);
        &*child.namespace == BROKER
            && match prefix {
                Some("HPCServer2008_") => !quirks.has(Quirk::ServerNamesIgnored),
                Some("HPCPack2008_") => !quirks.has(Quirk::PackNamesIgnored),
                _ => false,
            }
    })
}

/// The id of a message that came without one.
pub(super) fn new_id(node: &HeadNode) -> String {
    let guid = node.ids.guid().to_ascii_lowercase();
    format!("urn:uuid:{}", guid.trim_matches(['{', '}']))
}

/// Writes responses and the marker of their end; `callback` is the `clientdata` of the call.
pub(super) fn write(
    responses: &[Response],
    reason: Reason,
    callback: &str,
    node: &HeadNode,
) -> String {
    let mut out = Envelopes {
        out: xml::Writer::with_capacity(1024 * (responses.len() + 1)),
        names: node.settings.soa_names.as_str(),
        callback: if node.quirks.has(Quirk::CallbackLost) {
            ""
        } else {
            callback
        },
        quirks: node.quirks,
    };
    let root = format!("{}_WebAPI_MessageArray", out.names);
    out.out.open(&root, &[]);
    for response in responses {
        out.response(response);
    }
    if !node.quirks.has(Quirk::EndMarkerMissing) {
        out.end(&End::of(responses.len(), reason, node.quirks));
    }
    out.out.close(&root);
    out.out.finish()
}

struct Envelopes<'a> {
    out: xml::Writer,
    names: &'static str,
    callback: &'a str,
    quirks: Quirks,
}

impl Envelopes<'_> {
    fn response(&mut self, Response { request, output }: &Response) {
        let quirks = self.quirks;
        self.open();
        let action = match output {
            Output::Result(_) if quirks.has(Quirk::ResponseActionWrong) => {
                Cow::Borrowed(&*request.action)
            }
            Output::Result(_) => Cow::Owned(format!("{}Response", request.action)),
            Output::Fault(_) => Cow::Borrowed("http://www.w3.org/2005/08/addressing/soap/fault"),
        };
        self.action(&action);
        let related = if quirks.has(Quirk::RelatesToOther) {
            "urn:uuid:00000000-0000-0000-0000-000000000000"
        } else {
            &request.id
        };
        self.out.leaf("a:RelatesTo", related);
        self.to();
        if !quirks.has(Quirk::RequestActionLost) {
            self.broker("Broker_RequestActionNS", &request.action);
        }
        let lost = quirks.has(Quirk::UserDataLost);
        self.broker(
            "Broker_UserDataNS",
            if lost { "" } else { &request.user_data },
        );
        self.broker("Broker_ResponseCallbackId", self.callback);
        self.out.close("s:Header");
        self.out.open("s:Body", &[]);
        match output {
            Output::Result(text) => {
                let name = format!("{}Response", request.operation);
                let namespace: &[_] = if request.namespace.is_empty() {
                    &[]
                } else {
                    &[("xmlns", request.namespace.as_str())]
                };
                self.out.open(&name, namespace);
                self.out.leaf(&format!("{}Result", request.operation), text);
                self.out.close(&name);
            }
            Output::Fault(reason) => {
                self.out.open("s:Fault", &[]);
                self.out.open("s:Code", &[]);
                self.out.leaf("s:Value", "s:Receiver");
                self.out.close("s:Code");
                self.out.open("s:Reason", &[]);
                self.out
                    .leaf_with("s:Text", &[("xml:lang", "en-US")], reason);
                self.out.close("s:Reason");
                self.out.close("s:Fault");
            }
        }
        self.close();
    }

    fn end(&mut self, end: &End) {
        self.open();
        self.action(records::END);
        self.broker("Broker_ResponseCallbackId", self.callback);
        self.to();
        self.out.close("s:Header");
        self.out.open("s:Body", &[]);
        self.out.open("EndOfResponses", &[("xmlns", SERVICE)]);
        self.out.leaf("Count", &end.count.to_string());
        self.out.leaf("Reason", end.reason);
        self.out.close("EndOfResponses");
        self.close();
    }

    fn open(&mut self) {
        self.out
            .open("s:Envelope", &[("xmlns:s", SOAP), ("xmlns:a", ADDRESSING)]);
        self.out.open("s:Header", &[]);
    }

    fn close(&mut self) {
        self.out.close("s:Body");
        self.out.close("s:Envelope");
    }

    fn action(&mut self, action: &str) {
        self.out
            .leaf_with("a:Action", &[("s:mustUnderstand", "1")], action);
    }

    fn to(&mut self) {
        self.out
            .leaf_with("a:To", &[("s:mustUnderstand", "1")], ANONYMOUS);
    }

    fn broker(&mut self, name: &str, text: &str) {
        let name = format!("{}_{name}", self.names);
        self.out.leaf_with(&name, &[("xmlns", BROKER)], text);
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::hpc_pack::{HeadNode, Settings};
    use proptest::prelude::proptest;
    use rstest::rstest;

    const ENVELOPE: &str = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
        xmlns:a='http://www.w3.org/2005/08/addressing'><s:Header><a:Action s:mustUnderstand='1'>urn:act</a:Action>\
        HEADERS</s:Header><s:Body><Op xmlns='urn:svc'><in>a<b>b</b></in></Op></s:Body></s:Envelope>";

    fn with(headers: &str) -> String {
        format!("<x>\n{}\n</x>", ENVELOPE.replace("HEADERS", headers))
    }

    #[rstest]
    #[case("", "")]
    #[case(
        "<HPCServer2008_Broker_UserDataNS xmlns='http://www.microsoft.com/hpc'>u</HPCServer2008_Broker_UserDataNS>",
        "u"
    )]
    #[case(
        "<h:HPCPack2008_Broker_UserDataNS xmlns:h='http://www.microsoft.com/hpc'>u</h:HPCPack2008_Broker_UserDataNS>",
        "u"
    )]
    #[case("<HPCPack2008_Broker_UserDataNS>u</HPCPack2008_Broker_UserDataNS>", "")]
    fn user_data_comes_under_either_name(#[case] headers: &str, #[case] expected: &str) {
        let node = HeadNode::for_test(Settings::default());
        let messages = read(with(headers).as_bytes(), &node).unwrap();
        let [message] = &messages[..] else {
            panic!("{messages:?}")
        };
        assert_eq!(message.user_data, expected);
        assert_eq!(
            (
                &*message.action,
                &*message.operation,
                &*message.namespace,
                &*message.input
            ),
            ("urn:act", "Op", "urn:svc", "ab")
        );
        assert!(message.id.starts_with("urn:uuid:"));
    }

    #[rstest]
    #[case("<a:MessageID>urn:uuid:1</a:MessageID>")]
    #[case("<a:MessageId> urn:uuid:1 </a:MessageId>")]
    fn the_id_of_a_message_is_kept(#[case] headers: &str) {
        let node = HeadNode::for_test(Settings::default());
        assert_eq!(
            read(with(headers).as_bytes(), &node).unwrap()[0].id,
            "urn:uuid:1"
        );
    }

    #[rstest]
    #[case("")]
    #[case("<x>text</x>")]
    #[case("<x><y/></x>")]
    #[case("<x><s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/></x>")]
    #[case(
        "<x><s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body/></s:Envelope></x>"
    )]
    #[case("<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'/>")]
    fn what_is_no_batch_is_refused(#[case] body: &str) {
        assert_eq!(
            read(body.as_bytes(), &HeadNode::for_test(Settings::default()))
                .unwrap_err()
                .status,
            400
        );
    }

    #[test]
    fn an_empty_root_is_a_batch_without_requests() {
        assert_eq!(
            read(b"<x/>", &HeadNode::for_test(Settings::default())).unwrap(),
            []
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = read(&bytes, &HeadNode::for_test(Settings::default()));
        }
    }
}
