//! How a row's bytes lie in cells.
//!
//! Head cell: format (1), flags (1), version (8), length of the stored bytes (4), checksum over
//! key and stored bytes (4), then the stored bytes as far as the cell goes. The rest follows in
//! chunk cells of the same key. Numbers are big-endian.

use crate::codec::Bytes;
use crate::commit::Position;
use crate::error::StoreError;
use crate::key::area;

/// The most bytes of a cell's value.
pub const CELL_MAX: usize = 16 * 1024;
/// The most bytes of all cells of one commit.
pub const COMMIT_MAX: usize = 8 * 1024 * 1024;
/// Longer ones are compressed.
pub(super) const PLAIN_MAX: usize = 1024;

const FORMAT: u8 = 1;
const COMPRESSED: u8 = 1;
const HEAD: usize = 18;

/// A row's bytes as cells, before the version is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) key: Vec<u8>,
    head: Vec<u8>,
    chunks: Vec<Vec<u8>>,
}

impl Stored {
    pub(super) fn new(key: Vec<u8>, raw: &[u8]) -> Self {
        let mut flags = 0;
        let packed;
        let mut bytes = raw;
        if raw.len() > PLAIN_MAX {
            packed = lz4_flex::compress_prepend_size(raw);
            if packed.len() < raw.len() {
                flags |= COMPRESSED;
                bytes = &packed;
            }
        }
        let (first, rest) = bytes.split_at(bytes.len().min(CELL_MAX - HEAD));
        let mut head = Vec::with_capacity(HEAD + first.len());
        head.extend_from_slice(&[FORMAT, flags]);
        head.extend_from_slice(&[0; 8]);
        head.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        head.extend_from_slice(&checksum(&key, bytes).to_be_bytes());
        head.extend_from_slice(first);
        Self { key, head, chunks: rest.chunks(CELL_MAX).map(<[u8]>::to_vec).collect() }
    }

    pub(super) fn size(&self) -> usize {
        self.key.len() + self.head.len() + self.chunks.iter().map(Vec::len).sum::<usize>()
    }

    pub(super) fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// The cells, with the version written in.
    pub(super) fn cells(mut self, version: Position) -> Vec<(Vec<u8>, Vec<u8>)> {
        if let Some(place) = self.head.get_mut(2..10) {
            place.copy_from_slice(&version.0.to_be_bytes());
        }
        let mut out = Vec::with_capacity(1 + self.chunks.len());
        for (n, chunk) in self.chunks.into_iter().enumerate() {
            out.push((chunk_key(&self.key, n), chunk));
        }
        out.push((self.key, self.head));
        out
    }
}

/// What a head cell says.
pub(super) struct Head<'a> {
    pub(super) version: Position,
    flags: u8,
    length: usize,
    checksum: u32,
    first: &'a [u8],
}

impl<'a> Head<'a> {
    pub(super) fn read(cell: &'a [u8]) -> Result<Self, StoreError> {
        let short = || StoreError::Damaged("a cell is shorter than its head".into());
        let (start, rest) = cell.split_first_chunk::<2>().ok_or_else(short)?;
        let (version, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let (checksum, first) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let [format, flags] = *start;
        if format != FORMAT {
            return Err(StoreError::Damaged(format!(
                "a cell has format {format}, this version knows {FORMAT}: it was written by a \
                 newer Tenon or is damaged"
            )));
        }
        if flags & !COMPRESSED != 0 {
            return Err(StoreError::Damaged(format!(
                "a cell has flags {flags}: it was written by a newer Tenon or is damaged"
            )));
        }
        Ok(Self {
            version: Position(u64::from_be_bytes(*version)),
            flags,
            length: usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX),
            checksum: u32::from_be_bytes(*checksum),
            first,
        })
    }

    pub(super) fn chunk_count(&self) -> usize {
        self.length.saturating_sub(self.first.len()).div_ceil(CELL_MAX)
    }

    /// The row's bytes; `chunk` gives the value of a chunk's key.
    pub(super) fn raw(
        &self,
        key: &[u8],
        mut chunk: impl FnMut(&[u8]) -> Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<Vec<u8>, StoreError> {
        let mut bytes = self.first.to_vec();
        for n in 0..self.chunk_count() {
            let part = chunk(&chunk_key(key, n))?
                .ok_or_else(|| StoreError::Damaged(format!("part {n} of a value is missing")))?;
            bytes.extend_from_slice(&part);
        }
        if bytes.len() != self.length || checksum(key, &bytes) != self.checksum {
            let table = key.first().copied().unwrap_or_default();
            return Err(StoreError::Damaged(format!("a row of table {table} fails its checksum")));
        }
        if self.flags & COMPRESSED == 0 {
            return Ok(bytes);
        }
        // LZ4 expands a byte to at most 255; a length beyond that would only take memory.
        let (length, packed) = bytes
            .split_first_chunk::<4>()
            .ok_or_else(|| StoreError::Damaged("a compressed value has no length".into()))?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > packed.len().saturating_mul(255) {
            return Err(StoreError::Damaged(format!("a compressed value claims {length} bytes")));
        }
        lz4_flex::decompress(packed, length)
            .map_err(|e| StoreError::Damaged(format!("a compressed value: {e}")))
    }
}

/// Bytes of a part's number at the end of its key.
pub(super) const CHUNK_NUMBER: usize = 4;

/// Where part `n` of a long value lies.
pub(super) fn chunk_key(key: &[u8], n: usize) -> Vec<u8> {
    let mut out = Bytes::table(area::CHUNK).0;
    out.extend_from_slice(key);
    out.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes());
    out
}

fn checksum(key: &[u8], bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{CELL_MAX, Head, Stored};
    use crate::commit::Position;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 88_172_645_463_325_252_u64;
        (0..length)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                u8::try_from(state >> 24 & 0xFF).unwrap()
            })
            .collect()
    }

    #[test]
    fn values_of_every_length_come_back_with_their_version() {
        for length in [0, 1, 1024, 1025, CELL_MAX - 19, CELL_MAX - 18, CELL_MAX, 5 * CELL_MAX + 1] {
            for raw in [noise(length), vec![7; length]] {
                let cells: BTreeMap<_, _> =
                    Stored::new(vec![1, 2], &raw).cells(Position(5)).into_iter().collect();
                assert!(cells.values().all(|v| v.len() <= CELL_MAX));
                let head = Head::read(&cells[&vec![1, 2]]).unwrap();
                let back = head.raw(&[1, 2], |k| Ok(cells.get(k).cloned())).unwrap();
                assert_eq!((back, head.version), (raw, Position(5)));
            }
        }
    }

    #[test]
    fn a_flipped_bit_and_a_missing_part_are_damage() {
        let raw = noise(2 * CELL_MAX);
        let cells: BTreeMap<_, _> =
            Stored::new(vec![1], &raw).cells(Position(1)).into_iter().collect();
        let mut cell = cells[&vec![1]].clone();
        assert!(Head::read(&cell).unwrap().raw(&[1], |_| Ok(None)).is_err());
        assert!(Head::read(&cell).unwrap().raw(&[2], |k| Ok(cells.get(k).cloned())).is_err());
        cell[100] ^= 4;
        assert!(Head::read(&cell).unwrap().raw(&[1], |k| Ok(cells.get(k).cloned())).is_err());
        assert!(Head::read(&cell[..10]).is_err());
    }
}
