use super::{
    Wrong,
    explain::describe,
    message::{Message, matched},
    mismatch::Gathered,
    render::Env,
    value::{Found, Item},
    view::{Trouble, View},
    xml::{self, Element, Place},
};
use crate::contract::Named;
use std::{borrow::Cow, collections::BTreeMap};

/// How many misfits of one table are told; more say nothing new.
const MOST: usize = 20;

/// Whether the values of names are what tables say; each misfit is a mismatch of its own.
///
/// `expected`: that a table finds none of its names is a mismatch too. Otherwise there was nothing to look at.
pub(super) fn look(
    tables: &[Named],
    expected: bool,
    message: &Message<'_>,
    env: &Env<'_>,
    into: &mut Gathered,
) -> Result<(), Wrong> {
    for table in tables {
        let Some((_, first)) = table.values.first() else {
            continue;
        };
        let subject = |name: &str| format!("{}named {} {name}", message.side.prefix(), table.path);
        let values = match values(&message.view, &table.path) {
            Ok(values) => values,
            Err(Trouble::Unreadable(why)) => {
                let expected = describe(first, env);
                into.unreadable(&first.place, subject("").trim_end(), &expected, &why);
                continue;
            }
            Err(Trouble::Wrong(wrong)) => {
                let place = Some(first.place.clone());
                return Err(Wrong { place, ..wrong });
            }
        };
        let mut told = 0;
        let mut met: BTreeMap<String, usize> = BTreeMap::new();
        for (name, value) in values {
            let entry = table
                .values
                .iter()
                .find(|(names, _)| names.iter().any(|one| *one == name));
            let Some((_, matcher)) = entry else { continue };
            if into.is_settled() || told == MOST {
                return Ok(());
            }
            let before = met.entry(name.clone().into_owned()).or_default();
            *before += 1;
            let subject = || match *before {
                1 => subject(&name),
                // As those of lists are counted: from 0.
                more => subject(&format!("{name}[{}]", more - 1)),
            };
            let missed = into.missed;
            matched(matcher, subject, &Found::One(value), env, into)?;
            told += into.missed - missed;
        }
        if expected && met.is_empty() {
            let names: Vec<_> = table.values.iter().flat_map(|(names, _)| names).collect();
            let names = names.iter().map(|name| name.as_str());
            let wanted = format!("one of the names {}", names.collect::<Vec<_>>().join(", "));
            into.miss(
                &first.place,
                subject("").trim_end(),
                &wanted,
                "none of them",
            );
        }
    }
    Ok(())
}

/// What has a name, with its value.
fn values<'v>(view: &'v View<'_>, path: &str) -> Result<Vec<(Cow<'v, str>, Item<'v>)>, Trouble> {
    let tree = view.xml()?;
    let Found::Xml(_, nodes) = view.xpath(path)? else {
        return Err(Trouble::Unreadable(format!("{path} gives no nodes")));
    };
    Ok(nodes
        .iter()
        .filter_map(|at| match xml::place(tree, *at) {
            Place::Element(element) => of_element(element),
            Place::Attribute(at, text) => Some((Cow::Borrowed(tree.local(at)), Item::Text(text))),
            Place::Text(..) | Place::Value(_) => None,
        })
        .collect())
}

/// A row that has a name and no value has nothing to judge.
fn of_element(element: Element<'_>) -> Option<(Cow<'_, str>, Item<'_>)> {
    let child = |name: &str| element.children().find(|child| child.local() == name);
    match child("Name") {
        Some(name) => Some((name.text(), Item::Element(child("Value")?))),
        None => Some((Cow::Borrowed(element.local()), Item::Element(element))),
    }
}
