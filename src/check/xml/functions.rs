use super::{
    path::{Stand, Value, number_of},
    tree::{Kind, Tree},
};
use crate::source::xpath::Function;
use std::borrow::Cow;

/// What a function of XPath gives (XPath 1.0, 4); its arguments are as many as it takes.
pub(super) fn call(
    function: Function,
    arguments: &[Value],
    tree: &Tree<'_>,
    stand: Stand,
) -> Result<Value, String> {
    let text = |at: usize| -> Cow<'_, str> {
        match arguments.get(at) {
            Some(value) => value.text(tree),
            None => tree.string(stand.node),
        }
    };
    let number = |at: usize| match arguments.get(at) {
        Some(value) => value.number(tree),
        None => number_of(&tree.string(stand.node)),
    };
    // The node that is asked for its name: the first of a set.
    let node = || match arguments.first() {
        None => Ok(Some(stand.node)),
        Some(Value::Nodes(nodes)) => Ok(nodes.first().copied()),
        Some(_) => Err(needs_nodes()),
    };
    let named = |at: &u32| matches!(tree.node(*at).kind(), Kind::Element | Kind::Attribute);
    Ok(match function {
        Function::Boolean => Value::Boolean(arguments.first().is_some_and(Value::boolean)),
        Function::Not => Value::Boolean(!arguments.first().is_some_and(Value::boolean)),
        Function::True => Value::Boolean(true),
        Function::False => Value::Boolean(false),
        Function::Number => Value::Number(number(0)),
        Function::Ceiling => Value::Number(number(0).ceil()),
        Function::Floor => Value::Number(number(0).floor()),
        Function::Round => Value::Number(round(number(0))),
        Function::Last => Value::Number(stand.size as f64),
        Function::Position => Value::Number(stand.position as f64),
        Function::Count => match arguments.first() {
            Some(Value::Nodes(nodes)) => Value::Number(nodes.len() as f64),
            _ => return Err(needs_nodes()),
        },
        Function::Sum => match arguments.first() {
            Some(Value::Nodes(nodes)) => {
                let numbers = nodes.iter().map(|at| number_of(&tree.string(*at)));
                Value::Number(numbers.fold(0.0, |sum, number| sum + number))
            }
            _ => return Err(needs_nodes()),
        },
        Function::LocalName => {
            let node = node()?.filter(named);
            Value::Text(node.map(|at| tree.local(at)).unwrap_or_default().to_owned())
        }
        Function::Name => {
            let node = node()?.filter(named);
            Value::Text(node.map(|at| tree.name(at)).unwrap_or_default().to_owned())
        }
        Function::NamespaceUri => {
            let node = node()?.filter(named);
            let uri = node.map(|at| tree.namespace(at)).unwrap_or_default();
            Value::Text(uri.to_owned())
        }
        Function::String => Value::Text(text(0).into_owned()),
        Function::Concat => {
            let mut all = String::new();
            for value in arguments {
                all.push_str(&value.text(tree));
            }
            Value::Text(all)
        }
        Function::Contains => Value::Boolean(text(0).contains(&*text(1))),
        Function::StartsWith => Value::Boolean(text(0).starts_with(&*text(1))),
        Function::SubstringBefore => {
            let text = (text(0), text(1));
            let found = text.0.split_once(&*text.1).map(|(before, _)| before);
            Value::Text(found.unwrap_or_default().to_owned())
        }
        Function::SubstringAfter => {
            let text = (text(0), text(1));
            let found = text.0.split_once(&*text.1).map(|(_, after)| after);
            Value::Text(found.unwrap_or_default().to_owned())
        }
        Function::Substring => {
            let from = round(number(1));
            let end = arguments
                .get(2)
                .map_or(f64::INFINITY, |_| from + round(number(2)));
            let within = text(0)
                .chars()
                .enumerate()
                .filter(|(at, _)| {
                    let position = *at as f64 + 1.0;
                    position >= from && position < end
                })
                .map(|(_, c)| c)
                .collect();
            Value::Text(within)
        }
        Function::StringLength => Value::Number(text(0).chars().count() as f64),
        Function::NormalizeSpace => {
            let text = text(0);
            let words = text
                .split([' ', '\t', '\r', '\n'])
                .filter(|word| !word.is_empty());
            Value::Text(words.collect::<Vec<_>>().join(" "))
        }
        Function::Translate => {
            let (from, to) = (text(1), text(2));
            let to: Vec<char> = to.chars().collect();
            let translated = text(0)
                .chars()
                .filter_map(|c| match from.chars().position(|one| one == c) {
                    None => Some(c),
                    Some(at) => to.get(at).copied(),
                })
                .collect();
            Value::Text(translated)
        }
    })
}

fn needs_nodes() -> String {
    "what is no set of nodes stands where a function needs one".to_owned()
}

/// To the nearest whole number, of two the greater.
fn round(number: f64) -> f64 {
    if number.fract() == -0.5 {
        number.ceil()
    } else {
        number.round()
    }
}
