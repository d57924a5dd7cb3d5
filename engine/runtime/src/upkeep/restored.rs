//! After a restore: writes that the lost time may hold are searched first.
//!
//! Between the moment an export holds and the moment it was taken in, records may have been made that
//! the store does not know. So every write is treated as one whose answer was lost: it goes out only
//! after it was looked for, and waits for a person where it can't be. A person ends that.

use tenon_machine::{Ask, Task};
use tenon_store::Commit;
use tenon_store::copy::Restored;
use tenon_value::{Value, time};

use crate::engine::{Engine, Runtime};
use crate::operate::By;
use crate::refusal::Refusal;

/// Whether a request that is about to leave must be looked for first.
pub(crate) fn looks_first(engine: &Engine, task: &Task, ask: &Ask) -> bool {
    if ask.slot.is_some() || !engine.restored.load(std::sync::atomic::Ordering::Relaxed) {
        return false;
    }
    let write = task.step(&ask.step).and_then(|record| record.write.as_deref());
    write.is_some_and(|write| write.sends <= 1)
}

impl Runtime {
    /// Whether the store was restored and writes are searched first: `{from_ms, at_ms}`, or missing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn restored(&self) -> Result<Value, Refusal> {
        Ok(match Restored::of(&*self.engine().store).await? {
            Some(mark) => Value::of([
                ("from_ms", Value::from(mark.from_ms)),
                ("at_ms", Value::from(mark.at_ms)),
            ]),
            None => Value::Missing,
        })
    }

    /// A person says that nothing of the lost time is missing any more: writes go out at once again.
    ///
    /// # Errors
    /// When the store was not restored, or cannot take it.
    pub async fn settle_restored(&self, by: &By) -> Result<Value, Refusal> {
        let engine = self.engine();
        let Some(mark) = Restored::of(&*engine.store).await? else {
            return Err(Refusal::not_found("mark of a restored store", "restored"));
        };
        let from = time::from_millis(mark.from_ms).map(|at| time::format_datetime(&at));
        let words = format!("the time lost behind {} counts as settled", from.unwrap_or_default());
        let line = self.audit_line(by, "restore_settled", &words);
        engine.store.commit(Commit::new().delete(Restored::key()).put(line)).await?;
        engine.restored.store(false, std::sync::atomic::Ordering::Relaxed);
        Ok(Value::of([("from_ms", Value::from(mark.from_ms))]))
    }
}
