//! What the log holds when a store is opened, and whether that can be.
//!
//! Frames are written one at a time, each synced before the next: so only the very last may be
//! broken. Whatever else is broken is damage, and said to be.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use tenon_store::StoreError;

use crate::base::{Marks, bytes_of};
use crate::directory::io;
use crate::frame::{ALIGN, Found};
use crate::log::{Resume, Segment};
use crate::pending::Group;

/// A log as found.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) resume: Resume,
    /// What sled may not have, in order.
    pub(crate) groups: VecDeque<Group>,
}

/// The unbroken run of frames at the beginning of a segment.
struct Chain {
    segment: usize,
    generation: u64,
    first: u64,
    last: u64,
    /// Where its last frame begins.
    last_frame: usize,
    end: usize,
}

/// Reads the log behind what sled surely has.
pub(crate) fn recover(
    directory: &Path,
    salt: &[u8; 16],
    marks: Marks,
) -> Result<Recovered, StoreError> {
    let (mut segments, contents) = read_segments(directory)?;
    let mut chains: Vec<Chain> =
        contents.iter().enumerate().filter_map(|(n, bytes)| chain(salt, n, bytes)).collect();
    chains.sort_by_key(|c| c.generation);
    let position = chains.last().map_or(0, |c| c.last);
    let generation = chains.last().map_or_else(|| first_generation(salt), |c| c.generation);
    if position < marks.applied {
        return Err(StoreError::Damaged(format!(
            "the database holds commits up to {}, the commit log only up to {position}",
            marks.applied
        )));
    }
    refuse_later_frames(salt, &contents, &chains, (generation, position))?;
    for chain in &chains {
        if let Some(segment) = segments.get_mut(chain.segment) {
            segment.last = chain.last;
        }
    }
    let mut groups = VecDeque::new();
    let mut wanted = position + 1;
    for chain in chains.iter().rev() {
        if wanted <= marks.safe + 1 {
            break;
        }
        if chain.last + 1 != wanted {
            break;
        }
        wanted = chain.first;
        let bytes = contents.get(chain.segment).map_or(&[] as &[u8], Vec::as_slice);
        for group in groups_of(salt, chain, bytes, marks.safe)?.into_iter().rev() {
            groups.push_front(group);
        }
    }
    if wanted > marks.safe + 1 {
        return Err(StoreError::Damaged(format!(
            "the commit log lacks commits {} to {}: the database has those before, the log those \
             behind",
            marks.safe + 1,
            wanted - 1
        )));
    }
    if let Some(newest) = chains.last()
        && let (Some(segment), Some(bytes)) =
            (segments.get(newest.segment), contents.get(newest.segment))
    {
        write_again(segment, newest, bytes)?;
    }
    Ok(Recovered { resume: Resume { segments, generation, position }, groups })
}

/// Generations begin where nobody outside can guess, so that no payload passes for a frame.
fn first_generation(salt: &[u8; 16]) -> u64 {
    let (head, _) = salt.split_at(8);
    let bytes: [u8; 8] = head.try_into().unwrap_or([1; 8]);
    (u64::from_be_bytes(bytes) >> 1).max(1)
}

fn read_segments(directory: &Path) -> Result<(Vec<Segment>, Vec<Vec<u8>>), StoreError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(|e| io("listing", directory, &e))? {
        let path = entry.map_err(|e| io("listing", directory, &e))?.path();
        let stem = path.file_stem().and_then(|s| s.to_str());
        if path.extension().is_some_and(|e| e == "log")
            && let Some(number) = stem.and_then(|s| s.parse::<u64>().ok())
        {
            names.push((number, path));
        }
    }
    names.sort();
    let mut segments = Vec::new();
    let mut contents = Vec::new();
    for (number, path) in names {
        let file: File = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|e| io("opening", &path, &e))?;
        let bytes = fs::read(&path).map_err(|e| io("reading", &path, &e))?;
        segments.push(Segment { number, file, path, bytes: bytes.len() as u64, last: 0 });
        contents.push(bytes);
    }
    Ok((segments, contents))
}

