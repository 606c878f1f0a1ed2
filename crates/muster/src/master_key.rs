//! The master key, which seals the signing keys in the database: from the configuration, or from a
//! file that the first start makes.

use std::io::ErrorKind;
use std::path::Path;

use service::Secrets;
use service::settings::MasterKey;

use crate::config::{Auth, MasterKeyText, Value};
use crate::data_dir::{DataDir, write_private};
use crate::failure::Failure;

/// The key file in the data folder.
const FILE: &str = "master.key";

/// The key that the configuration gives or names, or that is in the data folder. `None` when there is
/// none: then a new deployment [makes](make) one.
///
/// # Errors
/// When a file cannot be read or does not hold a key; when one that the operator named is not there.
pub(crate) fn find(auth: &Auth, data_dir: &DataDir) -> Result<Option<MasterKey>, Failure> {
    if let Some(key) = &auth.master_key {
        return Ok(Some(MasterKey::new(key.reveal())));
    }
    if let Some(named) = &auth.master_key_file {
        return read(named).map(Some);
    }
    let path = data_dir.file(FILE);
    if path.exists() { read(&path).map(Some) } else { Ok(None) }
}

/// Where the key is, for a person.
pub(crate) fn place(auth: &Auth, data_dir: &DataDir) -> String {
    match (&auth.master_key, &auth.master_key_file) {
        (Some(_), _) => "the one in MUSTER_AUTH_MASTER_KEY or auth.master_key".into(),
        (None, Some(named)) => format!("the file {}", named.display()),
        (None, None) => format!("the file {} (auth.master_key_file)", data_dir.file(FILE).display()),
    }
}

/// Makes a key, and keeps it in the data folder.
///
/// # Errors
/// When the folder or the file cannot be written.
pub(crate) fn make(data_dir: &DataDir) -> Result<MasterKey, Failure> {
    data_dir.make()?;
    let (path, key) = (data_dir.file(FILE), MasterKeyText::new(Secrets::System.bytes()));
    write_private(&path, &format!("{}\n", key.show()))
        .map_err(|error| Failure::io(&format!("cannot write the master key file {}", path.display()), &error))?;
    Ok(MasterKey::new(key.reveal()))
}

fn read(path: &Path) -> Result<MasterKey, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new(format!(
            "there is no master key file {}; make one with: openssl rand -hex 32 > {0}",
            path.display()
        )),
        _ => Failure::io(&format!("cannot read the master key file {}", path.display()), &error),
    })?;
    let key = MasterKeyText::read(&text).ok_or_else(|| {
        Failure::new(format!("the master key file {} does not hold {}", path.display(), MasterKeyText::KIND))
    })?;
    Ok(MasterKey::new(key.reveal()))
}
