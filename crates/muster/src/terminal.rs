//! What commands say to the person or script that called them.

use std::io::{IsTerminal, Write};
use std::path::Path;

use crate::failure::Failure;

/// Writes the result of a command to standard output, with a newline at its end.
///
/// # Errors
/// When standard output is closed, as by `muster … | head -1`.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    write!(out, "{text}{end}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::io("cannot write the result", &error))
}

/// Writes the result of a command to a file, over what is there.
///
/// # Errors
/// Those of the file system.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure::io(&format!("cannot write {}", path.display()), &error))
}

/// Tells a person why a command failed, on standard error.
pub(crate) fn complain(failure: &Failure) {
    // Nobody is left to tell when standard error is closed.
    drop(writeln!(std::io::stderr().lock(), "muster: {failure}"));
}

/// Tells a person how it went, on standard error: what was asked for may be on standard output.
pub(crate) fn tell(text: &str) {
    // Nobody is left to tell when standard error is closed.
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

/// Whether a person watches what [`progress`] shows.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Shows how far it is, in place of what was shown before. Only to a person at a terminal.
pub(crate) fn progress(text: &str) {
    let mut err = std::io::stderr().lock();
    if err.is_terminal() {
        drop(write!(err, "\r\x1b[K{text}").and_then(|()| err.flush()));
    }
}

/// Takes away what [`progress`] showed.
pub(crate) fn progress_end() {
    progress("");
}
