use aho_corasick::AhoCorasick;
use regex::Regex;
use std::sync::LazyLock;

static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        "(?i)^(.*passw(or)?d.*|.*secret.*|(.*[-_])?(api|access|auth|session|subscription|private|security|csrf|xsrf|refresh|bearer)[-_]?(key|token)|(x-)?auth|token|cookie)$",
    )
    .expect("a pattern that compiles")
});

/// Whether the value of a header, member, element or parameter of that name is a secret, whoever gave it.
pub(crate) fn is_secret_name(name: &str) -> bool {
    SECRET.is_match(name)
}

/// What stands in every text that has such a name; the last ones may escape any of the others.
static MARKS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let marks = [
        "passw", "secret", "token", "key", "auth", "cookie", "\\u", "&#", "%", "<!",
    ];
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(marks)
        .expect("a few short words")
});

/// Whether a text may hold such a name at all: what cannot be read is not trusted then.
pub(crate) fn may_name_a_secret(text: &[u8]) -> bool {
    MARKS.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::is_secret_name;

    #[test]
    fn names_of_secrets_are_told_from_others() {
        for name in [
            "Password",
            "RunAsPassword",
            "passwd",
            "X-Client-Secret",
            "X-Api-Key",
            "api_key",
            "access_token",
            "X-Auth-Token",
            "X-Csrf-Token",
            "X-Amz-Security-Token",
            "Private-Token",
            "Ocp-Apim-Subscription-Key",
            "token",
            "X-Auth",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "x-ms-hpc-authoritychain",
            "Authority",
            "Key",
            "ContinuationToken",
            "X-Request-Id",
            "BITS-Session-Id",
            "Passage",
            "author",
            "keyboard",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
