//! What the disk itself can do: the measure our own figures are held against.

use std::fs::{File, remove_file};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use tenon_store::StoreError;

use crate::directory::io;

/// How often one thread can append 400 bytes to a growing file and wait for fdatasync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// Appends with a sync each.
    pub syncs: u64,
    /// How long they took together.
    pub elapsed: Duration,
}

impl Floor {
    /// Syncs in a second, rounded down.
    #[must_use]
    pub fn per_second(&self) -> u64 {
        let micros = self.elapsed.as_micros().max(1);
        u64::try_from(u128::from(self.syncs) * 1_000_000 / micros).unwrap_or(u64::MAX)
    }
}

/// Appends 400 bytes and syncs, one thread, for `during` (the bench takes two seconds).
///
/// # Errors
/// When the directory can't be written.
#[expect(clippy::disallowed_methods, reason = "a measurement of the disk needs the real clock")]
pub fn disk_floor(directory: &Path, during: Duration) -> Result<Floor, StoreError> {
    let path = directory.join("floor.tmp");
    let failed = |e| io("measuring the disk", &path, &e);
    let mut file = File::create(&path).map_err(failed)?;
    let block = [0x5A_u8; 400];
    let start = Instant::now();
    let mut syncs = 0;
    while start.elapsed() < during {
        file.write_all(&block).and_then(|()| file.sync_data()).map_err(failed)?;
        syncs += 1;
    }
    let elapsed = start.elapsed();
    drop(file);
    remove_file(&path).map_err(failed)?;
    Ok(Floor { syncs, elapsed })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Floor, disk_floor};

    #[test]
    fn the_floor_counts_syncs_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let floor = disk_floor(directory.path(), Duration::from_millis(20)).unwrap();
        assert!(floor.syncs > 0 && floor.per_second() > 0);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        let known = Floor { syncs: 3, elapsed: Duration::from_millis(500) };
        assert_eq!(known.per_second(), 6);
    }
}
