//! A store as one file: made while work goes on, of one moment, and taken in by any store.
//!
//! ```text
//! "tenon-export/1\n", then frames: length 4 · checksum 4 · kind 1 · body
//! head:    when 8 · by whom                            the first
//! row:     key length 2 · key · row                    in the order of keys
//! changed: the same                                    written again while the file was made
//! removed: key                                         removed while the file was made
//! end:     frames before it 8 · SHA-256 of all bytes before it 32
//! ```
//! Numbers are big-endian; the row is its numbered CBOR, with an event's payload in it. Bodies over
//! 1 KiB are compressed where that helps (LZ4, the highest bit of the kind is set). A checksum covers
//! the frame's number, its kind and its body, so that a frame lost or moved is seen. Of several frames
//! of one key the last counts.

use std::io::{Read, Write};

use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::key::{Key, Table};
use crate::rows::Row;

const MAGIC: &[u8] = b"tenon-export/1\n";
const NAME: &[u8] = b"tenon-export/";
const COMPRESSED: u8 = 0x80;
/// A frame holds one row; none is larger than a commit may be.
const FRAME_MAX: usize = 2 * crate::cells::COMMIT_MAX;
const PLAIN_MAX: usize = 1024;

mod kind {
    pub(super) const HEAD: u8 = 1;
    pub(super) const ROW: u8 = 2;
    pub(super) const CHANGED: u8 = 3;
    pub(super) const REMOVED: u8 = 4;
    pub(super) const END: u8 = 5;
}

/// Why a file could not be made or taken in.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file can't be read or written.
    #[error("the file: {0}")]
    File(#[from] std::io::Error),
    /// The file is something else.
    #[error("this is no export of Tenon")]
    Foreign,
    /// A later version made the file.
    #[error("the export has format {0}, this version knows 1: it was made by a newer Tenon")]
    Newer(String),
    /// The file is not what was written.
    #[error("the export is damaged at frame {frame} (byte {byte}): {why}")]
    Damaged {
        /// Which frame, from 0.
        frame: u64,
        /// Where it begins.
        byte: u64,
        /// What is wrong.
        why: String,
    },
    /// The file ends too early.
    #[error("the export is cut short behind frame {0}: it has no end")]
    CutShort(u64),
    /// The store the file is to be taken into holds something.
    #[error("the store holds rows already ({0}): an export is taken into an empty one")]
    NotEmpty(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What stands at the beginning of an export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// When it was begun: milliseconds since 1970.
    pub at_ms: i64,
    /// What made it, with its version.
    pub by: String,
}

/// How much a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// Rows, those written again counted again.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// One entry of an export.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every entry is a row")]
pub enum Entry {
    /// A row.
    Row {
        /// The row.
        row: Row,
        /// It was written while the file was made, and may stand in it before.
        again: bool,
    },
    /// A row that was removed while the file was made.
    Removed(Key),
}

/// Writes an export.
pub struct Exporter<W> {
    out: W,
    all: Sha256,
    frames: u64,
    done: Exported,
}

impl<W: Write> Exporter<W> {
    /// Begins.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn new(out: W, head: &Head) -> Result<Self, ExportError> {
        let mut new = Self { out, all: Sha256::new(), frames: 0, done: Exported::default() };
        new.put(MAGIC)?;
        let mut body = head.at_ms.to_be_bytes().to_vec();
        body.extend_from_slice(head.by.as_bytes());
        new.frame(kind::HEAD, &body)?;
        Ok(new)
    }

    /// Writes a row; `again` when it may stand in the file before.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn row(&mut self, row: &Row, again: bool) -> Result<(), ExportError> {
        let key = row.key().to_bytes();
        let mut body = u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
        body.extend_from_slice(&key);
        body.extend_from_slice(&row.encode());
        self.done.rows += 1;
        self.frame(if again { kind::CHANGED } else { kind::ROW }, &body)
    }

    /// Writes that a row was removed.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn removed(&mut self, key: &Key) -> Result<(), ExportError> {
        self.frame(kind::REMOVED, &key.to_bytes())
    }

    /// Ends. Gives back what was written to, not yet synced.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn finish(mut self) -> Result<(W, Exported), ExportError> {
        let mut body = self.frames.to_be_bytes().to_vec();
        body.extend_from_slice(&self.all.clone().finalize());
        self.frame(kind::END, &body)?;
        self.out.flush()?;
        Ok((self.out, self.done))
    }

    fn frame(&mut self, of: u8, body: &[u8]) -> Result<(), ExportError> {
        let packed;
        let (mut of, mut body) = (of, body);
        if body.len() > PLAIN_MAX {
            packed = lz4_flex::compress_prepend_size(body);
            if packed.len() < body.len() {
                of |= COMPRESSED;
                body = &packed;
            }
        }
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let sum = checksum(self.frames, of, body);
        let head = [&length.to_be_bytes(), &sum.to_be_bytes(), [of].as_slice()].concat();
        self.put(&head)?;
        self.put(body)?;
        self.frames += 1;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.out.write_all(bytes)?;
        self.all.update(bytes);
        self.done.bytes += bytes.len() as u64;
        Ok(())
    }
}

