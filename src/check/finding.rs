use crate::{contract::Level, message::Exchange, source::Place};
use std::sync::Arc;

/// One disagreement between an exchange and a clause, an expectation or a snapshot.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The clause that it breaks; none for a precondition, a capture or a snapshot.
    pub clause: Option<ClauseRef>,
    /// How strong the broken promise is; of a precondition `Must`, of a snapshot note `May`.
    pub level: Level,
    /// The id of the step.
    pub step: String,
    /// Where the expectation or the clause is written.
    pub place: Option<Place>,
    /// Where the step is written.
    pub step_place: Option<Place>,
    /// What was looked at: `status`, `header BITS-Protocol`, `json $.Id`, `xml /h:WebSessionInfo/h:Id`, `body`, `snapshot`, `connection`.
    pub subject: String,
    /// What was expected, for a person.
    pub expected: String,
    /// What was there, for a person; invisible characters are shown.
    pub actual: String,
    /// Only what differs, where both are long.
    pub diff: Option<Diff>,
    /// The exchange it was seen in.
    pub exchange: Option<Arc<Exchange>>,
    /// In how many exchanges: this one, and those alike that are not shown.
    pub times: u64,
}

/// The clause of a finding, with what a reader needs to argue with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseRef {
    /// Its id.
    pub id: String,
    /// What it says.
    pub says: String,
    /// The documents it stands on: text of the source and URL.
    pub sources: Vec<(String, String)>,
}

/// Two texts of which only what differs is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// What was expected.
    pub expected: String,
    /// What was there.
    pub actual: String,
}
