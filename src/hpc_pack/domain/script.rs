use super::command::{Play, QUICK};
use serde_json::Value as Json;
use std::time::Duration;

/// A row of the user's own table: what commands of that pattern do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// The whole command line, `*` standing for any characters, letter case ignored.
    pub(crate) pattern: String,
    /// What it does.
    pub(crate) play: Play,
}

impl Script {
    /// Whether a command line is of the pattern.
    pub(crate) fn matches(&self, line: &str) -> bool {
        let (pattern, line) = (self.pattern.to_lowercase(), line.to_lowercase());
        let mut parts = pattern.split('*');
        let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else {
            return false;
        };
        let mut parts: Vec<_> = parts.collect();
        let Some(last) = parts.pop() else {
            return rest.is_empty();
        };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }

    /// Reads a table: a JSON list of objects with `pattern`, and if need be `exit` (0), `output` (nothing) and `duration` (`50ms`): `150ms`,
    /// `2s`, `forever`. The first row whose pattern fits a command counts.
    ///
    /// # Errors
    /// The first thing that does not read, for a person.
    pub(crate) fn read_all(text: &str) -> Result<Vec<Self>, String> {
        let json: Json = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let rows = json.as_array().ok_or("the file is no list")?;
        rows.iter().map(Self::read).collect()
    }

    fn read(json: &Json) -> Result<Self, String> {
        const KEYS: [&str; 4] = ["pattern", "exit", "output", "duration"];
        let row = json.as_object().ok_or("a row is no object")?;
        if let Some(key) = row.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!("a row has no `{key}`; it has {}", KEYS.join(", ")));
        }
        let text = |key: &str| match row.get(key) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("`{key}` of a row is no text")),
        };
        let exit = match row.get("exit") {
            None => Some(0),
            Some(exit) => exit.as_i64().and_then(|exit| i32::try_from(exit).ok()),
        };
        Ok(Self {
            pattern: text("pattern")?.ok_or("a row has no `pattern`")?,
            play: Play {
                exit: exit.ok_or("`exit` of a row is no exit code")?,
                output: text("output")?.unwrap_or_default(),
                duration: match text("duration")? {
                    None => Some(QUICK),
                    Some(text) if text == "forever" => None,
                    Some(text) => {
                        Some(duration(&text).ok_or_else(|| {
                            format!("`{text}` is no duration: 150ms, 2s, forever")
                        })?)
                    }
                },
            },
        })
    }
}

fn duration(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(millis) => millis.parse().ok().map(Duration::from_millis),
        None => text
            .strip_suffix('s')?
            .parse()
            .ok()
            .map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::Script;
    use rstest::rstest;
    use std::time::Duration;

    #[rstest]
    #[case("a*c", "abbc", true)]
    #[case("a*c", "AC", true)]
    #[case("a*c", "acb", false)]
    #[case("*b*", "abc", true)]
    #[case("abc", "abcd", false)]
    #[case("*", "", true)]
    #[case("aa*a", "aa", false)]
    fn an_asterisk_stands_for_any_characters(
        #[case] pattern: &str,
        #[case] line: &str,
        #[case] fits: bool,
    ) {
        let text = format!(r#"[{{"pattern": "{pattern}"}}]"#);
        assert_eq!(Script::read_all(&text).unwrap()[0].matches(line), fits);
    }

    #[test]
    fn a_table_is_read() {
        let text = r#"[{"pattern": "solve *", "exit": 3, "output": "done", "duration": "2s"}, {"pattern": "x", "duration": "forever"}]"#;
        let table = Script::read_all(text).unwrap();
        assert_eq!(
            (table[0].play.exit, table[0].play.output.as_str()),
            (3, "done")
        );
        assert_eq!(table[0].play.duration, Some(Duration::from_secs(2)));
        assert_eq!(table[1].play.duration, None);
    }

    #[rstest]
    #[case("{}", "no list")]
    #[case("[1]", "no object")]
    #[case("[{}]", "no `pattern`")]
    #[case(r#"[{"pattern": "x", "exits": 1}]"#, "no `exits`")]
    #[case(r#"[{"pattern": "x", "exit": "1"}]"#, "exit code")]
    #[case(r#"[{"pattern": "x", "duration": "soon"}]"#, "no duration")]
    fn what_does_not_read_is_told(#[case] text: &str, #[case] told: &str) {
        let error = Script::read_all(text).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
}
