//! Our XPath against that of sxd-xpath, which nobody of us wrote.

use super::{Dom, Selected, parse_owned};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use rstest::rstest;
use sxd_xpath::{Context, Factory, Value, nodeset};

const NAMES: [(&str, &str); 2] = [("p", "u:p"), ("q", "u:q")];

/// Names, texts and values of what is selected, in the order of the document.
fn ours(text: &str, path: &str) -> Result<Vec<String>, String> {
    let document = parse_owned(text.as_bytes()).expect("XML");
    let found = Dom::new(&document).select(path, NAMES)?;
    Ok(found
        .into_iter()
        .map(|one| match one {
            Selected::Element(way) => {
                let element = document.root.at(&way).expect("an element");
                format!("{way:?} {} {}", element.local, element.text())
            }
            Selected::Attribute(_, uri, local, value) => format!("@{uri} {local} {value}"),
            Selected::Text(way, text) => format!("{way:?} {text}"),
            Selected::Value(value) => value,
        })
        .collect())
}

fn theirs(text: &str, path: &str) -> Result<Vec<String>, String> {
    let package = sxd_document::parser::parse(text).expect("XML");
    let expr = Factory::new()
        .build(path)
        .map_err(|e| e.to_string())?
        .ok_or("empty")?;
    let mut context = Context::new();
    for (prefix, uri) in NAMES {
        context.set_namespace(prefix, uri);
    }
    let value = expr
        .evaluate(&context, package.as_document().root())
        .map_err(|e| e.to_string())?;
    let way = |mut element: sxd_document::dom::Element<'_>| {
        let mut way = Vec::new();
        while let Some(parent) = element.parent().and_then(|parent| parent.element()) {
            let at = parent
                .children()
                .iter()
                .position(|one| one.element() == Some(element));
            way.push(at.expect("a child of its parent"));
            element = parent;
        }
        way.reverse();
        way
    };
    let root = package.as_document().root();
    let root = root.children()[0].element().expect("the root element");
    Ok(match value {
        Value::Nodeset(nodes) => nodes
            .document_order()
            .into_iter()
            .filter_map(|node| match node {
                nodeset::Node::Root(_) => Some((root, None)),
                nodeset::Node::Element(e) => Some((e, None)),
                nodeset::Node::Attribute(a) => Some((
                    root,
                    Some(format!(
                        "@{} {} {}",
                        a.name().namespace_uri().unwrap_or_default(),
                        a.name().local_part(),
                        a.value()
                    )),
                )),
                nodeset::Node::Text(t) => {
                    Some((root, Some(format!("{:?} {}", way(t.parent()?), t.text()))))
                }
                _ => None,
            })
            .map(|(element, text)| {
                text.unwrap_or_else(|| {
                    let name = element.name().local_part().to_owned();
                    let text = nodeset::Node::Element(element).string_value();
                    format!("{:?} {name} {text}", way(element))
                })
            })
            .collect(),
        value => vec![value.string()],
    })
}

const TEXT: &str = "<r xmlns:p='u:p' a='1'>x<a>1</a><p:a n='3'>2<b>3</b>4</p:a><a p:a='2'><b/><b>5<a>6</a></b>y</a> <q:c xmlns:q='u:q'><a>7</a></q:c></r>";

