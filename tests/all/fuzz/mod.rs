//! Every parser and decoder takes any bytes: it reads them or refuses them, never panics, never hangs.
//!
//! Each target is a plain `fn(&[u8])` with seed inputs; 10,000 mutations of them are run, the same
//! ones every time. `TENON_FUZZ_INPUTS=1000000` makes a long run, `TENON_FUZZ_SEED=7` another one.

mod bad_input;
mod documents;
mod memory;
mod stored;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The longest one input may take, on a machine that is busy with other things as well.
const LONGEST_MS: u128 = 5_000;

/// How much longer than the longest seed an input may get, in bytes.
const MOST_ADDED: usize = 2_000;

/// SplitMix64: the same numbers on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 where the bound is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        if bound == 0 {
            return 0;
        }
        usize::try_from(self.roll() % u64::try_from(bound).unwrap()).unwrap()
    }

    /// Whether something happens that does so once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Pieces that parsers stumble over.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b"{{",
    b"}}",
    b": ",
    b" #",
    b"- ",
    b"|\n",
    b">\n",
    b"---\n",
    b"&a ",
    b"*a",
    b"!!str ",
    b"<<: ",
    b"? ",
    b"~",
    b"null",
    b"true",
    b"1e400",
    b"-0",
    b"0.1",
    b".",
    b"..",
    b",",
    b";",
    b"99999999999999999999999999999",
    b"0.00000000000000000000000000001",
    b"1e-400",
    b"//",
    b"??",
    b" if ",
    b" then ",
    b" else ",
    b" match ",
    b" let ",
    b" in ",
    b" try ",
    b" => ",
    b"|>",
    b"~=",
    b" within ",
    b"[where ",
    b"it",
    b"keep",
    b"omit",
    b"fail(",
    b"skip(",
    b"2026-02-30",
    b"24:61",
    b"\xe2\x80\xa8",
    b"\xc3\xa5",
    b"\xf0\x9f\x92\xb0",
    b"((((((((((((((((",
    b"[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":",
    b"\x1b[31m",
    b"\x7f",
    b"=",
    b"+",
    b"-",
    b"*",
    b"/",
    b"%",
    b"<",
    b">",
    b"!",
];

/// One mutation of the seeds.
fn mutated(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = dice.pick(seeds).clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(9) {
            0 if !bytes.is_empty() => {
                let at = at.min(bytes.len() - 1);
                bytes[at] ^= 1 << dice.below(8);
            }
            1 => bytes.insert(at, u8::try_from(dice.below(256)).unwrap()),
            2 => {
                let end = (at + dice.below(24)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let end = (at + dice.below(64)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = dice.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            4 => {
                let other = dice.pick(seeds);
                let from = dice.below(other.len() + 1);
                let end = (from + dice.below(80)).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
            5 if dice.one_in(4) => bytes.truncate(at),
            6 if !bytes.is_empty() => {
                let at = at.min(bytes.len() - 1);
                bytes[at] = *dice.pick(b"0123456789-+.eE\"{}[]()<>:,;# \n");
            }
            _ => {
                let piece = *dice.pick(PIECES);
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    let longest = seeds.iter().map(Vec::len).max().unwrap_or_default();
    bytes.truncate(longest + MOST_ADDED);
    bytes
}

fn number_from(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().unwrap())
}

/// Runs a target over the seeds themselves and many mutations of them.
fn fuzz(name: &str, seeds: &[Vec<u8>], target: impl Fn(&[u8])) {
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let first = number_from("TENON_FUZZ_SEED", 1);
    let inputs = number_from("TENON_FUZZ_INPUTS", 10_000);
    seeds.iter().for_each(|seed| judged(name, seed, &target));
    for n in 0..inputs {
        let mut dice = Dice::new(first.wrapping_mul(0x1_0000_0001).wrapping_add(n));
        judged(name, &mutated(&mut dice, seeds), &target);
    }
}

#[expect(clippy::disallowed_methods, reason = "the bound on time is what is measured")]
fn judged(name: &str, input: &[u8], target: &impl Fn(&[u8])) {
    let began = std::time::Instant::now();
    let ended = catch_unwind(AssertUnwindSafe(|| target(input)));
    let took = began.elapsed().as_millis();
    let shown = || format!("{name}: {:?}", String::from_utf8_lossy(input));
    assert!(ended.is_ok(), "a panic at {}", shown());
    assert!(took < LONGEST_MS, "{took} ms at {}", shown());
}

/// Seeds out of texts.
fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Seeds out of the lines of a corpus, without what they come to.
fn lines(corpus: &str) -> Vec<Vec<u8>> {
    let lines = corpus.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("##"));
    lines.map(|line| line.split(" ==> ").next().unwrap().as_bytes().to_vec()).collect()
}
