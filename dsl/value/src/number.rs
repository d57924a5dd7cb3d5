//! Exact decimal numbers.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};

/// Why a number could not be read or computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The text is not a decimal number.
    #[error("`{0}` is not a number")]
    NotANumber(String),
    /// More than 28 significant digits, or an exponent outside what can be held exactly.
    #[error("{0} has more digits than an exact number can hold (28)")]
    TooManyDigits(String),
    /// The result of an operation does not fit without dropping a digit.
    #[error("{0} would drop digits: the result needs more than 28")]
    WouldDropDigits(&'static str),
    /// Division or remainder by zero.
    #[error("division by zero")]
    DivisionByZero,
}

/// How a half, or any remainder, is decided when digits are given up on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rounding {
    /// Halves away from zero: 2.5 → 3, -2.5 → -3.
    HalfUp,
    /// Halves to the even neighbour: 2.5 → 2, 3.5 → 4.
    HalfEven,
    /// Halves towards zero: 2.5 → 2.
    HalfDown,
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
    /// Towards plus infinity.
    Ceiling,
    /// Towards minus infinity.
    Floor,
}

impl Rounding {
    /// Every mode with its name in the language.
    pub const ALL: [(&'static str, Rounding); 7] = [
        ("half_up", Rounding::HalfUp),
        ("half_even", Rounding::HalfEven),
        ("half_down", Rounding::HalfDown),
        ("up", Rounding::Up),
        ("down", Rounding::Down),
        ("ceiling", Rounding::Ceiling),
        ("floor", Rounding::Floor),
    ];

    /// The mode of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Rounding> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, r)| *r)
    }

    fn strategy(self) -> RoundingStrategy {
        match self {
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
            Rounding::HalfDown => RoundingStrategy::MidpointTowardZero,
            Rounding::Up => RoundingStrategy::AwayFromZero,
            Rounding::Down => RoundingStrategy::ToZero,
            Rounding::Ceiling => RoundingStrategy::ToPositiveInfinity,
            Rounding::Floor => RoundingStrategy::ToNegativeInfinity,
        }
    }
}

/// The smallest whole number of 29 digits.
const MOST: u128 = 10_000_000_000_000_000_000_000_000_000;

/// An exact decimal with its scale: `1.50` keeps its two digits after the point.
///
/// Equality and order compare the amount, not the scale (`1.5 == 1.50`). Every operation either
/// gives the exact result or a [`NumberError`]; only [`Number::divide`] and [`Number::round`] give
/// up digits, and say so in their names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(Decimal);

impl Number {
    /// Zero with scale 0.
    pub const ZERO: Number = Number(Decimal::ZERO);
    /// One with scale 0.
    pub const ONE: Number = Number(Decimal::ONE);

    /// Wraps a decimal as it is.
    #[must_use]
    pub const fn from_decimal(decimal: Decimal) -> Number {
        Number(decimal)
    }

    /// The decimal inside.
    #[must_use]
    pub const fn decimal(self) -> Decimal {
        self.0
    }

