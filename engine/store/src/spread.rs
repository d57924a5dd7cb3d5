//! How often a figure was how large, in powers of two: what a histogram is made of.

/// Counts of figures by size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    counts: [u64; Spread::SIZES],
    sum: u64,
}

impl Spread {
    /// Sizes that are told apart. The last also takes all that is larger.
    pub const SIZES: usize = 25;

    /// Counts a figure.
    pub fn note(&mut self, figure: u64) {
        let bits = u64::BITS.saturating_sub(figure.saturating_sub(1).leading_zeros());
        let last = Spread::SIZES.saturating_sub(1);
        let size = usize::try_from(bits).unwrap_or(last).min(last);
        if let Some(count) = self.counts.get_mut(size) {
            *count = count.saturating_add(1);
        }
        self.sum = self.sum.saturating_add(figure);
    }

    /// Bounds, each with how many figures were at most as large and larger than the bound before. The
    /// last has no bound.
    pub fn sizes(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let last = Spread::SIZES.saturating_sub(1);
        self.counts.into_iter().enumerate().map(move |(n, count)| {
            let bound = u32::try_from(n).ok().and_then(|n| 1_u64.checked_shl(n));
            (bound.filter(|_| n < last), count)
        })
    }

    /// All figures added up.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn a_figure_is_counted_under_the_first_bound_it_does_not_pass() {
        let mut spread = Spread::default();
        for figure in [0, 1, 2, 3, 4, 5, 256, 257, 1 << 23, (1 << 23) + 1, u64::MAX / 2] {
            spread.note(figure);
        }
        let some: Vec<(Option<u64>, u64)> = spread.sizes().filter(|(_, n)| *n > 0).collect();
        let bounded = |bound: u64, n: u64| (Some(bound), n);
        assert_eq!(
            some,
            [
                bounded(1, 2),
                bounded(2, 1),
                bounded(4, 2),
                bounded(8, 1),
                bounded(256, 1),
                bounded(512, 1),
                bounded(1 << 23, 1),
                (None, 2)
            ]
        );
        assert_eq!(spread.sizes().count(), Spread::SIZES);
        assert!(spread.sum() > u64::MAX / 2);
    }
}