#[rstest]
#[case("//a/preceding::*")]
#[case("//b/following::node()")]
#[case("//@*")]
#[case("//b/ancestor::*[1]")]
#[case("//b/ancestor-or-self::*[last()]")]
#[case("//a/following-sibling::*[1]")]
#[case("//*/preceding-sibling::node()[2]")]
#[case("(//a)[3]")]
#[case("//a[1]")]
#[case("//a[b[2]]/text()")]
#[case("//a[. > 1]")]
#[case("//a[. = //b]")]
#[case("//a < //b")]
#[case("/r/* | //b | /r/@a")]
#[case("//*[not(self::a) and count(*) >= 1]")]
#[case("//p:*")]
#[case("//@p:*")]
#[case("/r/*[position() mod 2 = 1]")]
#[case("/r/*[position() = last() - 1]")]
#[case("sum(//a[not(*)])")]
#[case("string(1 div 0)")]
#[case("-1 mod 3 * 2 - -1")]
#[case("concat(name(/*), local-name(//p:a), namespace-uri(//p:a))")]
#[case("substring('12345', 1.5, 2.6)")]
#[case("substring('12345', 0, 3)")]
#[case("substring-after('a=b', '=')")]
#[case("substring-before('a=b', '?')")]
#[case("normalize-space('  a  b ')")]
#[case("translate('abc', 'ab', 'x')")]
#[case("round(2.5) + floor(-1.5) + ceiling(1.1)")]
#[case("number('1e3') = number('x')")]
#[case("boolean('false') and true() or false()")]
#[case("//b[../../a]")]
#[case("//node()[string-length() = 1]")]
#[case("/r/a[2]/b[2]/a/../..")]
#[case("//*[@n > 2]")]
#[case("count(//@a/..) + count(//text()/..)")]
#[case("starts-with('abc', 'ab') = contains('abc', 'bc')")]
#[case("0.1 + 0.2")]
#[case("1000000 * 1000000")]
#[case("//a[2]/@*")]
#[case("//b[following::p:a or preceding::p:a]")]
#[case("/descendant-or-self::p:a/b")]
#[case("/r/*[last()]")]
#[case("/r/*/*[last()]")]
#[case("count(/r/descendant::*)")]
#[case("/r/descendant-or-self::*[2]")]
#[case("/r/a[2]/preceding::p:a")]
#[case("//p:a/preceding-sibling::node()")]
#[case("//a[position() = 1]")]
#[case("//b[1 = last()]")]
#[case("count(//@n/following-sibling::node())")]
#[case("count(/.)")]
#[case("/./r/@a")]
#[case("/..")]
#[case("//a = 'x'")]
#[case("'6' = //a")]
#[case("/r/a[1] != '1'")]
#[case("/r/a[1] = '2'")]
#[case("/r/a[1] < '2'")]
#[case("/r/a[1] > '2'")]
#[case("//text() = 'x'")]
#[case("1 != 1")]
#[case("1 < 1")]
#[case("1 <= 1")]
#[case("2 <= 1")]
#[case("true() = 'x'")]
#[case("true() != 2")]
#[case("false() >= 0")]
#[case("'1' >= '1'")]
#[case("'a' = 'a'")]
#[case("'a' != 'a'")]
#[case("'a' != 'b'")]
#[case("boolean(0)")]
#[case("boolean(3)")]
#[case("boolean(0 div 0)")]
#[case("number('1.5')")]
#[case("number(' 12 ')")]
#[case("number('x')")]
fn a_path_gives_what_another_engine_gives(#[case] path: &str) {
    assert_eq!(ours(TEXT, path), theirs(TEXT, path), "{path}");
}

/// What the other engine does not know: default namespaces, and that two sets differ where one pair does (3.4).
#[rstest]
#[case("//p:b != //p:b", "true")]
#[case("/*/p:b[1] != /*/p:b[1]", "false")]
#[case("//p:b != //none", "false")]
#[case("count(/q:a/p:b)", "2")]
#[case("count(/q:a/*[@q:n])", "1")]
#[case("namespace-uri(//*[@p:n])", "")]
#[case("count(//@n)", "1")]
#[case("//p:b != '1'", "true")]
#[case("//p:b != 1", "true")]
#[case("/*/p:b[1] != 1", "false")]
#[case("round(-1.5)", "-1")]
#[case("round(2.5)", "3")]
#[case("number('1.2.3')", "NaN")]
fn names_and_sets_are_what_the_recommendation_says(#[case] path: &str, #[case] gives: &str) {
    let text = "<a xmlns='u:q' xmlns:z='u:q'><b xmlns='u:p' n='0' z:n='1'>1</b><y:b xmlns:y='u:p'>2</y:b><c xmlns='' xmlns:p='u:p' p:n='3'/></a>";
    assert_eq!(ours(text, path), Ok(vec![gives.to_owned()]), "{path}");
}

