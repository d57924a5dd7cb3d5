//! Ordered bytes for keys: the order of the bytes is the order of the parts.

/// Builds a key part by part.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    pub(crate) fn table(number: u8) -> Self {
        let mut bytes = Vec::with_capacity(64);
        bytes.push(number);
        Self(bytes)
    }

    /// Text ends with 00 01; a zero byte inside is written 00 FF, so no text is another's beginning.
    pub(crate) fn text(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(0xFF);
            }
        }
        self.0.extend_from_slice(&[0, 1]);
        self
    }

    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Milliseconds since 1970, negative ones before positive ones.
    pub(crate) fn time(mut self, at_ms: i64) -> Self {
        let mut bytes = at_ms.to_be_bytes();
        if let Some(first) = bytes.first_mut() {
            *first ^= 0x80;
        }
        self.0.extend_from_slice(&bytes);
        self
    }
}

/// Reads a key part by part.
pub(crate) struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    /// Behind the table's byte.
    pub(crate) fn of(key: &'a [u8]) -> Option<(u8, Self)> {
        key.split_first().map(|(table, rest)| (*table, Self(rest)))
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        let mut out = Vec::new();
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            if *byte != 0 {
                out.push(*byte);
                continue;
            }
            let (mark, rest) = self.0.split_first()?;
            self.0 = rest;
            if *mark == 1 {
                return String::from_utf8(out).ok();
            }
            out.push(0);
        }
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let (head, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*head))
    }

    pub(crate) fn time(&mut self) -> Option<i64> {
        let (head, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        let mut bytes = *head;
        if let Some(first) = bytes.first_mut() {
            *first ^= 0x80;
        }
        Some(i64::from_be_bytes(bytes))
    }

    /// What is left, unread.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }
}

/// The first key behind every key that begins with `prefix`; none when there is no such key.
pub(crate) fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < 0xFF {
            *last += 1;
            return Some(end);
        }
        end.pop();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Parts, behind};

    #[test]
    fn texts_order_like_their_parts_and_read_back() {
        let texts = ["", "\0", "\0a", "a", "a\0", "a\0b", "aa", "b", "ö"];
        let keys: Vec<_> = texts.iter().map(|t| Bytes::table(9).text(t).number(3).0).collect();
        assert!(keys.is_sorted());
        for (text, key) in texts.iter().zip(&keys) {
            let (table, mut parts) = Parts::of(key).unwrap();
            assert_eq!(
                (table, parts.text().unwrap().as_str(), parts.number()),
                (9, *text, Some(3))
            );
            assert!(parts.rest().is_empty());
        }
    }

    #[test]
    fn times_before_1970_come_first() {
        let keys: Vec<_> =
            [i64::MIN, -1, 0, 1, i64::MAX].iter().map(|t| Bytes::table(1).time(*t).0).collect();
        assert!(keys.is_sorted());
    }

    #[test]
    fn the_key_behind_a_prefix_is_behind_all_it_begins() {
        assert_eq!(behind(&[1, 0xFF]), Some(vec![2]));
        assert_eq!(behind(&[0xFF]), None);
    }
}
