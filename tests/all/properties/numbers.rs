//! Exact decimals against rational numbers of another crate, and allocation that sums to the whole.

use num_rational::BigRational;
use tenon_mapper::{Env, NoHost, Scope, compile_text};
use tenon_value::{Number, NumberError, Rounding, Value};

use crate::fuzz::Dice;

const PAIRS: u64 = 10_000;

fn ten_to(power: u32) -> BigRational {
    let ten = BigRational::from_integer(10.into());
    (0..power).fold(BigRational::from_integer(1.into()), |product, _| product * &ten)
}

/// The number as a fraction, read from its text by nothing of ours.
fn exact(number: Number) -> BigRational {
    let text = number.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits: BigRational = BigRational::from_integer(format!("{whole}{part}").parse().unwrap());
    digits / ten_to(u32::try_from(part.len()).unwrap())
}

/// A number of up to 14 digits, sometimes of up to 28, with up to 10 of them after the point.
fn number(dice: &mut Dice) -> Number {
    let digits = if dice.one_in(5) { 1 + dice.below(28) } else { 1 + dice.below(14) };
    let mut text: String =
        (0..digits).map(|_| char::from(b'0' + u8::try_from(dice.below(10)).unwrap())).collect();
    let scale = dice.below(digits.min(10) + 1);
    if scale > 0 {
        text.insert(digits - scale, '.');
    }
    let text = if text.starts_with('.') { format!("0{text}") } else { text };
    let sign = if dice.one_in(3) { "-" } else { "" };
    Number::parse(&format!("{sign}{text}")).unwrap_or_else(|e| panic!("{sign}{text}: {e}"))
}

/// Whether a fraction is a decimal of at most 28 digits, as many of them after the point as wanted.
fn holds(value: &BigRational, scale: u32) -> bool {
    let grown = value * ten_to(scale);
    grown.is_integer() && grown < ten_to(28) && -grown < ten_to(28)
}

fn agrees(what: &str, found: Result<Number, NumberError>, wanted: &BigRational, scale: u32) {
    match found {
        Ok(number) => assert_eq!(exact(number), *wanted, "{what}"),
        Err(_) => assert!(scale > 28 || !holds(wanted, scale), "{what} is refused, but it fits"),
    }
}

#[test]
fn sums_differences_and_products_are_those_of_rational_numbers() {
    for seed in 0..PAIRS {
        let mut dice = Dice::new(seed);
        let (a, b) = (number(&mut dice), number(&mut dice));
        let (x, y) = (exact(a), exact(b));
        let longer = a.scale().max(b.scale());
        agrees(&format!("seed {seed}: {a} + {b}"), a.add(b), &(&x + &y), longer);
        agrees(&format!("seed {seed}: {a} - {b}"), a.subtract(b), &(&x - &y), longer);
        agrees(
            &format!("seed {seed}: {a} * {b}"),
            a.multiply(b),
            &(&x * &y),
            a.scale() + b.scale(),
        );
        assert_eq!(a.cmp(&b), x.cmp(&y), "seed {seed}: {a} <=> {b}");
        assert_eq!(Number::parse(&a.to_string()), Ok(a), "seed {seed}: {a}");
        assert_eq!(a.to_string(), Number::parse(&a.to_string()).unwrap().to_string());
        if !b.is_zero() {
            let rest = &x - (&x / &y).trunc() * &y;
            if let Ok(found) = a.remainder(b) {
                assert_eq!(exact(found), rest, "seed {seed}: {a} % {b}");
            }
        }
    }
}

#[test]
fn quotients_are_right_to_28_digits() {
    for seed in 0..PAIRS {
        let mut dice = Dice::new(seed);
        let (a, b) = (number(&mut dice), number(&mut dice));
        if b.is_zero() {
            assert_eq!(a.divide(b), Err(NumberError::DivisionByZero));
            continue;
        }
        let Ok(quotient) = a.divide(b) else { continue };
        let (found, wanted) = (exact(quotient), exact(a) / exact(b));
        // Half a unit of the last digit that is held: 28 digits after the point, or 28 in all.
        let mut unit = BigRational::from_integer(1.into()) / ten_to(28);
        let size = if wanted < BigRational::from_integer(0.into()) {
            -wanted.clone()
        } else {
            wanted.clone()
        };
        while &unit * ten_to(28) <= size {
            unit *= BigRational::from_integer(10.into());
        }
        let off = if found > wanted { &found - &wanted } else { &wanted - &found };
        assert!(
            off <= unit / BigRational::from_integer(2.into()),
            "seed {seed}: {a} / {b} = {quotient}"
        );
    }
}

