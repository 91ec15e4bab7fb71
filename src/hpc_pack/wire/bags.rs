//! Property bags, scalars and lists of strings: the bodies of the scheduler's operations (contract 2.1).

use super::{Fault, ns, xml};

/// Reads an `ArrayOfProperty` into names and values, in order; a body without bytes is an empty one (A51).
///
/// Members of a property come in any order, further ones are skipped (A55); a value that is absent or nil is empty.
///
/// # Errors
/// Where the body is something else, or a property has no name.
pub(crate) fn read_properties(body: &[u8]) -> Result<Vec<(String, String)>, Fault> {
    if is_blank(body) {
        return Ok(Vec::new());
    }
    let root = xml::parse(body).map_err(|why| Fault::bad_request(why.to_string()))?;
    if !root.is(ns::COMMON, "ArrayOfProperty") {
        return Err(Fault::bad_request(
            "The body is no ArrayOfProperty in the namespace http://schemas.microsoft.com/HPCS2008R2/common.",
        ));
    }
    root.children
        .into_iter()
        .filter(|child| child.is(ns::COMMON, "Property"))
        .map(|property| {
            let text = |name: &str| {
                property
                    .children
                    .iter()
                    .find(|member| member.is(ns::COMMON, name))
                    .map(|member| member.text.clone())
            };
            let name = text("Name").filter(|name| !name.trim().is_empty());
            name.map(|name| (name.trim().to_owned(), text("Value").unwrap_or_default()))
                .ok_or_else(|| Fault::bad_request("A Property has no Name."))
        })
        .collect()
}

/// Reads a `<string>`, its text as it stands (A50); a body without bytes is an empty one.
///
/// # Errors
/// Where the body is something else.
pub(crate) fn read_string(body: &[u8]) -> Result<String, Fault> {
    if is_blank(body) {
        return Ok(String::new());
    }
    let root = xml::parse(body).map_err(|why| Fault::bad_request(why.to_string()))?;
    if root.is(ns::SERIALIZATION, "string") && root.children.is_empty() {
        return Ok(root.text);
    }
    Err(Fault::bad_request(
        "The body is no string in the namespace http://schemas.microsoft.com/2003/10/Serialization/.",
    ))
}

/// Writes an `ArrayOfProperty`.
pub(crate) fn properties<N: AsRef<str>, V: AsRef<str>>(
    pairs: impl IntoIterator<Item = (N, V)>,
) -> String {
    let mut out = xml::Writer::with_capacity(6 * 1024);
    out.open("ArrayOfProperty", ROOT);
    write_pairs(&mut out, pairs);
    out.close("ArrayOfProperty");
    out.finish()
}

/// Writes an `ArrayOfObject`: one `Object` for each row.
pub(crate) fn objects<N: AsRef<str>, V: AsRef<str>, R: IntoIterator<Item = (N, V)>>(
    rows: impl IntoIterator<Item = R>,
) -> String {
    let mut out = xml::Writer::with_capacity(6 * 1024);
    out.open("ArrayOfObject", ROOT);
    for row in rows {
        out.open("Object", &[]);
        out.open("Properties", &[]);
        write_pairs(&mut out, row);
        out.close("Properties");
        out.close("Object");
    }
    out.close("ArrayOfObject");
    out.finish()
}

/// Writes an `<int>`.
pub(crate) fn int(value: i32) -> String {
    scalar("int", &value.to_string())
}

/// Writes a `<string>`.
pub(crate) fn string(text: &str) -> String {
    scalar("string", text)
}

/// Writes an `ArrayOfstring` in the namespace of arrays (A36).
pub(crate) fn strings<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let mut out = xml::Writer::new();
    out.open(
        "ArrayOfstring",
        &[("xmlns", ns::ARRAYS), ("xmlns:i", ns::INSTANCE)],
    );
    for item in items {
        out.leaf("string", item.as_ref());
    }
    out.close("ArrayOfstring");
    out.finish()
}

const ROOT: &[(&str, &str)] = &[("xmlns", ns::COMMON), ("xmlns:i", ns::INSTANCE)];

fn write_pairs<N: AsRef<str>, V: AsRef<str>>(
    out: &mut xml::Writer,
    pairs: impl IntoIterator<Item = (N, V)>,
) {
    for (name, value) in pairs {
        let (name, value) = (name.as_ref(), value.as_ref());
        // Bags are most of what is ever written: in as few pieces as can be.
        if name.is_empty() {
            out.raw("<Property><Name/>");
        } else {
            out.raw("<Property><Name>");
            out.text(name);
            out.raw("</Name>");
        }
        if value.is_empty() {
            out.raw("<Value/></Property>");
        } else {
            out.raw("<Value>");
            out.text(value);
            out.raw("</Value></Property>");
        }
    }
}

fn scalar(name: &str, text: &str) -> String {
    let mut out = xml::Writer::new();
    out.leaf_with(name, &[("xmlns", ns::SERIALIZATION)], text);
    out.finish()
}

