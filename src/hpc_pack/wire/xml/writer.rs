use std::borrow::Cow;

/// Writes elements one behind the other. Attribute values and text are escaped; an element without content is self-closed.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: String,
    /// Where the last start tag ends.
    opened: usize,
}

impl Writer {
    /// Nothing written yet.
    pub(crate) fn new() -> Self {
        Self::with_capacity(512)
    }

    /// Nothing written yet, with room for that many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            out: String::with_capacity(bytes),
            opened: 0,
        }
    }

    /// A start tag.
    pub(crate) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push('>');
        self.opened = self.out.len();
    }

    /// An end tag; makes the start tag a self-closed one where nothing was written behind it.
    pub(crate) fn close(&mut self, name: &str) {
        if self.opened == self.out.len() {
            self.out.pop();
            self.out.push_str("/>");
            return;
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// A self-closed element.
    pub(crate) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push_str("/>");
    }

    /// An element with text only; self-closed where there is none.
    pub(crate) fn leaf(&mut self, name: &str, text: &str) {
        self.leaf_with(name, &[], text);
    }

    /// As [`leaf`](Writer::leaf), with attributes.
    pub(crate) fn leaf_with(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        if text.is_empty() {
            self.empty(name, attributes);
        } else {
            self.open(name, attributes);
            self.text(text);
            self.close(name);
        }
    }

    /// Markup as it is, which the caller vouches for.
    pub(crate) fn raw(&mut self, markup: &'static str) {
        self.out.push_str(markup);
    }

    /// Text, escaped.
    pub(crate) fn text(&mut self, text: &str) {
        self.out.push_str(&escaped(text));
    }

    /// What has been written.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.out.push_str(&escaped(value));
            self.out.push('"');
        }
    }
}

/// The text with markup, quotes, and what a reader would normalise, written as references.
///
/// Characters that XML 1.0 cannot carry become U+FFFD: a reply must stay well-formed whatever it quotes.
fn escaped(text: &str) -> Cow<'_, str> {
    // Most texts show byte by byte that nothing is to be done: what is not ASCII is looked at by characters.
    let harmless = |byte: u8| {
        matches!(byte, b' '..=b'~' | b'\t' | b'\n') && !matches!(byte, b'<' | b'>' | b'&' | b'"')
    };
    if text.bytes().fold(true, |all, byte| all & harmless(byte)) {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| {
        !matches!(c, '<' | '>' | '&' | '"' | '\r' | '\u{FFFE}' | '\u{FFFF}')
            && (c >= ' ' || matches!(c, '\t' | '\n'))
    };
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            other if plain(other) => out.push(other),
            _ => out.push('\u{FFFD}'),
        }
    }
    Cow::Owned(out)
}
