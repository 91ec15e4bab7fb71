//! How a server starts and ends.

use super::{Fake, held, settled, start, until};
use crate::mock::{Model, Server, ServerOptions, server::accept::LAST_CALL};
use std::{io::Write as _, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

#[tokio::test]
async fn shutdown_answers_what_was_accepted_and_loses_nothing() {
    let (server, model) = start(held());
    let addr = server.addr();
    let mut idle = TcpStream::connect(addr).await.unwrap();
    idle.write_all(b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    until(&mut idle, "hello").await;
    let mut busy = TcpStream::connect(addr).await.unwrap();
    busy.write_all(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo")
        .await
        .unwrap();
    settled(|| model.heard().len() == 2).await;
    // Connected and asked, and the server has not even accepted them: it has no turn meanwhile.
    let fresh: Vec<_> = (0..30)
        .map(|_| {
            let mut one = std::net::TcpStream::connect(addr).unwrap();
            one.write_all(b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
                .unwrap();
            one.set_nonblocking(true).unwrap();
            one
        })
        .collect();

    let down = tokio::spawn(server.shutdown());
    for one in fresh {
        until(&mut TcpStream::from_std(one).unwrap(), "hello").await;
    }
    // It listens no more, and is still there for who is not done.
    let deaf = async {
        while TcpStream::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), deaf).await.unwrap();
    tokio::time::sleep(LAST_CALL * 3).await;
    busy.write_all(b"dy").await.unwrap();
    assert!(until(&mut busy, "body").await.contains("Connection: close"));
    assert_eq!(idle.read(&mut [0; 10]).await.unwrap(), 0);
    timeout(Duration::from_secs(5), down)
        .await
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn who_has_asked_nothing_holds_up_no_shutdown() {
    let (server, _) = start(held());
    let mut idle = TcpStream::connect(server.addr()).await.unwrap();
    idle.write_all(b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    until(&mut idle, "hello").await;
    // One that may be accepted only when the server stops already.
    let _silent = TcpStream::connect(server.addr()).await.unwrap();
    timeout(Duration::from_secs(3), server.shutdown())
        .await
        .expect("nobody is waited for");
}

#[tokio::test]
async fn a_server_that_is_dropped_listens_no_more() {
    let (server, _) = start(held());
    let addr = server.addr();
    drop(server);
    let refused = async {
        while TcpStream::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), refused).await.unwrap();
}

#[tokio::test]
async fn an_address_that_others_reach_needs_credentials_or_leave() {
    let open = || ServerOptions {
        listen: ([0, 0, 0, 0], 0).into(),
        ..ServerOptions::default()
    };
    let model: Arc<dyn Model> = Arc::new(Fake::default());
    let refused = Server::start(Arc::clone(&model), open()).unwrap_err();
    assert!(refused.to_string().contains("--allow-open"), "{refused}");
    let allowed = ServerOptions {
        allow_open: true,
        ..open()
    };
    assert!(Server::start(model, allowed).is_ok());
}
