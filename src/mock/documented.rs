use super::{Answer, Begin, BodyEnd, Head, Model, Moment, Outcome, Sink, Token};
use crate::message::{Reply, Request};
use std::{any::Any, fmt};

/// A mock without a mind of its own: gives to each request the reply of the first route that fits.
///
/// It keeps no state, reads no body, and answers what fits no route with 404 and a list of the routes.
#[derive(Clone, Debug, Default)]
pub struct Documented {
    /// Tried in order.
    pub routes: Vec<Route>,
}

/// Which requests get a reply, and the reply.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method in its case, or `*` for each.
    pub method: String,
    /// The path as it stands in the target, percent-encoded. `{name}` stands for at least one character up to the
    /// next `/`, `{*name}` for any number of any.
    pub path: String,
    /// What the header fields must be, all of them.
    pub headers: Vec<HeaderCondition>,
    /// What is answered.
    pub reply: Reply,
}

/// What a header field must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderCondition {
    /// The name, in any case.
    pub name: String,
    /// The value, in any case; none: the field has only to be there.
    pub value: Option<String>,
}

impl Route {
    /// A route without conditions on header fields.
    #[must_use]
    pub fn new(method: impl Into<String>, path: impl Into<String>, reply: Reply) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
            reply,
        }
    }

    /// The same route, only for requests whose field of that name has that value.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(HeaderCondition {
            name: name.into(),
            value: Some(value.into()),
        });
        self
    }

    fn fits(&self, request: &Request) -> bool {
        (self.method == "*" || self.method == request.method)
            && path_fits(&self.path, request.path())
            && self.headers.iter().all(|condition| {
                request.headers.all(&condition.name).any(|value| {
                    condition
                        .value
                        .as_ref()
                        .is_none_or(|wanted| wanted.eq_ignore_ascii_case(value))
                })
            })
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        for (index, HeaderCondition { name, value }) in self.headers.iter().enumerate() {
            f.write_str(if index == 0 { " with " } else { ", " })?;
            match value {
                Some(value) => write!(f, "{name}: {value}")?,
                None => write!(f, "{name}")?,
            }
        }
        Ok(())
    }
}

impl Model for Documented {
    fn begin(&self, head: &Head, _now: Moment) -> Begin {
        let request = &head.request;
        let route = self.routes.iter().find(|route| route.fits(request));
        Begin::Answer(Answer::Reply(match route {
            Some(route) => route.reply.clone(),
            None => self.unknown(request),
        }))
    }

    fn end(&self, _sink: Box<dyn Sink>, _end: BodyEnd, _now: Moment) -> Answer {
        // It takes no body, so none ends here.
        Answer::Reply(Reply::new(500))
    }

    fn resume(&self, _token: Token, _outcome: Outcome, _now: Moment) -> Answer {
        // It waits for nothing.
        Answer::Reply(Reply::new(500))
    }

    fn header_names(&self) -> &'static [&'static str] {
        // Names go out as the replies have them.
        &[]
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Documented {
    fn unknown(&self, request: &Request) -> Reply {
        let says = format!("No route fits {} {}.", request.method, request.path());
        let routes: Vec<_> = self.routes.iter().map(ToString::to_string).collect();
        let wants_json = request
            .headers
            .all("Accept")
            .any(|value| value.contains("json"));
        if wants_json {
            let body = serde_json::json!({ "error": says, "routes": routes });
            Reply::new(404)
                .header("Content-Type", "application/json")
                .body(body.to_string())
        } else {
            let list: String = routes.iter().map(|route| format!("  {route}\n")).collect();
            Reply::new(404)
                .header("Content-Type", "text/plain; charset=utf-8")
                .body(format!("{says} Routes:\n{list}"))
        }
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let Some((literal, name, rest)) = next_hole(pattern) else {
        return pattern == path;
    };
    let Some(path) = path.strip_prefix(literal) else {
        return false;
    };
    let (least, most) = if name.starts_with('*') {
        (0, path.len())
    } else {
        (1, path.find('/').unwrap_or(path.len()))
    };
    (least..=most).any(|taken| {
        path.split_at_checked(taken)
            .is_some_and(|(_, left)| path_fits(rest, left))
    })
}

/// What stands before the first `{..}`, its name, and what stands behind it.
fn next_hole(pattern: &str) -> Option<(&str, &str, &str)> {
    let (literal, rest) = pattern.split_once('{')?;
    let (name, rest) = rest.split_once('}')?;
    Some((literal, name, rest))
}

#[cfg(test)]
mod tests {
    use super::{Documented, Route, path_fits};
    use crate::{
        message::{Reply, Request},
        mock::{Answer, Begin, Clock, Head, Model as _},
    };
    use rstest::rstest;

    #[rstest]
    #[case("/greet", "/greet", true)]
    #[case("/greet", "/greet/", false)]
    #[case("/greet/{name}", "/greet/anna", true)]
    #[case("/greet/{name}", "/greet/", false)]
    #[case("/greet/{name}", "/greet/anna/x", false)]
    #[case("/jobs({id})/tasks", "/jobs(12)/tasks", true)]
    #[case("/{*rest}", "/", true)]
    #[case("/{*rest}", "/a/b/c", true)]
    #[case("/{*rest}/end", "/a/b/end", true)]
    #[case("/{a}-{b}", "/1-2-3", true)]
    #[case("/{a}", "/ä", true)]
    #[case("/{open", "/{open", true)]
    fn a_path_fits_its_pattern(#[case] pattern: &str, #[case] path: &str, #[case] fits: bool) {
        assert_eq!(path_fits(pattern, path), fits);
    }

    fn answer(model: &Documented, request: &Request) -> Reply {
        match model.begin(&Head::of(request), Clock::START) {
            Begin::Answer(Answer::Reply(reply)) => reply,
            other => panic!("{other:?}"),
        }
    }

    fn greeting() -> Documented {
        Documented {
            routes: vec![
                Route::new("GET", "/greet/{name}", Reply::new(200).body("Tag"))
                    .header("Accept-Language", "de"),
                Route::new("GET", "/greet/{name}", Reply::new(200).body("Hello")),
                Route::new("*", "/any", Reply::new(204)),
            ],
        }
    }

    #[test]
    fn the_first_route_that_fits_answers() {
        let mut request = Request::new("GET", "/greet/anna?x=1");
        assert_eq!(&answer(&greeting(), &request).body[..], b"Hello");
        request.headers.append("accept-language", "DE");
        assert_eq!(&answer(&greeting(), &request).body[..], b"Tag");
        assert_eq!(
            answer(&greeting(), &Request::new("PATCH", "/any")).status,
            204
        );
    }

    #[test]
    fn what_fits_no_route_is_told_the_routes() {
        let mut request = Request::new("POST", "/greet/anna");
        let reply = answer(&greeting(), &request);
        assert_eq!(reply.status, 404);
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        assert_eq!(
            text,
            "No route fits POST /greet/anna. Routes:\n  GET /greet/{name} with Accept-Language: de\n  \
             GET /greet/{name}\n  * /any\n"
        );
        request.headers.append("Accept", "application/json");
        let reply = answer(&greeting(), &request);
        let json: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(json["routes"][2], "* /any");
    }
}
