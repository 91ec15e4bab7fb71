//! The files that are in the program itself. Nothing is read or parsed before it is asked for.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The ids of the suites in the program, sorted.
pub fn embedded_ids() -> Vec<&'static str> {
    let mut ids: Vec<_> = SCENARIO_FILES
        .iter()
        .filter_map(|(path, _)| path.strip_suffix("/contract.yaml"))
        .collect();
    ids.sort_unstable();
    ids
}

/// The files of one suite in the program: path below the folder of the suite, and content; sorted by path.
pub fn embedded_files(suite: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    SCENARIO_FILES.iter().filter_map(move |(path, content)| {
        let short = path.strip_prefix(suite)?.strip_prefix('/')?;
        Some((short, *content))
    })
}

/// The snapshot of a scenario (or of one of its rows) in the program: `bits-upload/fragment/gap@FRAGMENT`.
pub fn embedded_snapshot(id: &str) -> Option<&'static str> {
    let path = format!("{id}.snap");
    let at = SNAPSHOT_FILES
        .binary_search_by(|(known, _)| known.cmp(&path.as_str()))
        .ok()?;
    std::str::from_utf8(SNAPSHOT_FILES[at].1).ok()
}

#[cfg(test)]
mod tests {
    use super::{SCENARIO_FILES, SNAPSHOT_FILES, embedded_files, embedded_ids};

    #[test]
    fn the_tables_are_sorted_so_that_they_can_be_searched() {
        for table in [SCENARIO_FILES, SNAPSHOT_FILES] {
            assert!(table.is_sorted_by_key(|(path, _)| *path));
        }
    }

    #[test]
    fn every_suite_has_its_contract_and_scenarios() {
        assert!(embedded_ids().contains(&"bits-upload"));
        for id in embedded_ids() {
            let files: Vec<_> = embedded_files(id).map(|(path, _)| path).collect();
            assert!(files.contains(&"contract.yaml"));
            assert!(
                files.iter().any(|path| path.contains('/')),
                "{id} has scenarios"
            );
        }
    }
}
