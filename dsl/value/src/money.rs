//! An amount with its currency.

use std::fmt;
use std::sync::Arc;

use crate::number::{Number, NumberError, Rounding};

/// Why amounts could not be computed with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies met in one operation.
    #[error("{0} and {1} can't be added or compared")]
    Mixed(Currency, Currency),
    /// The number itself could not be computed.
    #[error(transparent)]
    Number(#[from] NumberError),
}

/// A currency code as the system that sent it spells it, such as `SEK`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(Arc<str>);

impl Currency {
    /// Wraps a code; it is not checked against a list.
    #[must_use]
    pub fn new(code: &str) -> Currency {
        Currency(Arc::from(code))
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0
    }

    /// Digits after the point of the smallest coin (ISO 4217): 2 unless the code is known to differ.
    #[must_use]
    pub fn minor_digits(&self) -> u32 {
        match &*self.0 {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
            | "UGX" | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }
}

impl From<Arc<str>> for Currency {
    fn from(code: Arc<str>) -> Currency {
        Currency(code)
    }
}

impl From<Currency> for Arc<str> {
    fn from(currency: Currency) -> Arc<str> {
        currency.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An exact amount in one currency. Operations between two currencies are refused.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Money {
    /// The amount, in whole units of the currency with its own scale.
    pub amount: Number,
    /// Its currency.
    pub currency: Currency,
}

impl Money {
    /// An amount in a currency.
    #[must_use]
    pub fn new(amount: Number, currency: Currency) -> Money {
        Money { amount, currency }
    }

    fn same(&self, other: &Money) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Mixed(self.currency.clone(), other.currency.clone()))
        }
    }

    /// Exact sum in one currency.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`], or the number's own error.
    pub fn add(&self, other: &Money) -> Result<Money, MoneyError> {
        self.same(other)?;
        Ok(Money::new(self.amount.add(other.amount)?, self.currency.clone()))
    }

    /// Exact difference in one currency.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`], or the number's own error.
    pub fn subtract(&self, other: &Money) -> Result<Money, MoneyError> {
        self.same(other)?;
        Ok(Money::new(self.amount.subtract(other.amount)?, self.currency.clone()))
    }

    /// The amount times a number.
    ///
    /// # Errors
    /// The number's own error.
    pub fn multiply(&self, factor: Number) -> Result<Money, MoneyError> {
        Ok(Money::new(self.amount.multiply(factor)?, self.currency.clone()))
    }

    /// Rounds the amount.
    #[must_use]
    pub fn round(&self, scale: u32, mode: Rounding) -> Money {
        Money::new(self.amount.round(scale, mode), self.currency.clone())
    }

    /// Compares two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`]
    pub fn compare(&self, other: &Money) -> Result<std::cmp::Ordering, MoneyError> {
        self.same(other)?;
        Ok(self.amount.cmp(&other.amount))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
