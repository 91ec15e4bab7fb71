use super::{
    catalogue::{Catalogue, NOWHERE},
    fault::Fault,
    value::Value,
};

/// The properties of one thing that differ from their defaults, ordered by their place in the catalogue.
///
/// # Why
/// Of some sixty properties a job rarely sets five: 100,000 jobs stay small.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bag(Vec<(u8, Value)>);

/// What is to become of properties; no value means back to the default.
pub(crate) type Changes<P> = Vec<(P, Option<Value>)>;

/// Names and values without a catalogue: environment variables, custom properties.
pub(crate) type Pairs = Vec<(Box<str>, Box<str>)>;

impl Bag {
    /// The value of a property, its default where nothing else was set.
    pub(crate) fn get<P: Catalogue>(&self, property: P) -> &Value {
        match self
            .0
            .binary_search_by_key(&property.index(), |(index, _)| *index)
        {
            Ok(at) => &self.0[at].1,
            Err(_) => &property.facts().default,
        }
    }

    /// How many bytes it takes, about.
    pub(super) fn size(&self) -> usize {
        let texts: usize = self.0.iter().map(|(_, value)| value.as_text().len()).sum();
        self.0.capacity() * size_of::<(u8, Value)>() + texts
    }

    /// Sets one, or takes it back to its default.
    pub(crate) fn set<P: Catalogue>(&mut self, property: P, value: Option<Value>) {
        let value = value.filter(|value| *value != property.facts().default);
        match (
            self.0
                .binary_search_by_key(&property.index(), |(index, _)| *index),
            value,
        ) {
            (Ok(at), Some(value)) => self.0[at].1 = value,
            (Ok(at), None) => {
                self.0.remove(at);
            }
            (Err(at), Some(value)) => {
                self.0.reserve_exact(1);
                self.0.insert(at, (property.index(), value));
            }
            (Err(_), None) => {}
        }
    }
}

/// Reads what was sent to be set. The same name twice: the later one wins (stance A56), because changes apply in order.
///
/// # Errors
/// An unknown or read-only name, or a value that the property does not take; nothing is changed then.
pub(crate) fn changes<P: Catalogue>(sent: &[(String, String)]) -> Result<Changes<P>, Fault> {
    sent.iter()
        .map(|(name, value)| {
            let property =
                P::named(name.trim()).ok_or_else(|| Fault::UnknownProperty(name.clone()))?;
            let facts = property.facts();
            if facts.settable == NOWHERE {
                return Err(Fault::ReadOnly(facts.name));
            }
            match facts.form.read(value) {
                Ok(value) => Ok((property, value)),
                Err(_) if facts.name == "Priority" => Err(Fault::Priority),
                Err(_) if facts.name == "ExpandedPriority" => Err(Fault::ExpandedPriority),
                Err(takes) => Err(Fault::BadValue {
                    name: facts.name,
                    takes,
                }),
            }
        })
        .collect()
}

/// Reads a comma-separated list of properties to give back; the order asked for is kept, repetitions are dropped.
///
/// # Errors
/// A name that is no gettable property (stance A28).
pub(crate) fn columns<P: Catalogue>(asked: &str) -> Result<Vec<P>, Fault> {
    let mut columns = Vec::new();
    for name in super::value::items(asked) {
        let property = P::named(name)
            .filter(|property| P::GETTABLE.contains(property))
            .ok_or_else(|| Fault::UnknownProperty(name.to_owned()))?;
        if !columns.contains(&property) {
            columns.push(property);
        }
    }
    Ok(columns)
}

/// Sets names in a list of pairs; a blank value takes the name out. Names are equal in any letter case.
pub(crate) fn merge(pairs: &mut Pairs, sent: &[(String, String)]) {
    for (name, value) in sent {
        let at = pairs
            .iter()
            .position(|(known, _)| known.eq_ignore_ascii_case(name));
        match at {
            Some(at) if value.is_empty() => {
                pairs.remove(at);
            }
            Some(at) => pairs[at].1 = value.as_str().into(),
            None if value.is_empty() => {}
            None => pairs.push((name.as_str().into(), value.as_str().into())),
        }
    }
}

/// The value of a name in any letter case.
pub(crate) fn look_up<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| &**value)
}

#[cfg(test)]
mod tests {
    use super::{Bag, changes, columns, merge};
    use crate::hpc_pack::domain::{
        catalogue::{JobProperty, TaskProperty},
        fault::Fault,
        value::Value,
    };

    #[test]
    fn a_bag_holds_only_what_differs_from_the_defaults() {
        let mut bag = Bag::default();
        bag.set(JobProperty::MinCores, Some(Value::Int(4)));
        bag.set(JobProperty::Name, Some(Value::from("n")));
        assert_eq!(bag.get(JobProperty::MinCores), &Value::Int(4));
        assert_eq!(bag.get(JobProperty::MaxCores), &Value::Int(1));
        bag.set(JobProperty::MinCores, Some(Value::Int(1)));
        bag.set(JobProperty::Name, None);
        assert!(bag.0.is_empty());
    }

    #[test]
    fn unknown_and_read_only_names_and_bad_values_are_refused() {
        let sent = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let refused =
            |name: &str, value: &str| changes::<JobProperty>(&sent(name, value)).unwrap_err();
        assert!(matches!(
            refused("Colour", "red"),
            Fault::UnknownProperty(_)
        ));
        assert!(matches!(refused("Id", "1"), Fault::ReadOnly("Id")));
        assert!(matches!(refused("MinCores", "-1"), Fault::BadValue { .. }));
        assert!(matches!(refused("priority", "9"), Fault::Priority));
        assert!(matches!(
            refused("ExpandedPriority", "4001"),
            Fault::ExpandedPriority
        ));
        assert!(changes::<TaskProperty>(&sent("Commandline", "echo")).is_ok());
    }

    #[test]
    fn columns_keep_the_order_asked_for_and_never_name_the_password() {
        assert_eq!(
            columns::<JobProperty>("state, Id,STATE").unwrap(),
            [JobProperty::State, JobProperty::Id]
        );
        assert!(columns::<JobProperty>("Password").is_err());
    }

    #[test]
    fn a_blank_value_takes_a_variable_out() {
        let mut pairs = vec![("A".into(), "1".into())];
        let sent = [("b", "2"), ("a", ""), ("c", "")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        merge(&mut pairs, &sent);
        assert_eq!(pairs, [("b".into(), "2".into())]);
    }
}
