//! The shared object, built in the profile of the test that asks. (Cargo does not build a cdylib for its tests.)

use std::{path::PathBuf, process::Command, sync::OnceLock};

/// Where the shared object is: in `USCTP_TARGET_DIR`, where the checks have built everything before, or freshly built.
pub(crate) fn object() -> PathBuf {
    static OBJECT: OnceLock<PathBuf> = OnceLock::new();
    let built = || std::env::var_os("USCTP_TARGET_DIR").map(|directory| PathBuf::from(directory).join("libsctp.so"));
    OBJECT.get_or_init(|| built().unwrap_or_else(build)).clone()
}

fn build() -> PathBuf {
    let test = std::env::current_exe().expect("this test's own name");
    let directory = test.ancestors().nth(2).expect("the profile's directory").to_owned();
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let target = directory.parent().expect("the target directory");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "usctp-preload", "--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo");
    assert!(status.success(), "the shared object does not build");
    directory.join("libsctp.so")
}
