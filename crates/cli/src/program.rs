//! Can a preloaded library reach this program? Told before it is started, as the loader itself ignores what it cannot
//! preload without a word.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Status};

/// Checks that `program`, found as the shell would find it, is a dynamically linked program of this machine that runs
/// with its caller's own rights. A script is followed to its interpreter.
pub(crate) fn check(program: &OsStr) -> Result<(), Failure> {
    let mut path = find(program)?;
    // The kernel follows scripts of scripts up to a depth of 4 (BINPRM_MAX_RECURSION).
    for _ in 0..5 {
        check_rights(&path)?;
        match examine(&path) {
            Kind::Dynamic | Kind::Unknown => return Ok(()),
            Kind::Script(interpreter) => path = interpreter,
            Kind::Unreachable(reason) => {
                let text = format!("{} {reason}", path.display());
                return Err(Failure::new(Status::CannotRun, text));
            }
        }
    }
    Ok(())
}

/// What is in the file.
#[derive(Debug, Eq, PartialEq)]
enum Kind {
    /// Has an interpreter of glibc: the loader preloads for it.
    Dynamic,
    /// Starts with `#!`.
    Script(PathBuf),
    /// A program that the shared object cannot be loaded into, and why.
    Unreachable(String),
    /// Neither; the kernel will say what it thinks of it.
    Unknown,
}

/// Finds a program as execvp(3) does.
fn find(program: &OsStr) -> Result<PathBuf, Failure> {
    let shown = Path::new(program).display();
    if program.is_empty() {
        return Err(Failure::new(Status::NotFound, "the name of the program is empty"));
    }
    if program.as_bytes().contains(&b'/') {
        let path = PathBuf::from(program);
        return match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                Err(Failure::new(Status::CannotRun, format!("{shown} is a directory, not a program")))
            }
            Ok(metadata) if !is_executable(&metadata) => {
                Err(Failure::new(Status::CannotRun, format!("{shown} is not executable (chmod +x)")))
            }
            Ok(_) => Ok(path),
            Err(error) => Err(Failure::new(Status::NotFound, format!("cannot run {shown}: {error}"))),
        };
    }
    let search = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    env::split_paths(&search)
        .map(|folder| folder.join(program))
        .find(|path| fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && is_executable(&metadata)))
        .ok_or_else(|| Failure::new(Status::NotFound, format!("{shown}: no such program in PATH")))
}

fn is_executable(metadata: &fs::Metadata) -> bool {
    metadata.mode() & 0o111 != 0
}

/// A program that gains rights on exec is started in secure mode, where the loader ignores LD_PRELOAD (ld.so(8)).
fn check_rights(path: &Path) -> Result<(), Failure> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let gains = if metadata.mode() & 0o4000 != 0 && metadata.uid() != user {
        "setuid"
    } else if metadata.mode() & 0o2010 == 0o2010 && metadata.gid() != group {
        "setgid"
    } else if user != 0 && has_file_capabilities(path) {
        "given capabilities by its file"
    } else {
        return Ok(());
    };
    let text = format!(
        "{} is {gains}: the loader preloads nothing into such programs; run a copy without that bit, or as its owner",
        path.display()
    );
    Err(Failure::new(Status::CannotRun, text))
}

fn has_file_capabilities(path: &Path) -> bool {
    let mut value = [0_u8; 64];
    rustix::fs::getxattr(path, "security.capability", &mut value[..]).is_ok()
}

fn examine(path: &Path) -> Kind {
    // A program may be executable but not readable; only the kernel can look into it then.
    let Ok(file) = File::open(path) else { return Kind::Unknown };
    let mut start = Vec::new();
    if file.try_clone().and_then(|head| head.take(4096).read_to_end(&mut start)).is_err() {
        return Kind::Unknown;
    }
    if let Some(line) = start.strip_prefix(b"#!") {
        return interpreter_of(line);
    }
    if start.starts_with(b"\x7fELF") { examine_elf(&file, &start) } else { Kind::Unknown }
}

