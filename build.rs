//! Puts the files of `scenarios/` and `snapshots/` into the program, as tables of path and text.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-changed=build.rs");
    let mut text = String::new();
    for (name, folder, ending) in [
        ("SCENARIO_FILES", "scenarios", ""),
        ("SNAPSHOT_FILES", "snapshots", ".snap"),
    ] {
        let folder = root.join(folder);
        let mut files = Vec::new();
        if folder.is_dir() {
            // A folder is watched with all that is in it.
            println!("cargo::rerun-if-changed={}", folder.display());
            collect(&folder, &mut files)?;
        }
        let mut rows: Vec<_> = files
            .iter()
            .filter(|file| file.to_string_lossy().ends_with(ending))
            .map(|file| {
                let short = file.strip_prefix(&folder).expect("found below it");
                (short.to_string_lossy().replace('\\', "/"), file)
            })
            .collect();
        rows.sort();
        writeln!(text, "static {name}: &[(&str, &[u8])] = &[").expect("a string takes all");
        for (short, file) in rows {
            writeln!(text, "    ({short:?}, include_bytes!({file:?})),")
                .expect("a string takes all");
        }
        text.push_str("];\n");
    }
    fs::write(out.join("embedded.rs"), text)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
