//! Batches of generic services: text in records, fields divided by U+FFFF, records ended by U+0000 (A67).

use super::{Fault, envelopes::new_id};
use crate::hpc_pack::{
    GenericEncoding, HeadNode, Quirk,
    soa::{Message, Output, Reason, Response},
};

/// The action of generic services; that of replies has `Response` behind it.
const ACTION: &str = "http://hpc.microsoft.com/GenericService/IGenericService/GenericOperation";
/// The namespace of generic services.
const NAMESPACE: &str = "http://hpc.microsoft.com/GenericService";
/// What stands in place of an action behind the last response.
pub(super) const END: &str = "http://hpc.microsoft.com/EndOfGetResponse";

const FIELD: char = '\u{FFFF}';
const RECORD: char = '\0';

/// Reads requests: `input U+FFFF user data U+0000`, again and again.
///
/// The last terminator may be missing, and a blank may stand before a record that is not the first.
///
/// # Errors
/// Where the text is of another encoding, or a record has not two fields.
pub(super) fn read(body: &[u8], node: &HeadNode) -> Result<Vec<Message>, Fault> {
    let text = decode(body, node.settings.generic_encoding).ok_or_else(|| {
        Fault::bad_parameter("The body is not text of the encoding that generic services use.")
    })?;
    if node.quirks.has(Quirk::LastTerminatorRequired) && !text.is_empty() && !text.ends_with(RECORD)
    {
        return Err(Fault::bad_parameter("The last record has no terminator."));
    }
    let records: Vec<&str> = text.split(RECORD).collect();
    let last = records.len() - 1;
    records
        .into_iter()
        .enumerate()
        .filter(|(index, record)| *index != last || !record.trim().is_empty())
        .map(|(index, record)| {
            let record = match index {
                0 => record,
                _ => record.strip_prefix(' ').unwrap_or(record),
            };
            let mut fields = record.split(FIELD);
            match (fields.next(), fields.next(), fields.next()) {
                (Some(input), Some(user_data), None) => Ok(Message {
                    action: ACTION.to_owned(),
                    operation: "GenericOperation".to_owned(),
                    namespace: NAMESPACE.to_owned(),
                    input: input.to_owned(),
                    user_data: user_data.to_owned(),
                    id: new_id(node),
                }),
                _ => Err(Fault::bad_parameter(
                    "A record of a generic service has two fields: input and user data.",
                )),
            }
        })
        .collect()
}

/// Writes responses: `action U+FFFF output U+FFFF user data U+0000` each, then the marker of the end.
pub(super) fn write(responses: &[Response], reason: Reason, node: &HeadNode) -> Vec<u8> {
    let quirks = node.quirks;
    let mut out = String::new();
    for Response { request, output } in responses {
        let (Output::Result(output) | Output::Fault(output)) = output;
        let user_data = if quirks.has(Quirk::UserDataLost) {
            ""
        } else {
            &request.user_data
        };
        out.push_str(&request.action);
        out.push_str("Response");
        out.push(FIELD);
        if quirks.has(Quirk::UserDataFirst) {
            out.push_str(user_data);
            out.push(FIELD);
            out.push_str(output);
        } else {
            out.push_str(output);
            out.push(FIELD);
            out.push_str(user_data);
        }
        out.push(RECORD);
    }
    if !quirks.has(Quirk::EndMarkerMissing) {
        let end = End::of(responses.len(), reason, quirks);
        out.push_str(END);
        out.push(FIELD);
        out.push_str(&end.count.to_string());
        out.push(FIELD);
        out.push_str(end.reason);
        out.push(RECORD);
    }
    encode(&out, node.settings.generic_encoding)
}

/// What the marker of the end says.
pub(super) struct End {
    /// How many responses stand before it (A70).
    pub(super) count: usize,
    /// Why there are no more.
    pub(super) reason: &'static str,
}

impl End {
    pub(super) fn of(count: usize, reason: Reason, quirks: crate::hpc_pack::Quirks) -> Self {
        let reason = match reason {
            Reason::ClientPurged => "ClientPurged",
            Reason::Success if quirks.has(Quirk::EndReasonWrong) => "ClientTimeout",
            Reason::Success => "Success",
        };
        let wrong = usize::from(quirks.has(Quirk::EndCountWrong));
        Self {
            count: count + wrong,
            reason,
        }
    }
}

fn decode(body: &[u8], encoding: GenericEncoding) -> Option<String> {
    match encoding {
        GenericEncoding::Utf8 => String::from_utf8(body.to_vec()).ok(),
        GenericEncoding::Utf16 => {
            let (pairs, []) = body.as_chunks::<2>() else {
                return None;
            };
            char::decode_utf16(pairs.iter().map(|pair| u16::from_le_bytes(*pair)))
                .collect::<Result<_, _>>()
                .ok()
        }
    }
}

fn encode(text: &str, encoding: GenericEncoding) -> Vec<u8> {
    match encoding {
        GenericEncoding::Utf8 => text.as_bytes().to_vec(),
        GenericEncoding::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, read};
    use crate::hpc_pack::{GenericEncoding, HeadNode, Settings};
    use proptest::prelude::proptest;
    use rstest::rstest;

    #[rstest]
    #[case("", &[])]
    #[case("a\u{FFFF}b\0", &[("a", "b")])]
    #[case("a\u{FFFF}b", &[("a", "b")])]
    #[case("a\u{FFFF}\0 \u{FFFF}c\0", &[("a", ""), ("", "c")])]
    #[case(" a\u{FFFF}b\0  c\u{FFFF} d\0\r\n", &[(" a", "b"), (" c", " d")])]
    fn records_are_read_as_the_page_prints_them(
        #[case] body: &str,
        #[case] expected: &[(&str, &str)],
    ) {
        let read = read(body.as_bytes(), &HeadNode::for_test(Settings::default())).unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|m| (m.input.as_str(), m.user_data.as_str()))
            .collect();
        assert_eq!(read, expected);
    }

    #[rstest]
    #[case(b"a\0")]
    #[case(b"\0")]
    #[case("a\u{FFFF}b\u{FFFF}c\0".as_bytes())]
    #[case(b"\xFF\xFF")]
    fn what_is_no_record_is_refused(#[case] body: &[u8]) {
        assert!(read(body, &HeadNode::for_test(Settings::default())).is_err());
    }

    proptest! {
        #[test]
        fn both_encodings_give_back_what_they_took(text: String) {
            for encoding in [GenericEncoding::Utf8, GenericEncoding::Utf16] {
                assert_eq!(decode(&encode(&text, encoding), encoding).as_deref(), Some(text.as_str()));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            for encoding in [GenericEncoding::Utf8, GenericEncoding::Utf16] {
                let settings = Settings::default().generic_encoding(encoding);
                let _ = read(&bytes, &HeadNode::for_test(settings));
            }
        }
    }
}
