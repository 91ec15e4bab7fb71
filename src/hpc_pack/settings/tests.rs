use super::table::ROWS;
use crate::hpc_pack::{Form, GenericEncoding, Hosting, Service, ServiceAnswer, Settings, SoaNames};
use rstest::rstest;
use std::time::Duration;

#[test]
fn every_default_can_be_read_and_changes_nothing() {
    let mut settings = Settings::default();
    for row in ROWS {
        settings.set(row.setting.name, row.setting.default).unwrap();
    }
    assert_eq!(settings, Settings::default());
}

#[rstest]
#[case("from", "2016", "did you mean `form`?")]
#[case("form", "2017", "takes 2016 | pre2016")]
#[case("cluster", "", "takes NAME")]
#[case("body-limit", "-1", "takes BYTES")]
#[case("body-limit", "0", "takes BYTES from 1")]
#[case("body-memory", "0", "takes BYTES from 1")]
#[case("job-limit", "0", "takes COUNT from 1")]
#[case("task-limit", "0", "takes COUNT from 1")]
#[case("subtask-limit", "0", "takes COUNT from 1")]
#[case("job-memory", "0", "takes BYTES from 1")]
#[case("session-limit", "0", "takes COUNT from 1")]
#[case("batch-limit", "0", "takes COUNT from 1")]
#[case("batch-size-limit", "0", "takes BYTES from 1")]
#[case("batch-memory", "0", "takes BYTES from 1")]
fn what_cannot_be_set_is_told(#[case] name: &str, #[case] value: &str, #[case] expected: &str) {
    let error = Settings::default()
        .set(name, value)
        .unwrap_err()
        .to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn services_come_from_a_file_or_as_text_and_add_up() {
    let mut settings = Settings::default();
    settings.set("services", r#"[{"name":"A"}]"#).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "- name: B").unwrap();
    settings
        .set("services", file.path().to_str().unwrap())
        .unwrap();
    assert_eq!(settings.services, [Service::new("A"), Service::new("B")]);
}

#[test]
fn all_settings_come_back_from_their_pairs() {
    let adder = Service::new("C").version(1, 2).answer(
        ServiceAnswer::to("x")
            .input("\u{7}\"é")
            .fault("f")
            .takes(Duration::from_millis(1500)),
    );
    let settings = Settings::default()
        .form(Form::Pre2016)
        .cluster("ALPHA")
        .owner("HPC\\other")
        .hosting(Hosting::OnPremises)
        .body_limit(1)
        .session_limit(2)
        .durable_sessions(true)
        .service(adder)
        .service(Service::new("D"))
        .cancel_grace(Duration::from_millis(2))
        .request_time(Duration::from_millis(3))
        .response_wait(Duration::from_millis(4))
        .soa_names(SoaNames::Pack)
        .generic_encoding(GenericEncoding::Utf16)
        .batch_limits(5, 6)
        .batch_memory(7);
    let mut read = Settings::default();
    for (name, value) in settings.pairs() {
        read.set(&name, &value).unwrap();
    }
    assert_eq!(read, settings);
    assert_eq!(settings.pairs().len(), ROWS.len());
}

#[rstest]
#[case("/nowhere/services.yaml", "cannot use `/nowhere/services.yaml`")]
#[case("[{ nam: A }]", "`nam` is no key of a service")]
fn a_file_that_does_not_do_is_told(#[case] value: &str, #[case] expected: &str) {
    let error = Settings::default()
        .set("services", value)
        .unwrap_err()
        .to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_setting_by_name_is_the_same_as_by_method() {
    let mut named = Settings::default();
    named.set("form", "pre2016").unwrap();
    named.set("cluster", "ALPHA").unwrap();
    assert_eq!(
        named,
        Settings::default().form(Form::Pre2016).cluster("ALPHA")
    );
}
