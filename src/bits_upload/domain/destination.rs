use super::Fault;

/// The folder name under which replies are found; nothing can be uploaded there.
pub(crate) const RESERVED: &str = "BITS-Sessions";

/// Where an upload goes: names of folders and of the file, each safe on every system.
///
/// # Why
/// The rules are those of Unix and Windows together, on both: what is refused does not depend on
/// the machine that the server runs on, and a folder of uploads can be copied anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Destination {
    names: Vec<String>,
    folder: bool,
}

impl Destination {
    /// Reads the decoded segments of a path. An empty last one names a folder; other empty ones are skipped.
    ///
    /// # Errors
    /// [`Fault::Denied`] where a name could lead outside, to a device, to a stream of a file, or to
    /// another file than it says.
    pub(crate) fn from_segments<S: AsRef<str>>(
        segments: impl IntoIterator<Item = S>,
    ) -> Result<Self, Fault> {
        let mut names = Vec::new();
        let mut folder = true;
        for segment in segments {
            let name = segment.as_ref();
            folder = name.is_empty();
            if folder {
                continue;
            }
            if !is_safe(name) {
                return Err(Fault::Denied);
            }
            names.push(name.to_owned());
        }
        Ok(Self { names, folder })
    }

    /// The names from the top folder down.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The names as one text with slashes between.
    pub(crate) fn path(&self) -> String {
        self.names.join("/")
    }

    /// Whether the path says that it is a folder.
    pub(crate) fn is_folder(&self) -> bool {
        self.folder || self.names.is_empty()
    }

    /// Whether it lies in the folder of replies, in any case of letters.
    pub(crate) fn is_reserved(&self) -> bool {
        self.names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(RESERVED))
    }

    /// Whether it is that path or lies below it.
    pub(crate) fn is_below(&self, path: &str) -> bool {
        let mut own = self.names.iter();
        path.split('/')
            .filter(|name| !name.is_empty())
            .all(|name| own.next().is_some_and(|n| n.eq_ignore_ascii_case(name)))
    }

    /// The same folder with another file name, where that is safe.
    pub(crate) fn renamed(&self, name: &str) -> Option<Self> {
        let mut names = self.names.clone();
        *names.last_mut()? = name.to_owned();
        is_safe(name).then_some(Self {
            names,
            folder: false,
        })
    }

    /// The same file name in the top folder.
    pub(crate) fn in_top_folder(&self) -> Self {
        Self {
            names: self.names.last().cloned().into_iter().collect(),
            folder: self.folder,
        }
    }
}

/// Whether a name is one plain name on every system.
fn is_safe(name: &str) -> bool {
    let plain = !name.contains(|c: char| c.is_control() || r#"/\:*?"<>|"#.contains(c));
    plain && name.len() <= 255 && !name.ends_with(['.', ' ']) && !is_device(name)
}

/// Whether Windows takes a name for a device, whatever its extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            let mut rest = rest.chars();
            let digit = rest
                .next()
                .is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c));
            digit && rest.next().is_none()
        })
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"].contains(&stem.as_str())
        || numbered("COM")
        || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::Destination;
    use rstest::rstest;

    #[rstest]
    #[case(&["a", "b.bin"], Some("a/b.bin"))]
    #[case(&["", "a", "", "b"], Some("a/b"))]
    #[case(&["%2e%2e"], Some("%2e%2e"))]
    #[case(&["...a"], Some("...a"))]
    #[case(&["command.com"], Some("command.com"))]
    #[case(&["com10"], Some("com10"))]
    #[case(&[".."], None)]
    #[case(&["a", "."], None)]
    #[case(&["..", "etc"], None)]
    #[case(&["a/b"], None)]
    #[case(&["..\\x"], None)]
    #[case(&["C:"], None)]
    #[case(&["a.txt:stream"], None)]
    #[case(&["a\0b"], None)]
    #[case(&["line\nend"], None)]
    #[case(&["name."], None)]
    #[case(&["name "], None)]
    #[case(&["nul"], None)]
    #[case(&["NUL.txt"], None)]
    #[case(&["aux .tar.gz"], None)]
    #[case(&["Com1.bin"], None)]
    #[case(&["lpt²"], None)]
    #[case(&["conin$"], None)]
    #[case(&["a*"], None)]
    fn a_destination_is_plain_names_or_refused(
        #[case] segments: &[&str],
        #[case] path: Option<&str>,
    ) {
        let read = Destination::from_segments(segments).ok();
        assert_eq!(read.map(|d| d.path()).as_deref(), path);
    }

    #[test]
    fn what_ends_in_a_slash_is_a_folder_and_replies_are_reserved() {
        let of = |segments: &[&str]| Destination::from_segments(segments).unwrap();
        assert!(of(&["a", ""]).is_folder() && of(&[""]).is_folder() && !of(&["a"]).is_folder());
        assert!(of(&["a", "bits-sessions", "x"]).is_reserved());
        assert!(of(&["Secret", "x"]).is_below("/secret") && !of(&["secrets"]).is_below("/secret/"));
    }
}
