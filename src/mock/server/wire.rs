use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::sleep,
};
use tokio_rustls::server::TlsStream;

/// The bytes of one connection, with or without TLS.
#[derive(Debug)]
pub(crate) enum Wire {
    /// As they are.
    Tcp(TcpStream),
    /// In TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// Makes the end of this connection a reset (RST) instead of an orderly close (FIN).
    pub(crate) fn reset_when_dropped(&self) {
        // Where the system refuses, the connection still ends, only politely.
        let _ = self.tcp().set_zero_linger();
    }

    /// How many bytes have come and can be read at once; 0 where that cannot be told.
    pub(super) fn waiting(&self) -> usize {
        match self {
            #[cfg(unix)]
            Self::Tcp(tcp) => {
                let bytes = rustix::io::ioctl_fionread(tcp).unwrap_or_default();
                usize::try_from(bytes).unwrap_or_default()
            }
            _ => 0,
        }
    }

    /// Comes back when the connection breaks, looked at that often. One whose peer has only said that it sends no more
    /// is not broken: it may be read to its end.
    ///
    /// # Why
    /// Behind the end of what the peer sends, nothing is there to be read; the system tells a reset only to who asks for it.
    pub(super) async fn broken(&self, every: Duration) {
        let tcp = self.tcp();
        while matches!(tcp.take_error(), Ok(None)) {
            sleep(every).await;
        }
    }

    /// The connection below TLS.
    pub(super) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Tcp(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
