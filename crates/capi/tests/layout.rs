//! A C compiler's numbers, sizes and offsets against ours, and our header's against Linux's.
//!
//! `abi-linux.txt` holds what a C program printed that was compiled with the kernel's own headers: one macro (M),
//! enumerator (e), structure (S), member (f) or control message size (Z) a line.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use usctp_capi::abi::{CONSTANTS, LAYOUTS};

/// Names that only our header has.
const ONLY_OURS: [&str; 10] = [
    "SCTP_AUTH_CHUNKS",
    "SCTP_AUTH_SECRET",
    "SCTP_EXPLICIT_EOR",
    "SCTP_USE_EXT_RCVINFO",
    "SCTP_ACCEPT_ZERO_CHECKSUM",
    "SCTP_EOR",
    "SCTP_COMPLETE",
    "SCTP_EXTRCV",
    "SCTP_NOTIFICATIONS_STOPPED_EVENT",
    "struct sctp_extrcvinfo",
];

#[test]
fn the_numbers_and_layouts_of_the_crate_are_those_of_the_header() {
    assert_eq!(measured("cc", &["-xc", &include_ours()], &crate_questions(|_| true)), crate_answers(|_| true));
}

#[test]
fn the_numbers_and_layouts_of_the_header_are_the_same_in_cpp() {
    let arguments = ["-xc++", "-Wno-invalid-offsetof", &include_ours()];
    assert_eq!(measured("c++", &arguments, &crate_questions(|_| true)), crate_answers(|_| true));
}

#[test]
fn the_numbers_and_layouts_are_those_of_the_kernels_header() {
    if !Path::new("/usr/include/linux/sctp.h").exists() {
        eprintln!("skipped: no /usr/include/linux/sctp.h (Debian: linux-libc-dev)");
        return;
    }
    let theirs = |name: &str| !ONLY_OURS.contains(&name) && name != "struct sctp_authsecrets";
    let theirs = |name: &str| theirs(name) && !name.contains("SENDV") && !name.contains("RECVV");
    let theirs = |name: &str| theirs(name) && !name.contains("sendv") && !name.contains("recvv");
    let theirs = |name: &str| theirs(name) && !name.contains("_VALID") && !name.contains("BINDX_ADD_ADDR");
    let theirs = |name: &str| theirs(name) && !name.contains("BINDX_REM_ADDR");
    let questions = crate_questions(theirs).replace("netinet/sctp.h", "linux/sctp.h");
    assert_eq!(measured("cc", &["-xc"], &questions), crate_answers(theirs));
}

#[test]
fn the_header_has_every_name_of_linux_with_its_number_size_and_place() {
    let table = fs::read_to_string(here("tests/abi-linux.txt")).expect("the table");
    let mut questions = Questions::default();
    let mut expected = BTreeMap::new();
    let mut structure = String::new();
    for line in table.lines() {
        let (kind, rest) = line.split_once(' ').expect("a kind and more");
        let words: Vec<&str> = rest.split(' ').collect();
        let parts: Vec<&str> = rest.split('|').collect();
        match kind {
            // Those without a value make `#if` a syntax error in Linux's header; ours have the value 1, and one is ours
            // to claim only when asked.
            "M" if words[1] == "EMPTY" || words[0] == "HAVE_KERNEL_SCTP" => {}
            "M" => {
                questions.macros.push(words[0].to_owned());
                expected.insert(words[0].to_owned(), words[1].to_owned());
            }
            "e" => {
                questions.number(words[0]);
                expected.insert(words[0].to_owned(), words[1].to_owned());
            }
            "S" => {
                structure = parts[0].to_owned();
                questions.size(&structure);
                expected.insert(format!("sizeof {structure}"), parts[1].to_owned());
            }
            "f" if parts[0].starts_with("__reserved") => {}
            "f" => {
                let member = parts[0].trim_end_matches("[]");
                questions.offset(&structure, member);
                expected.insert(format!("{structure}.{member}"), parts[2].to_owned());
            }
            "Z" => {
                questions.control(parts[0]);
                expected.insert(format!("control {}", parts[0]), format!("{} {}", parts[1], parts[2]));
            }
            _ => {}
        }
    }
    assert!(expected.len() > 500, "the table is too short: {}", expected.len());
    assert_eq!(measured("cc", &["-xc", &include_ours()], &questions.program()), expected);
}

#[test]
fn the_drafts_programs_compile_unchanged() {
    for program in ["appendix_a", "appendix_b"] {
        let source = here(&format!("../../examples/draft-10/{program}.c"));
        let object = scratch(&format!("{program}.o"));
        run(Command::new("cc").args(["-c", &include_ours(), "-o"]).arg(&object).arg(&source));
    }
}