/// The program behind a `#!` line; for `/usr/bin/env NAME`, the one that env will look for.
fn interpreter_of(line: &[u8]) -> Kind {
    let line = line.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return Kind::Unknown };
    let interpreter = Path::new(OsStr::from_bytes(first));
    if interpreter.file_name() == Some(OsStr::new("env")) {
        let name = words.find(|word| !word.starts_with(b"-") && !word.contains(&b'='));
        if let Some(found) = name.and_then(|name| find(OsStr::from_bytes(name)).ok()) {
            return Kind::Script(found);
        }
    }
    Kind::Script(interpreter.to_owned())
}

/// Looks for the interpreter (PT_INTERP) in the program headers of an ELF file, elf(5).
fn examine_elf(file: &File, start: &[u8]) -> Kind {
    const CLASS_64: u8 = 2;
    const LITTLE_ENDIAN: u8 = 1;
    const PT_INTERP: u32 = 3;
    const HEADER_OCTETS: usize = 64;
    if start.get(4) != Some(&CLASS_64) || start.get(5) != Some(&LITTLE_ENDIAN) || number(start, 18, 2) != OUR_MACHINE {
        return Kind::Unreachable("is built for another kind of machine than the shared object".to_owned());
    }
    let (Some(table), Some(size), Some(count)) = (number(start, 32, 8), number(start, 54, 2), number(start, 56, 2))
    else {
        return Kind::Unknown;
    };
    if start.len() < HEADER_OCTETS || size < 56 {
        return Kind::Unknown;
    }
    for index in 0..count {
        let mut header = [0_u8; 56];
        if file.read_exact_at(&mut header, table.saturating_add(index * size)).is_err() {
            return Kind::Unknown;
        }
        if number(&header, 0, 4) == Some(u64::from(PT_INTERP)) {
            return loader_of(file, number(&header, 8, 8).unwrap_or(0), number(&header, 32, 8).unwrap_or(0));
        }
    }
    Kind::Unreachable("is statically linked, so no library can be preloaded into it; link it dynamically".to_owned())
}

/// Tells glibc's loader from others, whose programs cannot use a library built for glibc.
fn loader_of(file: &File, offset: u64, size: u64) -> Kind {
    let mut name = vec![0_u8; usize::try_from(size.min(256)).unwrap_or(256)];
    if file.read_exact_at(&mut name, offset).is_err() {
        return Kind::Unknown;
    }
    if name.windows(7).any(|part| part == b"ld-musl") {
        return Kind::Unreachable("is linked with musl, and the shared object is built for glibc".to_owned());
    }
    Kind::Dynamic
}

/// A little-endian number inside a header; `None` beyond its end.
fn number(octets: &[u8], at: usize, width: usize) -> Option<u64> {
    let part = octets.get(at..at + width)?;
    Some(part.iter().rev().fold(0, |sum, octet| sum << 8 | u64::from(*octet)))
}

/// `e_machine` of the programs that run here, elf(5).
#[cfg(target_arch = "x86_64")]
const OUR_MACHINE: Option<u64> = Some(62);
#[cfg(target_arch = "aarch64")]
const OUR_MACHINE: Option<u64> = Some(183);
#[cfg(target_arch = "riscv64")]
const OUR_MACHINE: Option<u64> = Some(243);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_itself_is_dynamic() {
        let program = env::current_exe().expect("a test has a file");
        assert_eq!(examine(&program), Kind::Dynamic);
    }

    #[test]
    fn a_script_is_followed_to_its_interpreter() {
        assert_eq!(interpreter_of(b" /bin/sh -e\necho"), Kind::Script("/bin/sh".into()));
        assert_eq!(interpreter_of(b"\n"), Kind::Unknown);
        let Kind::Script(found) = interpreter_of(b"/usr/bin/env -S sh -e\n") else { panic!("a script") };
        assert_eq!(found.file_name(), Some(OsStr::new("sh")));
    }

    #[test]
    fn what_is_missing_and_what_is_a_folder_are_told_apart() {
        assert_eq!(find(OsStr::new("/")).map_err(|failure| failure.status()), Err(Status::CannotRun));
        assert_eq!(find(OsStr::new("no-such-program")).map_err(|failure| failure.status()), Err(Status::NotFound));
        assert_eq!(find(OsStr::new("./no/such")).map_err(|failure| failure.status()), Err(Status::NotFound));
    }
}
