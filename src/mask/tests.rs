use super::Mask;
use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use rstest::rstest;

const SECRET: &str = "s3cr3t & \"quoted\"/ü";

#[rstest]
#[case::plain(SECRET)]
#[case::json(r#"s3cr3t & \"quoted\"/ü"#)]
#[case::xml("s3cr3t &amp; &quot;quoted&quot;/ü")]
#[case::percent("s3cr3t%20%26%20%22quoted%22%2F%C3%BC")]
#[case::path("s3cr3t%20&%20%22quoted%22%2Fü")]
#[case::query("s3cr3t+%26+\"quoted\"/%c3%bc")]
#[case::json_escapes(r#"s3cr3t \u0026 \u0022quoted\"\/\u00FC"#)]
#[case::entities("s3cr3t &#38; &#x22;quoted&#34;/&#xFC;")]
#[case::percent_lower("s3cr3t%20%26%20%22quoted%22%2f%c3%bc")]
fn a_secret_is_masked_in_every_form(#[case] form: &str) {
    let masked = Mask::new([SECRET]).text(&format!("before {form} after"));
    assert_eq!(masked, "before *** after");
}

#[rstest]
#[case::quote("Winter\"2026!x", r#"Winter\\\"2026!x"#)]
#[case::quote_between_backticks("Winter\"2026!x", r#"Winter\\"2026!x"#)]
#[case::backslash(r"corp\Winter2026", r"corp\\\\Winter2026")]
#[case::backslash_by_its_number(r"corp\Winter2026", r"corp\u005CWinter2026")]
#[case::beyond_ascii("Sommerß2026", r"Sommer\\u00df2026")]
#[case::surrogates("Sommer🔑2026", r"Sommer\\uD83D\\uDD112026")]
#[case::all_at_once("a\\\"b\tß", r#"a\\\\\\\"b\\t\\u00df"#)]
#[case::shown("Sommer\u{a0}2026", r"Sommer\u{a0}2026")]
#[case::script("Sommer'ß2026", r"Sommer\x27\xdf2026")]
#[case::hex("Winter2026", "57696e74657232303236")]
#[case::hex_upper("Winterß", "57696E746572C39F")]
#[case::wide("Winter2026", "W\0i\0n\0t\0e\0r\x002\x000\x002\x006")]
#[case::wide_shown("Winter", r"W\u{0}i\u{0}n\u{0}t\u{0}e\u{0}r")]
fn a_secret_is_masked_however_often_it_was_escaped(#[case] secret: &str, #[case] form: &str) {
    let masked = Mask::new([secret]).text(&format!("<e>{form}</e>"));
    assert_eq!(masked, "<e>***</e>");
}

#[rstest]
#[case::percent("s3cr3t%2520%2526%2520%2522quoted%2522%252F%25C3%25BC")]
#[case::percent_thrice("s3cr3t%252520%252526%252520%252522quoted%252522%25252f%2525c3%2525bc")]
#[case::base64_of_base64("Y3pOamNqTjBJQ1lnSW5GMWIzUmxaQ0l2dzd3PQ==")]
#[case::base64_of_credentials("ZFRwek0yTnlNM1FnSmlBaWNYVnZkR1ZrSWkvRHZBPT0=")]
#[case::base64_of_utf16("cwAzAGMAcgAzAHQAIAAmACAAIgBxAHUAbwB0AGUAZAAiAC8A/AA=")]
#[case::base64_of_utf16_the_other_way("AHMAMwBjAHIAMwB0ACAAJgAgACIAcQB1AG8AdABlAGQAIgAvAPw=")]
#[case::base64_of_percent("czNjcjN0JTIwJTI2JTIwJTIycXVvdGVkJTIyJTJGJUMzJUJD")]
#[case::base64_of_hex("NzMzMzYzNzIzMzc0MjAyNjIwMjI3MTc1NmY3NDY1NjQyMjJmYzNiYw==")]
#[case::hex_of_utf16(
    "7300330063007200330074002000260020002200710075006f0074006500640022002f00fc00"
)]
#[case::hex_of_base64("637A4E6A636A4E3049435967496E46316233526C5A4349767737773D")]
#[case::base64_escaped("czNjcjN0ICYgInF1b3RlZCIvw7w%3D")]
fn a_secret_is_masked_in_two_encodings(#[case] form: &str) {
    // What a shift of bits shares with a neighbour may stay: a few characters at either end.
    let mask = Mask::new([SECRET]);
    let masked = mask.text(&format!("[{form}]"));
    let left = masked.replace("***", "");
    assert!(masked.contains("***") && left.len() <= 14, "{masked}");
}

