//! An order as the shop keeps it: what was bought, by whom, how it was paid and what happened since.
//!
//! Prices are in the buyer's (presentment) currency; amounts of both currencies are computed in
//! [`super::amounts`]. Instants are milliseconds since 1970, cut to whole seconds as the shop's are.

use tenon_value::Number;

/// An amount in the shop's and in the buyer's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// In the shop's currency.
    pub shop: Number,
    /// In the buyer's currency.
    pub presentment: Number,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Company, where it is one.
    pub company: Option<String>,
    /// Street and number.
    pub street: String,
    /// Second line.
    pub street2: Option<String>,
    /// Postal code.
    pub zip: String,
    /// City.
    pub city: String,
    /// Country code (ISO 3166).
    pub country: String,
    /// Phone.
    pub phone: Option<String>,
}

/// A customer of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The number in its id.
    pub number: u64,
    /// Email.
    pub email: String,
    /// Default address, with the name.
    pub address: Address,
    /// Whether sales to it under reverse charge are exempt.
    pub reverse_charge: bool,
}

/// A company that buys on its own account (B2B).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// The number in its ids.
    pub number: u64,
    /// Name.
    pub name: String,
    /// Organisation number, kept in the company's external id and in a metafield.
    pub organisation_number: String,
    /// VAT number.
    pub vat_number: String,
    /// The location that bought.
    pub location: String,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Goods or a service.
    Product,
    /// A tip.
    Tip,
    /// A gift card that was sold.
    GiftCard,
}

/// A tax on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    /// Its title on the receipt.
    pub title: String,
    /// Its rate as a fraction: 0.25.
    pub rate: Number,
    /// The part of the line without tax that it lies on: 1, or less where a line is taxed at several
    /// rates, each on its part.
    pub share: Number,
}

/// A part of a discount that a line carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// Which of the order's discounts, by its place.
    pub application: usize,
    /// The amount, in the same terms as the line's price.
    pub amount: Number,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: LineKind,
    /// The shop's number of the product; none for what is not in its catalogue.
    pub product: Option<u64>,
    /// Stock keeping unit.
    pub sku: Option<String>,
    /// Title.
    pub title: String,
    /// Title of the variant.
    pub variant: Option<String>,
    /// Quantity.
    pub quantity: u32,
    /// Price of one.
    pub price: Number,
    /// Its parts of discounts, for the whole quantity.
    pub discounts: Vec<Allocation>,
    /// Its taxes.
    pub taxes: Vec<Tax>,
    /// When it came to the order, where that was after the sale (an edit).
    pub added_ms: Option<i64>,
}

/// A way of delivery that was charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipping {
    /// Title.
    pub title: String,
    /// Code.
    pub code: String,
    /// Price.
    pub price: Number,
    /// Its parts of discounts.
    pub discounts: Vec<Allocation>,
    /// Its taxes.
    pub taxes: Vec<Tax>,
}

/// A discount of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    /// Its code, where the buyer typed one.
    pub code: Option<String>,
    /// Its title.
    pub title: String,
    /// Percentage; none means an amount.
    pub percentage: Option<Number>,
    /// The whole amount.
    pub amount: Number,
    /// Whether it lies on delivery.
    pub on_shipping: bool,
    /// Whether it is spread over all lines.
    pub across: bool,
}

/// What a transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionKind {
    /// Money is reserved.
    Authorization,
    /// Reserved money is taken.
    Capture,
    /// Money is taken at once.
    Sale,
    /// A reservation is given up.
    Void,
    /// Money goes back.
    Refund,
}

impl TransactionKind {
    /// Its name in the interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TransactionKind::Authorization => "AUTHORIZATION",
            TransactionKind::Capture => "CAPTURE",
            TransactionKind::Sale => "SALE",
            TransactionKind::Void => "VOID",
            TransactionKind::Refund => "REFUND",
        }
    }
}

/// A movement of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The number in its id.
    pub number: u64,
    /// What it does.
    pub kind: TransactionKind,
    /// `SUCCESS`, `PENDING`, `FAILURE`…
    pub status: &'static str,
    /// The means of payment.
    pub gateway: String,
    /// How much.
    pub amount: Pair,
    /// When.
    pub at_ms: i64,
    /// The transaction it follows.
    pub parent: Option<u64>,
}

