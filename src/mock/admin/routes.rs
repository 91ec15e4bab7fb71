use super::{
    Admin, BASE, Backstage, MOST,
    journal::{Filter, head},
    reset,
};
use crate::{
    message::{Reply, Request},
    mock::{
        Clock, CueId, Sessions,
        cues::{Known, read, span},
    },
    source::{Key, KeyShape, Node, Problems, Reading, SourceFile, Table},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Methods and paths with what they do, as the index shows them.
const ROUTES: [(&str, &str, &str); 16] = [
    ("GET", "", "what there is"),
    ("GET", "/cues", "the cues, and what they have done"),
    ("POST", "/cues", "place cues: a file of cues, YAML or JSON"),
    ("DELETE", "/cues", "take all cues away"),
    ("GET", "/cues/{id}", "one cue"),
    ("DELETE", "/cues/{id}", "take a cue away"),
    (
        "GET",
        "/journal",
        "what came and was answered; ?operation ?method ?path ?status ?ending ?cue ?after ?limit",
    ),
    ("DELETE", "/journal", "forget it"),
    ("GET", "/unmatched", "requests that no cue struck, and why"),
    ("DELETE", "/unmatched", "forget them"),
    ("GET", "/clock", "the time of the mock"),
    ("POST", "/clock", "move it: {\"advance\": \"5m\"}"),
    ("DELETE", "/sessions", "drop all sessions"),
    ("DELETE", "/sessions/{id}", "drop one session"),
    (
        "POST",
        "/restart",
        "start again: what only memory holds is lost, every connection ends",
    ),
    (
        "POST",
        "/reset",
        "forget cues, journal, unmatched requests, sessions and jobs",
    ),
];

static ADVANCE: Table = Table {
    name: "clock",
    what: "a move of the clock",
    base: None,
    keys: &[Key::required(
        "advance",
        KeyShape::Text,
        "By how much: `5m`.",
    )],
};

impl Admin {
    /// Carries out a request that was let in.
    pub(super) fn route(&self, stage: &Backstage<'_>, request: &Request) -> Reply {
        let path = request.path().strip_prefix(BASE).unwrap_or_default();
        let path = path.strip_suffix('/').unwrap_or(path);
        let (collection, id) = match path.rsplit_once('/') {
            Some((above, id)) if !above.is_empty() => (above, Some(id)),
            _ => (path, None),
        };
        let id = id.map(|id| percent_encoding::percent_decode_str(id).decode_utf8_lossy());
        let id = id.as_deref();
        let now = stage.clock.now();
        match (request.method.as_str(), collection, id) {
            ("GET", "", None) => answer(200, &self.index(stage)),
            ("GET", "/cues", None) => {
                let cues: Vec<Value> = self.book.placed().iter().map(|cue| cue.to_json()).collect();
                answer(200, &json!({ "cues": cues }))
            }
            ("POST", "/cues", None) => self.place(stage, &request.body),
            ("DELETE", "/cues", None) => {
                self.book.clear();
                Reply::new(204)
            }
            ("GET", "/cues", Some(id)) => {
                let placed = self.book.placed();
                let found = placed.iter().find(|cue| cue.id.to_string() == id);
                found.map_or_else(no_cue, |cue| answer(200, &cue.to_json()))
            }
            ("DELETE", "/cues", Some(id)) => match id.parse().map(CueId) {
                Ok(id) if self.book.remove(id) => Reply::new(204),
                _ => no_cue(),
            },
            ("GET", "/journal", None) => match Filter::read(request.query_pairs()) {
                Ok(filter) => {
                    let all = stage.journal.received();
                    let entries = filter.entries(&all, self.book.operations());
                    let dropped = stage.journal.dropped();
                    answer(200, &json!({ "entries": entries, "dropped": dropped }))
                }
                Err(why) => refusal(400, &why),
            },
            ("DELETE", "/journal", None) => {
                stage.journal.clear();
                Reply::new(204)
            }
            ("GET", "/unmatched", None) => answer(200, &self.unmatched()),
            ("DELETE", "/unmatched", None) => {
                self.book.forget_unmatched();
                Reply::new(204)
            }
            ("GET", "/clock", None) => answer(200, &time(stage)),
            ("POST", "/clock", None) => advance(stage, &request.body),
            ("DELETE", "/sessions", None) => {
                let dropped = stage.model.drop_sessions(Sessions::All, now);
                answer(200, &json!({ "dropped": dropped }))
            }
            ("DELETE", "/sessions", Some(id)) => {
                let dropped = stage.model.drop_sessions(Sessions::Named(id), now);
                if dropped == 0 {
                    return refusal(404, "there is no such session");
                }
                answer(200, &json!({ "dropped": dropped }))
            }
            ("POST", "/restart", None) => {
                (stage.restart)();
                Reply::new(204)
            }
            ("POST", "/reset", None) => {
                reset(&self.book, stage.model.as_ref(), stage.journal, stage.clock);
                Reply::new(204)
            }
            _ => elsewhere(collection, id.is_some()),
        }
    }

    fn index(&self, stage: &Backstage<'_>) -> Value {
        let routes = ROUTES.map(|(method, path, says)| {
            json!({ "method": method, "path": format!("{BASE}{path}"), "does": says })
        });
        let faults = stage.model.faults().iter();
        let faults: Vec<Value> = faults
            .map(|fault| json!({ "id": fault.id, "says": fault.says }))
            .collect();
        json!({
            "wireproof": env!("CARGO_PKG_VERSION"),
            "suite": self.suite,
            "clock": stage.clock.now().to_string(),
            "cues": self.book.placed().len(),
            "routes": routes,
            "faults": faults,
        })
    }

    fn place(&self, stage: &Backstage<'_>, body: &[u8]) -> Reply {
        let known = Known {
            suite: &self.suite,
            operations: self.book.operations(),
            faults: stage.model.faults(),
        };
        let file = match text(body) {
            Ok(file) => file,
            Err(reply) => return reply,
        };
        let (cues, problems) = read(&file, &known);
        if !problems.is_empty() {
            return mistakes(&problems);
        }
        match self.book.place_all(cues) {
            Ok(ids) => {
                let ids: Vec<u64> = ids.iter().map(|id| id.0).collect();
                answer(201, &json!({ "ids": ids }))
            }
            Err(error) => refusal(400, &error.to_string()),
        }
    }

    fn unmatched(&self) -> Value {
        let all = self.book.unmatched();
        let requests: Vec<Value> = all
            .iter()
            .map(|one| {
                let because = one.because.iter();
                let because: Vec<Value> = because
                    .map(|(id, lines)| json!({ "cue": id.0, "because": lines }))
                    .collect();
                json!({
                    "at": one.at.to_string(),
                    "operation": one.operation,
                    "request": head(&one.request),
                    "spared": because,
                })
            })
            .collect();
        json!({ "requests": requests })
    }
}

/// To a body of which not all is read.
pub(super) fn too_large() -> Reply {
    refusal(413, &format!("the body is longer than {} KiB", MOST >> 10))
}

/// JSON, one line.
fn answer(status: u16, body: &Value) -> Reply {
    Reply::new(status)
        .header("Content-Type", "application/json")
        .body(format!("{body}\n"))
}

/// Why not.
pub(super) fn refusal(status: u16, why: &str) -> Reply {
    answer(status, &json!({ "error": why }))
}

fn no_cue() -> Reply {
    refusal(404, "there is no such cue")
}

/// What is no route: 405 where another method is.
fn elsewhere(collection: &str, below: bool) -> Reply {
    let here = ROUTES
        .iter()
        .filter(|(_, path, _)| match path.strip_suffix("/{id}") {
            Some(path) => below && path == collection,
            None => !below && *path == collection,
        });
    let methods: Vec<&str> = here.map(|(method, ..)| *method).collect();
    if methods.is_empty() {
        return refusal(
            404,
            "there is nothing at this path; GET /__wireproof/ lists what there is",
        );
    }
    refusal(405, "this path has no such method").header("Allow", methods.join(", "))
}

fn time(stage: &Backstage<'_>) -> Value {
    json!({ "now": stage.clock.now().to_string(), "held": stage.clock.is_held() })
}

fn advance(stage: &Backstage<'_>, body: &[u8]) -> Reply {
    let file = match text(body) {
        Ok(file) => file,
        Err(reply) => return reply,
    };
    let mut reading = Reading::new(&file);
    let by = Node::parse(&file, &mut reading.problems).and_then(|node| {
        let fields = reading.fields(&node, &ADVANCE)?;
        span(&mut reading, fields.get("advance")?)
    });
    match by {
        Some(by) if reading.problems.is_empty() => {
            let now = stage.clock.now();
            if now.after(by) > Clock::FURTHEST {
                let most = Clock::FURTHEST;
                return refusal(
                    400,
                    &format!("the clock goes to {most} at most, and it shows {now}"),
                );
            }
            stage.clock.advance(by);
            answer(200, &time(stage))
        }
        _ => mistakes(&reading.problems),
    }
}

/// A body as a file that problems can point into.
fn text(body: &[u8]) -> Result<Arc<SourceFile>, Reply> {
    // JSON may hold what YAML does not: pairs of surrogates in escapes, tabs before a key.
    let json = serde_json::from_slice::<Value>(body).ok();
    let text = match json {
        Some(json) if body.contains(&b'\t') || body.contains(&b'\\') => Some(json.to_string()),
        _ => String::from_utf8(body.to_vec()).ok(),
    };
    match text {
        Some(text) => Ok(SourceFile::new("<body>", text)),
        None => Err(refusal(400, "the body is no UTF-8")),
    }
}

fn mistakes(problems: &Problems) -> Reply {
    let all: Vec<Value> = problems
        .iter()
        .map(|problem| {
            let (line, column) = problem.place.line_column();
            json!({
                "code": problem.code,
                "line": line,
                "column": column,
                "found": problem.found,
                "help": problem.help,
            })
        })
        .collect();
    answer(
        400,
        &json!({ "error": "the body has mistakes", "problems": all }),
    )
}
