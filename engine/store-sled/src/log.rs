//! The commit log: segments made once, filled one after another, used again when sled is past
//! them.

use std::fs::{File, OpenOptions, remove_file};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tenon_store::StoreError;

use crate::directory::{io, sync_directory};
use crate::frame::Frame;

/// One file of the log.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) file: File,
    pub(crate) path: PathBuf,
    /// Its length on disk.
    pub(crate) bytes: u64,
    /// The last position in it; 0 when it holds none.
    pub(crate) last: u64,
}

impl Segment {
    /// Makes a segment of zeros, so that later writes change no length and no allocation.
    fn make(directory: &Path, number: u64, bytes: usize) -> Result<Self, StoreError> {
        let path = directory.join(format!("{number:08}.log"));
        let failed = |e| io("making", &path, &e);
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(true).clone();
        let file = options.open(&path).map_err(failed)?;
        fill(&file, 0, bytes).and_then(|()| file.sync_all()).map_err(failed)?;
        sync_directory(directory)?;
        Ok(Self { number, file, path, bytes: bytes as u64, last: 0 })
    }
}

fn fill(file: &File, from: u64, bytes: usize) -> std::io::Result<()> {
    let zeros = vec![0; bytes.min(1 << 20)];
    let mut at = from;
    let end = from + bytes as u64;
    while at < end {
        let left = usize::try_from(end - at).unwrap_or(usize::MAX);
        let part = zeros.get(..left.min(zeros.len())).unwrap_or(&zeros);
        file.write_all_at(part, at)?;
        at += part.len() as u64;
    }
    Ok(())
}

/// The log, ready to be written.
#[derive(Debug)]
pub(crate) struct Log {
    directory: PathBuf,
    salt: [u8; 16],
    segment_bytes: usize,
    /// All segments but the one being filled.
    others: Vec<Segment>,
    current: Option<Segment>,
    offset: u64,
    generation: u64,
    /// The last position written.
    position: u64,
    #[cfg(test)]
    next_rotation_fails: Option<std::io::ErrorKind>,
}

/// Where a log goes on after recovery.
#[derive(Debug)]
pub(crate) struct Resume {
    pub(crate) segments: Vec<Segment>,
    pub(crate) generation: u64,
    pub(crate) position: u64,
}

impl Log {
    pub(crate) fn new(directory: &Path, salt: [u8; 16], bytes: usize, resume: Resume) -> Self {
        Self {
            directory: directory.to_path_buf(),
            salt,
            segment_bytes: bytes,
            others: resume.segments,
            current: None,
            offset: 0,
            generation: resume.generation,
            position: resume.position,
            #[cfg(test)]
            next_rotation_fails: None,
        }
    }

    /// The last position written.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Writes a frame and waits until it is on disk. `safe` is how far sled is. Gives the bytes
    /// written.
    ///
    /// After an error nothing may be written any more: what the disk holds is unknown.
    pub(crate) fn append(&mut self, frame: Frame, safe: u64) -> Result<u64, StoreError> {
        let commits = u64::from(frame.commits());
        let room = frame.size().next_multiple_of(crate::frame::ALIGN) as u64;
        let fits = self.current.as_ref().is_some_and(|s| self.offset + room <= s.bytes);
        if !fits {
            self.rotate(room, safe)?;
        }
        let bytes = frame.seal(&self.salt, self.generation, self.position + 1);
        let offset = self.offset;
        let segment = self.current.as_mut().ok_or(StoreError::Closed)?;
        let written = segment.file.write_all_at(&bytes, offset);
        written
            .and_then(|()| segment.file.sync_data())
            .map_err(|e| StoreError::Poisoned(format!("{}: {e}", segment.path.display())))?;
        self.position += commits;
        segment.last = self.position;
        self.offset += bytes.len() as u64;
        Ok(bytes.len() as u64)
    }

    /// Removes the segments that sled is past, but for the newest.
    pub(crate) fn trim(&mut self, safe: u64) -> Result<(), StoreError> {
        let current = self.current.as_ref().map_or(0, |segment| segment.last);
        let others = self.others.iter().map(|s| s.last).max().unwrap_or_default();
        let newest = others.max(current);
        for segment in std::mem::take(&mut self.others) {
            if segment.last > safe || segment.last >= newest {
                self.others.push(segment);
            } else {
                remove_file(&segment.path).map_err(|e| io("removing", &segment.path, &e))?;
            }
        }
        sync_directory(&self.directory)
    }

    /// Goes on in a segment that sled is past, or in a new one. Never in the newest: its frames
    /// tell how far the log went.
    fn rotate(&mut self, room: u64, safe: u64) -> Result<(), StoreError> {
        #[cfg(test)]
        if let Some(error) = self.next_rotation_fails.take() {
            return Err(io("making", &self.directory, &error.into()));
        }
        self.others.extend(self.current.take());
        let newest = self.others.iter().map(|s| s.last).max().unwrap_or_default();
        let free = self.others.iter().position(|s| s.last <= safe && s.last < newest);
        // Before the first frame of all every segment is free.
        let free = free.or(if newest == 0 && !self.others.is_empty() { Some(0) } else { None });
        let mut segment = match free {
            Some(index) => self.others.swap_remove(index),
            None => {
                let number = self.others.iter().map(|s| s.number).max().unwrap_or_default() + 1;
                Segment::make(&self.directory, number, self.segment_bytes)?
            }
        };
        if segment.bytes < room {
            let more = usize::try_from(room - segment.bytes).unwrap_or(usize::MAX);
            fill(&segment.file, segment.bytes, more)
                .and_then(|()| segment.file.sync_all())
                .map_err(|e| io("enlarging", &segment.path, &e))?;
            segment.bytes = room;
        }
        segment.last = 0;
        self.current = Some(segment);
        self.offset = 0;
        self.generation += 1;
        Ok(())
    }
}

#[cfg(test)]
impl Log {
    /// Makes the next change to another segment fail, as a full disk does.
    pub(crate) fn fill_disk(&mut self) {
        self.next_rotation_fails = Some(std::io::ErrorKind::StorageFull);
    }

    /// Makes every further write fail, as a broken disk does.
    pub(crate) fn break_current(&mut self) {
        if let Some(segment) = &mut self.current {
            segment.file = File::open(&segment.path).unwrap();
        }
    }
}
