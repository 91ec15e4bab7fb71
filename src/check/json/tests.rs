//! Our JSONPath against that of `serde_json_path`, over values it made itself.

use super::{Layout, Unread, pretty, read, select};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use rstest::rstest;
use serde_json::Value;
use serde_json_path::JsonPath;
use std::collections::HashMap;

fn ours(text: &str, path: &str) -> Result<Vec<Value>, String> {
    let tree = read(text.as_bytes()).map_err(|e| format!("{e:?}"))?;
    let found = select(&tree, path)?;
    Ok(found
        .into_iter()
        .map(|at| tree.value(at).to_value())
        .collect())
}

fn theirs(text: &str, path: &str) -> Vec<Value> {
    let value: Value = serde_json::from_str(text).expect("JSON");
    let path = JsonPath::parse(path).expect("a path");
    path.query(&value).all().into_iter().cloned().collect()
}

const TEXT: &str = r#"{"a":[1,{"b":2,"c":[3,-4,5.5]},{"b":null},"x\n\"y"],"it's":{"b":true,"a":{"b":[]}},"é\u00e9":7,"d":1e3,"a.b":0,"e":{}}"#;

#[rstest]
#[case("$")]
#[case("$.a")]
#[case("$.a[0]")]
#[case("$.a[-1]")]
#[case("$.a[-9]")]
#[case("$.a[9]")]
#[case("$['it\\'s'].b")]
#[case("$[\"it's\"]['a']")]
#[case("$['a.b']")]
#[case("$.éé")]
#[case("$['\\u00e9é']")]
#[case("$.*")]
#[case("$..b")]
#[case("$..*")]
#[case("$..[0]")]
#[case("$..[0:1]")]
#[case("$.a[-9::-1]")]
#[case("$.a[9::-3]")]
#[case("$.a[3:1:-1]")]
#[case("$.a[3:1:0]")]
#[case("$.a[:9:-1]")]
#[case("$..[0, 'b', 0]")]
#[case("$.a[1:3]")]
#[case("$.a[::-1]")]
#[case("$.a[ : : 2 ]")]
#[case("$.a[5:0:-2]")]
#[case("$.a[-2:]")]
#[case("$.a[1:3:0]")]
#[case("$.a[?@.b]")]
#[case("$.a[?@.b == 2].c[1,0]")]
#[case("$..[?@.b == null]")]
#[case("$.a[?@ == 'x\\n\"y']")]
#[case("$.a[?length(@) > 1 && !(@.b[0] == ']')]")]
#[case("$[?match(@, 'x,y'), 'd']")]
#[case("$.a[?@.b == $.a[1].b]")]
#[case("$.a[?@ == 'x' || @.b == $.a[1].b]")]
#[case("$['e','d']")]
#[case("$ .a [0]")]
fn a_path_gives_what_another_engine_gives(#[case] path: &str) {
    assert_eq!(ours(TEXT, path), Ok(theirs(TEXT, path)), "{path}");
}

#[rstest]
#[case("18446744073709551615", "$")]
#[case("-9223372036854775808", "$")]
#[case("0.1", "$")]
fn values_are_what_another_reader_reads(#[case] text: &str, #[case] path: &str) {
    assert_eq!(ours(text, path), Ok(theirs(text, path)));
}

#[rstest]
#[case::short(r#"{"b":2,"a":1,"c":{"a":0},"a":1}"#.to_owned(), "`a`")]
#[case::within(r#"[{"x":{"é":1,"\u00e9":2}}]"#.to_owned(), "`é`")]
#[case::long(format!("{{{}\"n7\":0}}", (0..40).map(|n| format!("\"n{n}\":1,")).collect::<String>()), "`n7`")]
fn an_object_with_a_name_twice_is_no_value_that_one_can_rely_on(
    #[case] text: String,
    #[case] name: &str,
) {
    let Err(Unread::No(why)) = read(text.as_bytes()) else {
        panic!("{text} was read");
    };
    assert!(why.contains(name) && why.contains("twice"), "{why}");
}

/// What is asked in parts needs no copy of the whole, so the rest of the document may be long.
#[test]
fn of_a_long_document_only_what_a_path_asks_for_is_copied() {
    let text = format!("{{\"pad\":[{}0],{}", "0,".repeat(300_000), &TEXT[1..]);
    let tree = read(text.as_bytes()).expect("JSON");
    let short: Value = serde_json::from_str(TEXT).expect("JSON");
    for path in [
        "$.a[1:3]",
        "$.a[ : : 2 ]",
        "$.a[*]",
        "$.a[?@.c[1] == -4, 0]",
        "$.a[?match(@, 'x,y'), 0]",
        "$.a[?@ == '$' || @ == 'it\\'s $' || @ == \"'$\\\"$\" || @ == 1]",
        "$.a[?@.b == 2].c[1,0]",
        "$['it\\'s'].b",
        "$[\"it's\"]['a']",
        "$['x,y', \"d\"]",
        "$['a.b']",
        "$.éé",
    ] {
        let ours: Vec<_> = select(&tree, path)
            .unwrap_or_else(|why| panic!("{why}"))
            .into_iter()
            .map(|at| tree.value(at).to_value())
            .collect();
        let theirs = JsonPath::parse(path).expect("a path");
        let theirs: Vec<_> = theirs.query(&short).all().into_iter().cloned().collect();
        assert_eq!(ours, theirs, "{path}");
    }
}