    /// Reads `-?digits(.digits)?` with an optional exponent, exactly.
    ///
    /// # Errors
    /// [`NumberError::NotANumber`] for anything else; [`NumberError::TooManyDigits`] where the
    /// amount can't be held without rounding.
    pub fn parse(text: &str) -> Result<Number, NumberError> {
        if let Some(number) = short(text) {
            return Ok(number);
        }
        let not = || NumberError::NotANumber(shorten(text));
        let too_many = || NumberError::TooManyDigits(shorten(text));
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((m, e)) => {
                let digits = e.strip_prefix(['+', '-']).unwrap_or(e);
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(not());
                }
                (m, e.parse::<i32>().map_err(|_| too_many())?)
            }
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || !all_digits(whole)
            || !all_digits(fraction)
            || (unsigned.contains('.') && fraction.is_empty())
        {
            return Err(not());
        }
        let number = Decimal::from_str_exact(mantissa).ok();
        let number = if exponent == 0 { number } else { number.and_then(|d| shift(d, exponent)) };
        number.map(Number).filter(|number| number.is_held()).ok_or_else(too_many)
    }

    /// Whether the number has no more digits than every exact number can hold; the decimal inside
    /// takes some numbers of one digit more, and a bound that depends on the digits is none.
    fn is_held(self) -> bool {
        self.0.mantissa().unsigned_abs() < MOST
    }

    fn held(self, operation: &'static str) -> Result<Number, NumberError> {
        if self.is_held() { Ok(self) } else { Err(NumberError::WouldDropDigits(operation)) }
    }

    /// Exact sum.
    ///
    /// # Errors
    /// [`NumberError::WouldDropDigits`]
    #[expect(clippy::should_implement_trait, reason = "an operator could not fail")]
    pub fn add(self, other: Number) -> Result<Number, NumberError> {
        let sum = self.0.checked_add(other.0).ok_or(NumberError::WouldDropDigits("+"))?;
        let scale = self.0.scale().max(other.0.scale());
        if sum.scale() >= scale {
            return Number(sum).held("+");
        }
        if self.0.is_zero() || other.0.is_zero() {
            // The library gives the other operand as it is: nothing is lost but zeros at the end.
            return Number(sum).round(scale, Rounding::HalfUp).held("+");
        }
        Err(NumberError::WouldDropDigits("+"))
    }

    /// Exact difference.
    ///
    /// # Errors
    /// [`NumberError::WouldDropDigits`]
    pub fn subtract(self, other: Number) -> Result<Number, NumberError> {
        self.add(other.negate()).map_err(|_| NumberError::WouldDropDigits("-"))
    }

    /// Exact product; its scale is the sum of both scales.
    ///
    /// # Errors
    /// [`NumberError::WouldDropDigits`]
    pub fn multiply(self, other: Number) -> Result<Number, NumberError> {
        let wanted = self.0.scale().saturating_add(other.0.scale());
        let product = self.0.checked_mul(other.0).ok_or(NumberError::WouldDropDigits("*"))?;
        if self.0.is_zero() || other.0.is_zero() {
            let mut zero = Decimal::ZERO;
            zero.rescale(wanted.min(28));
            return Ok(Number(zero));
        }
        if product.scale() != wanted {
            return Err(NumberError::WouldDropDigits("*"));
        }
        Number(product).held("*")
    }

    /// Quotient, half-even to 28 significant digits: **inexact**.
    ///
    /// # Errors
    /// [`NumberError::DivisionByZero`]; [`NumberError::WouldDropDigits`] where it is too large.
    pub fn divide(self, other: Number) -> Result<Number, NumberError> {
        if other.0.is_zero() {
            return Err(NumberError::DivisionByZero);
        }
        self.0.checked_div(other.0).map(Number).ok_or(NumberError::WouldDropDigits("/"))
    }

    /// Remainder with the sign of the dividend.
    ///
    /// # Errors
    /// [`NumberError::DivisionByZero`]
    pub fn remainder(self, other: Number) -> Result<Number, NumberError> {
        if other.0.is_zero() {
            return Err(NumberError::DivisionByZero);
        }
        self.0.checked_rem(other.0).map(Number).ok_or(NumberError::WouldDropDigits("%"))
    }

    /// Rounds to exactly `scale` digits after the point, padding with zeros where there are fewer.
    #[must_use]
    pub fn round(self, scale: u32, mode: Rounding) -> Number {
        let mut rounded = self.0.round_dp_with_strategy(scale, mode.strategy());
        if rounded.scale() < scale {
            let mut padded = rounded;
            padded.rescale(scale);
            if padded == rounded {
                rounded = padded;
            }
        }
        Number(rounded)
    }

    /// The same amount with the opposite sign; zero stays plain zero.
    #[must_use]
    pub fn negate(self) -> Number {
        if self.0.is_zero() { self } else { Number(-self.0) }
    }

    /// The amount without its sign.
    #[must_use]
    pub fn abs(self) -> Number {
        Number(self.0.abs())
    }

    /// Digits after the point.
    #[must_use]
    pub fn scale(self) -> u32 {
        self.0.scale()
    }

    /// Whether the amount is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    /// Whether nothing but zeros stands after the point.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.whole().is_some()
    }

    /// The number without what stands after its point, where that is nothing but zeros.
    #[must_use]
    pub fn whole(self) -> Option<Number> {
        if self.0.scale() == 0 {
            return Some(self);
        }
        let whole = self.0.trunc();
        (whole == self.0).then_some(Number(whole))
    }

    /// The same amount without zeros at the end.
    #[must_use]
    pub fn normalised(self) -> Number {
        Number(self.0.normalize())
    }

    /// The amount as a machine integer, where it is whole and fits.
    #[must_use]
    pub fn to_i64(self) -> Option<i64> {
        self.whole().and_then(|whole| i64::try_from(whole.0).ok())
    }
}

