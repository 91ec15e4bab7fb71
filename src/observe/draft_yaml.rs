//! How a draft is written: YAML that reads back as what was meant, whatever the traffic held.

use std::fmt::Write;

/// A text as a double-quoted scalar.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control()
                || matches!(
                    c,
                    '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                ) =>
            {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A name as a key: plain where it can be.
pub(super) fn key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && !["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
            .iter()
            .any(|word| name.eq_ignore_ascii_case(word));
    if plain { name.to_owned() } else { quoted(name) }
}

/// A comment of one line.
pub(super) fn comment(indent: usize, text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("{:indent$}# {text}\n", "")
}

/// Text that templates leave as it is.
pub(super) fn literal(text: &str) -> String {
    text.replace("{{", "{{ '{{' }}").replace("{%", "{{ '{%' }}")
}

/// A template made of text and the names of variables.
#[derive(Debug, Default)]
pub(super) struct Woven(String);

impl Woven {
    pub(super) fn text(&mut self, text: &str) {
        let text = literal(text);
        // An open brace at the edge would be read as part of what stands behind it.
        match text.strip_suffix('{').filter(|_| !text.ends_with("{{")) {
            Some(rest) => {
                self.0.push_str(rest);
                self.0.push_str("{{ '{' }}");
            }
            None => self.0.push_str(&text),
        }
    }

    pub(super) fn variable(&mut self, name: &str) {
        let _ = write!(self.0, "{{{{ {name} }}}}");
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Woven, comment, key, quoted};
    use crate::source::{Place, Scope, SourceFile, Span, Template};
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was(text in any::<String>(), before in any::<String>()) {
            let mut woven = Woven::default();
            woven.text(&before);
            woven.variable("x");
            woven.text(&text);
            let written = format!("{}: {}\n", key(&before), quoted(&woven.finish()));
            let file = SourceFile::new("f.yaml", written.as_str());
            let mut problems = crate::source::Problems::default();
            let node = crate::source::Node::parse(&file, &mut problems);
            assert!(problems.is_empty(), "{written}: {problems:?}");
            let node = node.unwrap();
            let (name, value) = &node.as_map().unwrap()[0];
            assert_eq!(&name.as_scalar().unwrap().text, &before);
            let place = Place::new(&file, Span { start: 0, end: 0 });
            let template = Template::parse(value.as_scalar().unwrap().text.clone(), place).unwrap();
            let mut scope = Scope::new();
            scope.set("x", &"{X}".into());
            assert_eq!(template.render(&scope).unwrap(), format!("{before}{{X}}{text}"));
        }

        #[test]
        fn a_comment_stays_one_line(text in any::<String>()) {
            assert_eq!(comment(2, &text).lines().count(), 1);
        }
    }
}
