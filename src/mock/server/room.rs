use super::{
    connection::{READ_BODY, READ_HEAD},
    wire::Wire,
};
use bytes::{BufMut as _, BytesMut};
use std::{
    cell::Cell,
    io, mem,
    pin::pin,
    task::{Context, Poll},
};
use tokio::io::AsyncReadExt as _;

thread_local! {
    /// The room that connections of this thread read into, one after the other.
    static SPARE: Cell<BytesMut> = Cell::default();
}

/// Whether a connection has the room that its thread lends.
///
/// # Why
/// A thousand connections that wait have nothing to read into: room of their own would be 64 MiB that nobody uses, and
/// what is read into the same place again and again stays in the cache of the processor.
#[derive(Debug, Default)]
pub(super) struct Room {
    lent: bool,
}

impl Room {
    /// Reads what has come behind what `buf` holds. Who has to wait gives the room back, but for what stands in it.
    pub(super) fn poll_read(
        &mut self,
        wire: &mut Wire,
        buf: &mut BytesMut,
        room: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if !self.lent && buf.len() < READ_HEAD {
            let mut lent = SPARE.take();
            lent.extend_from_slice(buf);
            *buf = lent;
            self.lent = true;
        }
        buf.reserve(room);
        // tokio takes a read that leaves room for the last one and waits to be woken. Within a body more often stands
        // there already, let in by this very read; then the connection would queue again behind all the others for
        // each window of its fragment. Reading exactly what stands there leaves no room.
        let waiting = if room < READ_BODY { 0 } else { wire.waiting() };
        let most = if waiting == 0 { usize::MAX } else { waiting };
        let mut place = (&mut *buf).limit(most);
        let read = pin!(wire.read_buf(&mut place)).poll(cx);
        if read.is_pending() && self.lent && buf.len() < READ_HEAD {
            let kept = BytesMut::from(&buf[..]);
            buf.clear();
            SPARE.set(mem::replace(buf, kept));
            self.lent = false;
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::{READ_BODY, READ_HEAD, Room, Wire};
    use bytes::{Buf as _, BytesMut};
    use std::future::poll_fn;
    use tokio::{
        io::AsyncWriteExt as _,
        net::{TcpListener, TcpStream},
        time::{Duration, timeout},
    };

    async fn pair() -> (TcpStream, Wire) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await;
        (
            client.unwrap(),
            Wire::Tcp(listener.accept().await.unwrap().0),
        )
    }

    async fn read(room: &mut Room, wire: &mut Wire, buf: &mut BytesMut) -> Option<usize> {
        let read = poll_fn(|cx| room.poll_read(wire, buf, READ_BODY, cx));
        let within = timeout(Duration::from_millis(50), read).await;
        within.ok().map(Result::unwrap)
    }

    #[tokio::test]
    async fn who_waits_keeps_what_has_come_and_gives_back_the_room_for_more() {
        let (mut client, mut wire) = pair().await;
        let (mut room, mut buf) = (Room::default(), BytesMut::new());
        assert_eq!(read(&mut room, &mut wire, &mut buf).await, None);
        assert_eq!(buf.capacity(), 0);
        client.write_all(b"GET / HT").await.unwrap();
        assert_eq!(read(&mut room, &mut wire, &mut buf).await, Some(8));
        assert_eq!(read(&mut room, &mut wire, &mut buf).await, None);
        assert_eq!(&buf[..], b"GET / HT");
        assert!(buf.capacity() < READ_HEAD, "{}", buf.capacity());
        client.write_all(b"TP/1.1").await.unwrap();
        assert_eq!(read(&mut room, &mut wire, &mut buf).await, Some(6));
        assert_eq!(&buf[..], b"GET / HTTP/1.1");
    }

    #[tokio::test]
    async fn connections_that_share_their_room_do_not_share_bytes() {
        let (mut one, mut two) = (pair().await, pair().await);
        let mut rooms = [Room::default(), Room::default()];
        let mut bufs = [BytesMut::new(), BytesMut::new()];
        for round in 0..50_u8 {
            let mut sent = 0;
            for (at, (client, wire)) in [&mut one, &mut two].into_iter().enumerate() {
                let bytes = vec![round * 2 + u8::try_from(at).unwrap(); 3000 * (at + 1)];
                client.write_all(&bytes).await.unwrap();
                sent += bytes.len();
                while bufs[at].len() < bytes.len() {
                    read(&mut rooms[at], wire, &mut bufs[at]).await.unwrap();
                }
            }
            assert_eq!(bufs[0].len() + bufs[1].len(), sent);
            for (at, (_, wire)) in [&mut one, &mut two].into_iter().enumerate() {
                let byte = round * 2 + u8::try_from(at).unwrap();
                assert!(bufs[at].iter().all(|held| *held == byte), "{round} {at}");
                let all = bufs[at].len();
                bufs[at].advance(all);
                if round % 10 == 0 {
                    assert_eq!(read(&mut rooms[at], wire, &mut bufs[at]).await, None);
                }
            }
        }
    }
}
