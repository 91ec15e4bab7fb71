use super::mask;
use crate::message::Request;
use proptest::prelude::proptest;
use rstest::rstest;

const SECRET: &str = "hunter2";

fn masked(body: impl Into<Vec<u8>>) -> String {
    let mut request = Request::new("POST", "/WindowsHPC/Jobs");
    request.body = body.into().into();
    mask(&mut request);
    String::from_utf8_lossy(&request.body).into_owned()
}

const START_XML: &str = "<?xml version=\"1.0\"?><w:WebSessionStartInfo xmlns:w='http://hpc.microsoft.com/'><w:MaxMessageSize>65536</w:MaxMessageSize><w:Password a='1'>hunter2</w:Password><w:Runtime>-1</w:Runtime></w:WebSessionStartInfo>";
const START_JSON: &str = "{\"MaxMessageSize\":65536, \"Password\" :\n \"hunter2\", \"Runtime\":-1,\"ServiceName\":\"CcpEchoSvc\"}";
const BAG: &str = "<ArrayOfProperty xmlns='http://schemas.microsoft.com/HPCS2008R2/common'><Property><Name>UserName</Name><Value>HPC\\me</Value></Property><Property><Name>Password</Name><Value>hunter2</Value></Property><Property><Name>Name</Name><Value>first</Value></Property></ArrayOfProperty>";
const JOB_FILE: &str = "<Job xmlns='http://schemas.microsoft.com/HPCS2008R2/scheduler/' Name=\"first\" Password=\"hunter2\" UserName='HPC\\me'><Tasks><Task CommandLine='echo a'/></Tasks></Job>";

#[rstest]
#[case(START_XML, &["65536", "-1</w:Runtime>"])]
#[case(START_JSON, &["65536", "CcpEchoSvc", "\"Runtime\":-1"])]
#[case(BAG, &["HPC\\me", "<Value>first</Value>", "<Name>Password</Name><Value>***</Value>"])]
#[case(JOB_FILE, &["Password=\"***\"", "Name=\"first\"", "CommandLine='echo a'"])]
// The same in the other ways in which clients write them.
#[case("\u{FEFF}<a><Property><Value>hunter2</Value><Name> PASSWORD </Name></Property><b>kept</b></a>", &["<b>kept</b>"])]
#[case("<a><Property><Name>&#80;ass<!-- -->word</Name><Value>hun<![CDATA[ter2]]></Value></Property></a>", &["<Value>***</Value>"])]
#[case("<a><Term><Name>Password</Name><Value>hunter2</Value></Term></a>", &["<Value>***</Value>"])]
#[case("<a><Property Name='password' Value='hunter2'/><Property Name='b' Value='kept'/></a>", &["Value='***'", "Value='kept'"])]
#[case("<a><Password><b>hunter2</b></Password><c>kept</c></a>", &["<Password>***</Password><c>kept</c>"])]
#[case("<string>&lt;Job Password=&quot;hunter2&quot;/&gt;</string>", &["<string>***</string>"])]
#[case("<string><![CDATA[<Job Password='hunter2'/>]]></string>", &["<string>***</string>"])]
#[case("<a b=\"&lt;Job Password='hunter2'/>\" c='kept'/>", &["c='kept'"])]
#[case("<!-- Password: hunter2 --><a>kept</a>", &["<a>kept</a>"])]
#[case("<!DOCTYPE a [<!ENTITY p 'hunter2'>]><a><Password>&p;</Password></a>", &[])]
#[case("{\"\\u0050ASSWORD\":\"hun\\\"ter2 hunter2\",\"b\":\"kept\"}", &["\"b\":\"kept\""])]
#[case("{\"Password\":[\"hunter2\",{\"a\":\"hunter2\"}],\"b\":\"kept\"}", &["\"b\":\"kept\""])]
#[case("{\"a\":{\"Password\":\"hunter2\"},\"b\":\"kept\"}", &["\"b\":\"kept\""])]
#[case("{\"Password\":hunter2,\"b\":\"kept\"}", &["\"b\":\"kept\""])]
#[case("{\"a\":\"<Job Password='hunter2'/>\",\"b\":\"kept\"}", &["\"b\":\"kept\""])]
// Lists of properties, in any order, and what they are called.
#[case("[{\"Name\":\"UserName\",\"Value\":\"HPC\\\\me\"},{\"Name\":\"Password\",\"Value\":\"hunter2\"},{\"Name\":\"Name\",\"Value\":\"first\"}]", &["HPC\\\\me", "\"Value\":\"first\"", "\"Name\":\"Password\""])]
#[case("[{\"Value\":\"hunter2\", \"Name\":\" PASSWORD \"},{\"Value\":\"kept\",\"Name\":\"a\"}]", &["\"kept\""])]
#[case("{\"Properties\":[{\"key\":\"\\u0050assword\",\"value\":[\"hunter2\",{\"a\":\"hunter2\"}]}],\"b\":\"kept\"}", &["\"b\":\"kept\""])]
#[case("[{\"Name\":\"Password\",\"x\":{\"Name\":\"b\",\"Value\":\"kept\"},\"Value\":\"hunter2\"}]", &["\"kept\""])]
#[case("[{\"Name\":\"Password\"],\"Value\":\"hunter2\"}]", &[])]
#[case("[{\"Value\":\"hunter2\"],\"Name\":\"Password\"}]", &[])]
// What is malformed.
#[case("<a><Password>hunter2</b></a>", &[])]
#[case("<a><Property><Name>Password</Name><Value>hunter2</Property></a>", &[])]
#[case("<a Password='hunter2' Password='hunter2'/>", &[])]
#[case("<a Password=hunter2/>", &[])]
#[case("<a b='1' Password='hunter2", &[])]
#[case("<a><b></c><Password>hunter2</Password></a>", &[])]
#[case("{\"Password\":\"hun\\xter2 hunter2\"}", &[])]
#[case("Name=first&Password=hunter2", &[])]
#[case("<Password>hunter2", &[])]
#[case("\"Password\":\"hunter2\"", &[])]
fn no_password_is_left_and_what_else_can_be_read_stays(#[case] body: &str, #[case] kept: &[&str]) {
    let masked = masked(body);
    assert!(!masked.contains("hunter2"), "{masked}");
    assert!(masked.contains("***"), "{masked}");
    for kept in kept {
        assert!(masked.contains(kept), "no {kept} in {masked}");
    }
}

