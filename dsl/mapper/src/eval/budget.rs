//! A bound on the work of one evaluation, so that nested loops over lists and texts that double end.
//!
//! A unit is one call of a function of an item, one binding, one item of a list that is made, or 16
//! bytes of a text that is made.

use tenon_value::Value;

use super::Run;
use crate::host::EvalError;

/// Most units of one evaluation: two thousand items beside two thousand others fit, more is the work
/// of a table or of `index_by`.
const MOST: u64 = 4_000_000;

const TEXT_BYTES: usize = 16;

/// Whether a value costs nothing to compute with.
pub(super) fn is_small(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Record(_) => false,
        Value::Text(text) => text.len() < TEXT_BYTES,
        _ => true,
    }
}

type Result<T> = std::result::Result<T, EvalError>;

impl Run<'_> {
    /// Counts work.
    pub(crate) fn spend(&mut self, units: u64) -> Result<()> {
        self.spent = self.spent.saturating_add(units);
        if self.spent <= MOST {
            return Ok(());
        }
        Err(EvalError::fault(
            "MAP_LIMIT",
            format!("this takes more than {MOST} steps: look items up with index_by or a table"),
        ))
    }

    pub(super) fn spend_on_text(&mut self, text: &str) -> Result<()> {
        self.spend_size(text.len() / TEXT_BYTES)
    }

    /// Counts a value that was made.
    pub(super) fn spend_on(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::List(items) => self.spend_size(items.len()),
            Value::Text(text) => self.spend_on_text(text),
            _ => Ok(()),
        }
    }

    /// Counts everything inside a value that becomes part of another. Parts are shared in memory, but
    /// a value that holds itself over and over would be written out in full.
    pub(super) fn spend_on_parts(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::List(items) => {
                self.spend_size(items.len())?;
                items.iter().try_for_each(|item| self.spend_on_parts(item))
            }
            Value::Record(fields) => {
                self.spend_size(fields.len())?;
                fields.values().try_for_each(|field| self.spend_on_parts(field))
            }
            _ => Ok(()),
        }
    }

    /// Whether a text of so many bytes may still be made; asked before there is one.
    pub(crate) fn has_room(&self, bytes: usize) -> Result<()> {
        let units = u64::try_from(bytes / TEXT_BYTES).unwrap_or(u64::MAX);
        if self.spent.saturating_add(units) <= MOST {
            return Ok(());
        }
        Err(EvalError::fault(
            "MAP_LIMIT",
            format!("a text of {bytes} bytes is too long to be made"),
        ))
    }

    fn spend_size(&mut self, size: usize) -> Result<()> {
        if size == 0 {
            return Ok(());
        }
        self.spend(u64::try_from(size).unwrap_or(u64::MAX))
    }
}
