//! The manual pages are sound mdoc.

use std::fs;
use std::process::Command;

use crate::world::root;

#[test]
fn the_manual_pages_have_no_faults() {
    let mut pages: Vec<_> =
        fs::read_dir(root().join("docs/man")).expect("there").map(|page| page.expect("readable").path()).collect();
    pages.sort();
    assert!(pages.len() >= 16, "{pages:?}");
    for page in pages {
        let lint = Command::new("mandoc").args(["-Tlint", "-Wwarning"]).arg(&page).output();
        let lint = lint.expect("mandoc is there (Debian: mandoc)");
        assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
    }
}
