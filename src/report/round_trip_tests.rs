//! The JSON report as a value that is written and read: whatever stands in its places, nothing is lost on the way.

use super::{Report, sample::built};
use proptest::{
    prelude::{Just, Strategy, any, prop_oneof, proptest},
    sample::Index,
};
use serde_json::Value;

/// What a place of a report is changed to.
#[derive(Clone, Debug)]
enum Change {
    Text(String),
    Number(u64),
    Flag(bool),
    /// The list, or what is there, once more behind itself.
    Twice,
    Nothing,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<String>().prop_map(Change::Text),
        any::<u64>().prop_map(Change::Number),
        any::<bool>().prop_map(Change::Flag),
        Just(Change::Twice),
        Just(Change::Nothing),
    ]
}

/// The places of all values in a report.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(member, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{place}"), found);
            }
        }
        _ => {}
    }
    found.push(at.to_owned());
}

fn changed(json: &mut Value, place: &str, change: &Change) {
    let value = json.pointer_mut(place).expect("the place was found there");
    match (value, change) {
        (Value::String(text), Change::Text(other)) => other.clone_into(text),
        (number @ Value::Number(_), Change::Number(other)) => *number = Value::from(*other),
        (Value::Bool(flag), Change::Flag(other)) => *flag = *other,
        (Value::Array(items), Change::Twice) => items.extend(items.clone()),
        (Value::Array(items), Change::Nothing) => items.clear(),
        (value, Change::Nothing) => *value = Value::Null,
        _ => {}
    }
}

/// Reads, writes and reads again; whether it was read at all.
fn goes_round(json: &str) -> bool {
    let Ok(report) = serde_json::from_str::<Report>(json) else {
        return false;
    };
    let written = serde_json::to_string_pretty(&report).expect("a report is JSON");
    let again: Report = serde_json::from_str(&written).expect("what is written is read");
    assert_eq!(again, report, "{written}");
    let twice = serde_json::to_string_pretty(&again).expect("a report is JSON");
    assert_eq!(twice, written);
    true
}

proptest! {
    #[test]
    fn a_report_is_written_as_it_was_read(changes in proptest::collection::vec((any::<Index>(), change()), 1..12)) {
        let mut json = serde_json::to_value(built()).expect("a report is JSON");
        for (place, change) in changes {
            let before = json.clone();
            let mut all = Vec::new();
            places(&json, "", &mut all);
            let place: &String = place.get(&all);
            changed(&mut json, place, &change);
            // A change that makes it no report is taken back, so that the others count.
            if !goes_round(&json.to_string()) {
                json = before;
            }
        }
        assert!(goes_round(&json.to_string()), "what is left is a report");
    }
}

#[test]
fn most_places_of_a_report_take_other_values() {
    let json = serde_json::to_value(built()).expect("a report is JSON");
    let mut all = Vec::new();
    places(&json, "", &mut all);
    let taken = |place: &&String| {
        let mut other = json.clone();
        for change in [
            Change::Text("\u{0}\"\\\u{2028}<&>".to_owned()),
            Change::Number(7),
            Change::Flag(true),
            Change::Twice,
        ] {
            changed(&mut other, place, &change);
        }
        other != json && goes_round(&other.to_string())
    };
    let count = all.iter().filter(taken).count();
    assert!(count * 3 > all.len(), "{count} of {} places", all.len());
}
