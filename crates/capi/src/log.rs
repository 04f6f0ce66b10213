//! What the stack has to say, on the program's standard error: one line per event, written by one system call that
//! does not pass through libc.

use std::fmt::{self, Write as _};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
};

/// Starts logging at `level`; without effect after the first time.
pub(crate) fn start(level: LevelFilter) {
    let _ = tracing::subscriber::set_global_default(Lines { level });
}

/// One line to standard error, whatever the level is: for what stops a program from working.
pub fn say(text: &str) {
    let mut line = format!("usctp: {text}");
    line.truncate(LONGEST_LINE);
    line.push('\n');
    // A closed or full standard error is no reason to fail.
    let _ = rustix::io::write(standard_error(), line.as_bytes());
}

/// Events as lines. Spans are not recorded: the events name what they are about.
struct Lines {
    level: LevelFilter,
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::with_capacity(120));
        line.0.push_str(match *event.metadata().level() {
            Level::ERROR => "error: ",
            Level::WARN => "warning: ",
            Level::INFO => "",
            Level::DEBUG => "debug: ",
            Level::TRACE => "trace: ",
        });
        event.record(&mut line);
        say(&line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The message first, then the other fields by name.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = if field.name() == "message" {
            write!(self.0, "{value:?}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = if field.name() == "message" {
            self.0.write_str(value)
        } else {
            write!(self.0, " {}={value}", field.name())
        };
    }
}

fn standard_error() -> rustix::fd::BorrowedFd<'static> {
    // SAFETY: number 2 is not kept open by us; a write to a closed number fails, and no number is remembered.
    unsafe { rustix::fd::BorrowedFd::borrow_raw(2) }
}

/// Lines above this are cut: pipes keep smaller writes in one piece.
const LONGEST_LINE: usize = 2048;
