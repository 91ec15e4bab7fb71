use super::Span;

/// A node of a YAML document with the place it stands at.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The bytes of the node; of a list or map from its first to its last member.
    pub span: Span,
    /// What it is.
    pub yaml: Yaml,
}

/// The three shapes of YAML.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// A scalar.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in written order; keys are scalars. A duplicate key is a problem when read.
    Map(Vec<(Node, Node)>),
}

/// A scalar as written. What it means is asked of it: `"1"` is never a number, `1` is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text with quotes and escapes resolved.
    pub text: String,
    /// Whether it was quoted or a block: then it is text, whatever it looks like.
    pub quoted: bool,
}

/// What a scalar means by the core schema of YAML 1.2: `no`, `on` and dates are text.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning<'a> {
    /// `null`, `~` or nothing
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number that JSON can hold.
    Number(serde_json::Number),
    /// Anything else.
    Text(&'a str),
}

impl Scalar {
    /// What it means by the core schema.
    #[must_use]
    pub fn meaning(&self) -> Meaning<'_> {
        let text = self.text.as_str();
        if self.quoted {
            return Meaning::Text(text);
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
            "true" | "True" | "TRUE" => Meaning::Bool(true),
            "false" | "False" | "FALSE" => Meaning::Bool(false),
            _ => number(text).map_or(Meaning::Text(text), Meaning::Number),
        }
    }
}

impl Node {
    /// The scalar, where it is one.
    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.yaml {
            Yaml::Scalar(scalar) => Some(scalar),
            Yaml::List(_) | Yaml::Map(_) => None,
        }
    }

    /// The members, where it is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&[(Self, Self)]> {
        match &self.yaml {
            Yaml::Map(members) => Some(members),
            Yaml::List(_) | Yaml::Scalar(_) => None,
        }
    }

    /// The elements, where it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.yaml {
            Yaml::List(elements) => Some(elements),
            Yaml::Map(_) | Yaml::Scalar(_) => None,
        }
    }

    /// The value under a key, where it is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?
            .iter()
            .find(|(name, _)| name.as_scalar().is_some_and(|scalar| scalar.text == key))
            .map(|(_, value)| value)
    }

    /// Whether it is `null` or nothing.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.as_scalar()
            .is_some_and(|scalar| scalar.meaning() == Meaning::Null)
    }

    /// What it is, for a message: "the number 5", "a list".
    #[must_use]
    pub fn described(&self) -> String {
        self.described_in(Syntax::Yaml)
    }

    /// The same in the words of a syntax.
    pub(crate) fn described_in(&self, syntax: Syntax) -> String {
        let scalar = match &self.yaml {
            Yaml::List(_) => return syntax.list().into(),
            Yaml::Map(_) => return format!("a {}", syntax.map()),
            Yaml::Scalar(scalar) => scalar,
        };
        match scalar.meaning() {
            Meaning::Null if scalar.text.is_empty() => "nothing".into(),
            Meaning::Null => "null".into(),
            Meaning::Bool(value) => format!("the boolean {value}"),
            Meaning::Number(_) => format!("the number {}", scalar.text),
            Meaning::Text(text) => format!("the text {}", quoted(text)),
        }
    }
}

/// What a file is written in, and the words that who writes it has for things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// YAML
    #[default]
    Yaml,
    /// TOML
    Toml,
}

impl Syntax {
    /// Names with values.
    pub(crate) fn map(self) -> &'static str {
        match self {
            Self::Yaml => "map",
            Self::Toml => "table",
        }
    }

    /// A key, as it stands before its value.
    pub(crate) fn key(self, name: &str) -> String {
        match self {
            Self::Yaml => format!("{name}:"),
            Self::Toml => format!("{name} ="),
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Yaml => "a list",
            Self::Toml => "an array",
        }
    }
}

/// Text in backticks, cut where it is long.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

/// Whether a number is a whole one that 64 bits do not hold: as a floating-point number it would equal its neighbours.
pub(crate) fn is_inexact(number: &str) -> bool {
    let digits = number.trim_start_matches(['-', '+']);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse::<u64>().is_err()
        || number.starts_with('-')
            && digits.parse::<u64>().is_ok()
            && number.parse::<i64>().is_err()
}

/// A number of the core schema: decimal, `0o17`, `0xff`, `1.5e3`. Infinity and NaN are text, for JSON has none.
fn number(text: &str) -> Option<serde_json::Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        b'0'..=b'9' | b'.' => (false, text),
        _ => return None,
    };
    let radix = match text.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        _ => 10,
    };
    if radix != 10 {
        let digits = &text[2..];
        let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
        return u64::from_str_radix(digits, radix)
            .ok()
            .filter(|_| plain)
            .map(Into::into);
    }
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        let parsed = if negative {
            text.parse::<i64>().map(Into::into).ok()
        } else {
            digits.parse::<u64>().map(Into::into).ok()
        };
        if parsed.is_some() {
            return parsed;
        }
    }
    let looks_like_one = digits.bytes().any(|b| b.is_ascii_digit())
        && digits
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_digit() || b == b'.')
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    looks_like_one
        .then(|| text.parse::<f64>().ok())
        .flatten()
        .and_then(serde_json::Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::{Meaning, Scalar};
    use rstest::rstest;

    #[rstest]
    #[case("no", "text")]
    #[case("on", "text")]
    #[case("2026-01-02", "text")]
    #[case("1.2.3", "text")]
    #[case("0x", "text")]
    #[case("0x+1", "text")]
    #[case("-", "text")]
    #[case(".", "text")]
    #[case("e5", "text")]
    #[case("1e", "text")]
    #[case(".inf", "text")]
    #[case("12:30", "text")]
    #[case("", "null")]
    #[case("~", "null")]
    #[case("null", "null")]
    #[case("TRUE", "true")]
    #[case("false", "false")]
    #[case("17", "17")]
    #[case("-3", "-3")]
    #[case("+3", "3")]
    #[case("007", "7")]
    #[case("0xff", "255")]
    #[case("0o17", "15")]
    #[case("1.5", "1.5")]
    #[case("-1e3", "-1000.0")]
    #[case("18446744073709551615", "18446744073709551615")]
    fn a_plain_scalar_means_what_the_core_schema_says(#[case] text: &str, #[case] meaning: &str) {
        let scalar = |quoted| Scalar {
            text: text.into(),
            quoted,
        };
        let shown = match scalar(false).meaning() {
            Meaning::Null => "null".to_owned(),
            Meaning::Bool(value) => value.to_string(),
            Meaning::Number(number) => number.to_string(),
            Meaning::Text(_) => "text".to_owned(),
        };
        assert_eq!(shown, meaning);
        assert_eq!(scalar(true).meaning(), Meaning::Text(text));
    }
}
