//! What strace saw, read back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::Outcome;

/// One system call with where it began and ended in the record.
#[derive(Debug)]
pub struct Call {
    pub start: usize,
    pub end: usize,
    pub act: Act,
}

/// What the call did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    Open {
        path: PathBuf,
        fd: i64,
        create: bool,
        truncate: bool,
    },
    Close {
        fd: i64,
    },
    Seek {
        fd: i64,
        to: u64,
    },
    /// At the file's own place when there is no offset.
    Write {
        fd: i64,
        offset: Option<u64>,
        bytes: Vec<u8>,
    },
    SetLength {
        fd: i64,
        length: u64,
    },
    /// With `data`, only what is needed to read the bytes again.
    Sync {
        fd: i64,
        data: bool,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    MakeDirectory {
        path: PathBuf,
    },
    /// The process ended and left `copy` behind. When it was killed, calls in flight may have
    /// been done, done in part, or not at all.
    Ended {
        copy: PathBuf,
        killed: bool,
    },
    Unknown {
        text: String,
    },
}

/// One recorded process.
#[derive(Debug)]
pub struct Process {
    pub trace: PathBuf,
    /// The directory as the process left it.
    pub copy: PathBuf,
    pub killed: bool,
}

/// Everything recorded.
#[derive(Debug, Default)]
pub struct Record {
    pub calls: Vec<Call>,
    pub lines: usize,
    /// Line and number of each acknowledgement, in order of lines.
    pub acks: Vec<(usize, u64)>,
    /// Beginnings and ends by line.
    moments: Vec<(usize, usize)>,
}

impl Record {
    /// Reads what one process after another did: where each was recorded, a copy of what it left,
    /// and whether it was killed.
    pub fn read(processes: &[Process], acks: &Path) -> Outcome<Self> {
        let mut record = Self::default();
        for process in processes {
            record.read_process(process)?;
        }
        record.find_acks(acks);
        record.note_moments();
        Ok(record)
    }

    fn read_process(&mut self, process: &Process) -> Outcome<()> {
        let file = File::open(&process.trace).map_err(|e| e.to_string())?;
        let mut open: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for line in BufReader::new(file).lines() {
            let line = line.map_err(|e| e.to_string())?;
            let n = self.lines;
            self.lines += 1;
            let Some((pid, rest)) = line.split_once(' ') else { continue };
            let rest = rest.trim_start();
            if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
                open.insert(pid.into(), (n, begun.trim_end().into()));
                continue;
            }
            let (start, text) = match rest.strip_prefix("<... ") {
                Some(resumed) => {
                    let Some((start, begun)) = open.remove(pid) else { continue };
                    let tail = resumed.split_once("resumed>").map_or("", |(_, tail)| tail);
                    (start, format!("{begun}{tail}"))
                }
                None => (n, rest.to_string()),
            };
            if let Some(act) = act(&text) {
                self.calls.push(Call { start, end: n, act });
            }
        }
        let act = Act::Ended { copy: process.copy.clone(), killed: process.killed };
        self.calls.push(Call { start: self.lines, end: self.lines, act });
        self.lines += 1;
        Ok(())
    }

    fn find_acks(&mut self, acks: &Path) {
        let mut ack_fd = None;
        for call in &self.calls {
            match &call.act {
                Act::Open { path, fd, .. } if path == acks => ack_fd = Some(*fd),
                Act::Open { fd, .. } | Act::Close { fd } if Some(*fd) == ack_fd => ack_fd = None,
                Act::Ended { .. } => ack_fd = None,
                Act::Write { fd, bytes, .. } if Some(*fd) == ack_fd => {
                    if let Ok(number) = bytes.as_slice().try_into() {
                        self.acks.push((call.start, u64::from_be_bytes(number)));
                    }
                }
                _ => {}
            }
        }
        self.acks.sort_unstable();
    }

    fn note_moments(&mut self) {
        for (n, call) in self.calls.iter().enumerate() {
            self.moments.push((call.start, n));
            if call.end != call.start {
                self.moments.push((call.end, n));
            }
        }
        self.moments.sort_unstable();
    }

    /// Beginnings and ends of calls from line `from` up to but without line `to`.
    pub fn between(&self, from: usize, to: usize) -> impl Iterator<Item = (usize, &Call)> {
        let start = self.moments.partition_point(|(line, _)| *line < from);
        let end = self.moments.partition_point(|(line, _)| *line < to);
        let moments = self.moments.get(start..end.max(start)).unwrap_or_default();
        moments.iter().filter_map(|(line, n)| self.calls.get(*n).map(|call| (*line, call)))
    }

    /// The highest number acknowledged before the line.
    pub fn acked(&self, line: usize) -> u64 {
        self.acks.iter().take_while(|(at, _)| *at < line).map(|(_, n)| *n).max().unwrap_or(0)
    }

    pub fn syncs(&self) -> usize {
        self.calls.iter().filter(|c| matches!(c.act, Act::Sync { .. })).count()
    }

    pub fn written(&self) -> usize {
        self.calls
            .iter()
            .map(|c| if let Act::Write { bytes, .. } = &c.act { bytes.len() } else { 0 })
            .sum()
    }

    /// The most bytes written to sled's file between two of its syncs while work goes on. (At
    /// opening sled clears whole segments, each with a sync of its own.)
    pub fn most_unsynced(&self) -> usize {
        let mut files = BTreeSet::new();
        let (mut most, mut written) = (0, 0);
        for call in &self.calls {
            match &call.act {
                Act::Open { path, fd, .. } if path.ends_with("db/db") => {
                    files.insert(*fd);
                }
                Act::Open { fd, .. } | Act::Close { fd } => {
                    files.remove(fd);
                }
                Act::Ended { .. } => files.clear(),
                Act::Write { bytes, fd, .. } if files.contains(fd) => written += bytes.len(),
                Act::Sync { fd, data } if files.contains(fd) => {
                    if *data {
                        most = most.max(written);
                    }
                    written = 0;
                }
                _ => {}
            }
        }
        most
    }

    /// Calls of a kind this file does not know.
    pub fn unknown_calls(&self) -> Vec<PathBuf> {
        let unknown = |c: &Call| match &c.act {
            Act::Unknown { text } => Some(PathBuf::from(text.chars().take(80).collect::<String>())),
            _ => None,
        };
        self.calls.iter().filter_map(unknown).take(5).collect()
    }
}

