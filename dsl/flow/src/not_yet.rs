//! What the language has and the machine does not run yet. It is read and checked whole, and then
//! refused with F006: a step that is passed over in silence is worse than none.
//!
//! Whoever makes the machine run one of these takes it out of its list; nothing else has to change.

use tenon_source::{Diagnostic, Span};

use crate::shape::Found;

/// Verbs of steps.
pub(crate) const VERBS: &[&str] = &[];

/// Keys that every step may have.
pub(crate) const KEYS: &[&str] = &[];

/// Words of `when_locked:`.
pub(crate) const WHEN_LOCKED: &[&str] = &["correct"];

/// Keys of `integration.yaml`.
pub(crate) const INTEGRATION: &[&str] = &[];

/// Ways a flow may be started.
pub(crate) const TRIGGERS: &[&str] = &["events"];

/// Refuses a word that stands in `list`.
pub(crate) fn refuse(list: &[&str], word: &str, span: &Span, found: &mut Found) {
    if list.contains(&word) {
        let message = format!("the machine does not run `{word}` yet");
        found.push(
            Diagnostic::error("F006", span.clone(), message)
                .note("it was checked all the same; it is refused so that nothing is passed over"),
        );
    }
}
