use super::{Node, Problems, SourceFile};
use crate::source::Yaml;
use proptest::prelude::{any, prop, proptest};
use std::fmt::Write as _;

fn parse(text: &str) -> (Option<Node>, Vec<String>) {
    let file = SourceFile::new("f.yaml", text);
    let mut problems = Problems::default();
    let node = Node::parse(&file, &mut problems);
    (node, problems.iter().map(ToString::to_string).collect())
}

fn shown(node: &Node) -> String {
    match &node.yaml {
        Yaml::Scalar(scalar) => scalar.text.clone(),
        Yaml::List(elements) => {
            format!(
                "[{}]",
                elements.iter().map(shown).collect::<Vec<_>>().join(",")
            )
        }
        Yaml::Map(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(k, v)| format!("{}:{}", shown(k), shown(v)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

#[test]
fn aliases_and_merge_keys_are_resolved_and_own_members_win() {
    let text = "a: &x { k: 1, l: 2 }\nb: &y { k: 9, m: 3 }\nc: { <<: [*x, *y], l: own }\nd: *x\n";
    let (node, problems) = parse(text);
    assert_eq!(problems, [""; 0]);
    assert_eq!(
        shown(&node.unwrap()),
        "{a:{k:1,l:2},b:{k:9,m:3},c:{l:own,k:1,m:3},d:{k:1,l:2}}"
    );
}

#[test]
fn spans_count_bytes_though_the_parser_counts_characters() {
    for head in ["", "\u{feff}"] {
        let text = format!("{head}ü: 'é'\nsecond: [ä, \"value\"]\n");
        let file = SourceFile::new("f.yaml", text.as_str());
        let node = Node::parse(&file, &mut Problems::default()).unwrap();
        let list = node.get("second").unwrap();
        assert_eq!(&text[list.span.start..list.span.end], "[ä, \"value\"]");
        let value = &list.as_list().unwrap()[1];
        assert_eq!(&text[value.span.start..value.span.end], "\"value\"");
    }
}

#[rstest::rstest]
#[case("a: 1\nb:\n\tc: 2\n", "f.yaml:3:1: ")]
#[case("a:\n  b: 1\n\tc: 2\n", "f.yaml:3:1: ")]
fn a_tab_is_told_where_it_stands(#[case] text: &str, #[case] place: &str) {
    let (_, problems) = parse(text);
    assert!(problems[0].starts_with(place), "{problems:?}");
}

#[test]
fn a_block_map_spans_from_its_first_to_its_last_member() {
    let text = "a:\n  b: 1\n  c:\n    - x\n    - y\n\n# end\nd: 2\n";
    let file = SourceFile::new("f.yaml", text);
    let node = Node::parse(&file, &mut Problems::default()).unwrap();
    let a = node.get("a").unwrap();
    assert_eq!(
        &text[a.span.start..a.span.end],
        "b: 1\n  c:\n    - x\n    - y"
    );
}

#[test]
fn ten_thousand_levels_are_a_problem_in_every_style() {
    let block: String = (0..10_000)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .collect();
    for text in [
        "[".repeat(10_000),
        "{a: ".repeat(10_000),
        "- ".repeat(10_000),
        block,
    ] {
        let (node, problems) = parse(&text);
        assert!(node.is_none());
        assert!(
            problems[0].contains("within each other") || problems[0].contains("no YAML"),
            "{problems:?}"
        );
    }
}

#[test]
fn aliases_that_stand_for_billions_are_a_problem() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..20 {
        let list = vec![format!("*a{}", n - 1); 9].join(", ");
        writeln!(text, "a{n}: &a{n} [{list}]").unwrap();
    }
    let (node, problems) = parse(&text);
    assert!(node.is_none());
    assert!(
        problems[0].contains("more than 100000 values"),
        "{problems:?}"
    );
    let (node, problems) = parse("a: &a [*a]\n");
    assert!(node.is_none());
    assert!(problems[0].contains("f.yaml:1:8: "), "{problems:?}");
}

#[test]
fn a_whole_number_of_more_than_64_bits_is_a_problem_and_in_quotes_it_is_text() {
    for number in [
        "18446744073709551616",
        "-9223372036854775809",
        "+99999999999999999999",
    ] {
        let (node, problems) = parse(&format!("a: {number}\n"));
        assert!(node.is_none());
        assert!(
            problems[0].contains("f.yaml:1:4: ") && problems[0].contains("64 bits"),
            "{problems:?}"
        );
    }
    for text in [
        "18446744073709551615",
        "-9223372036854775808",
        "'18446744073709551616'",
        "1e30",
        "18446744073709551616.5",
    ] {
        let (_, problems) = parse(&format!("a: {text}\n"));
        assert!(problems.is_empty(), "{text} {problems:?}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        parse(&text);
    }

    #[test]
    fn no_mix_of_yaml_signs_makes_the_parser_panic(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "a", "ü", ": ", ":", "- ", "-", "\n", "\n  ", "\t", " ", "{", "}", "[", "]", ",", "&a ", "*a", "<<: ",
            "|\n", ">-\n", "'", "\"", "\\", "#", "---\n", "...\n", "? ", "!!str ", "!t ", "%TAG ! x\n", "{{ x }}", "\u{feff}", "\r\n", "\0",
        ]), 0..40)
    ) {
        parse(&pieces.concat());
    }
}
