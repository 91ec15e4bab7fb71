//! `serve bits-upload --data-dir` killed while a client uploads, again and again: nothing is lost, nothing comes twice.

use crate::{
    Case,
    program::{Serving, folder},
};
use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

pub(crate) const CASES: &[Case] = &[(
    "killed at any moment the server goes on from exactly what is on disk",
    &[],
    rounds,
)];

/// How long the rounds go on.
const TIME: Duration = Duration::from_secs(20);
const TOTAL: usize = 8 << 20;
const MOST: u64 = 2 << 20;

/// Numbers that are the same in every run (xorshift); only when the server gets to run differs.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// An upload as its client knows it.
struct Upload {
    name: String,
    data: Vec<u8>,
    session: Option<String>,
    /// What the last ack told.
    acked: usize,
    /// How far the client had sent bytes, at most.
    sent: usize,
    closing: bool,
    done: bool,
    /// How often more was on disk than any ack had told: killed within a fragment, or before its ack.
    beyond: usize,
}

impl Upload {
    /// A part of the noise that no other upload has.
    fn new(number: usize, noise: &[u8], chance: &mut Chance) -> Self {
        let from = usize::try_from(chance.below(TOTAL as u64)).unwrap();
        Self {
            name: format!("folder-{}/file-{number}.bin", number % 3),
            data: noise[from..from + TOTAL].to_vec(),
            session: None,
            acked: 0,
            sent: 0,
            closing: false,
            done: false,
            beyond: 0,
        }
    }

    /// Goes on until the file is closed, or the connection is lost (an error).
    fn go_on(&mut self, url: &str, chance: &mut Chance, disk: &Disk) -> io::Result<()> {
        let mut wire = Wire::connect(url)?;
        if self.session.is_none() {
            let protocol =
                "BITS-Supported-Protocols: {7df0354d-249b-430f-820d-3d2a9bef4931}\r\n".to_owned();
            let ack = wire.packet(self, "Create-Session", &protocol, &[])?;
            assert_eq!(ack.status, 200, "{ack:?}");
            self.session = Some(ack.field("BITS-Session-Id").unwrap().to_owned());
        } else if !self.resumed(&mut wire, disk)? {
            return Ok(());
        }
        while self.acked < TOTAL {
            let length = usize::try_from(1 + chance.below(MOST)).unwrap();
            let end = TOTAL.min(self.acked + length);
            let ack = self.fragment(&mut wire, self.acked, end)?;
            assert_eq!((ack.status, ack.offset()), (200, Some(end)), "{ack:?}");
            self.acked = end;
        }
        self.closing = true;
        let ack = wire.packet(self, "Close-Session", &self.named(), &[])?;
        assert_eq!(ack.status, 200, "{ack:?}");
        self.done = true;
        Ok(())
    }

    /// Asks where to go on, and compares the answer with the disk; false where the upload was closed already.
    fn resumed(&mut self, wire: &mut Wire, disk: &Disk) -> io::Result<bool> {
        // Nothing was written since the server started: what its folder held then is what it must tell.
        let held = disk.part(self.session.as_deref().unwrap());
        let ack = self.fragment(wire, TOTAL - 1, TOTAL)?;
        let Some(held) = held else {
            assert!(self.closing, "{} is gone: {ack:?}", self.name);
            assert!(
                [200, 416, 500].contains(&ack.status),
                "closed, or about to be: {ack:?}"
            );
            if ack.status == 500 {
                assert_eq!(ack.field("BITS-Error-Code"), Some("0x8020001F"));
                self.done = true;
            }
            assert!(disk.file(&self.name) == self.data, "{}", self.name);
            self.acked = TOTAL;
            return Ok(!self.done);
        };
        assert!(
            held == self.data[..held.len()],
            "{}: other bytes",
            self.name
        );
        assert!(
            (self.acked..=self.sent).contains(&held.len()),
            "{}: acked {}, sent {}, on disk {}",
            self.name,
            self.acked,
            self.sent,
            held.len()
        );
        self.beyond += usize::from(held.len() > self.acked);
        // The last byte alone fits where only it is missing; where it is there, the ack comes again.
        let expected = if held.len() >= TOTAL - 1 {
            (200, Some(TOTAL))
        } else {
            (416, Some(held.len()))
        };
        assert_eq!((ack.status, ack.offset()), expected, "{ack:?}");
        self.acked = ack.offset().unwrap();
        Ok(true)
    }

    /// It is closed, and its file is what was sent.
    #[track_caller]
    fn stands(&self, disk: &Disk) {
        assert!(self.done, "{} is not closed", self.name);
        assert!(disk.file(&self.name) == self.data, "{}", self.name);
    }