fn behind(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or_default()
}

fn chain(salt: &[u8; 16], segment: usize, bytes: &[u8]) -> Option<Chain> {
    let first = Found::at(salt, bytes)?;
    let mut chain = Chain {
        segment,
        generation: first.generation,
        first: first.first,
        last: first.last(),
        last_frame: 0,
        end: first.size,
    };
    while let Some(next) = Found::at(salt, behind(bytes, chain.end)) {
        if next.generation != chain.generation || next.first != chain.last + 1 {
            break;
        }
        chain.last = next.last();
        chain.last_frame = chain.end;
        chain.end += next.size;
    }
    Some(chain)
}

/// Looks behind every chain for a whole frame with commits later than the last one found: then
/// the broken bytes before it were acknowledged, and this is no tail.
fn refuse_later_frames(
    salt: &[u8; 16],
    contents: &[Vec<u8>],
    chains: &[Chain],
    (generation, position): (u64, u64),
) -> Result<(), StoreError> {
    let lowest = first_generation(salt);
    let plausible = |bytes: &[u8]| {
        let Some((head, rest)) = bytes.split_first_chunk::<8>() else { return false };
        let Some((first, _)) = rest.split_first_chunk::<8>() else { return false };
        let found = u64::from_be_bytes(*head);
        (lowest..=generation.saturating_add(1024)).contains(&found)
            && u64::from_be_bytes(*first) > position
    };
    for (n, bytes) in contents.iter().enumerate() {
        let mut at = chains.iter().find(|c| c.segment == n).map_or(0, |c| c.end);
        while at < bytes.len() {
            let here = behind(bytes, at);
            if plausible(here)
                && let Some(found) = Found::at(salt, here)
            {
                return Err(StoreError::Damaged(format!(
                    "the commit log is broken behind commit {position}, yet holds commit {}: \
                     acknowledged commits between them are lost",
                    found.first
                )));
            }
            at += ALIGN;
        }
    }
    Ok(())
}

fn groups_of(
    salt: &[u8; 16],
    chain: &Chain,
    bytes: &[u8],
    safe: u64,
) -> Result<Vec<Group>, StoreError> {
    let mut groups = Vec::new();
    let mut at = 0;
    while at < chain.end {
        let Some(found) = Found::at(salt, behind(bytes, at)) else { break };
        at += found.size;
        if found.last() <= safe {
            continue;
        }
        let writes = found
            .writes()
            .ok_or_else(|| StoreError::Damaged(format!("commit {} of the log", found.first)))?;
        let bytes = writes.iter().map(bytes_of).sum();
        groups.push(Group { last: found.last(), writes, bytes });
    }
    Ok(groups)
}

