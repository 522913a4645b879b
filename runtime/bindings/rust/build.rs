//! Compiles libedgernn, the two files edgernn.c and edgernn.h, with the C compiler.
//!
//! They are taken from `EDGERNN_SOURCE`, from `c/` of a packaged crate, or from `build/` of the
//! repository, where `make amalgamation` writes them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    for name in ["EDGERNN_SOURCE", "CC", "AR", "CFLAGS"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    let source = find_source();
    println!("cargo:rerun-if-changed={}", source.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let (object, archive) = (out.join("edgernn.o"), out.join("libedgernn.a"));
    let flags = env::var("CFLAGS").unwrap_or_default();
    run(Command::new(tool("CC", "cc"))
        .args(["-O3", "-fPIC", "-fvisibility=hidden"])
        .args(flags.split_whitespace())
        .arg("-c")
        .arg(&source)
        .arg("-o")
        .arg(&object));
    // An archive that exists would keep members of an earlier build.
    let _ = std::fs::remove_file(&archive);
    run(Command::new(tool("AR", "ar")).arg("rcs").arg(&archive).arg(&object));
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=edgernn");
    if env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("unix") {
        println!("cargo:rustc-link-lib=m");
    }
}

fn find_source() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = match env::var_os("EDGERNN_SOURCE") {
        Some(folder) => vec![PathBuf::from(folder)],
        None => vec![here.join("c"), here.join("../../../build")],
    };
    let found = folders.iter().map(|folder| folder.join("edgernn.c")).find(|file| file.exists());
    found.unwrap_or_else(|| {
        panic!(
            "edgernn.c was not found in {folders:?}\n\
             next: run `make amalgamation` in the repository, or set EDGERNN_SOURCE to the folder \
             that contains edgernn.c"
        )
    })
}

fn tool(variable: &str, default: &str) -> String {
    env::var(variable).unwrap_or_else(|_| default.to_string())
}

fn run(command: &mut Command) {
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{command:?} failed: {status}"),
        Err(error) => panic!(
            "{command:?} could not be started: {error}\n\
             next: install a C compiler, or set CC and AR to one for the target"
        ),
    }
}
