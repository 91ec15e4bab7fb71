use super::Fault;
use std::borrow::Cow;

/// The query of a request, still percent-encoded. Names compare in any case (A08); the first of a name counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a>(pub(crate) &'a str);

impl<'a> Query<'a> {
    /// The decoded value of a parameter; empty where the name stands without `=`. `+` is a plus sign.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let Self(query) = *self;
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .find(|(written, _)| {
                written.eq_ignore_ascii_case(name)
                    || written.contains('%') && decode(written).eq_ignore_ascii_case(name)
            })
            .map(|(_, value)| decode(value))
    }

    /// A boolean in any case: `True`, `false`.
    ///
    /// # Errors
    /// Where it is something else.
    pub(crate) fn boolean(&self, name: &'static str) -> Result<Option<bool>, Fault> {
        self.read(name, "True or False", |value| {
            if value.eq_ignore_ascii_case("true") {
                Some(true)
            } else if value.eq_ignore_ascii_case("false") {
                Some(false)
            } else {
                None
            }
        })
    }

    /// A 32-bit integer.
    ///
    /// # Errors
    /// Where it is something else.
    pub(crate) fn integer(&self, name: &'static str) -> Result<Option<i32>, Fault> {
        self.read(name, "a 32-bit integer", |value| value.parse().ok())
    }

    fn read<T>(
        &self,
        name: &'static str,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        self.get(name)
            .map(|value| {
                parse(value.trim()).ok_or_else(|| {
                    Fault::bad_parameter(format!("The URI parameter {name} takes {wanted}."))
                })
            })
            .transpose()
    }
}

fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('%') {
        percent_encoding::percent_decode_str(text).decode_utf8_lossy()
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Query;
    use rstest::rstest;

    #[rstest]
    #[case("durable=True", Some(true))]
    #[case("Durable=fALSE", Some(false))]
    #[case("a=b&&durable=false&durable=true", Some(false))]
    #[case("dur%61ble=tru%65", Some(true))]
    #[case("other=1", None)]
    fn booleans_and_names_are_read_in_any_case(
        #[case] query: &str,
        #[case] expected: Option<bool>,
    ) {
        assert_eq!(Query(query).boolean("durable").unwrap(), expected);
    }

    #[rstest]
    #[case("count=")]
    #[case("count")]
    #[case("count=99999999999")]
    #[case("count=ten")]
    fn what_is_no_integer_is_refused(#[case] query: &str) {
        assert_eq!(Query(query).integer("count").unwrap_err().status, 400);
    }

    #[test]
    fn a_plus_stays_a_plus() {
        assert_eq!(Query("$filter=a+b%20c").get("$FILTER").unwrap(), "a+b c");
    }
}