/// The last frame may have come from memory of a process that ended before its sync, even from
/// one whose sync failed: it is written once more and synced before anything builds on it.
fn write_again(segment: &Segment, chain: &Chain, bytes: &[u8]) -> Result<(), StoreError> {
    let frame = bytes.get(chain.last_frame..chain.end).unwrap_or_default();
    segment
        .file
        .write_all_at(frame, chain.last_frame as u64)
        .and_then(|()| segment.file.sync_data())
        .map_err(|e| io("syncing", &segment.path, &e))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::FileExt;
    use std::path::{Path, PathBuf};

    use sled::IVec;
    use tempfile::TempDir;
    use tenon_store::{Kind, StoreError};

    use super::{Recovered, recover};
    use crate::base::Marks;
    use crate::frame::{Frame, Write};
    use crate::log::Log;

    const SALT: [u8; 16] = *b"sixteen bytes of";
    const SEGMENT: usize = 512;

    /// A log in a directory, written commit by commit.
    struct Bench {
        directory: TempDir,
        log: Log,
        sizes: Vec<u64>,
    }

    impl Bench {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let log = open(directory.path(), at(0)).unwrap();
            Self { directory, log, sizes: Vec::new() }
        }

        /// Each commit writes its own number under one key; frames of 64 or 128 bytes.
        fn commits(mut self, range: std::ops::RangeInclusive<u64>, safe: u64) -> Self {
            for n in range {
                let mut frame = Frame::new();
                frame.add_commit(&[write(n)]);
                self.sizes.push(self.log.append(frame, safe).unwrap());
            }
            self
        }

        fn segments(&self) -> Vec<PathBuf> {
            let mut paths: Vec<_> =
                fs::read_dir(self.directory.path()).unwrap().map(|e| e.unwrap().path()).collect();
            paths.sort();
            paths
        }

        fn flip(&self, segment: usize, byte: u64) {
            let path = &self.segments()[segment];
            let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
            let mut one = [0];
            file.read_exact_at(&mut one, byte).unwrap();
            file.write_all_at(&[one[0] ^ 1], byte).unwrap();
        }

        fn found(&self, safe: u64) -> Result<Vec<u64>, StoreError> {
            recover(self.directory.path(), &SALT, at(safe)).map(|r| numbers(&r))
        }
    }

    fn at(safe: u64) -> Marks {
        Marks { applied: safe, safe }
    }

    fn open(path: &Path, marks: Marks) -> Result<Log, StoreError> {
        let recovered = recover(path, &SALT, marks)?;
        Ok(Log::new(path, SALT, SEGMENT, recovered.resume))
    }

    fn write(n: u64) -> Write {
        (IVec::from(&n.to_be_bytes()), Some(IVec::from(vec![7; 10])))
    }

    fn numbers(recovered: &Recovered) -> Vec<u64> {
        for group in &recovered.groups {
            assert_eq!(group.writes, [write(group.last)], "what is read is what was written");
        }
        recovered.groups.iter().map(|g| g.last).collect()
    }

    #[test]
    fn everything_behind_the_safe_position_is_read_in_order() {
        let bench = Bench::new().commits(1..=40, 0);
        assert!(bench.segments().len() > 3, "the run spans segments");
        assert_eq!(bench.found(0).unwrap(), (1..=40).collect::<Vec<_>>());
        assert_eq!(bench.found(17).unwrap(), (18..=40).collect::<Vec<_>>());
        assert_eq!(bench.found(40).unwrap(), Vec::<u64>::new());
    }

    #[test]
    fn a_torn_last_frame_is_the_tail_at_every_byte() {
        let bench = Bench::new().commits(1..=5, 0);
        let size = bench.sizes[4];
        let start: u64 = bench.sizes[..4].iter().sum();
        for byte in 0..56.min(size) {
            if (28..32).contains(&byte) {
                continue;
            }
            bench.flip(0, start + byte);
            assert_eq!(bench.found(0).unwrap(), [1, 2, 3, 4], "byte {byte}");
            bench.flip(0, start + byte);
        }
    }

    #[test]
    fn a_broken_frame_before_a_whole_one_is_damage() {
        let bench = Bench::new().commits(1..=5, 0);
        bench.flip(0, bench.sizes[..2].iter().sum::<u64>() + 3);
        let error = bench.found(0).unwrap_err();
        assert_eq!(error.kind(), Kind::Damaged);
        assert!(error.to_string().contains("behind commit 2"), "{error}");
        assert!(error.to_string().contains("commit 4"), "{error}");
    }

    #[test]
    fn a_broken_end_of_a_segment_before_another_one_is_damage_unless_sled_has_it() {
        let bench = Bench::new().commits(1..=10, 0);
        assert_eq!(bench.segments().len(), 2);
        let per_segment = SEGMENT as u64 / bench.sizes[0];
        bench.flip(0, (per_segment - 1) * bench.sizes[0] + 40);
        let error = bench.found(0).unwrap_err();
        assert!(error.to_string().contains("lacks commits"), "{error}");
        assert_eq!(bench.found(per_segment).unwrap().len() as u64, 10 - per_segment);
    }

    #[test]
    fn a_broken_first_frame_of_a_segment_is_its_tail_and_damage_before_a_second() {
        let per_segment = SEGMENT as u64 / Bench::new().commits(1..=1, 0).sizes[0];
        let torn = Bench::new().commits(1..=per_segment + 1, 0);
        torn.flip(1, 5);
        assert_eq!(torn.found(0).unwrap().len() as u64, per_segment);
        let damaged = Bench::new().commits(1..=per_segment + 2, 0);
        damaged.flip(1, 5);
        assert_eq!(damaged.found(0).unwrap_err().kind(), Kind::Damaged);
    }

    #[test]
    fn segments_are_used_again_and_what_is_left_of_older_generations_is_nothing() {
        let mut bench = Bench::new();
        for n in 1..=200 {
            bench = bench.commits(n..=n, n.saturating_sub(6));
        }
        assert!(bench.segments().len() <= 4, "{} segments", bench.segments().len());
        assert_eq!(bench.found(194).unwrap(), (195..=200).collect::<Vec<_>>());
    }

    #[test]
    fn a_log_opened_again_goes_on_in_another_generation_and_leaves_the_newest_frames() {
        let mut bench = Bench::new().commits(1..=5, 0);
        for round in 0..10 {
            let last = 5 + round;
            bench.log = open(bench.directory.path(), at(last)).unwrap();
            assert_eq!(bench.log.position(), last);
            bench = bench.commits(last + 1..=last + 1, last);
        }
        assert_eq!(bench.found(14).unwrap(), [15]);
        let emptied = recover(bench.directory.path(), &SALT, at(15)).unwrap();
        assert_eq!(emptied.resume.position, 15);
    }

    #[test]
    fn a_frame_longer_than_a_segment_gets_a_longer_segment() {
        let mut bench = Bench::new().commits(1..=3, 0);
        let mut frame = Frame::new();
        let long = (IVec::from(b"long".as_slice()), Some(IVec::from(vec![1; 5000])));
        frame.add_commit(std::slice::from_ref(&long));
        bench.log.append(frame, 0).unwrap();
        bench = bench.commits(5..=6, 0);
        let recovered = recover(bench.directory.path(), &SALT, at(0)).unwrap();
        assert_eq!(recovered.groups.len(), 6);
        assert_eq!(recovered.groups[3].writes, [long]);
    }

    #[test]
    fn a_log_that_ends_before_the_database_does_is_damage() {
        let bench = Bench::new().commits(1..=5, 0);
        let error = bench.found(6).unwrap_err();
        assert!(error.to_string().contains("only up to 5"), "{error}");
        for path in bench.segments() {
            fs::remove_file(path).unwrap();
        }
        assert_eq!(bench.found(3).unwrap_err().kind(), Kind::Damaged);
    }

    #[test]
    fn a_disk_without_room_for_another_segment_refuses_one_frame_and_takes_the_next() {
        let mut bench = Bench::new().commits(1..=1, 0);
        bench.log.fill_disk();
        let frame = |n| {
            let mut frame = Frame::new();
            let long = (IVec::from(b"long".as_slice()), Some(IVec::from(vec![n; 500])));
            frame.add_commit(std::slice::from_ref(&long));
            frame
        };
        assert_eq!(bench.log.append(frame(1), 0).unwrap_err().kind(), Kind::DiskFull);
        assert_eq!(bench.log.position(), 1);
        bench.log.append(frame(2), 0).unwrap();
        let recovered = recover(bench.directory.path(), &SALT, at(0)).unwrap();
        assert_eq!(recovered.resume.position, 2);
    }

    #[test]
    fn a_failed_write_is_an_error_that_ends_the_store() {
        let mut bench = Bench::new().commits(1..=1, 0);
        bench.log.break_current();
        let mut frame = Frame::new();
        frame.add_commit(&[write(2)]);
        assert_eq!(bench.log.append(frame, 0).unwrap_err().kind(), Kind::Poisoned);
    }
}
