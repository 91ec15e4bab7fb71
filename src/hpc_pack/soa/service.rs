/// A service that sessions can be created for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// The name of its registration file without extension; compares in any case.
    pub(crate) name: String,
    /// The versions that can be asked for, besides none.
    pub(crate) versions: Vec<Version>,
}

/// A version of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// Before the dot.
    pub(crate) major: i32,
    /// Behind the dot.
    pub(crate) minor: i32,
}

/// The echo services that every head node has.
pub(crate) fn built_in() -> Vec<Service> {
    ["CcpEchoSvc", "GenericEchoSvc"]
        .into_iter()
        .map(|name| Service {
            name: name.to_owned(),
            versions: vec![Version { major: 1, minor: 0 }],
        })
        .collect()
}