fn is_blank(body: &[u8]) -> bool {
    body.strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(body)
        .trim_ascii()
        .is_empty()
}

#[cfg(test)]
mod tests {
    use super::{int, objects, properties, read_properties, read_string, string, strings};
    use proptest::prelude::{any, proptest};
    use rstest::rstest;

    const NS: &str = "http://schemas.microsoft.com/HPCS2008R2/common";

    #[rstest]
    #[case("", &[])]
    #[case("\u{FEFF} \r\n", &[])]
    #[case("<ArrayOfProperty xmlns='NS'/>", &[])]
    #[case("<p:ArrayOfProperty xmlns:p='NS'><p:Property><p:Name>A</p:Name><p:Value>1</p:Value></p:Property></p:ArrayOfProperty>", &[("A", "1")])]
    #[case("<ArrayOfProperty xmlns='NS'><Property><Value> v </Value><Extra/><Name>A</Name></Property><Other/></ArrayOfProperty>", &[("A", " v ")])]
    #[case("<ArrayOfProperty xmlns='NS'><Property><Name>A</Name></Property><Property><Name>A</Name><Value/></Property></ArrayOfProperty>", &[("A", ""), ("A", "")])]
    fn bags_are_read_as_clients_write_them(#[case] body: &str, #[case] expected: &[(&str, &str)]) {
        let read = read_properties(body.replace("NS", NS).as_bytes()).unwrap();
        let read: Vec<_> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(read, expected);
    }

    #[rstest]
    #[case("<ArrayOfProperty/>")]
    #[case("<ArrayOfObject xmlns='NS'/>")]
    #[case("<ArrayOfProperty xmlns='NS'><Property><Value>1</Value></Property></ArrayOfProperty>")]
    #[case("<ArrayOfProperty xmlns='NS'><Property><Name> </Name></Property></ArrayOfProperty>")]
    #[case("<ArrayOfProperty xmlns='NS'>")]
    #[case("{}")]
    fn what_is_no_bag_is_refused(#[case] body: &str) {
        assert_eq!(
            read_properties(body.replace("NS", NS).as_bytes())
                .unwrap_err()
                .status,
            400
        );
    }

    #[test]
    fn a_string_is_read_as_it_stands() {
        let body =
            "<string xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">\n a </string>";
        assert_eq!(read_string(body.as_bytes()).unwrap(), "\n a ");
        assert_eq!(read_string(b"").unwrap(), "");
        assert_eq!(read_string(string("").as_bytes()).unwrap(), "");
        assert!(read_string(b"<string>a</string>").is_err());
        assert!(read_string(int(1).as_bytes()).is_err());
    }

    #[test]
    fn lists_and_scalars_have_their_documented_namespaces() {
        assert_eq!(
            strings(["a", "b&"]),
            "<ArrayOfstring xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/Arrays\" \
             xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"><string>a</string><string>b&amp;</string></ArrayOfstring>"
        );
        assert_eq!(
            int(-7),
            "<int xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">-7</int>"
        );
        assert_eq!(
            objects([[("Name", "x")], [("Name", "")]]),
            "<ArrayOfObject xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\" \
             xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"><Object><Properties><Property><Name>Name</Name>\
             <Value>x</Value></Property></Properties></Object><Object><Properties><Property><Name>Name</Name><Value/>\
             </Property></Properties></Object></ArrayOfObject>"
        );
    }

    #[test]
    fn a_list_of_nothing_is_self_closed() {
        let root = |name: &str| {
            format!("<{name} xmlns=\"{NS}\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"")
        };
        let none: [[(&str, &str); 0]; 0] = [];
        assert_eq!(objects(none), root("ArrayOfObject") + "/>");
        assert_eq!(
            properties([] as [(&str, &str); 0]),
            root("ArrayOfProperty") + "/>"
        );
        assert!(strings([] as [&str; 0]).ends_with("instance\"/>"));
        let row: [[(&str, &str); 0]; 1] = [[]];
        assert_eq!(
            objects(row),
            root("ArrayOfObject") + "><Object><Properties/></Object></ArrayOfObject>"
        );
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(bytes: Vec<u8>) {
            let _ = read_properties(&bytes);
            let _ = read_string(&bytes);
        }

        #[test]
        fn a_bag_comes_back_as_it_was_written(pairs: Vec<(String, String)>) {
            let pairs: Vec<(String, String)> = pairs
                .into_iter()
                .map(|(n, v)| (format!("N{}", n.escape_unicode()), v.escape_debug().to_string()))
                .collect();
            assert_eq!(read_properties(properties(pairs.clone()).as_bytes()).unwrap(), pairs);
        }

        #[test]
        fn any_text_is_written_well_formed(text in any::<String>()) {
            assert!(read_string(string(&text).as_bytes()).is_ok());
        }
    }
}
