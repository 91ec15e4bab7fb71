//! nginx: a server that is not ours and knows no `BITS_POST`.

use crate::program::{find, folder};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// An nginx of our own on loopback, without root; stopped when it is dropped.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    pub(crate) url: String,
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// Serves a folder of files on a free port.
    pub(crate) fn start() -> Self {
        let folder = folder();
        let root = folder.path().to_str().unwrap();
        fs::create_dir_all(folder.path().join("files/dir")).unwrap();
        let port = free_port();
        // Modules of Debian's package would be loaded from /etc; this file loads none.
        let config = format!(
            "daemon off;\nmaster_process off;\npid {root}/pid;\nerror_log {root}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{\n  access_log off;\n  client_body_temp_path {root}/body;\n  proxy_temp_path {root}/proxy;\n  \
             fastcgi_temp_path {root}/fastcgi;\n  uwsgi_temp_path {root}/uwsgi;\n  scgi_temp_path {root}/scgi;\n  \
             server {{ listen 127.0.0.1:{port}; root {root}/files; }}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, config).unwrap();
        let child = Command::new(find("nginx").unwrap())
            .args(["-c", file.to_str().unwrap(), "-p", root])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut nginx = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            _folder: folder,
        };
        nginx.wait(port);
        nginx
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a program that is not ours tells nobody that it is ready"
    )]
    fn wait(&mut self, port: u16) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "nginx ended: {ended:?}");
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "nginx does not listen"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
