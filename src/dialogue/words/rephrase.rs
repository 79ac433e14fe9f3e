//! The same question in other words.
use super::normal::Writing;
use crate::error::BuildError;
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuestionFile {
    #[serde(default)]
    pub common: Vec<String>,
}
#[derive(Default)]
pub(super) struct Question {}
impl Question {
    pub(super) fn new(
        _file: &str,
        _read: QuestionFile,
        _writing: &Writing,
    ) -> Result<Self, BuildError> {
        Ok(Self {})
    }
    pub(super) fn same(&self, _a: &[super::text::Token], _b: &[super::text::Token]) -> bool {
        false
    }
}
