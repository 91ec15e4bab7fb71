use super::{state::Words, time};
use crate::mock::Moment;
use std::borrow::Cow;

/// The value of a property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Text; a list is joined with commas.
    Text(Cow<'static, str>),
    /// A number.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// A word of an enumeration with its number.
    Word(&'static str, i64),
    /// A moment, or that there is none yet.
    Time(Option<Moment>),
}

/// What a property takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// Text of at most so many characters.
    Text(usize),
    /// A whole number within these bounds, both inclusive.
    Int(i64, i64),
    /// `True` or `False` in any letter case.
    Bool,
    /// A word or number of an enumeration.
    Word(Words),
    /// A list, separated by commas or semicolons, of at most so many characters.
    List(usize),
    /// A list of numbers.
    Ids,
    /// A moment.
    Time,
}

/// The most identifiers in one list; no document tells one.
const MOST_IDS: usize = 1_000;

impl Value {
    /// No text.
    pub(crate) const EMPTY: Self = Self::Text(Cow::Borrowed(""));

    /// The text, where it is one.
    #[must_use]
    pub(crate) fn as_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Word(word, _) => word,
            Self::Int(_) | Self::Bool(_) | Self::Time(_) => "",
        }
    }

    /// The number, where it is one or stands for one.
    #[must_use]
    pub(crate) fn as_int(&self) -> i64 {
        match self {
            Self::Int(number) | Self::Word(_, number) => *number,
            Self::Bool(yes) => i64::from(*yes),
            Self::Text(_) | Self::Time(_) => 0,
        }
    }

    /// As the service writes it into a property: names for enumerations, `True`, UTC times (stances A41, A43).
    #[must_use]
    pub(crate) fn written(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Word(word, _) => Cow::Borrowed(word),
            Self::Int(number) => Cow::Owned(number.to_string()),
            Self::Bool(true) => Cow::Borrowed("True"),
            Self::Bool(false) => Cow::Borrowed("False"),
            Self::Time(None) => Cow::Borrowed(""),
            Self::Time(Some(moment)) => Cow::Owned(time::written(*moment)),
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl Form {
    /// Reads what was sent for a property; blank text for anything but text is no value at all.
    ///
    /// # Errors
    /// What the property takes instead, for a person.
    pub(crate) fn read(self, text: &str) -> Result<Option<Value>, String> {
        let blank = text.trim().is_empty();
        Ok(Some(match self {
            Self::Text(most) => {
                if text.chars().count() > most {
                    return Err(format!("at most {most} characters"));
                }
                Value::from(text.to_owned())
            }
            _ if blank => return Ok(None),
            Self::Int(least, most) => match text.trim().parse() {
                Ok(number) if (least..=most).contains(&number) => Value::Int(number),
                _ => return Err(format!("a whole number from {least} to {most}")),
            },
            Self::Bool => match text.trim() {
                yes if yes.eq_ignore_ascii_case("true") || yes == "1" => Value::Bool(true),
                no if no.eq_ignore_ascii_case("false") || no == "0" => Value::Bool(false),
                _ => return Err("True or False".to_owned()),
            },
            Self::Word(words) => {
                let text = text.trim();
                let number = text.parse::<i64>().ok();
                words
                    .iter()
                    .find(|(word, n)| word.eq_ignore_ascii_case(text) || Some(*n) == number)
                    .map(|&(word, n)| Value::Word(word, n))
                    .ok_or_else(|| {
                        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                        format!("one of {}", names.join(", "))
                    })?
            }
            Self::List(most) => {
                let joined = items(text).collect::<Vec<_>>().join(",");
                if joined.chars().count() > most {
                    return Err(format!("a list of at most {most} characters"));
                }
                Value::from(joined)
            }
            Self::Ids => {
                let ids: Result<Vec<i32>, _> = items(text).map(str::parse).collect();
                let ids = ids.map_err(|_| "a list of identifiers".to_owned())?;
                if ids.len() > MOST_IDS {
                    return Err(format!("at most {MOST_IDS} identifiers"));
                }
                let ids: Vec<_> = ids.iter().map(i32::to_string).collect();
                Value::from(ids.join(","))
            }
            Self::Time => Value::Time(Some(
                time::read(text).ok_or_else(|| "a date and time".to_owned())?,
            )),
        }))
    }
}

/// The items of a list as it is sent: separated by commas or semicolons, blanks around them dropped.
pub(crate) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';'])
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Form, Value};
    use crate::hpc_pack::domain::state::PRIORITIES;
    use rstest::rstest;

    #[rstest]
    #[case(Form::Int(1, 9), " 7 ", "7")]
    #[case(Form::Bool, "tRUE", "True")]
    #[case(Form::Bool, "False", "False")]
    #[case(Form::Word(PRIORITIES), "0", "Lowest")]
    #[case(Form::Word(PRIORITIES), "abovenormal", "AboveNormal")]
    #[case(Form::List(99), " a; b,,c ", "a,b,c")]
    #[case(Form::Ids, "3, 04", "3,4")]
    #[case(Form::Time, "2015-10-16", "10/16/2015 12:00:00 AM")]
    #[case(Form::Text(3), " x ", " x ")]
    fn what_is_sent_comes_back_in_one_form(
        #[case] form: Form,
        #[case] sent: &str,
        #[case] back: &str,
    ) {
        let value = form.read(sent).unwrap().unwrap();
        assert_eq!(value.written(), back);
    }

    #[rstest]
    #[case(Form::Int(1, 9), "10")]
    #[case(Form::Int(1, 9), "one")]
    #[case(Form::Int(i64::MIN, i64::MAX), "99999999999999999999")]
    #[case(Form::Bool, "maybe")]
    #[case(Form::Word(PRIORITIES), "5")]
    #[case(Form::Ids, "1,x")]
    #[case(Form::Time, "noon")]
    #[case(Form::Text(2), "äöü")]
    fn what_a_property_does_not_take_is_refused(#[case] form: Form, #[case] sent: &str) {
        assert!(form.read(sent).is_err());
    }

    #[test]
    fn a_time_that_has_not_come_and_falsehood_are_written_differently() {
        assert_eq!(Value::Time(None).written(), "");
        assert_eq!(Value::Bool(false).written(), "False");
    }
}