/// Answers of the recommendation itself (XPath 1.0, 3.4, 3.5 and 4).
#[rstest]
#[case("-0", "0")]
#[case("0 div 0", "NaN")]
#[case("1 div -0", "-Infinity")]
#[case("1 div round(-0.5)", "-Infinity")]
#[case("round(-0.5)", "0")]
#[case("round(-2.5)", "-2")]
#[case("round(0.49999999999999994)", "0")]
#[case("round(0 div 0)", "NaN")]
#[case("round(-1 div 0)", "-Infinity")]
#[case("5 mod -2", "1")]
#[case("-5 mod 2", "-1")]
#[case("1.5 mod 0.5", "0")]
#[case("1000000000000000000000 * 10", "10000000000000000000000")]
#[case("1 div 10000000", "0.0000001")]
#[case("number('+1')", "NaN")]
#[case("number('1e3')", "NaN")]
#[case("number(' -.5 ')", "-0.5")]
#[case("number('1.')", "1")]
#[case("number('- 1')", "NaN")]
#[case("number('.')", "NaN")]
#[case("number('')", "NaN")]
#[case("number('Infinity')", "NaN")]
#[case("number('\u{a0}1')", "NaN")]
#[case("number(true())", "1")]
#[case("boolean(0 div 0)", "false")]
#[case("boolean('0')", "true")]
#[case("boolean(//none)", "false")]
#[case("string(//none)", "")]
#[case("string(//a)", "1")]
#[case("string(/r/@a | /r/a)", "1")]
#[case("substring('12345', 0 div 0, 3)", "")]
#[case("substring('12345', 1, 0 div 0)", "")]
#[case("substring('12345', -42, 1 div 0)", "12345")]
#[case("substring('12345', -1 div 0, 1 div 0)", "")]
#[case("substring('12345', -1 div 0)", "12345")]
#[case("substring('\u{1f600}bc', 2)", "bc")]
#[case("string-length('\u{1f600}')", "1")]
#[case("translate('bar', 'aba', 'ABX')", "BAr")]
#[case("translate('--aaa--', 'abc-', 'ABC')", "AAA")]
#[case("normalize-space('\u{a0} \t a\n')", "\u{a0} a")]
#[case("substring-after('ab', '')", "ab")]
#[case("substring-before('ab', '')", "")]
#[case("contains('', '')", "true")]
#[case("'a' = true()", "true")]
#[case("'1.0' = 1", "true")]
#[case("'1.0' = '1'", "false")]
#[case("//none = false()", "true")]
#[case("//none = ''", "false")]
#[case("//none != ''", "false")]
#[case("//a != 1", "true")]
#[case("//a = 1", "true")]
#[case("'2' < '10'", "true")]
#[case("//none <= true()", "true")]
#[case("3 > 2 > 1", "false")]
#[case("name(//b/ancestor::*[1])", "p:a")]
#[case("count((//b/ancestor::*)[1]/self::r)", "1")]
#[case("count(//a/.. | //b/.. | /r)", "5")]
#[case("count(//a[1])", "3")]
#[case("count((//a)[1])", "1")]
#[case("count(/descendant::a[1])", "1")]
#[case("count(/descendant::a[last()][. = 7])", "1")]
#[case("count(/r/@a/following::a)", "4")]
#[case("count(/r/@a/preceding::node())", "0")]
#[case("count(/r/@a/node() | /r/@a/following-sibling::node())", "0")]
#[case("count(//@*/self::*)", "0")]
#[case("count(//@*/self::node())", "3")]
#[case("count(/r/a[2]/preceding-sibling::*[1][self::p:a])", "1")]
#[case("count(//a[@xml:lang])", "0")]
#[case("count(//a[position() = 1 and last() = 1])", "2")]
fn an_expression_gives_what_the_recommendation_says(#[case] path: &str, #[case] gives: &str) {
    assert_eq!(ours(TEXT, path), Ok(vec![gives.to_owned()]), "{path}");
}

#[test]
fn the_prefix_of_xml_needs_no_declaration() {
    let text = "<a xml:lang='de' lang='en'/>";
    assert_eq!(
        ours(text, "string(/a/@xml:lang)"),
        Ok(vec!["de".to_owned()])
    );
}

#[rstest]
#[case("//a = //b", "true")]
#[case("//a != //b", "true")]
#[case("/r/a[1] = //b", "false")]
#[case("/r/a[2] != /r/b[1]", "false")]
#[case("/r/a[1] != //b", "true")]
#[case("/r/a != /r/a[1]", "true")]
#[case("/r/n[1] > /r/n[2]", "false")]
#[case("/r/n[2] > /r/n[1]", "true")]
fn sets_of_words_are_compared_by_their_texts(#[case] path: &str, #[case] gives: &str) {
    let text = "<r><a>x</a><a>y</a><b>y</b><b>z</b><n>1</n><n>2</n></r>";
    assert_eq!(ours(text, path), Ok(vec![gives.to_owned()]), "{path}");
}

