use super::Auth;
use crate::{
    auth::{
        Basic, User,
        ntlm::{Authenticate, Kind, Token, challenge},
    },
    message::Reply,
    mock::{Head, Ids, Model, Refusal},
};

/// The name that a server gives itself in NTLM.
const SERVER: &str = "WIREPROOF";

/// What one connection has proved so far.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// What the client has to answer; used once.
    nonce: Option<[u8; 8]>,
    /// Who an NTLM handshake on this connection named; proved where the door demands it.
    user: Option<String>,
}

/// Why a request is not let in.
enum No {
    /// With another challenge than the plain one, where there is one.
    Unauthenticated(Option<String>),
    Rejected,
}

impl Guard {
    /// Lets a request in, and puts its user into the head; or gives the reply that turns it away.
    pub(super) fn admit(
        &mut self,
        auth: &Auth,
        head: &mut Head,
        model: &dyn Model,
    ) -> Option<Reply> {
        let given = head.request.headers.get("Authorization");
        if given.is_none() && self.user.is_none() && matches!(auth, Auth::None) {
            return None;
        }
        let (user, plain) = match auth {
            Auth::None => (self.anybody(given), "NTLM"),
            Auth::Basic { users } => (basic(given, users), Basic::CHALLENGE),
            Auth::Ntlm { users } => (self.ntlm(given, users), "NTLM"),
        };
        let (refusal, challenge) = match user {
            Ok(user) => {
                head.user = user;
                return None;
            }
            Err(No::Unauthenticated(challenge)) => (Refusal::Unauthenticated, challenge),
            Err(No::Rejected) => (Refusal::Rejected, None),
        };
        let mut reply = model.refuse(head, refusal);
        if reply.status == 401 {
            let challenge = challenge.unwrap_or_else(|| plain.to_owned());
            reply.headers.set("WWW-Authenticate", challenge);
        }
        Some(reply)
    }

    /// Believes every name. A handshake that nobody asked for is gone through, since its client waits for it.
    fn anybody(&mut self, given: Option<&str>) -> Result<Option<String>, No> {
        let Some(given) = given else {
            return Ok(self.user.clone());
        };
        if let Some(basic) = Basic::parse(given) {
            return Ok(Some(basic.name().to_owned()));
        }
        let Some(token) = Token::parse(given) else {
            return Ok(self.user.clone());
        };
        match Kind::of(&token.message) {
            Some(Kind::Negotiate) => Err(self.challenge(&token)),
            _ => {
                self.nonce = None;
                let said = Authenticate::parse(&token.message).ok();
                self.user = said.map(|said| said.name()).filter(|name| !name.is_empty());
                Ok(self.user.clone())
            }
        }
    }

    fn ntlm(&mut self, given: Option<&str>, users: &[User]) -> Result<Option<String>, No> {
        let Some(token) = given.and_then(Token::parse) else {
            // Proved once for the connection; another scheme is not looked at.
            return match &self.user {
                Some(user) => Ok(Some(user.clone())),
                None => Err(No::Unauthenticated(None)),
            };
        };
        self.user = None;
        if Kind::of(&token.message) == Some(Kind::Negotiate) {
            return Err(self.challenge(&token));
        }
        let nonce = self.nonce.take().ok_or(No::Unauthenticated(None))?;
        let said = Authenticate::parse(&token.message).map_err(|_| No::Rejected)?;
        let user = said.proves(nonce, users).ok_or(No::Rejected)?;
        self.user = Some(user.name.clone());
        Ok(self.user.clone())
    }

    fn challenge(&mut self, token: &Token) -> No {
        let mut nonce = [0; 8];
        nonce.copy_from_slice(&Ids::random().next().to_ne_bytes()[..8]);
        self.nonce = Some(nonce);
        self.user = None;
        No::Unauthenticated(Some(Token::value(&token.scheme, &challenge(SERVER, nonce))))
    }
}

