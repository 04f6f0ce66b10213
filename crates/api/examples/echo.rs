//! An echo server and a client: `cargo run --example echo -- serve 127.0.0.1:5007`, then
//! `cargo run --example echo -- ask 127.0.0.1:5007 hello`.

use std::env;
use std::process::ExitCode;
use std::thread;

use usctp::blocking::{SctpAssociation, SctpListener};
use usctp::{Error, Received, SendOptions, Stack};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["serve", address] => serve(address),
        ["ask", address, text] => ask(address, text),
        _ => {
            eprintln!("usage: echo serve ADDRESS:PORT | echo ask ADDRESS:PORT TEXT");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(address: &str) -> Result<(), Error> {
    let listener = SctpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    for association in listener.incoming() {
        let association = association?;
        thread::spawn(move || {
            if let Err(error) = echo(&association) {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

fn echo(association: &SctpAssociation) -> Result<(), Error> {
    let mut buffer = Vec::new();
    loop {
        match association.recv_message(&mut buffer)? {
            Received::Data(part) => {
                association.send_with(&buffer, &SendOptions::new().stream(part.stream).ppid(part.ppid))?;
            }
            Received::End => return Ok(()),
            _ => {}
        }
    }
}

fn ask(address: &str, text: &str) -> Result<(), Error> {
    let association = SctpAssociation::connect(address)?;
    association.send(text.as_bytes())?;
    let mut buffer = Vec::new();
    if let Received::Data(part) = association.recv_message(&mut buffer)? {
        println!("{} (stream {})", String::from_utf8_lossy(&buffer), part.stream);
    }
    association.shutdown()?;
    Stack::default_stack()?.finish();
    Ok(())
}