/// A finished call that succeeded; none for what failed, is no call, or was cut off with its
/// process.
fn act(text: &str) -> Option<Act> {
    let (name, rest) = text.split_once('(')?;
    // A thread at its end, in a call the recorder could not name.
    if name == "???" {
        return None;
    }
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    let result: i64 = result.split(['<', ' ', '(']).next()?.parse().ok()?;
    if result < 0 {
        return None;
    }
    let parts: Vec<&str> = arguments.split(", ").collect();
    let part = |n: usize| parts.get(n).copied().unwrap_or_default();
    let fd = || part(0).split('<').next().and_then(|t| t.parse::<i64>().ok());
    let unknown = || Act::Unknown { text: text.chars().take(200).collect() };
    let open = |path: &str, flags: &str| {
        Some(Act::Open {
            path: path_of(path)?,
            fd: result,
            create: flags.contains("O_CREAT"),
            truncate: flags.contains("O_TRUNC"),
        })
    };
    let done = u64::try_from(result).ok()?;
    let act = match name {
        "openat" => open(part(1), part(2))?,
        "open" => open(part(0), part(1))?,
        "close" => Act::Close { fd: fd()? },
        "lseek" => Act::Seek { fd: fd()?, to: done },
        "write" | "pwrite64" => {
            let mut bytes = unquote(part(1))?;
            bytes.truncate(usize::try_from(done).ok()?);
            let offset = if name == "write" { None } else { Some(part(3).parse().ok()?) };
            Act::Write { fd: fd()?, offset, bytes }
        }
        "ftruncate" => Act::SetLength { fd: fd()?, length: part(1).parse().ok()? },
        "fsync" | "fdatasync" => Act::Sync { fd: fd()?, data: name == "fdatasync" },
        "rename" => Act::Rename { from: path_of(part(0))?, to: path_of(part(1))? },
        "renameat" | "renameat2" => Act::Rename { from: path_of(part(1))?, to: path_of(part(3))? },
        "unlink" | "rmdir" => Act::Remove { path: path_of(part(0))? },
        "unlinkat" => remove_at(part(0), part(1))?,
        "mkdir" => Act::MakeDirectory { path: path_of(part(0))? },
        "mkdirat" => Act::MakeDirectory { path: path_of(part(1))? },
        _ => unknown(),
    };
    Some(act)
}

/// `unlinkat` names a file below an open directory.
fn remove_at(directory: &str, name: &str) -> Option<Act> {
    let name = path_of(name)?;
    let path = match directory.split_once('<') {
        Some((_, path)) => path_of(&format!("\"{}\"", path.trim_end_matches('>')))?.join(name),
        None => name,
    };
    Some(Act::Remove { path })
}

fn path_of(quoted: &str) -> Option<PathBuf> {
    String::from_utf8(unquote(quoted)?).ok().map(PathBuf::from)
}

/// Text between quotes, with `\xNN` for bytes.
fn unquote(quoted: &str) -> Option<Vec<u8>> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::with_capacity(inner.len() / 4);
    let mut rest = inner.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        if let (b'\\', Some(([b'x', high, low], tail))) = (*byte, tail.split_first_chunk::<3>()) {
            out.push(digit(*high)? * 16 + digit(*low)?);
            rest = tail;
        } else {
            out.push(*byte);
            rest = tail;
        }
    }
    Some(out)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}
