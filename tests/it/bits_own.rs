//! `serve bits-upload` judged by its own suite over the network, strictly.

use crate::{
    Case,
    program::{Serving, wireproof},
};

pub(crate) const CASES: &[Case] = &[(
    "our own server passes strictly however it is set, one scenario at a time or many",
    &[],
    strictly,
)];

fn strictly() {
    let rows: &[&[&str]] = &[
        &[],
        &["overlap=trim"],
        &["overwrite=true"],
        &["notification=by-value"],
        &["notification=by-reference"],
        &["overlap=trim", "overwrite=true", "notification=by-value"],
        &["max-fragment-size=1000"],
        &["max-upload-size=1000"],
        &["host-id=upload.example"],
    ];
    for (at, traits) in rows.iter().enumerate() {
        let set: Vec<&str> = traits.iter().flat_map(|set| ["--set", set]).collect();
        let mut serve = vec!["bits-upload"];
        serve.extend(&set);
        let serving = Serving::start(serve);
        for jobs in [&[][..], &["--jobs", "1"]] {
            let mut check = vec!["check", "bits-upload", "--url", &serving.url];
            check.extend(["--can", "all", "--allow-writes", "--strict"]);
            check.extend(&set);
            check.extend(jobs);
            if at > 0 {
                // 64 MiB take their time: once is enough.
                check.extend(["--skip", "large-file"]);
            }
            let ran = wireproof(check);
            assert_eq!(ran.code, 0, "{traits:?} {jobs:?}: {}", ran.all());
            ran.shows(" 0 broken");
        }
    }
}