#[test]
fn a_filter_that_asks_for_the_whole_document_is_asked_of_300_000_values() {
    // The object, a name and a number, a name and a list.
    let long = |values: usize| format!("{{\"b\":1,\"a\":[{}0]}}", "0,".repeat(values - 6));
    let path = "$[?@ == $.b]";
    assert_eq!(ours(&long(300_000), path), Ok(vec![Value::from(1)]));
    let why = ours(&long(300_001), path).expect_err("too long");
    assert!(why.contains("asks for the whole document"), "{why}");
}

#[rstest]
#[case(
    r#"{"a":[1,"x",{}],"b":[],"c":null}"#,
    99,
    r#"{"a":[1,"x",{}],"b":[],"c":null}"#
)]
#[case(r#"{"a":[1,2],"b":1}"#, 0, "{")]
#[case(r#"{"a":[1,2],"b":1}"#, 1, r#"{"a":["#)]
#[case("[[],1]", 1, "[[]")]
#[case("[[],1]", 6, "[[],1]")]
fn a_value_is_shown_in_one_line_up_to_some_length(
    #[case] text: &str,
    #[case] most: usize,
    #[case] line: &str,
) {
    let tree = read(text.as_bytes()).expect("JSON");
    assert_eq!(tree.root().shown(most), line);
    assert!(format!("{:?}", tree.root()).starts_with(&text[..1]));
}

#[rstest]
#[case("null", "null")]
#[case("false", "boolean")]
#[case("1.5", "number")]
#[case("\"\"", "text")]
#[case("[]", "array")]
#[case("{}", "object")]
fn a_value_has_a_type(#[case] text: &str, #[case] kind: &str) {
    let tree = read(text.as_bytes()).expect("JSON");
    assert_eq!(tree.root().kind(), kind);
    assert_eq!(tree.root().is_null(), kind == "null");
}

#[test]
fn what_is_no_json_says_why_and_what_is_too_much_is_not_called_so() {
    assert!(matches!(read(b" "), Err(Unread::No(why)) if why == "it is empty"));
    assert!(matches!(read(b"{\"a\":"), Err(Unread::No(why)) if why.contains("EOF")));
    assert!(matches!(read(b"1 2"), Err(Unread::No(why)) if why.contains("trailing")));
    assert!(
        matches!(read("[".repeat(100_000).as_bytes()), Err(Unread::No(why)) if why.contains("recursion"))
    );
    assert!(read(b"\xef\xbb\xbf[1]").is_ok());
    let long = format!("[{}1]", "1,".repeat(3_000_001));
    assert!(matches!(read(long.as_bytes()), Err(Unread::TooMuch(_))));
    let long = format!("[{}1]", "1,".repeat(2_500_000));
    assert!(read(long.as_bytes()).is_ok());
}

/// As floating-point numbers they would equal their neighbours.
#[rstest]
#[case("18446744073709551615", None)]
#[case("-9223372036854775808", None)]
#[case("18446744073709551616", Some("18446744073709551616"))]
#[case("-9223372036854775809", Some("-9223372036854775809"))]
#[case("1e30", None)]
#[case("12345678901234567890.0", None)]
#[case("12345678901234567890123e-2", None)]
#[case("0.12345678901234567890123", None)]
#[case(
    "[1e30, \"12345678901234567890123\", \"\\\"\", 12345678901234567890124]",
    Some("12345678901234567890124")
)]
#[case("{\"12345678901234567890123\": 1e300}", None)]
fn a_whole_number_of_more_than_64_bits_is_not_read(
    #[case] text: &str,
    #[case] digits: Option<&str>,
) {
    let inexact = match read(text.as_bytes()) {
        Ok(_) => None,
        Err(Unread::Inexact(digits)) => Some(digits),
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(inexact.as_deref(), digits);
}

/// The same bytes are JSON to us as to `serde_json`, and say the same; but of names that come twice it takes the last.
fn is_read_alike(text: &[u8]) {
    let theirs = serde_json::from_slice::<Value>(text);
    let ours = read(text);
    let shown = String::from_utf8_lossy(text);
    if matches!(&ours, Err(Unread::No(why)) if why.contains("twice")) {
        assert!(theirs.is_ok(), "{shown}");
        return;
    }
    if let Err(Unread::Inexact(digits)) = &ours {
        assert!(
            digits.parse::<u64>().is_err() && shown.contains(digits),
            "{shown}"
        );
        return;
    }
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{shown} {theirs:?}");
    if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
        assert_eq!(ours.root().to_value(), theirs, "{shown}");
        assert_eq!(
            ours.root().to_value().to_string().len(),
            theirs.to_string().len()
        );
    }
}