fn checksum(number: u64, of: u8, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&number.to_be_bytes());
    hasher.update(&[of]);
    hasher.update(body);
    hasher.finalize()
}

/// Reads an export.
pub struct Importer<R> {
    input: R,
    all: Sha256,
    frames: u64,
    byte: u64,
    head: Head,
    ended: bool,
}

impl<R: Read> Importer<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// When it is no export, or one of a later version.
    pub fn new(input: R) -> Result<Self, ExportError> {
        let mut new = Self {
            input,
            all: Sha256::new(),
            frames: 0,
            byte: 0,
            head: Head::default(),
            ended: false,
        };
        let mut magic = [0; MAGIC.len()];
        new.input.read_exact(&mut magic).map_err(|_| ExportError::Foreign)?;
        if magic != *MAGIC {
            let version = magic.strip_prefix(NAME).ok_or(ExportError::Foreign)?;
            let version = String::from_utf8_lossy(version);
            return Err(ExportError::Newer(version.lines().next().unwrap_or_default().to_owned()));
        }
        new.count(&magic);
        let (of, body) = new.frame()?;
        let (at_ms, by) = match (of, body.split_first_chunk::<8>()) {
            (kind::HEAD, Some((at_ms, by))) => (i64::from_be_bytes(*at_ms), by),
            _ => return Err(new.damaged("it does not begin with its head")),
        };
        new.head = Head { at_ms, by: String::from_utf8_lossy(by).into_owned() };
        Ok(new)
    }

    /// What stands at its beginning.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The next entry; none behind a whole and unharmed end.
    ///
    /// # Errors
    /// When the file is damaged or cut short.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ExportError> {
        if self.ended {
            return Ok(None);
        }
        let before = self.all.clone();
        let (of, body) = self.frame()?;
        match of {
            kind::ROW | kind::CHANGED => {
                let row = row_of(&body).ok_or_else(|| self.damaged("its row makes no sense"))?;
                Ok(Some(Entry::Row { row, again: of == kind::CHANGED }))
            }
            kind::REMOVED => {
                let key = Key::parse(&body).ok_or_else(|| self.damaged("its key is no key"))?;
                Ok(Some(Entry::Removed(key)))
            }
            kind::END => {
                let count = (self.frames - 1).to_be_bytes();
                let wanted = [count.as_slice(), &before.finalize()].concat();
                if body != wanted {
                    return Err(self.damaged("the end does not fit what stands before it"));
                }
                let mut more = [0];
                if self.input.read(&mut more)? > 0 {
                    return Err(self.damaged("there is something behind the end"));
                }
                self.ended = true;
                Ok(None)
            }
            _ => Err(self.damaged("its kind is not known")),
        }
    }

    fn frame(&mut self) -> Result<(u8, Vec<u8>), ExportError> {
        let mut head = [0; 9];
        self.exactly(&mut head)?;
        let [a, b, c, d, e, f, g, h, of] = head;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > FRAME_MAX {
            return Err(self.damaged("its length can't be"));
        }
        let mut body = vec![0; length];
        self.exactly(&mut body)?;
        if checksum(self.frames, of, &body) != u32::from_be_bytes([e, f, g, h]) {
            return Err(self.damaged("its checksum does not agree"));
        }
        self.count(&head);
        self.count(&body);
        self.frames += 1;
        if of & COMPRESSED == 0 {
            return Ok((of, body));
        }
        let whole = lz4_flex::block::uncompressed_size(&body)
            .ok()
            .filter(|(length, _)| *length <= FRAME_MAX)
            .and_then(|(length, packed)| lz4_flex::decompress(packed, length).ok());
        let whole = whole.ok_or_else(|| self.damaged("it can't be decompressed"))?;
        Ok((of & !COMPRESSED, whole))
    }

    fn exactly(&mut self, into: &mut [u8]) -> Result<(), ExportError> {
        self.input.read_exact(into).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => ExportError::CutShort(self.frames),
            _ => ExportError::File(e),
        })
    }

    fn count(&mut self, bytes: &[u8]) {
        self.all.update(bytes);
        self.byte += bytes.len() as u64;
    }

    fn damaged(&self, why: &str) -> ExportError {
        ExportError::Damaged { frame: self.frames, byte: self.byte, why: why.to_owned() }
    }
}