#[test]
fn what_looks_like_an_encoding_of_something_else_stays() {
    let mask = Mask::new(["Winter2026", "geheim", "50%25"]);
    for text in [
        "V2ludGVyIDIwMjU= 57696e746572 %2557inter %25252525 50% 50%24 50 25",
        "/notes/50%20percent?x=%2520&y=R2VoZWlt",
        "V2 W V2lu Z2Vo aGVpbQ Vm Z2VoZQ 676568 67656865",
    ] {
        assert_eq!(mask.text(text), text);
    }
    for (form, masked) in [
        ("a 50%25 b", "a *** b"),
        ("a 50%2525 b", "a *** b"),
        ("a 50%252525 b", "a ***25 b"),
        ("Winter2026Winter2026", "******"),
    ] {
        assert_eq!(mask.text(form), masked);
    }
}

#[test]
fn a_text_full_of_backslashes_is_masked_in_no_time() {
    let text = "\\".repeat(50_000);
    assert_eq!(Mask::new(["Winter\"2026"]).text(&text), text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_secret_is_masked_in_json_within_json(
        secret in "[a-z]{2}[a-z\"\\\\\tß🔑/&<]{1,8}[a-z]{2}", times in 0..4
    ) {
        let mut text = secret.clone();
        for _ in 0..times {
            let json = serde_json::Value::from(text).to_string();
            text = json[1..json.len() - 1].to_owned();
        }
        let masked = Mask::new([&secret]).text(&format!("<e>{text}</e>"));
        prop_assert_eq!(masked, "<e>***</e>");
    }

    #[test]
    fn a_secret_is_masked_in_base64_wherever_it_stands(
        before in "[a-z:]{0,7}", after in "[a-z:]{0,7}", secret in "[A-Za-z0-9]{8,24}", upper in any::<bool>()
    ) {
        let secret = if upper { secret.to_uppercase() } else { secret };
        let encoded = STANDARD.encode(format!("{before}{secret}{after}"));
        let masked = Mask::new([&secret]).text(&encoded);
        prop_assert!(masked.contains("***"), "{encoded} stayed {masked}");
        prop_assert!(masked.len() < encoded.len());
    }
}

#[rstest]
#[case(r#"{"Password":"hu\"sh","Id":1}"#, r#"{"Password":"***","Id":1}"#)]
#[case(
    r#"[{"Name": "Password", "Value": "hush"}]"#,
    r#"[{"Name": "Password", "Value": "***"}]"#
)]
#[case("<a:Password>hush</a:Password>", "<a:Password>***</a:Password>")]
#[case(
    "<Name>Password</Name><Value>hush</Value>",
    "<Name>Password</Name><Value>***</Value>"
)]
#[case("/x?Password=hush&y=1", "/x?Password=***&y=1")]
#[case("http://me:hush@host/x", "http://me:***@host/x")]
#[case("§ http://me:hush@host/x", "§ http://me:***@host/x")]
#[case("http://me:hu@sh@host/x", "http://me:***@host/x")]
#[case("<PAſſWORD>hush</PAſſWORD>", "<PAſſWORD>***</PAſſWORD>")]
#[case("Authorization: Basic aHVzaA==", "Authorization: Basic ***")]
#[case("Authorization: hush", "Authorization: ***")]
#[case(
    "GET / HTTP/1.1\r\nauthorization: hush\r\nHost: h",
    "GET / HTTP/1.1\r\nauthorization: ***\r\nHost: h"
)]
#[case("Cookie: a=hush; b=hush\r\nHost: h", "Cookie: ***\r\nHost: h")]
#[case("+Set-Cookie: a=hush; Path=/", "+Set-Cookie: ***")]
#[case("The Password is required.", "The Password is required.")]
#[case("A cookie: it is sweet", "A cookie: ***")]
fn passwords_are_masked_whoever_set_them(#[case] text: &str, #[case] expected: &str) {
    let mask = Mask::default();
    assert_eq!(mask.text(text), expected);
    assert_eq!(
        mask.text(expected),
        expected,
        "masking twice changes nothing"
    );
}

#[test]
fn credentials_in_header_fields_leave_only_their_scheme() {
    let mask = Mask::default();
    assert_eq!(
        mask.header("authorization", "NTLM TlRMTVNTUAAB"),
        "NTLM ***"
    );
    assert_eq!(mask.header("Cookie", "a=b; c=d"), "***");
    assert_eq!(mask.header("set-cookie", "a=b; Path=/"), "***");
    assert_eq!(mask.header("Proxy-Authenticate", "NTLM abc"), "NTLM ***");
    assert_eq!(mask.header("Proxy-Connection", "keep-alive"), "keep-alive");
    assert_eq!(mask.told_of("header Set-Cookie", "`a=hush`"), "***");
    assert_eq!(mask.told_of("request header Cookie[2]", "`a=hush`"), "***");
    assert_eq!(
        mask.told_of("header Set-Cookie", "nothing (absent)"),
        "nothing (absent)"
    );
    assert_eq!(mask.told_of("header Date", "`now`"), "`now`");
    assert_eq!(mask.header("Accept", "text/xml"), "text/xml");
}
