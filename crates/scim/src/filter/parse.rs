//! Text → [`Filter`].

use std::str::FromStr;

use crate::error::ScimError;
use crate::resource::Notes;

use super::Filter;

impl Filter {
    /// Reads a filter, and notes what had to be mended.
    ///
    /// # Errors
    /// [`ScimError::Filter`] says at which character what was expected.
    pub fn parse(_text: &str, _notes: &mut Notes) -> Result<Self, ScimError> {
        todo!()
    }
}

impl FromStr for Filter {
    type Err = ScimError;

    fn from_str(text: &str) -> Result<Self, ScimError> {
        Self::parse(text, &mut Notes::default())
    }
}