#[rstest]
#[case("1E400", false)]
#[case("-1e400", false)]
#[case("1e-400", true)]
#[case("-0", true)]
#[case("-0.0", true)]
#[case("01", false)]
#[case("+1", false)]
#[case("1.", false)]
#[case(".5", false)]
#[case("-", false)]
#[case("NaN", false)]
#[case("-Infinity", false)]
#[case("[1,]", false)]
#[case("{\"a\":1,}", false)]
#[case("{a:1}", false)]
#[case("{1:1}", false)]
#[case("'a'", false)]
#[case("\"\\ud800\"", false)]
#[case("\"\\udc00\\ud800\"", false)]
#[case("\"\\ud83d\\ude00\"", true)]
#[case("{\"\\ud800\":1}", false)]
#[case("\"\\u0000\"", true)]
#[case("\"\0\"", false)]
#[case("1\0", false)]
#[case("\"\t\"", false)]
#[case("\"\\x\"", false)]
#[case("\u{a0}1", false)]
#[case("1\u{feff}", false)]
#[case("// a\n1", false)]
#[case("{\"\":{\"\":\"\"},\" \":\"\"}", true)]
#[case("{\"a\":1,\"\\u0062\":{\"b\":[2]},\"c\":3}", true)]
fn what_is_json_is_what_another_reader_reads(#[case] text: &str, #[case] is_json: bool) {
    assert_eq!(read(text.as_bytes()).is_ok(), is_json, "{text}");
    is_read_alike(text.as_bytes());
}

#[test]
fn bytes_that_are_no_utf_8_and_deep_lists_are_refused_where_another_reader_does() {
    for text in [
        &b"\"\xff\""[..],
        b"\xff",
        b"{\"\xc0\x80\":1}",
        b"\"\xed\xa0\x80\"",
    ] {
        assert!(read(text).is_err());
        is_read_alike(text);
    }
    for deep in 125..130 {
        is_read_alike(format!("{}1{}", "[".repeat(deep), "]".repeat(deep)).as_bytes());
        let text = format!("{}1{}", "{\"a\":".repeat(deep), "}".repeat(deep));
        is_read_alike(text.as_bytes());
    }
}

fn shown(text: &str, most: usize) -> String {
    let tree = read(text.as_bytes()).expect("JSON");
    let layout = Layout {
        masks: HashMap::new(),
        replace: &str::to_owned,
        most,
    };
    pretty(&tree, &layout)
}

#[test]
fn of_a_long_body_the_beginning_is_shown() {
    let long = format!("[{}1]", "\"abcdef\",".repeat(100_000));
    insta::assert_snapshot!(shown(&long, 24), @r#"
    [
      "abcdef",
      "abcdef",
      (what follows is not shown: the body is too long)
    ]
    "#);
    // What begins there to the byte is shown.
    assert_eq!(shown(&long, 28).matches("abcdef").count(), 3);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (0..3).prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
        ".{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[ab\"]", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        Just(".a"),
        Just("..a"),
        Just("['b']"),
        Just("[0]"),
        Just("[-1]"),
        Just("[*]"),
        Just("..*"),
        Just("[1:]"),
        Just("[::-1]"),
        Just("[?@.a]"),
        Just("[?@ > 1]"),
        Just("['a', 0, ?@.b == 1]"),
    ];
    prop::collection::vec(segment, 0..4).prop_map(|segments| format!("${}", segments.concat()))
}

proptest! {
    #[test]
    fn any_text_is_json_where_another_reader_says_so(
        near in r#"[\[\]{},:"\\a0-9eEu.+-]{0,12}"#,
        number in "-?[0-9]{1,22}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,3})?",
        escaped in r#""(\\(u[dD][89a-fA-F][0-9]{2}|u00[0-9a]{2}|[nbx"/])|a|é){0,4}""#,
        value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        for text in [near, number, format!("{{{escaped}:{escaped}}}"), escaped] {
            is_read_alike(text.trim_start_matches('\u{feff}').as_bytes());
        }
        let mut changed = value.to_string().into_bytes();
        let at = at.index(changed.len());
        changed[at] = byte;
        is_read_alike(&changed);
    }

    #[test]
    fn any_path_gives_what_another_engine_gives(value in value(), path in path()) {
        let text = value.to_string();
        assert_eq!(ours(&text, &path), Ok(theirs(&text, &path)), "{path} {text}");
    }

    #[test]
    fn a_document_is_laid_out_as_by_serde_json(value in value()) {
        let text = value.to_string();
        assert_eq!(shown(&text, usize::MAX), serde_json::to_string_pretty(&value).expect("JSON"));
    }
}
