use super::{Call, Fault, ns, xml};
use crate::hpc_pack::{
    Quirk, Quirks,
    soa::{Start, Version},
};
use std::time::Duration;

/// Reads `WebSessionStartInfo` out of the body of Create Session, JSON or XML as its `Content-Type` says.
///
/// Members come in any order (A63); unknown ones are skipped, as the serialisers of the service do.
///
/// # Errors
/// Where it cannot be read, a member is of the wrong type or out of its range, or a required one is missing.
pub(crate) fn read(call: &Call<'_>, quirks: Quirks) -> Result<Start, Fault> {
    let json = call
        .headers()
        .get("Content-Type")
        .is_some_and(|value| value.to_ascii_lowercase().contains("json"));
    let members = if json {
        Members::from_json(call.body)?
    } else {
        Members::from_xml(call.body)?
    };
    members.start(quirks)
}

/// The type of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Bool,
    /// From and to, both included.
    Int(i32, i32),
    /// At most that many characters.
    Text(usize),
    Pairs,
    Version,
}

const ANY: Type = Type::Int(i32::MIN, i32::MAX);
const COUNT: Type = Type::Int(0, i32::MAX);
const TEXT: Type = Type::Text(usize::MAX);

/// All members in ordinal order. Source: contract section 2.5.
const FIELDS: [(&str, Type); 30] = [
    ("AdminJobForHostInDiag", Type::Bool),
    ("AllocationGrowLoadRatioThreshold", ANY),
    ("AllocationShrinkLoadRatioThreshold", ANY),
    ("CanPreempt", Type::Bool),
    ("ClientConnectionTimeout", ANY),
    ("ClientIdleTimeout", ANY),
    ("DiagnosticBrokerNode", TEXT),
    ("Environments", Type::Pairs),
    ("ExtendedPriority", Type::Int(0, 4000)),
    ("JobTemplate", TEXT),
    ("MaxMessageSize", COUNT),
    ("MaxUnits", ANY),
    ("MessagesThrottleStartThreshold", ANY),
    ("MessagesThrottleStopThreshold", ANY),
    ("MinUnits", ANY),
    ("NodeGroupsStr", TEXT),
    ("Password", Type::Text(127)),
    ("Priority", Type::Int(0, 4)),
    ("RequestedNodesStr", TEXT),
    ("ResourceUnitType", Type::Int(0, 3)),
    ("Runtime", ANY),
    ("ServiceJobName", TEXT),
    ("ServiceJobProject", TEXT),
    ("ServiceName", TEXT),
    ("ServiceOperationTimeout", COUNT),
    ("ServiceVersion", Type::Version),
    ("SessionIdleTimeout", ANY),
    ("ShareSession", Type::Bool),
    ("UseSessionPool", Type::Bool),
    ("Username", Type::Text(80)),
];

/// What may be left out with which quirk only.
const REQUIRED: [(&str, Quirk); 5] = [
    ("ServiceName", Quirk::ServiceNameNotRequired),
    ("Username", Quirk::UsernameNotRequired),
    ("Password", Quirk::PasswordNotRequired),
    ("MaxMessageSize", Quirk::MaxMessageSizeNotRequired),
    ("Runtime", Quirk::RuntimeNotRequired),
];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Bool(bool),
    Int(i32),
    Text(String),
    Pairs(Vec<(String, String)>),
    Version(Version),
}

/// The members that came, each at its place of the table; the last of a name counts.
#[derive(Debug, Default, PartialEq)]
struct Members([Option<Value>; 30]);

impl Members {
    fn from_xml(body: &[u8]) -> Result<Self, Fault> {
        let root = xml::parse(body).map_err(|why| Fault::bad_parameter(why.to_string()))?;
        if !root.is(ns::SESSION, "WebSessionStartInfo") {
            return Err(Fault::bad_parameter(
                "The body is no WebSessionStartInfo in the namespace http://hpc.microsoft.com/.",
            ));
        }
        let mut members = Self::default();
        for child in root
            .children
            .iter()
            .filter(|child| &*child.namespace == ns::SESSION)
        {
            let Some((place, kind)) = place(&child.name) else {
                continue;
            };
            members.0[place] = if child.is_nil() {
                None
            } else {
                Some(checked(FIELDS[place], xml_value(child, kind))?)
            };
        }
        Ok(members)
    }

