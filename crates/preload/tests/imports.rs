//! The list in `docs/preload.md` against what the shared object exports, and what programs import against the list.

mod object;

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use object::object;

/// Programs that our tests run, with the libraries that hold their socket calls.
const PROGRAMS: [&str; 11] = [
    "/usr/bin/iperf3",
    "/usr/lib/x86_64-linux-gnu/libiperf.so.0",
    "/usr/bin/socat",
    "/usr/bin/socat1",
    "/usr/bin/ncat",
    "/usr/bin/sctp_test",
    "/usr/bin/sctp_darn",
    "/usr/bin/sctp_status",
    "/usr/bin/checksctp",
    "/usr/bin/python3",
    "/usr/lib/x86_64-linux-gnu/libsctp.so.1",
];

/// Names of libc with a descriptor among their arguments, or that end or copy the process.
const CONCERNED: &str = "
    accept accept4 bind close __close close_range closefrom connect __connect copy_file_range daemon dprintf __dprintf_chk
    dup dup2 __dup2 dup3 epoll_ctl epoll_pwait epoll_wait execl execle execlp execv execve execveat execvp execvpe _exit
    _Exit fchdir fchmod fchown fcntl fcntl64 __fcntl fdatasync fdopen fdopendir fexecve fgetxattr flistxattr flock fork
    fpathconf fremovexattr fsetxattr fstat fstat64 fstatfs fstatfs64 fstatvfs fstatvfs64 fsync ftruncate ftruncate64
    futimens futimes __fxstat __fxstat64 getpeername getsockname getsockopt grantpt ioctl isatty isfdtype listen lockf
    lseek lseek64 mmap mmap64 poll __poll_chk popen posix_fadvise posix_fadvise64 posix_fallocate posix_fallocate64
    posix_spawn posix_spawnp posix_spawn_file_actions_addclose posix_spawn_file_actions_adddup2 ppoll __ppoll_chk pread
    pread64 __pread_chk __pread64_chk preadv preadv64 preadv2 preadv64v2 pselect ptsname_r pwrite pwrite64 pwritev
    pwritev64 pwritev2 pwritev64v2 quick_exit read __read __read_chk readv recv __recv_chk recvfrom __recvfrom_chk
    recvmmsg recvmsg select send __send sendfile sendfile64 sendmmsg sendmsg sendto setsockopt shutdown sockatmark socket
    splice sync_file_range syncfs system tcdrain tcflow tcflush tcgetattr tcgetpgrp tcgetsid tcsendbreak tcsetattr
    tcsetpgrp tee ttyname ttyname_r unlockpt vdprintf __vdprintf_chk vfork vmsplice write __write writev
    sctp_bindx sctp_connectx sctp_freeladdrs sctp_freepaddrs sctp_getaddrlen sctp_getladdrs sctp_getpaddrs sctp_opt_info
    sctp_peeloff sctp_peeloff_flags sctp_recvmsg sctp_recvv sctp_send sctp_sendmsg sctp_sendv
";

#[test]
fn the_document_lists_what_the_object_exports() {
    let exported: BTreeSet<String> = symbols(&object(), "--defined-only")
        .into_iter()
        .filter(|name| !name.starts_with("usctp_") && !name.starts_with("VERS_"))
        .collect();
    assert_eq!(exported, documented("## Names taken over"));
}

#[test]
fn every_import_with_a_descriptor_is_taken_over_or_explained() {
    let known: BTreeSet<String> =
        documented("## Names taken over").union(&documented("## Names left alone")).cloned().collect();
    let concerned: BTreeSet<String> = CONCERNED.split_whitespace().map(str::to_owned).collect();
    let unknown: Vec<_> = concerned.difference(&known).collect();
    assert!(unknown.is_empty(), "docs/preload.md says nothing of {unknown:?}");
    let mut looked_at = 0;
    for program in PROGRAMS.iter().filter(|program| Path::new(program).exists()) {
        looked_at += 1;
        for name in symbols(Path::new(program), "--undefined-only") {
            // Whatever looks like a descriptor's business must be among the names that this test knows.
            let suspicious =
                ["recv", "send", "sock", "sctp_", "close", "splice"].iter().any(|part| name.contains(part));
            let harmless =
                ["fclose", "pclose", "dlclose", "closedir", "closelog", "socketpair", "gzclose", "endservent"];
            if suspicious && !harmless.contains(&name.as_str()) && !is_of_another_library(&name) {
                assert!(concerned.contains(&name), "{program} imports {name}, of which this test knows nothing");
            }
        }
    }
    assert!(looked_at > 0, "none of the programs is installed (ci/packages.sh)");
}

/// Names of OpenSSL, Lua, Python and the like.
fn is_of_another_library(name: &str) -> bool {
    [
        "SSL",
        "BIO_",
        "lua",
        "Py",
        "_Py",
        "OPENSSL",
        "CRYPTO",
        "iperf",
        "nsock",
        "pcap",
        "wrap",
        "request_",
        "XML",
        "sock_host",
        "sem_",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

/// The names in backquotes of a section's table.
fn documented(heading: &str) -> BTreeSet<String> {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/preload.md"))
        .expect("docs/preload.md");
    let section = document.split(heading).nth(1).expect("the section").split("\n## ").next().expect("its text");
    let rows = section.lines().filter(|line| line.starts_with('|')).collect::<String>();
    rows.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn symbols(object: &Path, which: &str) -> BTreeSet<String> {
    let output = Command::new("nm").args(["-D", which]).arg(object).output().expect("nm (binutils)");
    assert!(output.status.success(), "nm {}", object.display());
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines()
        .filter(|line| !line.contains(" A "))
        .filter_map(|line| line.split_whitespace().last())
        .map(|name| name.split('@').next().unwrap_or(name).to_owned())
        .collect()
}
