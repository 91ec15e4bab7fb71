use super::{
    json::{self, Json},
    types::{is_number, text_is},
    xml::{self, Element, Place},
};
use crate::source::Type;
use serde_json::Value;
use std::{borrow::Cow, rc::Rc};

/// One value from the wire.
#[derive(Clone, Debug)]
pub(crate) enum Item<'a> {
    /// A header field, a status, an attribute, a result of XPath: text without a type.
    Text(Cow<'a, str>),
    /// An element of XML.
    Element(Element<'a>),
    /// A value of a body that is JSON.
    Json(Json<'a>),
    /// A value of JSON that comes from elsewhere.
    Value(&'a Value),
}

/// What stands at the place a matcher looks at.
#[derive(Clone, Debug)]
pub(crate) enum Found<'a> {
    /// The fields of a header: one value to matchers of one, each by itself to those of lists; none is absence.
    Fields(Vec<&'a str>),
    /// Nodes, results of a path that can give several: most matchers look at the first; none is absence.
    Several(Vec<Item<'a>>),
    /// The same of a body that is JSON, by their numbers.
    Json(&'a json::Tree<'a>, Vec<u32>),
    /// The same of a body that is XML.
    Xml(&'a xml::Tree<'a>, Rc<Vec<u32>>),
    /// One value. A JSON array is also the list of its elements.
    One(Item<'a>),
    /// The names of members: a list as a whole, which may be empty.
    Names(Value),
    /// A body as text: an empty one is absence and empty text in one.
    Body(Cow<'a, str>),
}

impl<'a> Found<'a> {
    /// One text.
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::One(Item::Text(text.into()))
    }

    /// What a matcher of one value looks at; nothing is absence.
    pub(crate) fn first(&self) -> Option<Item<'_>> {
        match self {
            // Of several fields nobody knows which one a peer reads; as one value they are what RFC 2616 4.2 makes of them.
            Self::Fields(fields) if fields.len() > 1 => Some(Item::Text(fields.join(", ").into())),
            Self::Fields(_) | Self::Several(_) | Self::Json(..) | Self::Xml(..) => {
                self.items().next()
            }
            Self::One(item) => Some(item.borrowed()),
            Self::Names(names) => Some(Item::Value(names)),
            Self::Body(text) => Some(Item::Text(Cow::Borrowed(text))),
        }
    }

    /// What `each`, `exactly` and `in-order` look at, one after the other: there may be millions.
    pub(crate) fn items(&self) -> Box<dyn Iterator<Item = Item<'_>> + '_> {
        match self {
            Self::Fields(fields) => {
                Box::new(fields.iter().map(|field| Item::Text(Cow::Borrowed(field))))
            }
            Self::Several(items) => Box::new(items.iter().map(Item::borrowed)),
            Self::Json(tree, found) => Box::new(found.iter().map(|at| Item::Json(tree.value(*at)))),
            Self::Xml(tree, found) => Box::new(found.iter().map(|at| element_or_text(tree, *at))),
            Self::Names(Value::Array(list)) | Self::One(Item::Value(Value::Array(list))) => {
                Box::new(list.iter().map(Item::Value))
            }
            Self::One(Item::Json(json)) if json.is_array() => {
                Box::new(json.values().map(Item::Json))
            }
            Self::Names(_) => Box::new(std::iter::empty()),
            Self::One(_) | Self::Body(_) => Box::new(self.first().into_iter()),
        }
    }

    /// What `count` counts: header fields, nodes, results, names.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Fields(fields) => fields.len(),
            Self::Several(items) => items.len(),
            Self::Json(_, found) => found.len(),
            Self::Xml(_, found) => found.len(),
            Self::One(_) | Self::Body(_) => 1,
            Self::Names(names) => names.as_array().map_or(0, Vec::len),
        }
    }

    /// Whether nothing stands there.
    pub(crate) fn is_absent(&self) -> bool {
        match self {
            Self::Fields(_) | Self::Several(_) | Self::Json(..) | Self::Xml(..) => {
                self.count() == 0
            }
            Self::Body(text) => text.is_empty(),
            Self::One(_) | Self::Names(_) => false,
        }
    }
}

fn element_or_text<'t>(tree: &'t xml::Tree<'t>, at: u32) -> Item<'t> {
    match xml::place(tree, at) {
        Place::Element(element) => Item::Element(element),
        Place::Attribute(_, text) | Place::Text(_, text) => Item::Text(text),
        Place::Value(text) => Item::Text(Cow::Owned(text)),
    }
}

impl Item<'_> {
    /// The same without copying.
    pub(crate) fn borrowed(&self) -> Item<'_> {
        match self {
            Self::Text(text) => Item::Text(Cow::Borrowed(text)),
            Self::Element(element) => Item::Element(*element),
            Self::Json(json) => Item::Json(*json),
            Self::Value(value) => Item::Value(value),
        }
    }

    /// Its text: of JSON only a string's.
    pub(crate) fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Element(element) => Some(element.text()),
            Self::Json(json) => json.as_str().map(Cow::Borrowed),
            Self::Value(value) => value.as_str().map(Cow::Borrowed),
        }
    }

    /// A value of JSON, where it is one.
    pub(crate) fn value(&self) -> Option<Cow<'_, Value>> {
        match self {
            Self::Json(json) => Some(Cow::Owned(json.to_value())),
            Self::Value(value) => Some(Cow::Borrowed(value)),
            Self::Text(_) | Self::Element(_) => None,
        }
    }

    /// The digits of its number: JSON numbers, and text from the wire that reads as one.
    pub(crate) fn as_number(&self) -> Option<String> {
        match self {
            Self::Json(json) => json.as_number().map(|number| number.to_string()),
            Self::Value(value) => value.as_number().map(ToString::to_string),
            Self::Text(_) | Self::Element(_) => self
                .as_text()
                .map(|text| text.trim().to_owned())
                .filter(|text| is_number(text)),
        }
    }

    /// Whether it is of that type. JSON is taken by its own types, text by how it reads.
    pub(crate) fn is(&self, ty: Type) -> bool {
        match self {
            Self::Text(text) => text_is(ty, text),
            Self::Element(element) => element_is(ty, *element),
            Self::Value(value) => json_is(ty, value),
            // No list or object is copied to learn that it is one.
            Self::Json(json) => match (ty, json.len()) {
                (Type::Present, _) => true,
                (Type::Object, Some(_)) => json.is_object(),
                (Type::Array, Some(_)) => json.is_array(),
                (Type::Empty, Some(length)) => length == 0,
                (_, Some(_)) => false,
                (ty, None) => json_is(ty, &json.to_value()),
            },
        }
    }
}

