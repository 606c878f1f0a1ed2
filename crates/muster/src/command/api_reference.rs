//! `muster api-reference`: the endpoint reference, a page per group.

use std::path::PathBuf;

use clap::Args;

use super::openapi::document;
use crate::api_reference::pages;
use crate::failure::Failure;
use crate::terminal;

/// Where to.
#[derive(Debug, Args)]
pub(crate) struct ApiReference {
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl ApiReference {
    /// Writes the pages, over those that are there.
    ///
    /// # Errors
    /// When the folder or a page cannot be written.
    pub(crate) fn run(self) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.out)
            .map_err(|error| Failure::io(&format!("cannot make {}", self.out.display()), &error))?;
        pages(&document()?).iter().try_for_each(|page| terminal::write(&self.out.join(&page.file), &page.text))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_pages_in_docs_are_up_to_date_and_there_are_no_others() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api"));

        let written: BTreeMap<String, String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, std::fs::read_to_string(path).unwrap())
            })
            .collect();

        let wanted = pages(&document().unwrap()).into_iter().map(|page| (page.file, page.text)).collect();
        assert!(written == wanted, "run docs/update");
    }
}
