//! Condition × resource = bool: the meaning of filters; SQL made from them must agree.

use crate::json::Json;

use super::Condition;

impl Condition<'_> {
    /// Whether it holds for `resource`: the whole JSON in canonical spelling, see
    /// [`super::Filter::holds`].
    #[must_use]
    pub fn holds(&self, _resource: &Json) -> bool {
        todo!()
    }
}
