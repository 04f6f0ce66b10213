//! `docs/options.md` names the options that there are, and no others.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use crate::world::{Family, Link, World, root};

/// Prints the options of IPPROTO_SCTP that are known, either to be read or to be set.
const PROBE: &str = "
import errno, socket
known = []
for number in [*range(160), *range(1000, 1010)]:
    answers = []
    s = socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, 132)
    for call in (lambda: s.getsockopt(132, number, 1024), lambda: s.setsockopt(132, number, bytes(256))):
        try:
            call()
            answers.append(0)
        except OSError as error:
            answers.append(error.errno)
    s.close()
    if answers != [errno.ENOPROTOOPT] * 2:
        known.append(number)
print(*known)
";

#[test]
fn the_document_names_every_option_that_there_is() {
    let Some(world) = World::new(Link::Udp, Family::V4) else { return };
    let said = world.client(&["/usr/bin/python3", "-c", PROBE], Duration::from_secs(20)).success().stdout;
    let known: BTreeSet<u32> = said.split_whitespace().map(|word| word.parse().expect("a number")).collect();

    let document = fs::read_to_string(root().join("docs/options.md")).expect("the document is there");
    let sctp = document.split("## SOL_SOCKET").next().expect("a document has a beginning");
    let row = |line: &str| -> Option<u32> { line.strip_prefix("| `SCTP_")?.split('|').nth(1)?.trim().parse().ok() };
    let told: BTreeSet<u32> = sctp.lines().filter_map(row).collect();
    assert_eq!(known, told, "left: known to the stack; right: named in docs/options.md");
}
