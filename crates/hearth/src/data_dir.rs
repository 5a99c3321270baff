//! The data directory: one server at a time, marked by a lock that ends with its holder.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use nix::unistd::{Uid, User};

/// A data directory.
#[derive(Debug, Clone)]
pub(crate) struct DataDir {
    path: PathBuf,
}

/// Held as long as the directory is used; the kernel lets go of it when the process ends, however
/// that comes about.
#[derive(Debug)]
pub(crate) struct Held {
    _file: File,
}

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    #[error("the data directory {path} cannot be used: {error}")]
    Unusable { path: String, error: io::Error },
    #[error(
        "no server runs, and {path} belongs to the user {owner}: do this as that user, whose server could not read what root writes"
    )]
    Foreign { path: String, owner: String },
    #[error(
        "another server ({holder}) runs on the data directory {path}: stop it, or give this one a data_dir of its own"
    )]
    Taken { path: String, holder: String },
}

/// How long a server waits for commands that are at work on the database.
const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(50);

impl DataDir {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Makes the directory where it is not there yet, for its owner only: it holds keys and messages.
    pub(crate) fn create(&self) -> Result<(), DataDirError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .map_err(|error| self.unusable(error))
    }

    /// Where commands reach the server that runs here.
    pub(crate) fn control_socket(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    /// What tells the server of this data directory from all others, over its starts; made at the first.
    pub(crate) fn server_key(&self) -> Result<String, DataDirError> {
        let path = self.path.join("server_key");
        match fs::read_to_string(&path) {
            Ok(key) if !key.trim().is_empty() => return Ok(key.trim().to_owned()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(self.unusable(error)),
        }
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| self.unusable(error.into()))?;
        let key = format!("{:032x}", u128::from_be_bytes(bytes));
        // In one step, so that a start that is cut short leaves no half of it.
        let draft = self.path.join("server_key.new");
        fs::write(&draft, &key).map_err(|error| self.unusable(error))?;
        fs::rename(&draft, &path).map_err(|error| self.unusable(error))?;
        Ok(key)
    }

    /// Where certificates are kept that we made.
    pub(crate) fn certificates(&self) -> PathBuf {
        self.path.join("certs")
    }

    /// Takes the directory for a server. Commands at work here are waited for; another server is not.
    pub(crate) async fn hold(&self) -> Result<Held, DataDirError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let mut file = self.lock_file()?;
            match file.try_lock() {
                Ok(()) => {
                    self.sign(&mut file).map_err(|error| self.unusable(error))?;
                    return Ok(Held { _file: file });
                }
                Err(TryLockError::Error(error)) => return Err(self.unusable(error)),
                Err(TryLockError::WouldBlock) => {
                    let holder = holder(&mut file);
                    if holder.is_some() || tokio::time::Instant::now() >= deadline {
                        let holder = holder.unwrap_or_else(|| "process unknown".to_owned());
                        return Err(DataDirError::Taken {
                            path: self.path.display().to_string(),
                            holder,
                        });
                    }
                }
            }
            tokio::time::sleep(STEP).await;
        }
    }

    /// Takes the directory for a command, beside other commands; `None` while a server has it.
    pub(crate) fn share(&self) -> Result<Option<Held>, DataDirError> {
        let file = self.lock_file()?;
        let owner = file.metadata().map_err(|error| self.unusable(error))?.uid();
        if is_in_the_way(Uid::effective(), Uid::from_raw(owner)) {
            let user = User::from_uid(Uid::from_raw(owner)).ok().flatten();
            let owner = user.map_or_else(|| owner.to_string(), |user| user.name);
            return Err(DataDirError::Foreign {
                path: self.path.display().to_string(),
                owner,
            });
        }
        match file.try_lock_shared() {
            Ok(()) => {
                // No server is here: a signature is that of one which was killed.
                file.set_len(0).map_err(|error| self.unusable(error))?;
                Ok(Some(Held { _file: file }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(self.unusable(error)),
        }
    }

    /// What holds the directory, as it signed; nothing where it is free.
    pub(crate) fn holder(&self) -> Option<String> {
        let mut file = File::open(self.path.join("lock")).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(holder(&mut file).unwrap_or_else(|| "process unknown".to_owned())),
            _ => None,
        }
    }

    fn lock_file(&self) -> Result<File, DataDirError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        options
            .open(self.path.join("lock"))
            .map_err(|error| self.unusable(error))
    }

    /// Says who holds the lock, for people who wonder.
    fn sign(&self, file: &mut File) -> io::Result<()> {
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "process {}", std::process::id())
    }

    fn unusable(&self, error: io::Error) -> DataDirError {
        DataDirError::Unusable {
            path: self.path.display().to_string(),
            error,
        }
    }
}

/// Whether what `me` writes would be in the way of the server of `owner`.
fn is_in_the_way(me: Uid, owner: Uid) -> bool {
    me.is_root() && !owner.is_root()
}

fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(64).read_to_string(&mut text).ok()?;
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_keeps_its_hands_off_another_users_database() {
        for (me, owner, expected) in [(0, 0, false), (0, 1000, true), (1000, 1000, false), (1000, 0, false)] {
            let is_in_the_way = is_in_the_way(Uid::from_raw(me), Uid::from_raw(owner));
            assert_eq!(is_in_the_way, expected, "{me} {owner}");
        }
    }
}