    fn named(&self) -> String {
        format!("BITS-Session-Id: {}\r\n", self.session.as_deref().unwrap())
    }

    fn fragment(&mut self, wire: &mut Wire, from: usize, to: usize) -> io::Result<Ack> {
        if from == self.acked {
            self.sent = self.sent.max(to);
        }
        let range = format!("Content-Range: bytes {from}-{}/{TOTAL}\r\n", to - 1);
        let headers = self.named() + &range;
        wire.packet(self, "Fragment", &headers, &self.data[from..to])
    }
}

/// A connection that is kept.
struct Wire(BufReader<TcpStream>);

#[derive(Debug)]
struct Ack {
    status: u16,
    head: String,
}

impl Ack {
    fn field(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn offset(&self) -> Option<usize> {
        self.field("BITS-Received-Content-Range")?.parse().ok()
    }
}

impl Wire {
    fn connect(url: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(url.trim_start_matches("http://"))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    fn packet(
        &mut self,
        upload: &Upload,
        kind: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<Ack> {
        let (name, length) = (&upload.name, body.len());
        let head = format!(
            "BITS_POST /{name} HTTP/1.1\r\nHost: wireproof\r\nBITS-Packet-Type: {kind}\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        let stream = self.0.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let ack = Ack {
            status: status.unwrap(),
            head,
        };
        let length = ack.field("Content-Length").unwrap().parse().unwrap();
        self.0.read_exact(&mut vec![0; length])?;
        Ok(ack)
    }
}

/// The folder of the server, read behind its back.
struct Disk(PathBuf);

impl Disk {
    /// What is there of an upload; none where it has ended.
    fn part(&self, session: &str) -> Option<Vec<u8>> {
        let name = session.trim_matches(['{', '}']);
        let uploads = self.0.join("uploads");
        match fs::read(uploads.join(format!("{name}.part"))) {
            Ok(bytes) => Some(bytes),
            // A session of which nothing has arrived has a record only.
            Err(_) if !self.0.join("files").exists() => panic!("no data folder"),
            Err(_) => {
                let record = fs::read_to_string(uploads.join(format!("{name}.jsonl"))).ok()?;
                // What a kill tore has no line end, and does not count.
                let whole = record
                    .split_inclusive('\n')
                    .rfind(|line| line.ends_with("}\n"));
                let published = whole.is_none_or(|line| line.contains("\"publishing\":true"));
                (!published).then(Vec::new)
            }
        }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.0.join("files").join(name)
    }

    fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.place(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
    }
}

fn serve(folder: &Path) -> Serving {
    Serving::start(["bits-upload", "--data-dir", folder.to_str().unwrap()])
}

fn rounds() {
    let folder = folder();
    let disk = Disk(folder.path().to_owned());
    let mut chance = Chance(0x5EED_0004);
    let words = std::iter::repeat_with(|| chance.below(u64::MAX).to_le_bytes());
    let noise: Vec<u8> = words.flatten().take(2 * TOTAL).collect();
    let mut uploads = vec![Upload::new(0, &noise, &mut chance)];
    let (began, mut kills, mut files, mut beyond) = (Instant::now(), 0, 1, 0);
    while began.elapsed() < TIME {
        let serving = serve(folder.path());
        let url = serving.url.clone();
        let delay = Duration::from_micros(chance.below(60_000));
        let (stay, ended) = mpsc::channel::<()>();
        let killer = thread::spawn(move || {
            let _ = ended.recv_timeout(delay);
            // SIGKILL, and waits for the end.
            drop(serving);
        });
        // Until it is killed, one upload follows the other.
        while uploads
            .last_mut()
            .unwrap()
            .go_on(&url, &mut chance, &disk)
            .is_ok()
        {
            uploads.push(Upload::new(files, &noise, &mut chance));
            files += 1;
        }
        killer.join().unwrap();
        drop(stay);
        kills += 1;
        // What was closed stands whole after the kill; then it makes room.
        for upload in uploads.drain(..uploads.len() - 1) {
            upload.stands(&disk);
            fs::remove_file(disk.place(&upload.name)).unwrap();
            beyond += upload.beyond;
        }
    }
    let serving = serve(folder.path());
    let mut last = uploads.pop().unwrap();
    last.go_on(&serving.url, &mut chance, &disk).unwrap();
    last.stands(&disk);
    // However slow the machine is, this is much less than it does.
    assert!(
        kills >= 20 && beyond >= 5 && files >= 3,
        "{kills} kills, {beyond} of them within a fragment, {files} files"
    );
}