#[test]
fn an_expression_may_be_64_deep_have_256_operators_and_be_as_broad_as_it_likes() {
    for (text, nested) in [("(", ")"), ("-", "")] {
        let deep = |n: usize| format!("{}1{}", text.repeat(n), nested.repeat(n));
        assert!(ours(TEXT, &deep(63)).is_ok(), "{text}");
        let why = ours(TEXT, &deep(64)).expect_err(text);
        assert!(why.contains("64 deep"), "{why}");
    }
    for (first, more) in [("1", "+1"), ("//a", "|a")] {
        let long = |n: usize| first.to_owned() + &more.repeat(n);
        assert!(ours(TEXT, &long(256)).is_ok(), "{more}");
        let why = ours(TEXT, &long(257)).expect_err(more);
        assert!(why.contains("256 operators"), "{why}");
    }
    assert!(ours(TEXT, &format!("/r/a{}", "[1]".repeat(100))).is_ok());
    let minus = format!("(1{})", "+-1".repeat(40));
    assert_eq!(
        ours(TEXT, &format!("{minus}+{minus}")),
        Ok(vec!["-78".to_owned()])
    );
}

/// So many expressions within each other, each a union of so many parts, the first of which is the next.
fn unions(deep: usize, parts: usize) -> String {
    let more = "|a".repeat(parts - 1) + ")";
    format!("{}a{}", "(".repeat(deep), more.repeat(deep))
}

#[test]
fn what_is_nested_and_long_at_once_is_refused_before_it_fills_the_stack() {
    let why = ours(TEXT, &unions(60, 64)).expect_err("60 times 64");
    assert!(why.contains("256 operators"), "{why}");
    // The deepest there is, on the stack that threads have where nobody gives them another.
    let predicates = format!("{}a{}", "a[".repeat(63), "]".repeat(63));
    let deepest = [unions(62, 5), predicates];
    let evaluated = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || deepest.map(|path| ours(TEXT, &path).is_ok()));
    assert_eq!(evaluated.expect("a thread").join().ok(), Some([true; 2]));
}

#[rstest]
#[case("count(//processing-instruction('x'))", None)]
#[case("count(//processing-instruction())", None)]
#[case("//text('x')", Some("`)` is expected"))]
#[case("//processing-instruction(1)", Some("`)` is expected"))]
#[case("/r/f()", Some("a name is expected"))]
#[case("count('a')", Some("no set of nodes"))]
#[case("sum(1)", Some("no set of nodes"))]
#[case("/none[zz:a]", Some("prefix `zz`"))]
#[case("/none[zz:*]", Some("prefix `zz`"))]
fn a_mistake_in_a_path_is_told(#[case] path: &str, #[case] wrong: Option<&str>) {
    match (ours(TEXT, path), wrong) {
        (Ok(found), None) => assert_eq!(found, ["0"]),
        (Err(why), Some(wrong)) => assert!(why.contains(wrong), "{why}"),
        (given, _) => panic!("{given:?}"),
    }
}

#[rstest]
#[case(|n| (0..n).map(|n| format!(" xmlns:p{n}='u:{n}'")).collect())]
#[case(|n| (0..n).map(|n| format!(" xmlns:p{n}='u:p'")).collect())]
fn an_element_may_declare_a_thousand_namespaces(#[case] declared: fn(usize) -> String) {
    let text = |n: usize| format!("<a{}/>", declared(n));
    assert!(parse_owned(text(1000).as_bytes()).is_ok());
    let why = parse_owned(text(1001).as_bytes()).expect_err("too many");
    assert!(why.contains("more than 1000 namespaces"), "{why}");
}

#[test]
fn a_document_may_have_a_thousand_namespaces() {
    let text = |n: usize| {
        let inner: String = (0..n).map(|n| format!("<b xmlns='u:{n}'/>")).collect();
        format!("<a>{inner}</a>")
    };
    assert!(parse_owned(text(1000).as_bytes()).is_ok());
    let why = parse_owned(text(1001).as_bytes()).expect_err("too many");
    assert!(why.contains("more than 1000 namespaces"), "{why}");
}

#[rstest]
#[case("<a>&amp;x</a>", "&x")]
#[case("<a><![CDATA[<y>]]>z</a>", "<y>z")]
#[case("<a>1&gt;0</a>", "1>0")]
fn a_text_may_begin_with_what_is_resolved(#[case] text: &str, #[case] says: &str) {
    let document = parse_owned(text.as_bytes()).expect("XML");
    assert_eq!(document.root.text(), says);
}

