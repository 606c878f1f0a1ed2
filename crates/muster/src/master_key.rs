//! The master key, which seals the signing keys in the database: from the configuration, or from a
//! file that the first start makes.

use std::io::ErrorKind;
use std::path::Path;

use service::Secrets;
use service::settings::MasterKey;

use crate::config::{Auth, MasterKeyText, Value};
use crate::data_dir::{DataDir, write_private};
use crate::failure::Failure;

/// The key that the configuration gives or names. The file in the data folder is made when it is not
/// there; one that the operator named must be.
///
/// # Errors
/// When the file cannot be read or made, or does not hold a key.
pub(crate) fn load(auth: &Auth, data_dir: &DataDir) -> Result<MasterKey, Failure> {
    if let Some(key) = &auth.master_key {
        return Ok(MasterKey::new(key.reveal()));
    }
    if let Some(named) = &auth.master_key_file {
        return read(named);
    }
    let path = data_dir.file("master.key");
    if !path.exists() {
        make(&path)?;
    }
    read(&path)
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

fn make(path: &Path) -> Result<(), Failure> {
    let key = MasterKeyText::new(Secrets::System.bytes());
    write_private(path, &format!("{}\n", key.show()))
        .map_err(|error| Failure::io(&format!("cannot write the master key file {}", path.display()), &error))
}