#[test]
fn the_header_stands_alone_in_strict_compilers() {
    let source = scratch("alone.c");
    fs::write(&source, "#include <netinet/sctp.h>\nint main(void) { union sctp_notification n; (void)n; return 0; }\n")
        .expect("a scratch file");
    for (compiler, arguments) in [
        ("cc", ["-xc", "-std=c99", "-pedantic-errors"]),
        ("cc", ["-xc", "-std=gnu17", "-Wextra"]),
        ("c++", ["-xc++", "-std=c++11", "-pedantic-errors"]),
        ("c++", ["-xc++", "-std=c++20", "-Wextra"]),
    ] {
        let mut command = Command::new(compiler);
        command.args(arguments).args(["-Wall", "-Werror", "-fsyntax-only", &include_ours()]);
        run(command.arg(&source));
    }
}

/// A C program that prints `name=number` lines.
#[derive(Default)]
struct Questions {
    macros: Vec<String>,
    lines: Vec<String>,
}

impl Questions {
    fn number(&mut self, name: &str) {
        self.lines.push(format!("printf(\"{name}=%lld\\n\", (long long)({name}));"));
    }

    fn size(&mut self, name: &str) {
        self.lines.push(format!("printf(\"sizeof {name}=%zu\\n\", sizeof({name}));"));
    }

    fn offset(&mut self, structure: &str, member: &str) {
        self.lines.push(format!("printf(\"{structure}.{member}=%zu\\n\", offsetof({structure}, {member}));"));
    }

    fn member_size(&mut self, structure: &str, member: &str) {
        let size = format!("sizeof((({structure} *)0)->{member})");
        self.lines.push(format!("printf(\"sizeof {structure}.{member}=%zu\\n\", {size});"));
    }

    fn control(&mut self, structure: &str) {
        let (len, space) = (format!("CMSG_LEN(sizeof({structure}))"), format!("CMSG_SPACE(sizeof({structure}))"));
        self.lines.push(format!("printf(\"control {structure}=%zu %zu\\n\", (size_t){len}, (size_t){space});"));
    }

    fn program(&self) -> String {
        let mut text = String::from(
            "#include <stddef.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <sys/socket.h>\n\
             #include <netinet/in.h>\n#include <netinet/sctp.h>\nint main(void) {\n",
        );
        for name in &self.macros {
            text += &format!("#ifndef {name}\nprintf(\"{name}=no macro\\n\");\n#else\n");
            text += &format!("printf(\"{name}=%lld\\n\", (long long)({name}));\n#endif\n");
        }
        for line in &self.lines {
            text += line;
            text.push('\n');
        }
        text + "return 0;\n}\n"
    }
}

fn crate_questions(wanted: impl Fn(&str) -> bool) -> String {
    let mut questions = Questions::default();
    for (name, _) in CONSTANTS.iter().filter(|(name, _)| wanted(name)) {
        questions.number(name);
    }
    for layout in LAYOUTS.iter().filter(|layout| wanted(layout.name)) {
        questions.size(layout.name);
        for (member, ..) in layout.members.iter().filter(|(member, ..)| !member.starts_with('_')) {
            questions.offset(layout.name, member);
            questions.member_size(layout.name, member);
        }
    }
    questions.program()
}

fn crate_answers(wanted: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let mut answers = BTreeMap::new();
    for (name, value) in CONSTANTS.iter().filter(|(name, _)| wanted(name)) {
        answers.insert((*name).to_owned(), value.to_string());
    }
    for layout in LAYOUTS.iter().filter(|layout| wanted(layout.name)) {
        let name = layout.name;
        answers.insert(format!("sizeof {name}"), layout.size.to_string());
        for (member, offset, size) in layout.members.iter().filter(|(member, ..)| !member.starts_with('_')) {
            answers.insert(format!("{name}.{member}"), offset.to_string());
            answers.insert(format!("sizeof {name}.{member}"), size.to_string());
        }
    }
    answers
}

fn measured(compiler: &str, arguments: &[&str], program: &str) -> BTreeMap<String, String> {
    let name = format!("{:?}-{compiler}", std::thread::current().id()).replace(['(', ')'], "");
    let (source, binary) = (scratch(&format!("{name}.c")), scratch(&format!("{name}.out")));
    fs::write(&source, program).expect("a scratch file");
    run(Command::new(compiler).args(arguments).arg("-o").arg(&binary).arg(&source));
    let output = run(&mut Command::new(&binary));
    output
        .lines()
        .map(|line| line.split_once('=').expect("name=value"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn include_ours() -> String {
    format!("-I{}", here("include").display())
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