fn row_of(body: &[u8]) -> Option<Row> {
    let (length, rest) = body.split_first_chunk::<2>()?;
    let (key, raw) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let table = Table::numbered(*key.first()?)?;
    let row = crate::cells::row(table, key, raw).ok()?;
    (row.key().to_bytes() == key).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::{Entry, ExportError, Exporter, Head, Importer};
    use crate::conformance::samples;
    use crate::copy::check;

    fn file() -> Vec<u8> {
        let head = Head { at_ms: 7, by: "tenon 0.1.0".into() };
        let mut file = Exporter::new(Vec::new(), &head).unwrap();
        for row in samples() {
            file.row(&row, false).unwrap();
        }
        file.row(&samples()[2], true).unwrap();
        file.removed(&samples()[3].key()).unwrap();
        file.finish().unwrap().0
    }

    #[test]
    fn entries_come_back_in_order() {
        let bytes = file();
        let mut read = Importer::new(bytes.as_slice()).unwrap();
        assert_eq!(read.head(), &Head { at_ms: 7, by: "tenon 0.1.0".into() });
        for row in samples() {
            let entry = read.next_entry().unwrap();
            assert_eq!(entry, Some(Entry::Row { row, again: false }));
        }
        let again = Entry::Row { row: samples()[2].clone(), again: true };
        assert_eq!(read.next_entry().unwrap(), Some(again));
        assert_eq!(read.next_entry().unwrap(), Some(Entry::Removed(samples()[3].key())));
        assert_eq!(read.next_entry().unwrap(), None);
    }

    #[test]
    fn a_file_cut_at_any_byte_or_with_any_byte_changed_is_refused() {
        let bytes = file();
        for n in 0..bytes.len() {
            // Long noise in the middle of a value is like its neighbours.
            if n > 600 && n + 600 < bytes.len() && n % 97 != 0 {
                continue;
            }
            assert!(check(&bytes[..n]).is_err(), "cut at {n}");
            let mut changed = bytes.clone();
            changed[n] ^= 1;
            assert!(check(changed.as_slice()).is_err(), "changed at {n}");
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert!(matches!(check(longer.as_slice()), Err(ExportError::Damaged { .. })));
    }

    #[test]
    fn a_frame_moved_or_left_out_is_seen() {
        let head = Head::default();
        let rows = samples();
        let made = |which: &[usize]| {
            let mut file = Exporter::new(Vec::new(), &head).unwrap();
            which.iter().for_each(|n| file.row(&rows[*n], false).unwrap());
            file.finish().unwrap().0
        };
        let (one, two) = (made(&[0]), made(&[0, 4]));
        // The end of the shorter file behind the frames of the longer one.
        let end = one.len() - 49;
        let long_end = two.len() - 49;
        assert!(check(two.as_slice()).is_ok());
        let mixed = [&two[..long_end], &one[end..]].concat();
        assert!(matches!(check(mixed.as_slice()), Err(ExportError::Damaged { .. })));
        let without = [&two[..end], &two[long_end..]].concat();
        assert!(matches!(check(without.as_slice()), Err(ExportError::Damaged { .. })));
    }

    #[test]
    fn other_files_and_later_versions_are_told_apart() {
        assert!(matches!(check(&b"{\"a\": 1} and so on"[..]), Err(ExportError::Foreign)));
        assert!(matches!(check(&b"tenon"[..]), Err(ExportError::Foreign)));
        let mut later = file();
        later[13] = b'2';
        let error = check(later.as_slice()).unwrap_err().to_string();
        assert!(error.contains("format 2") && error.contains("newer Tenon"), "{error}");
    }
}