/// Most characters of a number that is read at once; their digits fit a machine integer.
const SHORT: usize = 18;

/// A number as nearly all are written: a few digits, perhaps with a point. `None` for every other
/// text, and for a zero with a sign.
fn short(text: &str) -> Option<Number> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    if digits.len() > SHORT || !digits.first()?.is_ascii_digit() || !digits.last()?.is_ascii_digit()
    {
        return None;
    }
    let (mut amount, mut scale, mut point) = (0_i64, 0_u32, false);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                amount = amount * 10 + i64::from(byte - b'0');
                scale += u32::from(point);
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    match (negative, amount) {
        (false, _) => Some(Number(Decimal::new(amount, scale))),
        (true, 0) => None,
        (true, _) => Some(Number(Decimal::new(-amount, scale))),
    }
}

/// Moves the decimal point by `exponent` places, or `None` where a digit would be lost.
fn shift(decimal: Decimal, exponent: i32) -> Option<Decimal> {
    if decimal.is_zero() {
        return Some(Decimal::ZERO);
    }
    let scale = i64::from(decimal.scale()).checked_sub(i64::from(exponent))?;
    if let Ok(scale) = u32::try_from(scale) {
        let mut moved = decimal;
        moved.set_scale(scale).ok()?;
        return Some(moved);
    }
    let zeros = u32::try_from(scale.checked_neg()?).ok()?;
    let mut factor = Decimal::ONE;
    for _ in 0..zeros.min(29) {
        factor = factor.checked_mul(Decimal::TEN)?;
    }
    if zeros > 28 {
        return None;
    }
    let mut plain = decimal;
    plain.set_scale(0).ok()?;
    plain.checked_mul(factor)
}

/// At most 40 characters of a text, for messages.
fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    text.chars().take(37).chain("...".chars()).collect()
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Number, NumberError> {
        Number::parse(text)
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Number {
        Number(Decimal::from(whole))
    }
}

impl From<u64> for Number {
    fn from(whole: u64) -> Number {
        Number(Decimal::from(whole))
    }
}

impl From<i32> for Number {
    fn from(whole: i32) -> Number {
        Number(Decimal::from(whole))
    }
}

