//! `usctp run`: sets the documented environment variables and becomes the program.
//!
//! Nothing else happens here, so the exit status and the signals are the program's own, and setting the variables by
//! hand is the same as running this.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::failure::{Failure, Status};
use crate::program;
use crate::settings::{self, Settings, Variable};

/// Arguments of `usctp run`.
#[derive(Args, Debug)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    settings: Settings,
    /// Print the variables that would be set, as NAME=value, and start nothing
    #[arg(long)]
    print_env: bool,
    /// The program and its arguments
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "PROGRAM",
        required_unless_present = "print_env"
    )]
    program: Vec<OsString>,
}

/// Runs the program, or prints what it would be given. Returns only if the program was not started.
pub(crate) fn run(arguments: RunArguments) -> Result<(), Failure> {
    settings::check_environment()?;
    let mut variables = vec![("LD_PRELOAD", preload_value(&find_shared_object()?)?)];
    variables.extend(arguments.settings.variables()?);
    if arguments.print_env {
        return print(&variables);
    }
    let (program, rest) = arguments.program.split_first().expect("clap asks for a program");
    program::check(program)?;
    let error = Command::new(program).args(rest).envs(variables).exec();
    let status = if error.kind() == io::ErrorKind::NotFound { Status::NotFound } else { Status::CannotRun };
    Err(Failure::new(status, format!("cannot run {}: {error}", Path::new(program).display())))
}

fn print(variables: &[Variable]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for (name, value) in variables {
        let written = out
            .write_all(name.as_bytes())
            .and_then(|()| out.write_all(b"="))
            .and_then(|()| out.write_all(value.as_bytes()))
            .and_then(|()| out.write_all(b"\n"));
        written.map_err(|error| Failure::new(Status::Failed, format!("cannot print: {error}")))?;
    }
    Ok(())
}

/// Where the shared object is, seen from this program's own file: beside it in a target directory, or under the same
/// prefix once installed.
fn find_shared_object() -> Result<PathBuf, Failure> {
    let program = env::current_exe()
        .and_then(|path| path.canonicalize())
        .map_err(|error| Failure::new(Status::Ours, format!("cannot tell where usctp itself is: {error}")))?;
    let folder = program.parent().unwrap_or(Path::new("/"));
    let places = ["libsctp.so", "../lib/usctp/libsctp.so.1", "deps/libsctp.so"].map(|place| folder.join(place));
    places.iter().find_map(|place| place.canonicalize().ok()).ok_or_else(|| {
        let text = format!(
            "the shared object is neither {} nor {}: build it with `cargo build --release --workspace`, or install it",
            places[0].display(),
            places[1].display()
        );
        Failure::new(Status::Ours, text)
    })
}

/// The value of LD_PRELOAD: ours first, then what was there, so that another preloaded library goes on working.
fn preload_value(object: &Path) -> Result<OsString, Failure> {
    // ld.so(8): the list is separated by spaces or colons, and neither can be escaped.
    if object.as_os_str().as_bytes().iter().any(|octet| matches!(octet, b' ' | b':')) {
        let text = format!("{}: LD_PRELOAD cannot name a path with a space or a colon; move it", object.display());
        return Err(Failure::new(Status::Ours, text));
    }
    let mut value = object.as_os_str().as_bytes().to_vec();
    let before = env::var_os("LD_PRELOAD").unwrap_or_default();
    let others = before.as_bytes().split(|octet| matches!(octet, b' ' | b':')).filter(|entry| !entry.is_empty());
    // `usctp run` inside `usctp run` does not name it twice.
    for other in others.filter(|other| *other != object.as_os_str().as_bytes()) {
        value.push(b':');
        value.extend_from_slice(other);
    }
    Ok(OsString::from_vec(value))
}