#[test]
fn a_prefix_that_is_declared_anew_changes_nothing_before_it() {
    let text = b"<a xmlns:p='u:1' p:c='1'><b xmlns:p='u:2' p:c='2'/></a>";
    let document = parse_owned(text).expect("XML");
    assert_eq!(document.root.attributes[0].namespace, "u:1");
    let inner = document.root.children().next().expect("b");
    assert_eq!(inner.attributes[0].namespace, "u:2");
}

#[rstest]
#[case("i:nil='true'", true)]
#[case("i:nil=' 1 '", true)]
#[case("i:nil='false'", false)]
#[case("i:none='true'", false)]
#[case("nil='true'", false)]
fn an_element_that_can_be_changed_is_nil_or_holds_others(#[case] says: &str, #[case] nil: bool) {
    let xsi = "http://www.w3.org/2001/XMLSchema-instance";
    let text = format!("<a xmlns:i='{xsi}' {says}><b>x</b></a>");
    let document = parse_owned(text.as_bytes()).expect("XML");
    assert_eq!(document.root.is_nil(), nil);
    assert!(document.root.has_children());
    let inner = document.root.children().next().expect("b");
    assert!(!inner.has_children());
}

#[test]
fn an_element_is_named_for_a_programmer() {
    let tree = super::parse(b"<p:a xmlns:p='u:p'/>").expect("XML");
    assert_eq!(format!("{:?}", tree.root()), "element a (1)");
}

fn text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[0-3x]{1,2}",
        Just("<b p:n='1'/>".to_owned()),
        Just("<p:a>2</p:a>".to_owned()),
    ];
    let inner = leaf.prop_recursive(4, 20, 4, |inner| {
        (
            prop_oneof!["a", "b", "p:a"],
            any::<bool>(),
            prop::collection::vec(inner, 0..4),
        )
            .prop_map(|(name, has, inner)| {
                let attribute = if has { " n='2'" } else { "" };
                format!("<{name}{attribute}>{}</{name}>", inner.concat())
            })
    });
    prop::collection::vec(inner, 0..4)
        .prop_map(|inner| format!("<a xmlns:p='u:p'>{}</a>", inner.concat()))
}

fn path() -> impl Strategy<Value = String> {
    let axis = prop_oneof![
        Just(""),
        Just("descendant::"),
        Just("parent::"),
        Just("ancestor-or-self::"),
        Just("ancestor::"),
        Just("descendant-or-self::"),
        Just("@"),
        Just("following-sibling::"),
        Just("preceding-sibling::"),
        Just("following::"),
        Just("preceding::"),
        Just("self::"),
    ];
    let test = prop_oneof![
        Just("a"),
        Just("b"),
        Just("*"),
        Just("p:a"),
        Just("node()"),
        Just("text()")
    ];
    let predicate = prop_oneof![
        Just("".to_owned()),
        Just("[1]".to_owned()),
        Just("[last()]".to_owned()),
        Just("[2]".to_owned()),
        Just("[last() - 1]".to_owned()),
        Just("[position() mod 2 = 1]".to_owned()),
        Just("[@n][1]".to_owned()),
        Just("[position() > 1][1]".to_owned()),
        Just("[string-length()]".to_owned()),
        Just("[. > 1 or @* = 2]".to_owned()),
        Just("[not(a | b)]".to_owned()),
        Just("[(a | b)[2]]".to_owned()),
        Just("[@n]".to_owned()),
        Just("[b]".to_owned()),
        Just("[. = //b]".to_owned()),
        Just("[. < preceding-sibling::*]".to_owned()),
        Just("[count(*) = count(/a/a[1]/*)]".to_owned()),
    ];
    let step = (axis, test, predicate).prop_map(|(a, t, p)| format!("{a}{t}{p}"));
    (
        prop_oneof![Just("/"), Just("//")],
        prop::collection::vec((step, prop_oneof![Just("/"), Just("//")]), 1..4),
    )
        .prop_map(|(start, steps)| {
            let mut path = start.to_owned();
            for (step, then) in steps {
                path += &step;
                path += then;
            }
            path.trim_end_matches('/').to_owned()
        })
}

proptest! {
    #[test]
    fn any_path_gives_what_another_engine_gives(text in text(), path in path(), other in path(), n in 1..4) {
        let both = format!("{path} | {other}");
        let nth = format!("({path})[{n}]");
        for path in [path, both, nth] {
            assert_eq!(ours(&text, &path), theirs(&text, &path), "{path}\n{text}");
        }
    }
}
