//! `usctp`: runs programs on a userspace SCTP, and measures it.
//!
//! Each command is a module; this file only reads the command line and turns an error into one line and a status.

#![forbid(unsafe_code)]

mod echo;
mod failure;
mod perf;
mod program;
mod run;
mod settings;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::failure::Status;

/// SCTP in user space: for programs that want SCTP where the kernel has none.
#[derive(Debug, Parser)]
#[command(name = "usctp", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a program, unmodified, with its SCTP sockets on the userspace stack.
    Run(run::RunArguments),
    /// Send every message back, or send messages to such a server.
    Echo(echo::EchoArguments),
    /// Measure goodput, messages per second, retransmissions and round trip time between two hosts.
    Perf(perf::PerfArguments),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let done = match arguments.command {
        Command::Run(arguments) => run::run(arguments),
        Command::Echo(arguments) => echo::echo(&arguments),
        Command::Perf(arguments) => perf::perf(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("usctp: {failure}");
            failure.status().into()
        }
    }
}

/// Prints what is wrong with the command line, in one line. Help and version are no errors and stay as they are.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Nobody is left to tell if the output is closed.
        let _ = error.print();
        return if error.use_stderr() { Status::Usage.into() } else { ExitCode::SUCCESS };
    }
    let text = error.render().to_string();
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    let line = lines.join(" ");
    eprintln!("usctp: {} (see usctp --help)", line.strip_prefix("error: ").unwrap_or(&line));
    Status::Usage.into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
