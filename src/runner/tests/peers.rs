//! Our client and the doors of our mocks, against each other: neither may name the other, so this stands above both.

use crate::{
    auth::User,
    client::{Client, ClientOptions, Credentials, Origin, Outgoing, Scheme, TlsOptions},
    message::{How, Reply, Request},
    mock::{
        Answer, Auth, Begin, BodyEnd, Head, Model, Moment, Outcome, Server, ServerOptions, Sink,
        Tls, Token,
    },
};
use rstest::rstest;
use std::{any::Any, io::Write as _, sync::Arc, time::Duration};

/// A request in a form that goes through reqwest.
fn get(origin: &Origin) -> Outgoing {
    let mut outgoing = Outgoing::new(origin.clone(), Request::new("GET", "/x?y=1"));
    outgoing.timeout = Duration::from_secs(5);
    outgoing.request.headers.append("Accept", "*/*");
    outgoing
}

/// One model that answers everything with the name of the user it was told.
#[derive(Debug)]
struct Named;

impl Model for Named {
    fn begin(&self, head: &Head, _: Moment) -> Begin {
        let reply = Reply::new(200).body(head.user.clone().unwrap_or_default());
        Begin::Answer(Answer::Reply(reply))
    }

    fn end(&self, _: Box<dyn Sink>, _: BodyEnd, _: Moment) -> Answer {
        unreachable!("no body is taken")
    }

    fn resume(&self, _: Token, _: Outcome, _: Moment) -> Answer {
        unreachable!("nothing is waited for")
    }

    fn header_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[rstest]
#[case("right", 0, Some(200))]
#[case("right", 100_000, Some(200))]
#[case("wrong", 0, Some(403))]
#[tokio::test]
async fn ntlm_authenticates_a_connection_once(
    #[case] password: &str,
    #[case] body: usize,
    #[case] status: Option<u16>,
) {
    let options = ServerOptions {
        auth: Auth::Ntlm {
            users: vec![User::new("DOM\\me", "right")],
        },
        ..ServerOptions::default()
    };
    let server = Server::start(Arc::new(Named), options).unwrap();
    let origin = Origin::parse(&server.url()).unwrap().0;
    let credentials = Credentials {
        user: "DOM\\me".into(),
        password: password.into(),
        scheme: Scheme::Ntlm,
    };
    let client = Client::new(&ClientOptions {
        credentials: Some(credentials),
        ..ClientOptions::default()
    })
    .unwrap();
    let mut connections = client.connections();
    let mut outgoing = get(&origin);
    outgoing.request.method = "POST".into();
    outgoing.request.body = vec![b'x'; body].into();
    let first = connections.send(&outgoing).await;
    assert_eq!(first.reply().map(|reply| reply.status), status, "{first:?}");
    let second = connections.send(&outgoing).await;
    assert_eq!(second.reply().map(|reply| reply.status), status);
    if password == "right" {
        assert_eq!(first.connection, second.connection);
        assert!(first.request.headers.contains("Authorization"));
        assert!(
            !second.request.headers.contains("Authorization"),
            "the connection is known by now"
        );
    }
    outgoing.suppress = vec!["Authorization".into()];
    outgoing.fresh = true;
    let without = connections.send(&outgoing).await;
    assert_eq!(without.reply().map(|reply| reply.status), Some(401));
}

#[rstest]
#[case("its authority", Ok(200))]
#[case("any", Ok(200))]
#[case("another authority", Err(How::Tls))]
#[tokio::test]
async fn https_trusts_whom_it_is_told_to(#[case] trust: &str, #[case] expected: Result<u16, How>) {
    let tls = Tls::self_signed(["127.0.0.1"]).unwrap();
    let other = Tls::self_signed(["127.0.0.1"]).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let pem = if trust == "its authority" {
        tls.ca_pem()
    } else {
        other.ca_pem()
    };
    file.write_all(pem.unwrap().as_bytes()).unwrap();
    let server = ServerOptions {
        tls: Some(tls),
        ..ServerOptions::default()
    };
    let server = Server::start(Arc::new(Named), server).unwrap();
    let options = ClientOptions {
        tls: TlsOptions {
            insecure: trust == "any",
            ca: Some(file.path().to_owned()),
            client: None,
        },
        ..ClientOptions::default()
    };
    let client = Client::new(&options).unwrap();
    client.check_tls().unwrap();
    let outgoing = get(&Origin::parse(&server.url()).unwrap().0);
    let mut connections = client.connections();
    let exchange = connections.send(&outgoing).await;
    let seen = match &exchange.outcome {
        Ok(reply) => Ok(reply.status),
        Err(broken) => Err(broken.how),
    };
    assert_eq!(seen, expected, "{exchange:?}");
    if expected.is_ok() {
        let second = connections.send(&outgoing).await;
        assert_eq!(second.connection, exchange.connection);
    }
}
