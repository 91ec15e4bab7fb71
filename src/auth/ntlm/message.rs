use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Text is UTF-16.
pub(super) const UNICODE: u32 = 0x1;
/// Text is in the code page of the machine.
pub(super) const OEM: u32 = 0x2;
/// The client wants to know the target.
pub(super) const REQUEST_TARGET: u32 = 0x4;
/// NTLM at all.
pub(super) const NTLM: u32 = 0x200;
/// Messages could be signed.
pub(super) const ALWAYS_SIGN: u32 = 0x8000;
/// The target is a server.
pub(super) const TARGET_SERVER: u32 = 0x2_0000;
/// Session security of version 2.
pub(super) const EXTENDED: u32 = 0x8_0000;
/// The challenge says more of the target; without it there is no NTLMv2.
pub(super) const TARGET_INFO: u32 = 0x80_0000;

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// Which of the three messages it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The client's first.
    Negotiate,
    /// The server's.
    Challenge,
    /// The client's second.
    Authenticate,
}

/// A message in a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The scheme before it, as written: `NTLM` or `Negotiate`.
    pub scheme: String,
    /// The message.
    pub message: Vec<u8>,
}

impl Token {
    /// Reads the value of `Authorization` or `WWW-Authenticate`; none where no message of NTLM stands in it.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (scheme, token) = value.trim().split_once(' ')?;
        let known = ["NTLM", "Negotiate"];
        if !known.iter().any(|name| scheme.eq_ignore_ascii_case(name)) {
            return None;
        }
        let message = STANDARD.decode(token.trim()).ok()?;
        Kind::of(&message).map(|_| Self {
            scheme: scheme.to_owned(),
            message,
        })
    }

    /// The value of the header field for a message.
    #[must_use]
    pub fn value(scheme: &str, message: &[u8]) -> String {
        format!("{scheme} {}", STANDARD.encode(message))
    }
}

impl Kind {
    /// Which message this is; none where it is none of NTLM.
    #[must_use]
    pub fn of(message: &[u8]) -> Option<Self> {
        match message.strip_prefix(SIGNATURE)?.first_chunk()? {
            [1, 0, 0, 0] => Some(Self::Negotiate),
            [2, 0, 0, 0] => Some(Self::Challenge),
            [3, 0, 0, 0] => Some(Self::Authenticate),
            _ => None,
        }
    }
}

/// Why a message cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NtlmError {
    /// It is another message, or none.
    #[error("this is no {0:?} message of NTLM")]
    Other(Kind),
    /// It is shorter than what it says of itself.
    #[error("the NTLM message is cut")]
    Cut,
    /// The server does not offer what NTLMv2 needs.
    #[error("the server asks for NTLM of version 1, which is not spoken")]
    Version1,
}

/// Text as UTF-16, little end first.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The number at that place.
pub(super) fn number(message: &[u8], at: usize) -> Result<u32, NtlmError> {
    let bytes = message.get(at..).and_then(|rest| rest.first_chunk());
    bytes.copied().map(u32::from_le_bytes).ok_or(NtlmError::Cut)
}

/// The bytes that the descriptor at that place (length, room, offset) points to.
pub(super) fn field(message: &[u8], at: usize) -> Result<&[u8], NtlmError> {
    let length = (number(message, at)? & 0xFFFF) as usize;
    let start = number(message, at + 4)? as usize;
    message
        .get(start..)
        .and_then(|rest| rest.get(..length))
        .ok_or(NtlmError::Cut)
}

/// The text that the descriptor at that place points to.
pub(super) fn text(message: &[u8], at: usize, flags: u32) -> Result<String, NtlmError> {
    let bytes = field(message, at)?;
    Ok(if flags & UNICODE == 0 {
        bytes.iter().copied().map(char::from).collect()
    } else {
        let units = bytes
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    })
}

/// Writes a message: a head of fixed length, then what its descriptors point to.
pub(super) struct Writer {
    head: Vec<u8>,
    rest: Vec<u8>,
    length: usize,
}

impl Writer {
    /// A message whose head has that many bytes.
    pub(super) fn new(kind: Kind, length: usize) -> Self {
        let mut head = SIGNATURE.to_vec();
        head.extend_from_slice(&(kind as u32 + 1).to_le_bytes());
        Self {
            head,
            rest: Vec::new(),
            length,
        }
    }

    /// Bytes of the head as they are.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.head.extend_from_slice(bytes);
        self
    }

    /// A descriptor in the head, and what it points to behind the head.
    pub(super) fn field(mut self, bytes: &[u8]) -> Self {
        // Fields longer than their descriptor can say do not occur: names are short.
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        let bytes = &bytes[..usize::from(length)];
        let offset = u32::try_from(self.length + self.rest.len()).unwrap_or(u32::MAX);
        self.head.extend_from_slice(&length.to_le_bytes());
        self.head.extend_from_slice(&length.to_le_bytes());
        self.head.extend_from_slice(&offset.to_le_bytes());
        self.rest.extend_from_slice(bytes);
        self
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.head.resize(self.length, 0);
        self.head.append(&mut self.rest);
        self.head
    }
}
