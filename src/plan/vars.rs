use super::{TargetTraits, Value};
use crate::{
    contract::Contract,
    scenario::{Scenario, Var},
    source::{Literal, Place, Problem, Scope, TemplateError},
};
use bytes::Bytes;
use indexmap::IndexMap;

/// The id of every run against the embedded mock, so that snapshots hold.
pub const MOCK_RUN_ID: &str = "wireproof-00000000";

/// The largest `{ bytes: N }`.
const MOST_BYTES: u64 = 256 << 20;

/// `wireproof-` and eight hexadecimal digits of the seed.
#[must_use]
pub fn run_id(seed: u128) -> String {
    format!("wireproof-{:08x}", seed & 0xffff_ffff)
}

/// Bytes that look like chance and are the same for the same seed (splitmix64).
pub(super) fn generated(length: u64, seed: u64) -> Bytes {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 8);
    while (bytes.len() as u64) < length {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bytes.extend_from_slice(&(z ^ (z >> 31)).to_le_bytes());
    }
    bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    bytes.into()
}

/// The variables of one scenario, or of one row of it, in the order in which they can use each other: `run_id`, the traits (each by its
/// name with `_` for `-`, and all in `target`), those of
/// the contract, of the scenario, of the row. What was set from outside replaces values of contract and scenario, not of rows.
pub(super) fn variables(
    contract: &Contract,
    scenario: &Scenario,
    row: Option<&IndexMap<String, Literal>>,
    target: &TargetTraits,
    run_id: &str,
    given: &[(String, String)],
) -> Result<Vec<(String, Value)>, Problem> {
    let mut scope = Scope::new();
    let mut all: Vec<(String, Value)> = Vec::new();
    let mut put = |scope: &mut Scope, name: &str, value: Value| {
        // What is secret in the contract stays so, wherever its value comes from.
        let value = match value {
            Value::Json(json) if contract.secret_vars.contains(name) => secret(json),
            other => other,
        };
        match &value {
            Value::Json(json) => scope.set(name, json),
            Value::Bytes(bytes) => scope.set_bytes(name, bytes.clone()),
            Value::Secret(text) => scope.set(name, &text.as_str().into()),
        }
        all.retain(|(known, _)| known != name);
        all.push((name.to_owned(), value));
    };
    let outside = |name: &str| {
        given
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, text)| text.as_str())
    };
    put(&mut scope, "run_id", Value::Json(run_id.into()));
    for (name, value) in &target.traits {
        let value = Value::Json(value.as_str().into());
        put(&mut scope, &name.replace('-', "_"), value);
    }
    let traits = target
        .traits
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    put(
        &mut scope,
        "target",
        Value::Json(serde_json::Value::Object(traits)),
    );
    for (name, value) in &target.traits {
        let value = Value::Json(value.as_str().into());
        put(&mut scope, &name.replace('-', "_"), value);
    }
    for (name, literal) in &contract.vars {
        if scenario.vars.contains_key(name) {
            continue;
        }
        let value = valued(literal, &scope, outside(name)).map_err(problem)?;
        put(&mut scope, name, Value::Json(value));
    }
    for (name, (var, place)) in &scenario.vars {
        let value = match var {
            Var::Value(literal) => {
                Value::Json(valued(literal, &scope, outside(name)).map_err(problem)?)
            }
            Var::Secret(literal) => {
                secret(valued(literal, &scope, outside(name)).map_err(problem)?)
            }
            Var::Bytes { length, .. } if *length > MOST_BYTES => {
                return Err(Problem {
                    code: "too-large",
                    place: place.clone(),
                    found: format!("`{name}` has {length} bytes"),
                    label: "too many".to_owned(),
                    help: Some(format!("at most {MOST_BYTES}")),
                });
            }
            Var::Bytes { length, seed } => Value::Bytes(generated(*length, *seed)),
        };
        put(&mut scope, name, value);
    }
    for (name, literal) in row.into_iter().flatten() {
        let value = literal.resolve(&scope).map_err(problem)?;
        put(&mut scope, name, Value::Json(value));
    }
    Ok(all)
}

fn secret(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::String(text) => Value::Secret(text),
        other => Value::Secret(other.to_string()),
    }
}

