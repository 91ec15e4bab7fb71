use super::{Axis, Comparison, Expr, Operator, Start, Step, Test, parse};
use rstest::rstest;

fn step(axis: Axis, name: &str) -> Step {
    Step {
        axis,
        test: Test::Name(None, name.to_owned()),
        predicates: Vec::new(),
    }
}

fn here(name: &str) -> Box<Expr> {
    Box::new(Expr::Path(Start::Here, vec![step(Axis::Child, name)]))
}

#[test]
fn operators_bind_as_they_should_and_words_are_names_where_an_operand_stands() {
    let product = Expr::Arithmetic(Operator::Multiply, here("div"), here("mod"));
    let sum = Expr::Arithmetic(Operator::Add, here("a-b"), Box::new(product));
    let expected = Expr::Compare(Comparison::Less, Box::new(sum), here("and"));
    assert_eq!(parse("a-b + div * mod < and"), Ok(expected));
    assert_eq!(
        parse("* * *").map(|expr| matches!(expr, Expr::Arithmetic(..))),
        Ok(true)
    );
}

#[rstest]
#[case("a.b-c.1/\u{e9}e\u{301}", "child::a.b-c.1/child::\u{e9}e\u{301}")]
#[case("div div div", "(child::div) div (child::div)")]
#[case("or or mod[and]", "(child::or) or (child::mod[child::and])")]
#[case("/ * /*", "/child::*/child::*")]
#[case("@**2", "(attribute::*) * 2")]
#[case(". *..", "(self::node()) * (parent::node())")]
#[case("p:* * p:div", "(child::p:*) * (child::p:div)")]
#[case("1-a -1", "1 - (child::a) - 1")]
#[case("text()[1]*2", "(child::text()[1]) * 2")]
#[case("-a|b", "-((child::a)|(child::b))")]
fn names_and_operators_are_told_apart(#[case] short: &str, #[case] long: &str) {
    let read = parse(short);
    assert!(read.is_ok(), "{read:?}");
    assert_eq!(read, parse(long), "{short}");
}

#[test]
fn short_forms_are_the_long_ones() {
    for (short, long) in [
        (
            "//a/@b",
            "/descendant-or-self::node()/child::a/attribute::b",
        ),
        ("../.", "parent::node()/self::node()"),
        ("a[1]/ b : :c", ""),
        (
            "a[ 1 ]//p:*",
            "child::a[1]/descendant-or-self::node()/child::p:*",
        ),
    ] {
        if long.is_empty() {
            assert!(parse(short).is_err(), "{short}");
        } else {
            assert_eq!(parse(short), parse(long), "{short}");
            assert!(parse(short).is_ok(), "{short}");
        }
    }
}

#[rstest]
#[case("", "it is empty")]
#[case("/a[", "it ends where")]
#[case("/a]", "`]` is not expected (at character 3)")]
#[case("a b", "`b` is not expected (at character 3)")]
#[case("f(1)", "`f` is no function")]
#[case("count()", "does not take 0 arguments")]
#[case("'a", "a text has no end")]
#[case("$a", "variables are not known")]
#[case("namespace::a", "an axis is expected")]
#[case("a:", "has no name behind it")]
#[case("//", "a name is expected")]
#[case("a |", "a name is expected")]
#[case("1 = ", "it ends where")]
#[case("a#", "`#` is not expected")]
fn what_is_no_xpath_says_why(#[case] text: &str, #[case] why: &str) {
    let error = parse(text).expect_err(text);
    assert!(error.contains(why), "{error}");
}

#[test]
fn nothing_nested_deeply_is_read() {
    for text in [
        format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{}1", "-".repeat(100_000)),
        format!("{}a{}", "a[".repeat(100_000), "]".repeat(100_000)),
        format!("1{}", "+1".repeat(100_000)),
        format!("a{}", "|a".repeat(100_000)),
    ] {
        assert!(parse(&text).is_err());
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,40}", near in "[a:*/@()\\[\\]'.0-9 |=<,-]{0,30}") {
        let _ = parse(&text);
        let _ = parse(&near);
    }
}
