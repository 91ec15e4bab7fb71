use super::{
    Wrong,
    explain::show,
    json::Json,
    message::{Message, Side},
    mismatch::Gathered,
    text::either,
    types::word,
    value::{Found, Item},
    view::Trouble,
    xml::Element,
};
use crate::{
    contract::{Contract, Shape, ShapeMember},
    source::{Place, Type},
};

/// How many misfits of one body are told; more say nothing new.
const MOST: usize = 20;

/// Whether the body has the shape of that name; every misfit is a mismatch of its own.
pub(crate) fn look(
    name: &str,
    place: &Place,
    message: &Message<'_>,
    contract: &Contract,
    into: &mut Gathered,
) -> Result<(), Wrong> {
    let mut walk = Walk {
        contract,
        place,
        name,
        side: message.side,
        into,
    };
    let shape = walk.find(name)?;
    let subject = walk.subject("");
    let expected = format!("a body of shape {name}");
    if message.view.body.is_empty() {
        walk.into
            .unreadable(place, &subject, &expected, "an empty body");
        return Ok(());
    }
    if is_json(message) {
        match message.view.json() {
            Ok(tree) => walk.json(shape, tree.root(), "$"),
            Err(Trouble::Unreadable(why)) => {
                walk.into.unreadable(place, &subject, &expected, &why);
                Ok(())
            }
            Err(Trouble::Wrong(wrong)) => Err(wrong),
        }
    } else {
        match message.view.xml() {
            Ok(tree) => {
                let at = format!("/{}", tree.root().local());
                walk.root(shape, tree.root(), &at)
            }
            Err(Trouble::Unreadable(why)) => {
                walk.into.unreadable(place, &subject, &expected, &why);
                Ok(())
            }
            Err(Trouble::Wrong(wrong)) => Err(wrong),
        }
    }
}

/// What the message says it is, and where it says neither JSON nor XML, what it looks like.
fn is_json(message: &Message<'_>) -> bool {
    let content_type = message
        .view
        .headers
        .get("Content-Type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    if content_type.contains("json") {
        true
    } else if content_type.contains("xml") {
        false
    } else {
        message
            .view
            .body
            .iter()
            .find(|b| !b.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(b))
            != Some(&b'<')
    }
}

struct Walk<'a> {
    contract: &'a Contract,
    place: &'a Place,
    name: &'a str,
    side: Side,
    into: &'a mut Gathered,
}

impl<'a> Walk<'a> {
    fn find(&self, name: &str) -> Result<&'a Shape, Wrong> {
        self.contract
            .shapes
            .get(name)
            .ok_or_else(|| Wrong::at(self.place, format!("`{name}` is no shape of the contract")))
    }

    fn subject(&self, at: &str) -> String {
        let subject = format!("{}shape {} {at}", self.side.prefix(), self.name);
        subject.trim_end().to_owned()
    }

    fn miss(&mut self, at: &str, expected: &str, actual: &str) {
        if self.into.mismatches.len() < MOST {
            let subject = self.subject(at);
            self.into.miss(self.place, &subject, expected, actual);
        }
    }

    fn typed(&mut self, at: &str, types: &[Type], item: &Item<'_>) {
        if types.is_empty() || types.iter().any(|ty| item.is(*ty)) {
            self.into.looked += 1;
            return;
        }
        let words: Vec<_> = types.iter().map(|ty| word(*ty).to_owned()).collect();
        let shown = show(&Found::One(item.borrowed()));
        let actual = match item {
            Item::Json(json) => format!("{shown} ({})", json.kind()),
            Item::Text(_) | Item::Element(_) | Item::Value(_) => shown,
        };
        self.miss(
            at,
            &format!("a value of type {}", either(&words, "or")),
            &actual,
        );
    }

    // JSON

    fn json(&mut self, shape: &Shape, value: Json<'_>, at: &str) -> Result<(), Wrong> {
        if let Some(ty) = shape.text {
            self.typed(at, &[ty], &Item::Json(value));
            return Ok(());
        }
        if let Some(element) = &shape.repeats {
            let inner = self.find(element)?;
            if !value.is_array() {
                self.miss(at, "an array", value.kind());
                return Ok(());
            }
            for (n, value) in value.values().enumerate() {
                self.json(inner, value, &format!("{at}[{n}]"))?;
            }
            return Ok(());
        }
        if !value.is_object() {
            self.miss(at, "an object", value.kind());
            return Ok(());
        }
        for member in &shape.members {
            let at = format!("{at}.{}", member.name);
            match value.get(&member.name) {
                None => self.missing(member, &at),
                Some(value) => {
                    self.typed(&at, &member.is, &Item::Json(value));
                    let null_fits = value.is_null() && member.is.contains(&Type::Null);
                    if let (Some(inner), false) = (&member.shape, null_fits) {
                        let inner = self.find(inner)?;
                        self.json(inner, value, &at)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn missing(&mut self, member: &ShapeMember, at: &str) {
        if !member.optional {
            self.miss(at, &format!("member {}", member.name), "nothing (absent)");
        }
    }

    // XML

    fn root(&mut self, shape: &Shape, element: Element<'_>, at: &str) -> Result<(), Wrong> {
        if let Some(root) = &shape.root {
            if *root == element.local() {
                self.into.looked += 1;
            } else {
                self.miss(
                    at,
                    &format!("element {root}"),
                    &format!("element {}", element.local()),
                );
            }
        }
        self.namespace(shape, element, at);
        self.content(shape, element, at)
    }

    fn namespace(&mut self, shape: &Shape, element: Element<'_>, at: &str) {
        let Some(namespace) = &shape.namespace else {
            return;
        };
        if *namespace == element.namespace() {
            self.into.looked += 1;
        } else {
            let actual = if element.namespace().is_empty() {
                "no namespace".to_owned()
            } else {
                format!("namespace {:?}", element.namespace())
            };
            self.miss(at, &format!("namespace {namespace:?}"), &actual);
        }
    }

    fn content(&mut self, shape: &Shape, element: Element<'_>, at: &str) -> Result<(), Wrong> {
        if let Some(ty) = shape.text {
            self.typed(at, &[ty], &Item::Element(element));
            return Ok(());
        }
        self.typed(at, &[Type::Object], &Item::Element(element));
        if let Some(name) = &shape.repeats {
            let inner = self.find(name)?;
            for (n, child) in element.children().enumerate() {
                self.root(inner, child, &format!("{at}/{}[{}]", child.local(), n + 1))?;
            }
            return Ok(());
        }
        for member in &shape.members {
            let at = format!("{at}/{}", member.name);
            let mut found = 0;
            for child in element.children().filter(|c| c.local() == member.name) {
                found += 1;
                self.namespace(shape, child, &at);
                self.typed(&at, &member.is, &Item::Element(child));
                let nil_fits = child.is_nil() && member.is.contains(&Type::Null);
                if let (Some(inner), false) = (&member.shape, nil_fits) {
                    let inner = self.find(inner)?;
                    self.content(inner, child, &at)?;
                }
            }
            match found {
                0 => self.missing(member, &at),
                1 => {}
                // Which of them is meant nobody can tell. What may come several times is a list, of `repeats`.
                _ => self.miss(
                    &at,
                    &format!("one member {}", member.name),
                    &format!("{found} of them"),
                ),
            }
        }
        Ok(())
    }
}
