//! The pages for people say what is true: the README shows the walk that CI runs, ARCHITECTURE.md names
//! every module, and no link goes nowhere.

use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_readme_shows_the_walk_that_is_run() {
    let walk = read_to_string(root().join("docs/walk.sh")).unwrap();

    let readme = read_to_string(root().join("README.md")).unwrap();

    assert!(readme.contains(&format!("```sh\n{}\n```\n", walk.trim_end())), "copy docs/walk.sh into README.md");
}

#[test]
fn the_architecture_names_every_module() {
    let page = read_to_string(root().join("ARCHITECTURE.md")).unwrap();

    let crates = ["client", "scim", "store", "service", "server", "muster", "testkit"];
    let sources = crates.map(|name| format!("crates/{name}/src")).into_iter().chain(["bench/src".to_owned()]);
    let missing: Vec<String> = sources
        .flat_map(|folder| read_dir(root().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|name| !["lib.rs", "http.rs", "tests.rs"].contains(&name.as_str()))
        .filter(|name| !page.contains(name.as_str()))
        .collect();

    assert!(missing.is_empty(), "say in ARCHITECTURE.md what these are for: {missing:?}");
}

#[test]
fn no_link_goes_nowhere() {
    let folders = [root(), root().join("docs"), root().join("docs/api"), root().join("tests/transcripts")];
    for folder in folders {
        for page in read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if page.extension().is_some_and(|extension| extension == "md") {
                check_links(&folder, &page);
            }
        }
    }
}

fn check_links(folder: &Path, page: &Path) {
    let text = read_to_string(page).unwrap();
    for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let file = link.split('#').next().unwrap();
        let outside = file.starts_with("https://") || file.is_empty();
        assert!(outside || folder.join(file).exists(), "{}: {link}", page.display());
    }
}