    fn from_json(body: &[u8]) -> Result<Self, Fault> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        let read: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body)
            .map_err(|why| Fault::bad_parameter(format!("The body is no JSON object: {why}.")))?;
        let mut members = Self::default();
        for (name, value) in read {
            let Some((place, kind)) = place(&name) else {
                continue;
            };
            members.0[place] = if value.is_null() {
                None
            } else {
                Some(checked(FIELDS[place], json_value(value, kind))?)
            };
        }
        Ok(members)
    }

    fn start(self, quirks: Quirks) -> Result<Start, Fault> {
        for (name, quirk) in REQUIRED {
            let missing = match self.get(name) {
                None => true,
                Some(Value::Text(text)) => name == "ServiceName" && text.is_empty(),
                Some(_) => false,
            };
            if missing && !quirks.has(quirk) {
                return Err(Fault::bad_parameter(format!(
                    "The start information of a session needs {name}."
                )));
            }
        }
        let int = |name, default| match self.get(name) {
            Some(Value::Int(value)) => *value,
            _ => default,
        };
        let millis =
            |name, default| Duration::from_millis(u64::try_from(int(name, default)).unwrap_or(0));
        Ok(Start {
            service: match self.get("ServiceName") {
                Some(Value::Text(name)) => name.clone(),
                _ => "CcpEchoSvc".to_owned(),
            },
            version: match self.get("ServiceVersion") {
                Some(Value::Version(version)) => Some(*version),
                _ => None,
            },
            max_message_size: int("MaxMessageSize", 65_536),
            operation_timeout: int("ServiceOperationTimeout", 86_400_000),
            runtime: u64::try_from(int("Runtime", -1))
                .ok()
                .filter(|seconds| *seconds > 0)
                .map(Duration::from_secs),
            idle: if quirks.has(Quirk::IdleNeverEnds) {
                Duration::MAX
            } else {
                millis("ClientIdleTimeout", 300_000) + millis("SessionIdleTimeout", 0)
            },
        })
    }

    fn get(&self, name: &str) -> Option<&Value> {
        place(name).and_then(|(place, _)| self.0[place].as_ref())
    }
}

fn place(name: &str) -> Option<(usize, Type)> {
    FIELDS
        .binary_search_by(|(known, _)| (*known).cmp(name))
        .ok()
        .map(|place| (place, FIELDS[place].1))
}

fn checked((name, kind): (&str, Type), value: Option<Value>) -> Result<Value, Fault> {
    let good = match (&value, kind) {
        (Some(Value::Int(value)), Type::Int(from, to)) => (from..=to).contains(value),
        (Some(Value::Text(text)), Type::Text(most)) => {
            most == usize::MAX || text.chars().count() <= most
        }
        (Some(_), _) => true,
        (None, _) => false,
    };
    value.filter(|_| good).ok_or_else(|| {
        Fault::bad_parameter(format!(
            "{name} has a value of the wrong type or out of its range."
        ))
    })
}

fn xml_value(element: &xml::Element, kind: Type) -> Option<Value> {
    match kind {
        Type::Pairs => element
            .children
            .iter()
            .map(|pair| {
                let text = |name| pair.child(name).map(|child| child.text.clone());
                Some((text("Key")?, text("Value").unwrap_or_default()))
            })
            .collect::<Option<_>>()
            .map(Value::Pairs),
        Type::Version if !element.children.is_empty() => {
            let number = |name| element.child(name)?.text.trim().parse().ok();
            version(number("_Major")?, number("_Minor")?)
        }
        _ if element.children.is_empty() => text_value(&element.text, kind),
        _ => None,
    }
}

