//! A file that only its owner may read, and that is there when it is whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file that is being written, under another name beside its own. Thrown away when it is dropped
/// before [`Self::finish`].
#[derive(Debug)]
pub(crate) struct PrivateFile {
    out: BufWriter<File>,
    path: PathBuf,
    part: PathBuf,
    is_finished: bool,
}

impl PrivateFile {
    /// Begins it.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`]: nothing is overwritten; others of the file system.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(io::Error::new(ErrorKind::AlreadyExists, "it exists already; nothing was overwritten"));
        }
        let part = path.with_added_extension("part");
        // What another process left behind that was killed.
        if let Err(error) = fs::remove_file(&part)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error);
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        Ok(Self { out: BufWriter::new(file), path: path.to_owned(), part, is_finished: false })
    }

    /// Gives it its name, when all of it is on disk.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        // Unlike a renaming, this never replaces what has come there meanwhile.
        fs::hard_link(&self.part, &self.path)?;
        fs::remove_file(&self.part)?;
        self.is_finished = true;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

impl Write for PrivateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        if !self.is_finished {
            // If it cannot be removed, the next attempt says so.
            drop(fs::remove_file(&self.part));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_appears_when_it_is_whole_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");

        let mut file = PrivateFile::create(&path).unwrap();
        file.write_all(b"text").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();

        assert_eq!(fs::read_to_string(&path).unwrap(), "text");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing_and_what_is_there_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");

        PrivateFile::create(&path).unwrap().write_all(b"half").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        let file = PrivateFile::create(&path).unwrap();
        fs::write(&path, "other").unwrap();
        assert_eq!(PrivateFile::create(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(file.finish().unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "other");
    }
}