fn basic(given: Option<&str>, users: &[User]) -> Result<Option<String>, No> {
    let Some(given) = given else {
        return Err(No::Unauthenticated(None));
    };
    match Basic::parse(given) {
        Some(basic) if basic.is_one_of(users) => Ok(Some(basic.name().to_owned())),
        None if Token::parse(given).is_some() => Err(No::Unauthenticated(None)),
        _ => Err(No::Rejected),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        auth::{
            Basic, User,
            ntlm::{Token, authenticate, negotiate},
        },
        mock::{
            Auth, Server, ServerOptions,
            server::tests::{start, talk, until},
        },
    };
    use rstest::rstest;
    use std::process::Command;
    use tokio::{io::AsyncWriteExt as _, net::TcpStream};

    fn users() -> Vec<User> {
        vec![
            User::new("hans", "geheim"),
            User::new("CORP\\grete", "wald"),
        ]
    }

    fn with(auth: Auth) -> (Server, std::sync::Arc<crate::mock::server::tests::Fake>) {
        start(ServerOptions {
            auth,
            ..ServerOptions::default()
        })
    }

    /// The tool, or none where it is missing and need not be there.
    fn tool(name: &str) -> Option<Command> {
        let there = Command::new(name).arg("--version").output().is_ok();
        let needed = std::env::var_os("WIREPROOF_NEED_TOOLS").is_some();
        assert!(there || !needed, "`{name}` is needed and missing");
        there.then(|| Command::new(name))
    }

    /// What curl shows: body, then status.
    async fn curl(arguments: &[&str]) -> Option<String> {
        let mut curl = tool("curl")?;
        curl.args([
            "-s",
            "--noproxy",
            "*",
            "-m",
            "20",
            "-w",
            "|%{http_code}|%{num_connects}",
        ])
        .args(arguments);
        let done = tokio::task::spawn_blocking(move || curl.output());
        let output = done.await.unwrap().unwrap();
        Some(String::from_utf8(output.stdout).unwrap())
    }

    #[rstest]
    #[case("hans:geheim", "hans|200|1")]
    #[case("hans:falsch", "refused GET Rejected|403|1")]
    #[case("fritz:geheim", "refused GET Rejected|403|1")]
    #[case("CORP\\grete:wald", "CORP\\grete|200|1")]
    #[case("OTHER\\grete:wald", "refused GET Rejected|403|1")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn curl_gets_through_with_ntlm_and_the_right_password_alone(
        #[case] user: &str,
        #[case] expected: &str,
    ) {
        let (server, _) = with(Auth::Ntlm { users: users() });
        let url = format!("{}/user", server.url());
        if let Some(got) = curl(&["--ntlm", "-u", user, &url]).await {
            assert_eq!(got, expected);
            let first = &server.journal().received()[0];
            assert_eq!(first.request.headers.get("Authorization"), Some("NTLM ***"));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn curl_gets_through_with_a_body_and_without_asking_first() {
        let (server, _) = with(Auth::Ntlm { users: users() });
        let url = format!("{}/echo", server.url());
        let large = "y".repeat(100_000);
        for scheme in ["--ntlm", "--anyauth"] {
            for expect in ["Expect:", "Expect: 100-continue"] {
                let sent = [
                    "-u",
                    "hans:geheim",
                    scheme,
                    "-H",
                    expect,
                    "-d",
                    &large,
                    &url,
                ];
                if let Some(got) = curl(&sent).await {
                    let (body, ending) = got.split_once('|').unwrap();
                    assert_eq!(
                        (body.len(), &ending[..3]),
                        (100_000, "200"),
                        "{scheme} {expect}"
                    );
                }
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_handshake_that_nobody_asked_for_is_gone_through_and_names_the_user() {
        let (server, _) = with(Auth::None);
        let url = format!("{}/user", server.url());
        if let Some(got) = curl(&["--ntlm", "-u", "CORP\\anna:any", &url, &url]).await {
            assert_eq!(got, "CORP\\anna|200|1CORP\\anna|200|0");
        }
        if let Some(got) = curl(&["-u", "anna:any", &url]).await {
            assert_eq!(got, "anna|200|1");
        }
        if let Some(got) = curl(&[&url]).await {
            assert_eq!(got, "nobody|200|1");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn basic_is_demanded_and_checked() {
        let (server, _) = with(Auth::Basic { users: users() });
        let url = format!("{}/user", server.url());
        let cases: [(&[&str], &str); 4] = [
            (&["-u", "hans:geheim"], "hans|200|1"),
            (&["-u", "hans:falsch"], "refused GET Rejected|403|1"),
            (&["--anyauth", "-u", "hans:geheim"], "hans|200|1"),
            (&[], "refused GET Unauthenticated|401|1"),
        ];
        for (arguments, expected) in cases {
            let all = [arguments, &[url.as_str()]].concat();
            if let Some(got) = curl(&all).await {
                assert_eq!(got, expected, "{arguments:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_request_without_credentials_is_challenged_and_its_connection_goes_on() {
        let (server, model) = with(Auth::Basic { users: users() });
        let right = Basic::value(&users()[0]);
        let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
        for first in [
            "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody",
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
        ] {
            tcp.write_all(first.as_bytes()).await.unwrap();
            let got = until(&mut tcp, "Unauthenticated").await;
            assert!(got.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{got}");
            assert!(
                got.contains("WWW-Authenticate: Basic realm=\"wireproof\"\r\n"),
                "{got}"
            );
            assert!(!got.contains("Connection: close"), "{got}");
            let again = format!(
                "POST /a HTTP/1.1\r\nHost: h\r\nAuthorization: {right}\r\nContent-Length: 4\r\n\r\nmore"
            );
            tcp.write_all(again.as_bytes()).await.unwrap();
            until(&mut tcp, "\r\n\r\nmore").await;
        }
        assert_eq!(model.heard(), ["POST /a", "Complete"].repeat(3));
    }

    #[tokio::test]
    async fn a_proof_counts_on_its_own_connection_only_and_once() {
        let (server, _) = with(Auth::Ntlm { users: users() });
        let ask = |token: &str| {
            format!("GET /user HTTP/1.1\r\nHost: h\r\nAuthorization: {token}\r\n\r\n")
        };
        let first = ask(&Token::value("NTLM", &negotiate()));
        let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
        tcp.write_all(first.as_bytes()).await.unwrap();
        let got = until(&mut tcp, "Unauthenticated").await;
        let challenge = got
            .lines()
            .find_map(|line| line.strip_prefix("WWW-Authenticate: "))
            .and_then(Token::parse)
            .unwrap();
        let answer = authenticate(&challenge.message, &users()[0], [3; 8], 0).unwrap();
        let second = ask(&Token::value("NTLM", &answer));

        // Elsewhere it is worth nothing.
        let elsewhere = second.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        let got = talk(server.addr(), elsewhere).await;
        assert!(got.starts_with("HTTP/1.1 401 ") && got.contains("WWW-Authenticate: NTLM\r\n"));

        tcp.write_all(second.as_bytes()).await.unwrap();
        until(&mut tcp, "\r\n\r\nhans").await;
        // The connection is known from now on ...
        tcp.write_all(b"GET /user HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap();
        until(&mut tcp, "\r\n\r\nhans").await;
        // ... and the same proof does not count twice.
        tcp.write_all(second.as_bytes()).await.unwrap();
        until(&mut tcp, "Unauthenticated").await;
        tcp.write_all(b"GET /user HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap();
        until(&mut tcp, "Unauthenticated").await;
    }
}