#[rstest]
#[case(START_XML)]
#[case(START_JSON)]
#[case(BAG)]
#[case(JOB_FILE)]
#[case(
    "<a><Property><Value>hunter2</Value><Name>Password</Name></Property><Property><Value>x</Value><Name>y</Name></Property></a>"
)]
#[case("<a><Password>\u{E9}hunter2\u{1F511}</Password></a>")]
#[case("{\"Password\":\"\u{1F511}hunter2\",\"b\":{\"password\":[\"hunter2\"]}}")]
#[case("<string>&lt;Job Password='hunter2'/&gt;</string>")]
#[case("[{\"Name\":\"Password\",\"Value\":\"hunter2\"}]")]
#[case("[{\"Value\":\"hunter2\",\"Name\":\"Password\"},{\"Value\":\"x\",\"Name\":\"y\"}]")]
fn wherever_a_body_is_cut_no_piece_of_its_password_is_left(#[case] body: &str) {
    for end in 0..=body.len() {
        let masked = masked(&body.as_bytes()[..end]);
        assert!(!masked.contains("hun"), "cut at {end}: {masked}");
    }
}

#[rstest]
#[case(START_XML)]
#[case(START_JSON)]
#[case(BAG)]
#[case("Password=hunter2")]
fn other_encodings_are_hidden_as_a_whole(#[case] body: &str) {
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| body.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    for bytes in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
        assert_eq!(masked(bytes.clone()), "***");
        assert_eq!(masked([&[0xFF, 0xFE][..], &bytes].concat()), "***");
    }
    let latin_1 = body.replace(SECRET, "hunter2\u{E9}");
    let latin_1: Vec<u8> = latin_1
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    assert_eq!(masked(latin_1), "***");
}

#[rstest]
#[case("")]
#[case(
    "<ArrayOfProperty><Property><Name>CommandLine</Name><Value>echo password</Value></Property></ArrayOfProperty>"
)]
#[case("{\"ServiceName\":\"CcpEchoSvc\",\"Runtime\":-1}")]
#[case("[{\"Name\":\"CommandLine\",\"Value\":\"echo a\"},{\"Value\":1,\"Name\":\"b\"}]")]
#[case("input\u{FFFF}data\0input\u{FFFF}\0")]
#[case(
    "<string xmlns='http://schemas.microsoft.com/2003/10/Serialization/'>why &amp; how</string>"
)]
fn what_holds_no_password_stays_as_it_is(#[case] body: &str) {
    assert_eq!(masked(body), body);
}

#[rstest]
#[case(
    "/WindowsHPC/Jobs?a=1&Password=hunter2&b=2",
    "/WindowsHPC/Jobs?a=1&Password=***&b=2"
)]
#[case(
    "/WindowsHPC/Jobs?%70assword=hunter2",
    "/WindowsHPC/Jobs?%70assword=***"
)]
#[case("/WindowsHPC/Jobs?a=password", "/WindowsHPC/Jobs?a=password")]
#[case("/WindowsHPC/Jobs", "/WindowsHPC/Jobs")]
fn a_password_in_the_query_is_masked(#[case] target: &str, #[case] expected: &str) {
    let mut request = Request::new("GET", target);
    mask(&mut request);
    assert_eq!(request.target, expected);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        masked(bytes);
    }

    #[test]
    fn no_markup_makes_it_panic_and_masking_is_final(text in "[<>/a&;#x\"'{}:, =!\\[\\]\\\\?-]{0,40}(Password|Name|Value)?[<>/a&;\"'{}:, =!]{0,20}") {
        let once = masked(text);
        masked(once);
    }
}

/// Found by fuzzing: behind a tag that was masked, the rest reads differently.
#[test]
fn a_malformed_tag_is_masked_to_the_end_at_once() {
    let once = masked("<s>1/><string a=m\"x/\">***</string>***<string b=m\"y\"/</s>/></string>");
    assert_eq!(masked(once.clone()), once);
}

proptest! {
    #[test]
    fn masking_what_is_masked_changes_nothing(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "<a>", "</a>", "<Password>", "</Password>", "<Name>Password</Name>", "<Value>", "</Value>", "<b c='1'/>",
                "<b c=\"", "<string x=m\"", "\">", "/>", "hunter2", "&amp;", "&x;", "&lt;Password=", "<![CDATA[", "]]>",
                "<!-- password", "-->", "<!DOCTYPE a>", "<?pi password?>", "{\"Password\":", "{\"Name\":\"Password\"", "\"Value\":", "}", "]", "\"", ",", "}", "[", "\\", "***", " ",
            ]),
            0..16,
        ),
        first in proptest::sample::select(vec!["<", "{", "[", "\"", "<a>"]),
    ) {
        let once = masked(format!("{first}{}", pieces.concat()));
        assert_eq!(masked(once.clone()), once);
    }
}
