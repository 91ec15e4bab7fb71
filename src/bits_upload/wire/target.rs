use crate::bits_upload::domain::{Destination, Fault, RESERVED};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What is percent-encoded in a segment of a path.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What a request target points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file that is uploaded or fetched.
    File(Destination),
    /// The reply to the upload of that id.
    Reply(String),
}

impl Target {
    /// Reads a target in origin or absolute form; the query does not matter.
    ///
    /// # Errors
    /// [`Fault::Denied`] where it points nowhere safe. Each segment is decoded once, so an encoded
    /// slash, dot segment or control character is seen as what it is.
    pub(crate) fn read(target: &str) -> Result<Self, Fault> {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let path = match path.split_once("://") {
            Some((scheme, rest)) if !scheme.contains('/') => {
                rest.find('/').map_or("/", |at| &rest[at..])
            }
            _ => path,
        };
        let segments = path
            .strip_prefix('/')
            .ok_or(Fault::Denied)?
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| Fault::Denied)?;
        let names: Vec<_> = segments.iter().map(AsRef::as_ref).collect();
        if let [.., folder, "Replies", id, "responsefile.bin"] = names.as_slice()
            && folder.eq_ignore_ascii_case(RESERVED)
        {
            return Ok(Self::Reply((*id).to_owned()));
        }
        Destination::from_segments(&segments).map(Self::File)
    }
}

/// A name as a segment of a URL.
pub(crate) fn encode(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

/// What stands behind the last slash or backslash of a name that a client sent (for a quirk).
pub(crate) fn file_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Target, encode};
    use crate::bits_upload::domain::Destination;
    use proptest::{prop_assert, prop_assert_eq, proptest};
    use rstest::rstest;

    #[rstest]
    #[case("/a/b.bin", Some("a/b.bin"))]
    #[case("http://host:80/a/b?x=/../y", Some("a/b"))]
    #[case("//a///b", Some("a/b"))]
    #[case("/%C3%A4%20b", Some("ä b"))]
    #[case("/%252e%252e/x", Some("%2e%2e/x"))]
    #[case("/..", None)]
    #[case("/a/../../etc/passwd", None)]
    #[case("/%2e%2e/x", None)]
    #[case("/.%2E/x", None)]
    #[case("/a%2Fb", None)]
    #[case("/a%5Cb", None)]
    #[case("/..\\..\\x", None)]
    #[case("/C:/x", None)]
    #[case("/C%3A%5Cx", None)]
    #[case("/a%00b", None)]
    #[case("/%C0%AE%C0%AE/x", None)]
    #[case("/x::$DATA", None)]
    #[case("a", None)]
    #[case("*", None)]
    fn a_target_leads_to_a_plain_path_or_nowhere(#[case] target: &str, #[case] path: Option<&str>) {
        let read = match Target::read(target) {
            Ok(Target::File(destination)) => Some(destination.path()),
            _ => None,
        };
        assert_eq!(read.as_deref(), path);
    }

    #[test]
    fn the_reply_to_an_upload_is_found_beside_any_destination() {
        let reply = Target::read("/dir/BITS-Sessions/Replies/%7BA-B%7D/responsefile.bin");
        assert_eq!(reply, Ok(Target::Reply("{A-B}".to_owned())));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(name in "[^/\\\\:*?\"<>|\\p{Cc}]{1,20}x") {
            if let Ok(expected) = Destination::from_segments([&name]) {
                prop_assert_eq!(Target::read(&format!("/{}", encode(&name))), Ok(Target::File(expected)));
            }
        }

        #[test]
        fn no_target_leads_outside(target in "(/|%2f|%5c|\\\\|\\.|%2e|a|:|%00|~){1,24}") {
            if let Ok(Target::File(destination)) = Target::read(&format!("/{target}")) {
                for name in destination.names() {
                    prop_assert!(!["", ".", ".."].contains(&name.as_str()) && !name.contains(['/', '\\', ':', '\0']));
                }
            }
        }
    }
}
