use crate::{
    message::{chunk_size, wrong_trailer},
    mock::BodyLength,
};
use std::ops::Range;

/// The longest line that may stand before a chunk, extensions included.
const LONGEST_LINE: usize = 1024;
/// The most bytes that fields behind the last chunk may take.
const MOST_TRAILER: usize = 16 * 1024;

/// Takes the framing off a body, whatever pieces it arrives in.
#[derive(Debug)]
pub(crate) struct Unframed(State);

#[derive(Debug)]
enum State {
    /// That many bytes are left of a body of known length.
    Left(u64),
    /// To the end of the connection; only replies have that.
    Endless,
    /// Before the line with the size of a chunk.
    Size,
    /// That many bytes are left of a chunk.
    Chunk(u64),
    /// Before the line end behind a chunk.
    ChunkEnd,
    /// Among the fields behind the last chunk; so many bytes of them are read.
    Trailer(usize),
}

/// What stands at the start of the bytes that are left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// These bytes are of the body; all up to their end are done with.
    Body(Range<usize>),
    /// So many bytes are done with; more are needed.
    More(usize),
    /// The body is complete; so many bytes more belonged to its framing.
    Done(usize),
    /// The framing is broken.
    Malformed(&'static str),
}

impl Unframed {
    /// For the body that a head announces.
    pub(crate) fn new(length: BodyLength) -> Self {
        Self(match length {
            BodyLength::Unstated => State::Left(0),
            BodyLength::Bytes(bytes) => State::Left(bytes),
            BodyLength::Chunked => State::Size,
        })
    }

    /// For a reply that ends with its connection.
    pub(crate) fn endless() -> Self {
        Self(State::Endless)
    }

