//! One group of commits in the log, as bytes.
//!
//! ```text
//! generation 8 · first position 8 · commits 4 · length 4 · checksum 4 · 0 4 · writes …
//! write: key length 2 · value length 4 (all ones: removed) · key · value
//! ```
//! Numbers are big-endian; frames begin at multiples of 16. The checksum covers the store's salt,
//! the head and the writes.

use sled::IVec;

/// Where frames may begin.
pub(crate) const ALIGN: usize = 16;
pub(crate) const HEAD: usize = 32;
const REMOVED: u32 = u32::MAX;

/// A write of a frame.
pub(crate) type Write = (IVec, Option<IVec>);

/// The bytes of a frame while its commits are gathered.
#[derive(Debug)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    commits: u32,
}

impl Frame {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; HEAD], commits: 0 }
    }

    pub(crate) fn commits(&self) -> u32 {
        self.commits
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn add_commit(&mut self, writes: &[Write]) {
        self.commits += 1;
        for (key, value) in writes {
            let key_length = u16::try_from(key.len()).unwrap_or(u16::MAX);
            self.bytes.extend_from_slice(&key_length.to_be_bytes());
            let value_length = match value {
                Some(value) => u32::try_from(value.len()).unwrap_or(REMOVED - 1),
                None => REMOVED,
            };
            self.bytes.extend_from_slice(&value_length.to_be_bytes());
            self.bytes.extend_from_slice(key);
            self.bytes.extend_from_slice(value.as_deref().unwrap_or_default());
        }
    }

    /// The frame as it goes to disk, padded to where the next may begin.
    pub(crate) fn seal(mut self, salt: &[u8; 16], generation: u64, first: u64) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len() - HEAD).unwrap_or(u32::MAX);
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(&generation.to_be_bytes());
        head.extend_from_slice(&first.to_be_bytes());
        head.extend_from_slice(&self.commits.to_be_bytes());
        head.extend_from_slice(&length.to_be_bytes());
        let (_, writes) = self.bytes.split_at(HEAD);
        let sum = checksum(salt, &head, writes);
        head.extend_from_slice(&sum.to_be_bytes());
        head.extend_from_slice(&[0; 4]);
        if let Some(place) = self.bytes.get_mut(..HEAD) {
            place.copy_from_slice(&head);
        }
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGN), 0);
        self.bytes
    }
}

/// A frame found in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    pub(crate) generation: u64,
    pub(crate) first: u64,
    pub(crate) commits: u32,
    /// Bytes it takes in the segment.
    pub(crate) size: usize,
    writes: &'a [u8],
}

impl<'a> Found<'a> {
    /// The whole and unharmed frame at the beginning of `bytes`, if there is one.
    pub(crate) fn at(salt: &[u8; 16], bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(HEAD)?;
        let mut reader = Reader(head);
        let generation = reader.u64()?;
        let first = reader.u64()?;
        let commits = reader.u32()?;
        let length = usize::try_from(reader.u32()?).ok()?;
        let sum = reader.u32()?;
        if generation == 0 || commits == 0 {
            return None;
        }
        let writes = rest.get(..length)?;
        let (summed, _) = head.split_at(24);
        if checksum(salt, summed, writes) != sum {
            return None;
        }
        let size = (HEAD + length).next_multiple_of(ALIGN);
        Some(Self { generation, first, commits, size, writes })
    }

    /// The position of its last commit.
    pub(crate) fn last(&self) -> u64 {
        self.first + u64::from(self.commits) - 1
    }

    /// Its writes, in order; none when the bytes make no sense in spite of the checksum.
    pub(crate) fn writes(&self) -> Option<Vec<Write>> {
        let mut reader = Reader(self.writes);
        let mut out = Vec::new();
        while !reader.0.is_empty() {
            let key_length = usize::from(reader.u16()?);
            let value_length = reader.u32()?;
            let key = IVec::from(reader.take(key_length)?);
            if value_length == REMOVED {
                out.push((key, None));
            } else {
                let value = reader.take(usize::try_from(value_length).ok()?)?;
                out.push((key, Some(IVec::from(value))));
            }
        }
        Some(out)
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_be_bytes)
    }
}

fn checksum(salt: &[u8; 16], head: &[u8], writes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(salt);
    hasher.update(head);
    hasher.update(writes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::{ALIGN, Found, Frame, Write};

    const SALT: [u8; 16] = *b"0123456789abcdef";

    fn writes() -> Vec<Write> {
        let value: &[u8] = b"value";
        vec![
            (b"a".as_slice().into(), Some(value.into())),
            (b"bb".as_slice().into(), None),
            (b"".as_slice().into(), Some(b"".as_slice().into())),
        ]
    }

    #[test]
    fn a_frame_comes_back() {
        let mut frame = Frame::new();
        frame.add_commit(&writes());
        frame.add_commit(&[]);
        let bytes = frame.seal(&SALT, 7, 40);
        assert_eq!(bytes.len() % ALIGN, 0);
        let found = Found::at(&SALT, &bytes).unwrap();
        assert_eq!((found.generation, found.first, found.last()), (7, 40, 41));
        assert_eq!(found.size, bytes.len());
        assert_eq!(found.writes().unwrap(), writes());
    }

    /// A frame of the first format, byte for byte: what a log holds is read for ever.
    #[test]
    fn a_frame_of_the_first_format_is_read_and_written_the_same() {
        let kept = include_bytes!("../fixtures/frame-1.bin");
        let mut frame = Frame::new();
        frame.add_commit(&writes());
        frame.add_commit(&[]);
        assert_eq!(frame.seal(&SALT, 7, 40), kept);
        assert_eq!(Found::at(&SALT, kept).unwrap().writes().unwrap(), writes());
    }

    #[test]
    fn a_frame_with_any_bit_flipped_cut_short_or_of_another_store_is_none() {
        let mut frame = Frame::new();
        frame.add_commit(&writes());
        let size = frame.size();
        let bytes = frame.seal(&SALT, 7, 40);
        for n in (0..size).filter(|n| !(28..32).contains(n)) {
            for bit in 0..8 {
                let mut broken = bytes.clone();
                broken[n] ^= 1 << bit;
                assert_eq!(Found::at(&SALT, &broken), None, "byte {n}, bit {bit}");
            }
            assert_eq!(Found::at(&SALT, &bytes[..n]), None);
        }
        assert_eq!(Found::at(b"another store's!", &bytes), None);
        assert_eq!(Found::at(&SALT, &[0; 64]), None);
    }
}