/// Rounds a fraction the way a person is taught to, mode by mode.
fn rounded(value: &BigRational, scale: u32, mode: Rounding) -> BigRational {
    let grown = value * ten_to(scale);
    let (down, up) = (grown.floor(), grown.ceil());
    let zero = BigRational::from_integer(0.into());
    let (near, far) = if grown < zero { (&up, &down) } else { (&down, &up) };
    let left = if grown > *near { &grown - near } else { near - &grown };
    let half = BigRational::new(1.into(), 2.into());
    let two = BigRational::from_integer(2.into());
    let even = (near / &two).is_integer();
    let chosen = match mode {
        _ if down == up => near,
        Rounding::Up => far,
        Rounding::Down => near,
        Rounding::Ceiling => &up,
        Rounding::Floor => &down,
        Rounding::HalfUp if left >= half => far,
        Rounding::HalfDown if left > half => far,
        Rounding::HalfEven if left > half || (left == half && !even) => far,
        Rounding::HalfUp | Rounding::HalfDown | Rounding::HalfEven => near,
    };
    chosen / ten_to(scale)
}

#[test]
fn every_rounding_mode_is_that_of_rational_numbers() {
    for seed in 0..PAIRS {
        let mut dice = Dice::new(seed);
        let value = number(&mut dice);
        let scale = u32::try_from(dice.below(6)).unwrap();
        for (_, mode) in Rounding::ALL {
            let found = exact(value.round(scale, mode));
            let wanted = rounded(&exact(value), scale, mode);
            assert_eq!(found, wanted, "seed {seed}: {value} to {scale} digits, {mode:?}");
        }
    }
}

#[test]
fn the_parts_of_an_allocation_sum_to_the_whole_and_are_fair() {
    let env = Env { open: true, ..Env::default() };
    let (compiled, found) = compile_text("allocate(total, weights)", &env, None);
    let compiled = compiled.unwrap_or_else(|| panic!("{found:?}"));
    let cent = BigRational::new(1.into(), 100.into());
    for seed in 0..PAIRS {
        let mut dice = Dice::new(seed);
        let sign = if dice.one_in(4) { "-" } else { "" };
        let total = format!("{sign}{}.{:02}", dice.below(100_000), dice.below(100));
        let total = Number::parse(&total).unwrap();
        let count = 1 + dice.below(12);
        let weights: Vec<Number> = (0..count)
            .map(|_| Number::parse(&format!("{}.{}", dice.below(500), dice.below(1000))).unwrap())
            .collect();
        let whole =
            weights.iter().fold(BigRational::from_integer(0.into()), |sum, w| sum + exact(*w));
        if whole == BigRational::from_integer(0.into()) {
            continue;
        }
        let scope = Scope::new()
            .with("total", Value::Number(total))
            .with("weights", Value::list(weights.iter().map(|w| Value::Number(*w)).collect()));
        let parts = compiled.program.eval(&scope, &NoHost::default()).unwrap();
        let parts: Vec<Number> = parts.items().iter().map(|p| p.as_number().unwrap()).collect();
        let sum = parts.iter().fold(Number::ZERO, |sum, part| sum.add(*part).unwrap());
        assert_eq!(sum, total, "seed {seed}: {total} over {weights:?}");
        for (part, weight) in parts.iter().zip(&weights) {
            let share = exact(total) * exact(*weight) / &whole;
            let off =
                if exact(*part) > share { exact(*part) - &share } else { &share - exact(*part) };
            assert!(off < cent, "seed {seed}: {part} of {total} for {weight}");
            assert!(part.scale() == 2 && (!weight.is_zero() || part.is_zero()), "seed {seed}");
        }
    }
}
