use super::Auth;
use crate::{
    auth::Basic,
    message::Reply,
    mock::{Head, Model, Refusal},
};

/// What one connection has proved so far.
#[derive(Debug, Default)]
pub(super) struct Guard {}

impl Guard {
    /// Lets a request in, and puts its user into the head; or gives the reply that turns it away.
    pub(super) fn admit(
        &mut self,
        auth: &Auth,
        head: &mut Head,
        model: &dyn Model,
    ) -> Option<Reply> {
        let given = head.request.headers.get("Authorization");
        let basic = given.and_then(Basic::parse);
        match auth {
            Auth::None => {
                head.user = basic.map(|basic| basic.name().to_owned());
                None
            }
            Auth::Basic { users } => match (given, basic) {
                (_, Some(basic)) if basic.is_one_of(users) => {
                    head.user = Some(basic.name().to_owned());
                    None
                }
                (None, _) => Some(refuse(
                    head,
                    model,
                    Refusal::Unauthenticated,
                    Basic::CHALLENGE,
                )),
                _ => Some(refuse(head, model, Refusal::Rejected, Basic::CHALLENGE)),
            },
            Auth::Ntlm { .. } => Some(refuse(head, model, Refusal::Unauthenticated, "NTLM")),
        }
    }
}

/// The model's words, with the challenge that a 401 must have.
fn refuse(head: &Head, model: &dyn Model, refusal: Refusal, challenge: &str) -> Reply {
    let mut reply = model.refuse(head, refusal);
    if reply.status == 401 {
        reply.headers.set("WWW-Authenticate", challenge);
    }
    reply
}