    /// How many bytes are left, where that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        match self.0 {
            State::Left(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether the body ends with the connection.
    pub(crate) fn is_endless(&self) -> bool {
        matches!(self.0, State::Endless)
    }

    /// Looks at what is buffered. The caller drops the bytes that are done with before it asks again.
    pub(crate) fn step(&mut self, buffered: &[u8]) -> Step {
        match &mut self.0 {
            State::Left(0) => Step::Done(0),
            State::Left(left) | State::Chunk(left) => {
                let take = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(buffered.len());
                if take == 0 {
                    return Step::More(0);
                }
                // `take` came from the `u64` beside it.
                *left -= take as u64;
                if let State::Chunk(0) = self.0 {
                    self.0 = State::ChunkEnd;
                }
                Step::Body(0..take)
            }
            State::Endless if buffered.is_empty() => Step::More(0),
            State::Endless => Step::Body(0..buffered.len()),
            State::Size | State::ChunkEnd | State::Trailer(_) => self.line(buffered),
        }
    }

    /// Takes the lines of chunked framing up to the next byte of the body.
    fn line(&mut self, buffered: &[u8]) -> Step {
        let mut done = 0;
        loop {
            let rest = &buffered[done..];
            if matches!(self.0, State::ChunkEnd) {
                match rest {
                    [b'\r', b'\n', ..] => {
                        done += 2;
                        self.0 = State::Size;
                        continue;
                    }
                    [] | [b'\r'] => return Step::More(done),
                    _ => return Step::Malformed("a chunk is longer than its size says"),
                }
            }
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                let most = match self.0 {
                    State::Trailer(read) => MOST_TRAILER.saturating_sub(read),
                    _ => LONGEST_LINE,
                };
                return if rest.len() > most {
                    Step::Malformed("a line of the chunked framing is too long")
                } else {
                    Step::More(done)
                };
            };
            let Some(line) = rest[..end].strip_suffix(b"\r") else {
                return Step::Malformed("a line of the chunked framing does not end with CR LF");
            };
            if line
                .iter()
                .any(|byte| byte.is_ascii_control() && *byte != b'\t')
            {
                return Step::Malformed("a line of the chunked framing holds a control character");
            }
            done += end + 1;
            match &mut self.0 {
                State::Trailer(_) if line.is_empty() => {
                    self.0 = State::Left(0);
                    return Step::Done(done);
                }
                State::Trailer(read) => {
                    if let Some(why) = wrong_trailer(line) {
                        return Step::Malformed(why);
                    }
                    *read += end + 1;
                    if *read > MOST_TRAILER {
                        return Step::Malformed("the fields behind the last chunk are too many");
                    }
                }
                _ => match chunk_size(line) {
                    Ok(0) => self.0 = State::Trailer(0),
                    Ok(size) => {
                        let take = usize::try_from(size)
                            .unwrap_or(usize::MAX)
                            .min(buffered.len() - done);
                        if take == 0 {
                            self.0 = State::Chunk(size);
                            return Step::More(done);
                        }
                        let left = size - take as u64;
                        self.0 = if left == 0 {
                            State::ChunkEnd
                        } else {
                            State::Chunk(left)
                        };
                        return Step::Body(done..done + take);
                    }
                    Err(why) => return Step::Malformed(why),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, Unframed};
    use crate::mock::BodyLength;
    use proptest::prelude::{any, prop, proptest};
    use rstest::rstest;

    /// The body, and the bytes left over behind it; none where more is needed.
    type Read = Result<Option<(Vec<u8>, Vec<u8>)>, &'static str>;

    /// Feeds the pieces one after the other.
    fn read(length: BodyLength, pieces: &[&[u8]]) -> Read {
        let (mut unframed, mut body, mut buffer) = (Unframed::new(length), Vec::new(), Vec::new());
        for piece in pieces {
            buffer.extend_from_slice(piece);
            loop {
                match unframed.step(&buffer) {
                    Step::Body(range) => {
                        body.extend_from_slice(&buffer[range.clone()]);
                        buffer.drain(..range.end);
                    }
                    Step::More(done) => {
                        buffer.drain(..done);
                        break;
                    }
                    Step::Done(done) => {
                        buffer.drain(..done);
                        return Ok(Some((body, buffer)));
                    }
                    Step::Malformed(why) => return Err(why),
                }
            }
        }
        Ok(None)
    }

    #[test]
    fn a_chunked_body_ends_behind_its_trailer_and_leaves_the_next_request() {
        let wire = b"5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\nGET /";
        let (body, rest) = read(BodyLength::Chunked, &[wire]).unwrap().unwrap();
        assert_eq!(
            (body.as_slice(), rest.as_slice()),
            (&b"hello world"[..], &b"GET /"[..])
        );
    }

    #[rstest]
    #[case(b"5\nhello\r\n0\r\n\r\n")]
    #[case(b"5\r\nhelloX\r\n0\r\n\r\n")]
    #[case(b"g\r\n")]
    #[case(b"\r\n")]
    #[case(b"-1\r\n")]
    #[case(b"0x5\r\nhello\r\n")]
    #[case(b"fffffffffffffffff\r\n")]
    #[case(b"5;a\rb\r\nhello\r\n0\r\n\r\n")]
    #[case(b"5;a\0b\r\nhello\r\n0\r\n\r\n")]
    #[case(b"5\x0c\r\nhello\r\n0\r\n\r\n")]
    #[case(b"0\r\nGET / HTTP/1.1\r\n\r\n")]
    #[case(b"0\r\n: b\r\n\r\n")]
    #[case(b"0\r\nA : b\r\n\r\n")]
    #[case(b"0\r\nA: b\rC: d\r\n\r\n")]
    fn broken_chunks_are_malformed(#[case] wire: &[u8]) {
        assert!(read(BodyLength::Chunked, &[wire]).is_err());
    }

    #[test]
    fn a_line_without_end_is_malformed_before_it_fills_the_memory() {
        assert!(read(BodyLength::Chunked, &[&[b'1'; 2000]]).is_err());
        let trailer = "a: b\r\n".repeat(4000);
        assert!(read(BodyLength::Chunked, &[b"0\r\n", trailer.as_bytes()]).is_err());
        // The fields behind the last chunk may be as long as those of a head, however they come.
        let (long, end) = (format!("0\r\nA: {}", "x".repeat(9_000)), b"y\r\n\r\n");
        assert!(
            read(BodyLength::Chunked, &[long.as_bytes(), end]).is_ok_and(|read| read.is_some())
        );
        let longer = format!("0\r\nA: {}", "x".repeat(20_000));
        assert!(read(BodyLength::Chunked, &[longer.as_bytes()]).is_err());
    }

    #[test]
    fn a_body_of_known_length_needs_all_of_it() {
        assert_eq!(read(BodyLength::Bytes(5), &[b"hell"]), Ok(None));
        let done = read(BodyLength::Bytes(5), &[b"hell", b"o!"]);
        assert_eq!(done, Ok(Some((b"hello".to_vec(), b"!".to_vec()))));
        assert_eq!(
            read(BodyLength::Unstated, &[b"x"]),
            Ok(Some((Vec::new(), b"x".to_vec())))
        );
    }

    proptest! {
        #[test]
        fn a_chunked_body_is_the_same_however_it_arrives(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            cut in 1_usize..20,
        ) {
            let mut wire = Vec::new();
            for chunk in &chunks {
                wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n\r\n");
            let pieces: Vec<_> = wire.chunks(cut).collect();
            let (body, rest) = read(BodyLength::Chunked, &pieces).unwrap().unwrap();
            assert_eq!(body, chunks.concat());
            assert!(rest.is_empty());
        }

        #[test]
        fn no_bytes_make_the_framing_panic(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..8)) {
            let pieces: Vec<_> = pieces.iter().map(Vec::as_slice).collect();
            let _ = read(BodyLength::Chunked, &pieces);
        }
    }
}
