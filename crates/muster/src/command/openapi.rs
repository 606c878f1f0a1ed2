//! `muster openapi`: the description of the API.

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::terminal;

/// Where to.
#[derive(Debug, Args)]
pub(crate) struct OpenApi {
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl OpenApi {
    /// Writes the document that the server gives at `/openapi.json`, indented.
    ///
    /// # Errors
    /// When it cannot be written out.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let text = format!("{:#}\n", document()?);
        match self.out {
            Some(path) => terminal::write(&path, &text),
            None => terminal::print(&text),
        }
    }
}

/// The document as open JSON.
///
/// # Errors
/// Never in practice: the document is made of strings.
pub(crate) fn document() -> Result<serde_json::Value, Failure> {
    serde_json::to_value(server::openapi())
        .map_err(|error| Failure::new(format!("the API has no description: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_snapshot_in_docs_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

        let written = std::fs::read_to_string(path).unwrap_or_default();

        assert!(written == format!("{:#}\n", document().unwrap()), "run docs/update");
    }
}