impl From<u32> for Number {
    fn from(whole: u32) -> Number {
        Number(Decimal::from(whole))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() && self.0.is_sign_negative() {
            return fmt::Display::fmt(&self.0.abs(), f);
        }
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn a_number_keeps_the_digits_it_was_written_with() {
        for text in ["0", "1.50", "-0.001", "820982911946154508", "9999999999999999999999999999"] {
            assert_eq!(n(text).to_string(), text);
        }
    }

    #[test]
    fn short_numbers_read_like_long_ones() {
        for text in ["7", "0.50", "-12.005", "007.10", "123456789012345678", "0.0000000000000001"] {
            let long = Decimal::from_str_exact(text).unwrap();
            let read = short(text).unwrap_or_else(|| panic!("{text} is short"));
            assert_eq!((read.0, read.scale()), (long, long.scale()), "{text}");
            assert_eq!(read.to_string(), long.to_string());
        }
        for text in
            ["-0", "-0.00", "1234567890123456789", "1e3", "1.2.3", "-", "", ".5", "5.", "1-2"]
        {
            assert_eq!(short(text), None, "{text}");
        }
    }

    #[test]
    fn an_exponent_is_read_exactly_or_refused() {
        assert_eq!(n("1e3").to_string(), "1000");
        assert_eq!(n("1.25e1").to_string(), "12.5");
        assert_eq!(n("125E-2").to_string(), "1.25");
        assert!(matches!(Number::parse("1e400"), Err(NumberError::TooManyDigits(_))));
        assert!(matches!(Number::parse("1e-400"), Err(NumberError::TooManyDigits(_))));
        assert!(matches!(Number::parse("1e99999999999"), Err(NumberError::TooManyDigits(_))));
    }

    #[test]
    fn a_zero_of_any_scale_can_be_added() {
        for (one, other, sum) in [
            ("0.00", "5", "5.00"),
            ("5", "0.00", "5.00"),
            ("0", "0.00", "0.00"),
            ("0", "1.50", "1.50"),
        ] {
            assert_eq!(n(one).add(n(other)).unwrap().to_string(), sum);
            assert_eq!(n(one).subtract(n(other).negate()).unwrap().to_string(), sum);
        }
    }

    #[test]
    fn more_than_28_digits_are_refused_never_rounded() {
        let text = "1.0000000000000000000000000000001";
        assert!(matches!(Number::parse(text), Err(NumberError::TooManyDigits(_))));
    }

    #[test]
    fn a_number_of_29_digits_is_refused_whether_or_not_its_binary_form_would_fit() {
        for text in [
            "10000000000000000000000000000",
            "79228162514264337593543950335",
            "-79228162514264337593543950335",
            "1000000000000000000000000000.0",
            "1e28",
        ] {
            assert!(matches!(Number::parse(text), Err(NumberError::TooManyDigits(_))), "{text}");
        }
        let most = n("9999999999999999999999999999");
        assert_eq!(most.add(n("1")), Err(NumberError::WouldDropDigits("+")));
        assert_eq!(most.negate().subtract(n("1")), Err(NumberError::WouldDropDigits("-")));
        assert_eq!(most.multiply(n("2")), Err(NumberError::WouldDropDigits("*")));
        assert_eq!(n("1e27").to_string().len(), 28);
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in ["", "-", ".5", "5.", "1,5", "0x1", "1e", "1e+", "NaN", " 1", "1_000", "+1"] {
            assert!(matches!(Number::parse(text), Err(NumberError::NotANumber(_))), "{text}");
        }
    }

    #[test]
    fn operations_that_would_drop_a_digit_are_faults() {
        let long = n("0.0000000000000000000000000001");
        assert!(long.multiply(n("0.1")).is_err());
        assert!(n("9999999999999999999999999999").add(n("0.01")).is_err());
        assert_eq!(n("1.10").multiply(n("2.0")).unwrap().to_string(), "2.200");
        assert_eq!(n("0.00").multiply(n("2.5")).unwrap().to_string(), "0.000");
    }

    #[test]
    fn each_rounding_mode_decides_a_half_its_own_way() {
        let halves = ["2.5", "-2.5", "3.5", "2.4", "-2.6"];
        let shown = |mode: Rounding| -> Vec<String> {
            halves.iter().map(|h| n(h).round(0, mode).to_string()).collect()
        };
        assert_eq!(shown(Rounding::HalfUp), ["3", "-3", "4", "2", "-3"]);
        assert_eq!(shown(Rounding::HalfEven), ["2", "-2", "4", "2", "-3"]);
        assert_eq!(shown(Rounding::HalfDown), ["2", "-2", "3", "2", "-3"]);
        assert_eq!(shown(Rounding::Up), ["3", "-3", "4", "3", "-3"]);
        assert_eq!(shown(Rounding::Down), ["2", "-2", "3", "2", "-2"]);
        assert_eq!(shown(Rounding::Ceiling), ["3", "-2", "4", "3", "-2"]);
        assert_eq!(shown(Rounding::Floor), ["2", "-3", "3", "2", "-3"]);
        assert_eq!(n("1").round(2, Rounding::HalfUp).to_string(), "1.00");
    }
}
