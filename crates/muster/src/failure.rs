//! How a command fails: one line that says what to do.

use service::ServiceError;
use service::tenants::ImportError;
use store::StoreError;

use crate::config::ConfigError;

/// Why a command could not do its work, in words for an operator. Exit status 1.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure told in one line: what happened, and what to do about it.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A failure of the operating system: what we were doing, and its reason.
    pub(crate) fn io(doing: &str, error: &std::io::Error) -> Self {
        Self(format!("{doing}: {error}"))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self(error.to_string())
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Refused(refusal) => Self(format!("nothing was imported: {refusal}")),
            ImportError::Service(error) => error.into(),
        }
    }
}