fn element_is(ty: Type, element: Element<'_>) -> bool {
    match ty {
        Type::Present => true,
        Type::Null => element.is_nil(),
        _ if element.is_nil() => false,
        // XML does not tell lists from records: an element that has no text of its own can be either.
        Type::Object | Type::Array => !element.has_text(),
        _ => !element.has_children() && text_is(ty, &element.text()),
    }
}

fn json_is(ty: Type, value: &Value) -> bool {
    match (ty, value) {
        (Type::Present, _)
        | (Type::Null, Value::Null)
        | (Type::Number, Value::Number(_))
        | (Type::Boolean, Value::Bool(_))
        | (Type::Object, Value::Object(_))
        | (Type::Array, Value::Array(_)) => true,
        (Type::Empty, Value::Array(list)) => list.is_empty(),
        (Type::Empty, Value::Object(map)) => map.is_empty(),
        (Type::Integer, Value::Number(number)) => is_whole(number),
        (Type::Int32, Value::Number(number)) => {
            is_whole(number) && number.as_i64().is_some_and(|n| i32::try_from(n).is_ok())
        }
        (
            Type::Null
            | Type::Number
            | Type::Boolean
            | Type::Object
            | Type::Array
            | Type::Integer
            | Type::Int32,
            _,
        ) => false,
        (ty, Value::String(text)) => text_is(ty, text),
        (_, _) => false,
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64()
}

/// The value of a number without a fraction, exactly: two whole ones that differ may be the same as floating-point numbers.
fn whole(number: &serde_json::Number) -> Option<i128> {
    let exact = number.as_i64().map(i128::from);
    exact
        .or_else(|| number.as_u64().map(i128::from))
        .or_else(|| {
            let value = number.as_f64()?;
            // Greater ones are floating-point numbers on both sides.
            (value.fract() == 0.0 && value.abs() < 1e30).then_some(value as i128)
        })
}

/// Equality by type and value: numbers by their value, so that 1 is 1.0; objects whatever the order of their members.
pub(crate) fn json_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (whole(a), whole(b)) {
            (None, None) => a.as_f64() == b.as_f64(),
            (a, b) => a == b,
        },
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| json_equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| json_equal(a, b)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, json_equal};
    use crate::{check::xml::parse, source::Type};
    use rstest::rstest;
    use serde_json::{Value, json};

    #[rstest]
    #[case(Type::Present, json!(null), json!(0))]
    #[case(Type::Empty, json!([]), json!({}))]
    #[case(Type::Empty, json!(""), json!(""))]
    #[case(Type::String, json!("x"), json!(""))]
    #[case(Type::Integer, json!(5), json!(-5))]
    #[case(Type::Int32, json!(5), json!(-2147483648))]
    #[case(Type::Number, json!(5.5), json!(5))]
    #[case(Type::Boolean, json!(true), json!(false))]
    #[case(Type::Null, json!(null), json!(null))]
    #[case(Type::Object, json!({}), json!({"a": 1}))]
    #[case(Type::Array, json!([]), json!([1]))]
    #[case(Type::Guid, json!("7df0354d-249b-430f-820d-3d2a9bef4931"), json!("{7df0354d-249b-430f-820d-3d2a9bef4931}"))]
    fn json_is_of_its_own_type(#[case] ty: Type, #[case] one: Value, #[case] other: Value) {
        assert!(Item::Value(&one).is(ty));
        assert!(Item::Value(&other).is(ty));
    }

    #[rstest]
    #[case(Type::Empty, json!(null))]
    #[case(Type::Empty, json!(0))]
    #[case(Type::String, json!(5))]
    #[case(Type::Integer, json!("5"))]
    #[case(Type::Integer, json!(5.0))]
    #[case(Type::Int32, json!(2147483648u64))]
    #[case(Type::Number, json!("5"))]
    #[case(Type::Boolean, json!("true"))]
    #[case(Type::Null, json!("null"))]
    #[case(Type::Object, json!([]))]
    #[case(Type::Array, json!({}))]
    #[case(Type::Guid, json!(7))]
    fn json_is_never_of_another_type(#[case] ty: Type, #[case] value: Value) {
        assert!(!Item::Value(&value).is(ty));
    }

    #[rstest]
    #[case("<a>5</a>", Type::Integer, true)]
    #[case("<a>5</a>", Type::Object, false)]
    #[case("<a><b/></a>", Type::Object, true)]
    #[case("<a><b/></a>", Type::Array, true)]
    #[case("<a><b/></a>", Type::String, false)]
    #[case("<a/>", Type::Empty, true)]
    #[case("<a/>", Type::String, true)]
    #[case("<a><![CDATA[]]></a>", Type::Empty, true)]
    #[case("<a><b/></a>", Type::Empty, false)]
    #[case(
        "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>",
        Type::Present,
        true
    )]
    #[case("<a> </a>", Type::Empty, false)]
    #[case(
        "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>",
        Type::Null,
        true
    )]
    #[case(
        "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>",
        Type::String,
        false
    )]
    #[case(
        "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='false'/>",
        Type::Null,
        false
    )]
    #[case("<a nil='true'/>", Type::Null, false)]
    fn an_element_is_of_a_type_by_what_it_holds(
        #[case] text: &str,
        #[case] ty: Type,
        #[case] fits: bool,
    ) {
        let tree = parse(text.as_bytes()).expect("XML");
        assert_eq!(Item::Element(tree.root()).is(ty), fits);
    }

    #[rstest]
    #[case(json!(1), json!(1.0), true)]
    #[case(json!(9007199254740993u64), json!(9007199254740992u64), false)]
    #[case(json!(9007199254740993u64), json!(9007199254740992.0), false)]
    #[case(json!(9007199254740992u64), json!(9007199254740992.0), true)]
    #[case(json!(18446744073709551615u64), json!(18446744073709551616.0), false)]
    #[case(json!(1e300), json!(1e300), true)]
    #[case(json!(1e30), json!(2e30), false)]
    #[case(json!(0.0), json!(-0.0), true)]
    #[case(json!({"a": 1, "b": [1, 2.0]}), json!({"b": [1.0, 2], "a": 1}), true)]
    #[case(json!([1, 2]), json!([2, 1]), false)]
    #[case(json!({"a": null}), json!({}), false)]
    #[case(json!(1), json!("1"), false)]
    fn json_is_equal_by_type_and_value(#[case] a: Value, #[case] b: Value, #[case] equal: bool) {
        assert_eq!(json_equal(&a, &b), equal);
        assert_eq!(json_equal(&b, &a), equal);
    }
}
