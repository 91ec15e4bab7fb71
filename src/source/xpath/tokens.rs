//! The words and signs of an expression.
//!
//! In: text. Out: tokens, each with the number of its first character. It must not know what may follow what, but for
//! what tells operators from names (XPath 1.0, 3.7).

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Sign(&'static str),
    /// An operator that is a word: `and`, `or`, `div`, `mod`.
    Word(String),
    Name(Option<String>, String),
    /// `p:*`
    Wild(String),
    Star,
    Call(String),
    Axis(String),
    Text(String),
    Number(f64),
}

impl Token {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Sign(sign) => format!("`{sign}`"),
            Self::Word(word) | Self::Call(word) | Self::Axis(word) => format!("`{word}`"),
            Self::Name(None, name) => format!("`{name}`"),
            Self::Name(Some(prefix), name) => format!("`{prefix}:{name}`"),
            Self::Wild(prefix) => format!("`{prefix}:*`"),
            Self::Star => "`*`".to_owned(),
            Self::Text(text) => format!("'{text}'"),
            Self::Number(number) => format!("{number}"),
        }
    }
}

/// Takes a text apart.
///
/// # Errors
/// What is no token, and where.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, String> {
    let mut tokens: Vec<(Token, usize)> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        let at = text[..text.len() - rest.len()].chars().count();
        // What follows an operand is an operator (XPath 1.0, 3.7).
        let operator = match tokens.last() {
            None => false,
            Some((Token::Sign(sign), _)) => matches!(*sign, ")" | "]" | "." | ".."),
            Some((Token::Word(_) | Token::Axis(_) | Token::Call(_), _)) => false,
            Some(_) => true,
        };
        let (token, length) = if first == '\'' || first == '"' {
            let inner = &rest[1..];
            let end = inner
                .find(first)
                .ok_or_else(|| format!("a text has no end {}", place(at)))?;
            (Token::Text(inner[..end].to_owned()), end + 2)
        } else if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            let end = number(rest);
            let number = rest[..end]
                .parse()
                .map_err(|_| format!("`{}` is no number {}", &rest[..end], place(at)))?;
            (Token::Number(number), end)
        } else if first == '*' {
            let token = if operator {
                Token::Word("*".to_owned())
            } else {
                Token::Star
            };
            (token, 1)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else if is_first(first) {
            let end = name_length(rest);
            word(&rest[..end], &rest[end..], operator, at)?
        } else if first == '$' {
            return Err(format!("variables are not known {}", place(at)));
        } else {
            return Err(format!("`{first}` is not expected {}", place(at)));
        };
        tokens.push((token, at));
        rest = &rest[length..];
    }
}

/// Where in a text something is wrong, for a person.
pub(super) fn place(at: usize) -> String {
    format!("(at character {})", at + 1)
}

/// How many bytes at the beginning are a name without a prefix (Namespaces in XML, 3); none where there is none.
pub(crate) fn name_length(text: &str) -> usize {
    if !text.starts_with(is_first) {
        return 0;
    }
    text.find(|c| !(is_first(c) || is_further(c)))
        .unwrap_or(text.len())
}

const SIGNS: [&str; 20] = [
    "::", "//", "..", "!=", "<=", ">=", "(", ")", "[", "]", ".", "@", ",", "/", "|", "+", "-", "=",
    "<", ">",
];

/// A name, with what makes it more than that: a prefix, an axis, a call, an operator.
fn word(name: &str, behind: &str, operator: bool, at: usize) -> Result<(Token, usize), String> {
    if operator {
        return match name {
            "and" | "or" | "div" | "mod" => Ok((Token::Word(name.to_owned()), name.len())),
            _ => Err(format!("`{name}` is not expected {}", place(at))),
        };
    }
    if let Some(local) = behind
        .strip_prefix(':')
        .filter(|rest| !rest.starts_with(':'))
    {
        if local.starts_with('*') {
            return Ok((Token::Wild(name.to_owned()), name.len() + 2));
        }
        let end = name_length(local);
        if end == 0 {
            return Err(format!("`{name}:` has no name behind it {}", place(at)));
        }
        let token = Token::Name(Some(name.to_owned()), local[..end].to_owned());
        return Ok((token, name.len() + 1 + end));
    }
    let next = behind.trim_start();
    let token = if next.starts_with("::") {
        Token::Axis(name.to_owned())
    } else if next.starts_with('(') {
        Token::Call(name.to_owned())
    } else {
        Token::Name(None, name.to_owned())
    };
    Ok((token, name.len()))
}

fn number(text: &str) -> usize {
    let digits =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let whole = digits(text);
    match text[whole..].strip_prefix('.') {
        Some(rest) => whole + 1 + digits(rest),
        None => whole,
    }
}

/// What a name begins with (XML 1.0, 2.3).
fn is_first(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '_' => true,
        '\0'..='\u{bf}' | '\u{d7}' | '\u{f7}' => false,
        _ => matches!(
            c,
            '\u{c0}'..='\u{2ff}'
                | '\u{370}'..='\u{37d}'
                | '\u{37f}'..='\u{1fff}'
                | '\u{200c}'..='\u{200d}'
                | '\u{2070}'..='\u{218f}'
                | '\u{2c00}'..='\u{2fef}'
                | '\u{3001}'..='\u{d7ff}'
                | '\u{f900}'..='\u{fdcf}'
                | '\u{fdf0}'..='\u{fffd}'
                | '\u{10000}'..='\u{effff}'
        ),
    }
}

/// What else stands in a name.
fn is_further(c: char) -> bool {
    matches!(
        c,
        '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}'
    )
}
