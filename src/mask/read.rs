/// The texts that bytes may be: UTF-16 where they look like it, and otherwise UTF-8, or Latin-1 too where they are none.
pub(crate) fn readings(bytes: &[u8]) -> Vec<String> {
    if let Some(text) = utf_16(bytes) {
        return vec![text];
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => vec![text.to_owned()],
        Err(_) => vec![
            String::from_utf8_lossy(bytes).into_owned(),
            bytes.iter().copied().map(char::from).collect(),
        ],
    }
}

/// The text in UTF-16 that begins with its mark or with a character of ASCII; a half character at its end does not count.
fn utf_16(bytes: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] | [1..=0xff, 0, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] | [0, 1..=0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units: Vec<u16> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|pair: &[u8; 2]| unit(*pair))
        .collect();
    Some(String::from_utf16_lossy(&units))
}