/// The value as written, or what was given instead: as text, or as the type that the written value has.
fn valued(
    written: &Literal,
    scope: &Scope,
    given: Option<&str>,
) -> Result<serde_json::Value, TemplateError> {
    let Some(text) = given else {
        return written.resolve(scope);
    };
    let typed = match written {
        Literal::Bool(_) | Literal::Number(_) | Literal::List(_) | Literal::Map(_) => {
            serde_json::from_str(text).ok()
        }
        Literal::Null | Literal::Text(_) => None,
    };
    Ok(typed.unwrap_or_else(|| text.into()))
}

fn problem(error: TemplateError) -> Problem {
    unrendered(error.place, error.message)
}

/// The problem of a template that cannot be rendered before anything is sent.
pub(super) fn unrendered(place: Place, found: String) -> Problem {
    Problem {
        code: "template",
        place,
        found,
        label: "cannot be filled in".to_owned(),
        help: None,
    }
}

/// A readable name for each row, all different: the values of as few columns as tell them apart.
pub(super) fn row_names(rows: &[IndexMap<String, Literal>]) -> Vec<String> {
    let most = rows.iter().map(IndexMap::len).max().unwrap_or_default();
    let named = |columns: usize| -> Vec<String> {
        rows.iter()
            .map(|row| {
                let values: Vec<_> = row.values().take(columns).map(written).collect();
                slug(&values.join(" "))
            })
            .collect()
    };
    let distinct = |names: &[String]| {
        let mut sorted: Vec<_> = names.iter().map(|name| name.to_lowercase()).collect();
        sorted.sort_unstable();
        sorted.windows(2).all(|pair| pair[0] != pair[1]) && !sorted.iter().any(String::is_empty)
    };
    (1..=most)
        .map(named)
        .find(|names| distinct(names))
        .unwrap_or_else(|| {
            let names = named(1).into_iter().enumerate();
            names
                .map(|(at, name)| slug(&format!("{} {name}", at + 1)))
                .collect()
        })
}

fn written(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Bool(value) => value.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(template) if template.text.is_empty() => "empty".to_owned(),
        Literal::Text(template) => template.text.clone(),
        Literal::List(elements) => elements.iter().map(written).collect::<Vec<_>>().join(" "),
        Literal::Map(members) => members
            .iter()
            .map(|(name, value)| format!("{name} {}", written(value)))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// Letters, digits, `.`, `_` and `-`, for names of files; at most 60 characters.
fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '.' || c == '_' {
            out.push(c);
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
        if out.len() >= 60 {
            break;
        }
    }
    out.trim_end_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{generated, row_names, run_id};
    use crate::source::Literal;
    use indexmap::IndexMap;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn row(value: &Value) -> IndexMap<String, Literal> {
        let members = value.as_object().unwrap();
        members
            .iter()
            .map(|(name, value)| (name.clone(), Literal::plain(value)))
            .collect()
    }

    #[rstest]
    #[case(json!([{"kind": "Fragment"}, {"kind": "FRAGMENT 2"}]), &["Fragment", "FRAGMENT-2"])]
    #[case(json!([{"a": 1, "b": "x"}, {"a": 1, "b": "y"}]), &["1-x", "1-y"])]
    #[case(json!([{"a": "Get"}, {"a": "GET"}]), &["1-Get", "2-GET"])]
    #[case(json!([{"a": ""}, {"a": "%%"}]), &["1-empty", "2"])]
    #[case(json!([{"a": "{x}"}, {"a": "../y"}]), &["x", "..-y"])]
    fn rows_have_names_that_differ(#[case] rows: Value, #[case] names: &[&str]) {
        let rows: Vec<_> = rows.as_array().unwrap().iter().map(row).collect();
        assert_eq!(row_names(&rows), names);
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_of_any_length() {
        for length in [0, 1, 7, 8, 4892] {
            assert_eq!(generated(length, 7).len() as u64, length);
        }
        assert_eq!(generated(100, 7)[..50], generated(50, 7));
        assert_ne!(generated(8, 7), generated(8, 8));
    }

    /// The first numbers of splitmix64 for the seed 0, as its authors give them.
    #[test]
    fn bytes_are_those_of_splitmix64() {
        let numbers: [u64; 3] = [
            0xE220_A839_7B1D_CDAF,
            0x6E78_9E6A_A1B9_65F4,
            0x06C4_5D18_8009_454F,
        ];
        let expected: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        assert_eq!(generated(24, 0)[..], expected);
    }

    #[test]
    fn a_run_id_is_short() {
        assert_eq!(run_id(0xffff_1234_5678), "wireproof-12345678");
    }
}
