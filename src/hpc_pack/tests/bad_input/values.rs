//! Values that do not fit their property.

use super::{XML, bag, furnished, is_fault, seen, text, with};
use crate::hpc_pack::Settings;
use rstest::rstest;

#[rstest]
#[case::huge_number("PUT Job/1", &[("Name", "x"), ("MinCores", "99999999999999999999")])]
#[case::negative_number("PUT Job/1", &[("Name", "x"), ("MaxCores", "-1")])]
#[case::no_number("PUT Job/1", &[("Name", "x"), ("RuntimeSeconds", "soon")])]
#[case::no_truth("PUT Job/1", &[("Name", "x"), ("IsExclusive", "perhaps")])]
#[case::no_word("PUT Job/1", &[("Name", "x"), ("Priority", "Whatever")])]
#[case::no_property("PUT Job/1", &[("Name", "x"), ("Colour", "red")])]
#[case::read_only("PUT Job/1", &[("Name", "x"), ("State", "Finished")])]
#[case::no_template("PUT Job/1", &[("Name", "x"), ("JobTemplate", "none of ours")])]
#[case::out_of_range("PUT Job/1", &[("Name", "x"), ("ExpandedPriority", "4001")])]
#[case::task("PUT Job/1/Task/1", &[("Name", "x"), ("Type", "Unheard")])]
#[case::task_number("PUT Job/1/Task/1", &[("Name", "x"), ("EndValue", "1e9")])]
#[case::subtask("PUT Job/2/Task/1/SubTask/1", &[("Name", "x"), ("MinCores", "x")])]
#[case::new_task("POST Job/1/Tasks", &[("CommandLine", "echo"), ("MinCores", "x")])]
#[case::new_job("POST Jobs", &[("Name", "x"), ("MinCores", "x")])]
#[case::submission("POST Job/1/Submit", &[("Name", "x"), ("MinCores", "x")])]
fn a_value_that_does_not_fit_changes_nothing_at_all(
    #[case] line: &str,
    #[case] pairs: &[(&str, &str)],
) {
    let mut bench = furnished(Settings::default());
    let before = seen(&mut bench);
    let reply = bench.ask(&with(line, XML, &bag(pairs)));
    is_fault(line, &reply);
    assert_eq!(reply.status, 400, "{}", text(&reply));
    assert_eq!(seen(&mut bench), before);
}
