//! C programs of this repository, compiled for a test.

use std::path::Path;
use std::process::Command;

use crate::world::{World, root, usctp};

/// Whose `netinet/sctp.h` and `libsctp` a program is built with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Against {
    /// This repository's.
    Ours,
    /// The distribution's.
    Debian,
}

/// Compiles `source`, a path in this repository, and returns the program's path.
pub(crate) fn compile(world: &World, source: &str, against: Against, flags: &[&str]) -> String {
    let stem = Path::new(source).file_stem().and_then(|stem| stem.to_str()).expect("a source has a name");
    let program = world.file(&format!("{stem}-{against:?}"));
    let mut cc = Command::new("cc");
    // The draft's programs are compiled as they are, and they warn.
    cc.args(["-O2", "-w", "-o", &program]).arg(root().join(source));
    match against {
        Against::Ours => {
            let objects = usctp().parent().expect("usctp is in a folder");
            cc.arg("-I")
                .arg(root().join("crates/capi/include"))
                .arg("-L")
                .arg(objects)
                .args(flags)
                .arg("-l:libsctp.so");
        }
        Against::Debian => {
            // The one name of the draft that Linux's header spells otherwise.
            cc.arg("-Dsctp_adaption_layer_event=sctp_adaptation_layer_event").args(flags).arg("-lsctp");
        }
    }
    let output = cc.output().expect("a C compiler is there");
    assert!(output.status.success(), "{source}: {}", String::from_utf8_lossy(&output.stderr));
    program
}