impl Transaction {
    /// Whether it brought money to the shop.
    #[must_use]
    pub fn takes_money(&self) -> bool {
        self.status == "SUCCESS"
            && matches!(self.kind, TransactionKind::Capture | TransactionKind::Sale)
    }
}

/// One line of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRow {
    /// Which line of the order, by its place.
    pub line: usize,
    /// How many of it.
    pub quantity: u32,
    /// The price of them, as priced in the order.
    pub subtotal: Pair,
    /// The tax in or on it.
    pub tax: Pair,
    /// With tax.
    pub gross: Pair,
}

/// Money given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The number in its id.
    pub number: u64,
    /// When.
    pub at_ms: i64,
    /// A remark.
    pub note: Option<String>,
    /// Its lines.
    pub rows: Vec<RefundRow>,
    /// The transaction that paid it out.
    pub transaction: u64,
}

/// A metafield.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metafield {
    /// Namespace.
    pub namespace: String,
    /// Key.
    pub key: String,
    /// Type, such as `single_line_text_field`.
    pub kind: String,
    /// Value as text.
    pub value: String,
}

/// That an order was cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancelled {
    /// When.
    pub at_ms: i64,
    /// `CUSTOMER`, `FRAUD`, `INVENTORY`…
    pub reason: &'static str,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its running number, such as 1001.
    pub number: u32,
    /// Its id: `gid://shopify/Order/…`.
    pub id: String,
    /// Its name: `#1001`.
    pub name: String,
    /// When it was placed.
    pub at_ms: i64,
    /// When it last changed.
    pub updated_ms: i64,
    /// Whether it is a test order.
    pub test: bool,
    /// Whether and why it was cancelled.
    pub cancelled: Option<Cancelled>,
    /// The shop's currency.
    pub currency: String,
    /// The buyer's currency.
    pub presentment: String,
    /// Shop currency for one unit of the buyer's.
    pub rate: Number,
    /// Whether prices include tax.
    pub taxes_included: bool,
    /// The customer; none for a guest at the counter.
    pub customer: Option<Person>,
    /// The company that buys, where it is B2B.
    pub company: Option<Company>,
    /// Email for messages.
    pub email: Option<String>,
    /// Address of the bill.
    pub billing: Option<Address>,
    /// Address of delivery.
    pub delivery: Option<Address>,
    /// A remark.
    pub note: Option<String>,
    /// The buyer's own order number.
    pub po_number: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Metafields.
    pub metafields: Vec<Metafield>,
    /// Lines.
    pub lines: Vec<Line>,
    /// Delivery charged.
    pub shipping: Vec<Shipping>,
    /// Discounts.
    pub discounts: Vec<Discount>,
    /// The means of payment chosen.
    pub gateways: Vec<String>,
    /// Days to pay, where it is sold on terms.
    pub terms_days: Option<u32>,
    /// Transactions in order of time.
    pub transactions: Vec<Transaction>,
    /// When it was sent off.
    pub fulfilled_ms: Option<i64>,
    /// Refunds in order of time.
    pub refunds: Vec<Refund>,
    /// Where it was placed: `web`, `pos`.
    pub source: String,
    /// Why it cannot reach the ledger before somebody repairs something.
    pub must_fail: Option<String>,
}

impl Order {
    /// Makes a gid of one of the order's parts: `place` counts within the kind.
    #[must_use]
    pub fn part_number(&self, place: usize) -> u64 {
        let place = u64::try_from(place).unwrap_or(u64::MAX);
        (13_000_000_000_000_u64 + u64::from(self.number) * 10_000).saturating_add(place)
    }

    /// The number in the order's own id.
    #[must_use]
    pub fn id_number(&self) -> u64 {
        self.id.rsplit('/').next().and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// When money was first taken.
    #[must_use]
    pub fn captured_ms(&self) -> Option<i64> {
        self.transactions.iter().filter(|t| t.takes_money()).map(|t| t.at_ms).min()
    }

    /// Whether a line counts in the invoice: it stood in the order when money was taken.
    #[must_use]
    pub fn invoiced(&self, line: &Line) -> bool {
        match (line.added_ms, self.captured_ms()) {
            (Some(added), Some(captured)) => added <= captured,
            _ => true,
        }
    }

    /// Why it must not reach the ledger at all.
    #[must_use]
    pub fn must_skip(&self) -> Option<String> {
        if self.test {
            return Some("it is a test order".to_owned());
        }
        self.cancelled.as_ref().map(|_| "it was cancelled before it was sent".to_owned())
    }
}