fn json_value(value: serde_json::Value, kind: Type) -> Option<Value> {
    use serde_json::Value as Json;
    match (kind, value) {
        (Type::Bool, Json::Bool(value)) => Some(Value::Bool(value)),
        (Type::Int(..), Json::Number(number)) => {
            Some(Value::Int(i32::try_from(number.as_i64()?).ok()?))
        }
        (Type::Pairs, Json::Array(pairs)) => pairs
            .iter()
            .map(|pair| {
                let text = |name| pair.get(name)?.as_str().map(str::to_owned);
                Some((text("Key")?, text("Value").unwrap_or_default()))
            })
            .collect::<Option<_>>()
            .map(Value::Pairs),
        (Type::Version, Json::Object(members)) => {
            let number = |name| i32::try_from(members.get(name)?.as_i64()?).ok();
            version(number("_Major")?, number("_Minor")?)
        }
        // The serialiser reads numbers and booleans out of strings too.
        (kind, Json::String(text)) => text_value(&text, kind),
        _ => None,
    }
}

fn text_value(text: &str, kind: Type) -> Option<Value> {
    match kind {
        Type::Text(_) => Some(Value::Text(text.to_owned())),
        Type::Bool => match text.trim() {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Type::Int(..) => text.trim().parse().ok().map(Value::Int),
        Type::Pairs => text.trim().is_empty().then(|| Value::Pairs(Vec::new())),
        Type::Version => {
            let mut numbers = text.trim().split('.').map(str::parse);
            let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
            numbers.all(|number| number.is_ok()).then_some(())?;
            version(major, minor)
        }
    }
}

fn version(major: i32, minor: i32) -> Option<Value> {
    (major >= 0 && minor >= 0).then_some(Value::Version(Version { major, minor }))
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, Members, REQUIRED, Type, Value};
    use crate::hpc_pack::{Quirks, soa::Version};
    use proptest::prelude::{any, proptest};
    use rstest::rstest;

    /// A value of that type as XML text and as JSON.
    fn sample(kind: Type) -> (&'static str, &'static str) {
        match kind {
            Type::Bool => ("true", "true"),
            Type::Int(..) => ("3", "3"),
            Type::Text(_) => ("a &amp; b", r#""a & b""#),
            Type::Pairs => (
                "<b:KeyValueOfstringstring xmlns:b='http://schemas.microsoft.com/2003/10/Serialization/Arrays'>\
                 <b:Key>k</b:Key><b:Value>v</b:Value></b:KeyValueOfstringstring>",
                r#"[{"Key":"k","Value":"v"}]"#,
            ),
            Type::Version => (
                "<v:_Build xmlns:v='urn:v'>-1</v:_Build><v:_Major xmlns:v='urn:v'>2</v:_Major>\
                 <v:_Minor xmlns:v='urn:v'>5</v:_Minor>",
                r#"{"_Build":-1,"_Major":2,"_Minor":5,"_Revision":-1}"#,
            ),
        }
    }

    fn xml(members: &str) -> Vec<u8> {
        format!("<s:WebSessionStartInfo xmlns:s='http://hpc.microsoft.com/'>{members}</s:WebSessionStartInfo>")
            .into_bytes()
    }

    #[test]
    fn fields_stand_in_ordinal_order() {
        assert!(FIELDS.is_sorted_by_key(|(name, _)| *name));
        assert!(
            REQUIRED
                .iter()
                .all(|(name, _)| super::place(name).is_some())
        );
    }

    #[test]
    fn xml_and_json_say_the_same_in_all_thirty_fields_and_in_any_order() {
        let in_xml: String = FIELDS
            .iter()
            .rev()
            .map(|(name, kind)| format!("<s:{name}>{}</s:{name}>\r\n", sample(*kind).0))
            .collect();
        let in_json: Vec<String> = FIELDS
            .iter()
            .map(|(name, kind)| format!(r#""{name}" : {}"#, sample(*kind).1))
            .collect();
        let from_xml = Members::from_xml(&xml(&in_xml)).unwrap();
        let from_json =
            Members::from_json(format!("\u{FEFF}{{{}}}", in_json.join(",")).as_bytes()).unwrap();
        assert_eq!(from_xml, from_json);
        assert!(from_xml.0.iter().all(Option::is_some));
        assert_eq!(
            from_xml.get("ServiceVersion"),
            Some(&Value::Version(Version { major: 2, minor: 5 }))
        );
        assert_eq!(
            from_xml.get("Environments"),
            Some(&Value::Pairs(vec![("k".to_owned(), "v".to_owned())]))
        );
    }

    #[rstest]
    #[case(r#"{"Runtime":"x"}"#)]
    #[case(r#"{"Runtime":99999999999}"#)]
    #[case(r#"{"Runtime":1.5}"#)]
    #[case(r#"{"MaxMessageSize":-1}"#)]
    #[case(r#"{"Priority":5}"#)]
    #[case(r#"{"ServiceName":["a"]}"#)]
    #[case(r#"{"ServiceName":7}"#)]
    #[case(r#"{"ShareSession":"maybe"}"#)]
    #[case(r#"{"ServiceVersion":"1"}"#)]
    #[case(r#"{"ServiceVersion":"1.x"}"#)]
    #[case(r#"{"Environments":[{"Value":"v"}]}"#)]
    #[case("[]")]
    #[case("null")]
    #[case("{")]
    #[case("")]
    fn json_of_the_wrong_type_is_refused(#[case] body: &str) {
        assert_eq!(Members::from_json(body.as_bytes()).unwrap_err().status, 400);
    }

    #[rstest]
    #[case("<Runtime xmlns='http://hpc.microsoft.com/'/>")]
    #[case("<s:Runtime>1<s:b/></s:Runtime>")]
    #[case("<s:ServiceName><s:b/></s:ServiceName>")]
    #[case("<s:CanPreempt>yes</s:CanPreempt>")]
    fn xml_of_the_wrong_type_is_refused(#[case] members: &str) {
        assert_eq!(Members::from_xml(&xml(members)).unwrap_err().status, 400);
    }

    #[test]
    fn another_root_or_namespace_is_refused_and_foreign_members_are_skipped() {
        assert!(Members::from_xml(b"<WebSessionStartInfo/>").is_err());
        assert!(Members::from_xml(b"<WebSessionInfo xmlns='http://hpc.microsoft.com/'/>").is_err());
        let foreign = Members::from_xml(&xml("<Runtime>x</Runtime><s:New>1</s:New>")).unwrap();
        assert_eq!(foreign, Members::default());
    }

    #[test]
    fn nil_and_null_count_as_absent() {
        let nil = "<s:Runtime i:nil='true' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'/>";
        assert_eq!(Members::from_xml(&xml(nil)).unwrap(), Members::default());
        assert_eq!(
            Members::from_json(br#"{"Runtime":null}"#).unwrap(),
            Members::default()
        );
    }

    #[rstest]
    #[case("ServiceName")]
    #[case("Username")]
    #[case("Password")]
    #[case("MaxMessageSize")]
    #[case("Runtime")]
    fn each_required_member_is_missed(#[case] left_out: &str) {
        let body: Vec<String> = REQUIRED
            .iter()
            .filter(|(name, _)| *name != left_out)
            .map(|(name, _)| format!(r#""{name}":{}"#, sample(super::place(name).unwrap().1).1))
            .collect();
        let members = Members::from_json(format!("{{{}}}", body.join(",")).as_bytes()).unwrap();
        let fault = members.start(Quirks::default()).unwrap_err();
        assert!(fault.message.contains(left_out), "{fault:?}");
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(bytes: Vec<u8>) {
            let _ = Members::from_json(&bytes);
            let _ = Members::from_xml(&bytes);
        }

        #[test]
        fn no_values_make_it_panic(field in 0..30_usize, text in any::<String>(), number: i64) {
            let name = FIELDS[field].0;
            for value in [serde_json::Value::from(text), serde_json::Value::from(number)] {
                let body = serde_json::json!({ name: value }).to_string();
                if let Ok(members) = Members::from_json(body.as_bytes()) {
                    let _ = members.start(Quirks::default());
                }
            }
        }
    }
}
