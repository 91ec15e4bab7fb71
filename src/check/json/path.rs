use crate::source::unquoted;
use serde_json::Value;
use serde_json_path::JsonPath;
use std::{cell::RefCell, collections::HashMap, rc::Rc};

thread_local! {
    // For each thread, so that nobody waits for a lock; the paths of a suite are few.
    static COMPILED: RefCell<HashMap<String, Rc<JsonPath>>> = RefCell::new(HashMap::new());
}
pub(super) const COMPILED_MOST: usize = 2000;

/// A JSONPath, compiled once for each thread.
pub(crate) fn compiled(path: &str) -> Result<Rc<JsonPath>, String> {
    COMPILED.with(|cache| {
        if let Some(path) = cache.borrow().get(path) {
            return Ok(Rc::clone(path));
        }
        let parsed = JsonPath::parse(path).map_err(|e| format!("`{path}` is no JSONPath: {e}"))?;
        let parsed = Rc::new(parsed);
        let mut cache = cache.borrow_mut();
        if cache.len() >= COMPILED_MOST {
            cache.clear();
        }
        cache.insert(path.to_owned(), Rc::clone(&parsed));
        Ok(parsed)
    })
}

/// How many values a body may hold: each takes up to some hundred bytes here, and a server chooses their number.
const VALUES: usize = 300_000;

/// Reads a body; a byte-order mark is skipped. More than 300,000 values, or more than 128 levels, are refused.
pub(crate) fn parse(body: &[u8]) -> Result<Value, String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err("it is empty".to_owned());
    }
    // Before any of them is made. Commas within texts count, too, so it may be somewhat less.
    if body
        .iter()
        .filter(|byte| b",[{".contains(byte))
        .take(VALUES + 1)
        .count()
        > VALUES
    {
        return Err(format!(
            "it has more than the {VALUES} values that are read"
        ));
    }
    serde_json::from_slice(body).map_err(|e| e.to_string())
}

/// Whether a path can give one value only (RFC 9535 2.3.5.1): names and indices, no wildcard, slice, filter or descent.
pub(crate) fn is_singular(path: &str) -> bool {
    let mut behind_a_dot = None;
    for (at, c) in unquoted(path) {
        match c {
            '*' | '?' | ':' | ',' => return false,
            '.' if behind_a_dot == Some(at) => return false,
            '.' => behind_a_dot = Some(at + 1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{compiled, is_singular, parse};
    use rstest::rstest;

    #[rstest]
    #[case("$", true)]
    #[case("$.a[0]['b*,:?..']", true)]
    #[case("$[\"it's\"]", true)]
    #[case("$['a\\'*']", true)]
    #[case("$['a'].*", false)]
    #[case("$.*", false)]
    #[case("$..a", false)]
    #[case("$[0,1]", false)]
    #[case("$[1:2]", false)]
    #[case("$[?@.a == 1]", false)]
    fn a_path_is_singular_or_not(#[case] path: &str, #[case] singular: bool) {
        assert_eq!(compiled(path).err(), None);
        assert_eq!(is_singular(path), singular);
    }

    #[test]
    fn what_is_no_json_or_no_path_says_why() {
        assert_eq!(parse(b" "), Err("it is empty".to_owned()));
        assert!(parse(b"{\"a\":").expect_err("cut").contains("EOF"));
        let most = format!("[{}1]", "1,".repeat(299_999));
        assert!(parse(most.as_bytes()).is_ok());
        let long = format!("[{}1]", "1,".repeat(300_000));
        assert!(
            parse(long.as_bytes())
                .expect_err("long")
                .contains("300000 values")
        );
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
        assert!(parse(b"\xef\xbb\xbf[1]").is_ok());
        assert!(
            compiled("$.[")
                .map(|_| ())
                .expect_err("an error")
                .contains("is no JSONPath")
        );
    }
}
