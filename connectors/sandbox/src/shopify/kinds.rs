//! The kinds of orders a shop meets, each made the same way every time.

use tenon_value::NumberError;

use super::amounts;
use super::goods::LONG_TITLE;
use super::order::{Allocation, Cancelled, LineKind, Order, Pair, TransactionKind};
use super::parts::{
    MINUTE, abroad, allocate, at, blank, buys, deliver, discount, extra, give_back, goods,
    hundredths, number, pick, reprice, transact, vat, vat_on,
};
use super::people;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident $text:literal $set:ident,)+) => {
        /// A kind of order.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[doc = $doc])+ $name,)+ }

        impl Kind {
            /// Every kind with its name in the control interface and the set it belongs to.
            pub const ALL: &[(Kind, &str, Set)] = &[$((Kind::$name, $text, Set::$set),)+];
        }
    };
}

/// Where a kind of order is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// In the demonstration and in generated load.
    Usual,
    /// In the demonstration only.
    Demo,
    /// Only when asked for by name: it ends in a named fault, or needs a setting.
    Asked,
}

kinds! {
    /// One row, paid by card in SEK.
    Card "card" Usual,
    /// Rows of 25, 12 and 6 % with delivery.
    MixedRates "mixed_rates" Usual,
    /// A Swedish company on invoice terms, sent off.
    B2bInvoice "b2b_invoice" Usual,
    /// The same without a billing address.
    B2bNoBilling "b2b_no_billing" Usual,
    /// A consumer in Finland, 25.5 %.
    OssFinland "oss_finland" Usual,
    /// A consumer in Germany, 19 %.
    OssGermany "oss_germany" Usual,
    /// A consumer in Denmark, 25 %.
    OssDenmark "oss_denmark" Usual,
    /// Export to Norway, 0 %.
    ExportNorway "export_norway" Usual,
    /// Export to the United States, 0 %.
    ExportUs "export_us" Usual,
    /// A German company under reverse charge, paid by card.
    ReverseCharge "reverse_charge" Usual,
    /// A discount on one row.
    RowDiscount "row_discount" Usual,
    /// A code over the whole order, with an uneven division between rows.
    OrderDiscount "order_discount" Usual,
    /// A line was added by an edit before the capture; delivery is free by a discount.
    Edited "edited" Usual,
    /// Several quantities, prices without VAT.
    Quantities "quantities" Usual,
    /// Titles as long as the shop allows, and a row that is not in the catalogue.
    LongTitles "long_titles" Usual,
    /// A guest without customer.
    Guest "guest" Usual,
    /// Authorised, not captured.
    Authorized "authorized" Usual,
    /// A test order.
    Test "test" Usual,
    /// Cancelled before it was sent.
    Cancelled "cancelled" Usual,
    /// With a tip.
    Tip "tip" Usual,
    /// The buyer pays in EUR, the shop counts in SEK.
    PaidInEur "paid_in_eur" Usual,
    /// The shop counts in USD.
    Usd "usd" Usual,
    /// A payment method that the integration does not know.
    UnknownPayment "unknown_payment" Demo,
    /// Partly paid with a gift card.
    GiftCardPayment "gift_card_payment" Usual,
    /// Captured, then refunded in part.
    Refunded "refunded" Usual,
    /// Authorised, and captured in part.
    PartlyCaptured "partly_captured" Asked,
    /// 0.00 to pay, by a full discount; no transaction.
    Free "free" Asked,
    /// A gift card was sold.
    GiftCardSold "gift_card_sold" Asked,
    /// An article number with characters that the ledger refuses.
    BadArticle "bad_article" Asked,
    /// A currency that is not set up in the ledger.
    UnknownCurrency "unknown_currency" Asked,
    /// A VAT rate that has no account.
    UnknownRate "unknown_rate" Asked,
    /// 501 rows.
    ManyRows "many_rows" Asked,
    /// Delivery taxed at two rates whose bases add up to its price.
    MixedDelivery "mixed_delivery" Asked,
}

impl Kind {
    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|(_, text, _)| *text == name).map(|(kind, _, _)| *kind)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Kind::ALL.iter().find(|(kind, _, _)| *kind == self).map_or("", |(_, text, _)| text)
    }
}

/// Makes an order of a kind.
///
/// `at_ms` is when it is placed; `draw` varies products and people, and is the same for the same
/// order.
///
/// # Errors
/// [`NumberError`] where an amount has more digits than can be held.
pub fn make(kind: Kind, number: u32, at_ms: i64, draw: u64) -> Result<Order, NumberError> {
    let mut order = blank(number, at_ms, draw);
    fill(&mut order, kind, draw)?;
    pay(&mut order, kind)?;
    Ok(order)
}

fn fill(order: &mut Order, kind: Kind, draw: u64) -> Result<(), NumberError> {
    let one = |n: u64| [(pick(draw + n), 1)];
    match kind {
        Kind::Card | Kind::Authorized | Kind::Test | Kind::Cancelled | Kind::UnknownPayment => {
            goods(order, &one(0), None);
        }
        Kind::MixedRates => {
            goods(order, &[(at(0), 1), (at(3), 2), (at(5), 1)], None);
            deliver(order, "Standard", 4_900, "0.25");
        }
        Kind::B2bInvoice | Kind::B2bNoBilling => b2b(order, kind, draw),
        Kind::OssFinland => abroad(order, "FI", "0.255", draw),
        Kind::OssGermany => abroad(order, "DE", "0.19", draw),
        Kind::OssDenmark => abroad(order, "DK", "0.25", draw),
        Kind::ExportNorway => abroad(order, "NO", "0", draw),
        Kind::ExportUs => abroad(order, "US", "0", draw),
        Kind::ReverseCharge => reverse_charge(order, draw),
        Kind::RowDiscount => {
            goods(order, &[(at(2), 1), (at(6), 3)], None);
            discount(order, "Höstrea", None, hundredths(8_990));
            allocate(order, 0, 0, hundredths(8_990));
        }
        Kind::OrderDiscount => order_discount(order),
        Kind::Edited => edited(order)?,
        Kind::Quantities => {
            order.taxes_included = false;
            goods(order, &[(at(6), 7), (at(4), 12), (at(8), 3)], None);
            deliver(order, "Express", 7_920, "0.25");
        }
        Kind::LongTitles => long_titles(order),
        Kind::Guest => {
            goods(order, &one(1), None);
            order.customer = None;
            order.email = Some("kassa@example.com".to_owned());
        }
        Kind::Tip => {
            goods(order, &one(0), None);
            order.lines.push(extra(LineKind::Tip, "Tip", 2_500));
        }
        Kind::PaidInEur => {
            abroad(order, "DE", "0.19", draw);
            order.presentment = "EUR".to_owned();
            order.rate = number("11.2437");
            reprice(order, 7)?;
        }
        Kind::Usd => {
            abroad(order, "US", "0", draw);
            order.currency = "USD".to_owned();
            order.presentment = "USD".to_owned();
            reprice(order, 9)?;
        }
        Kind::GiftCardPayment | Kind::Refunded | Kind::PartlyCaptured => {
            goods(order, &[(at(7), 1), (at(6), 2)], None);
            deliver(order, "Standard", 4_900, "0.25");
        }
        _ => asked(order, kind, draw),
    }
    Ok(())
}

fn asked(order: &mut Order, kind: Kind, draw: u64) {
    match kind {
        Kind::Free => {
            goods(order, &[(at(6), 1)], None);
            discount(order, "Gåva", Some("GRATIS"), hundredths(5_900));
            allocate(order, 0, 0, hundredths(5_900));
        }
        Kind::GiftCardSold => {
            order.lines.push(extra(LineKind::GiftCard, "Presentkort", 50_000));
            fails(order, "gift cards sold are not booked yet");
        }
        Kind::BadArticle => {
            goods(order, &[(pick(draw), 1)], None);
            if let Some(line) = order.lines.first_mut() {
                line.sku = Some("KAFFE 500g (ny)".to_owned());
            }
            fails(order, "the article number has characters that the ledger refuses");
        }
        Kind::UnknownCurrency => {
            goods(order, &[(pick(draw), 1)], None);
            order.currency = "CHF".to_owned();
            order.presentment = "CHF".to_owned();
            fails(order, "CHF is not set up in the ledger");
        }
        Kind::UnknownRate => {
            goods(order, &[(pick(draw), 1)], Some("0.13"));
            fails(order, "no account is set up for 13 % VAT");
        }
        Kind::ManyRows => {
            for n in 0..501 {
                goods(order, &[(pick(n), 1)], None);
            }
            fails(order, "it has more rows than an invoice takes");
        }
        _ => {
            goods(order, &[(at(0), 1), (at(3), 1)], None);
            deliver(order, "Standard", 4_900, "0.25");
            if let Some(shipping) = order.shipping.first_mut() {
                // 35 % of the goods are taxed at 25 %, the rest at 12 %, and the delivery like them.
                shipping.taxes = vec![vat_on("0.35", "0.25"), vat_on("0.65", "0.12")];
            }
        }
    }
}

fn fails(order: &mut Order, why: &str) {
    order.must_fail = Some(why.to_owned());
}

fn b2b(order: &mut Order, kind: Kind, draw: u64) {
    order.taxes_included = false;
    goods(order, &[(at(7), 2), (at(6), 10)], None);
    deliver(order, "Standard", 9_900, "0.25");
    let company = people::company("SE", draw);
    order.terms_days = Some(30);
    order.po_number = Some(format!("IN-{}", 40_000 + order.number));
    buys(order, company);
    if kind == Kind::B2bNoBilling {
        order.billing = None;
    }
}

fn reverse_charge(order: &mut Order, draw: u64) {
    order.taxes_included = false;
    abroad(order, "DE", "0", draw);
    if let Some(customer) = order.customer.as_mut() {
        customer.reverse_charge = true;
    }
    buys(order, people::company("DE", draw));
}

fn order_discount(order: &mut Order) {
    goods(order, &[(at(0), 1), (at(4), 3), (at(5), 1)], None);
    deliver(order, "Standard", 4_900, "0.25");
    // 10 % of 149.00 + 269.85 + 249.00 = 66.785, so 66.79; the rows get 14.90, 26.99 and 24.90.
    discount(order, "Tio procent", Some("TIO"), hundredths(6_679));
    if let Some(discount) = order.discounts.first_mut() {
        discount.percentage = Some(number("10.0"));
        discount.across = true;
    }
    for (line, part) in [(0, 1_490), (1, 2_699), (2, 2_490)] {
        allocate(order, line, 0, hundredths(part));
    }
}

fn edited(order: &mut Order) -> Result<(), NumberError> {
    goods(order, &[(at(2), 1), (at(6), 1)], None);
    let added = order.at_ms.saturating_add(20 * MINUTE);
    if let Some(line) = order.lines.last_mut() {
        line.added_ms = Some(added);
    }
    deliver(order, "Standard", 4_900, "0.25");
    discount(order, "Fri frakt", None, hundredths(4_900));
    if let Some(discount) = order.discounts.first_mut() {
        discount.on_shipping = true;
    }
    if let Some(shipping) = order.shipping.first_mut() {
        shipping.discounts.push(Allocation { application: 0, amount: hundredths(4_900) });
    }
    order.updated_ms = added;
    Ok(())
}

fn long_titles(order: &mut Order) {
    goods(order, &[(at(2), 1), (at(1), 1)], None);
    if let Some(line) = order.lines.first_mut() {
        line.title = LONG_TITLE.to_owned();
    }
    let mut own =
        extra(LineKind::Product, "Gravyr enligt önskemål: \"Till mormor, med kärlek\"", 12_500);
    own.taxes = vec![vat("0.25")];
    order.lines.push(own);
    order.note = Some("Ring på nedre klockan.\nLämna inte hos grannen.".to_owned());
}

fn pay(order: &mut Order, kind: Kind) -> Result<(), NumberError> {
    let total = amounts::total(order)?;
    let gateway = match kind {
        Kind::B2bInvoice | Kind::B2bNoBilling => "invoice",
        Kind::UnknownPayment => "swish",
        Kind::OssFinland | Kind::Quantities => "klarna",
        Kind::ExportUs | Kind::Usd => "paypal",
        _ => "shopify_payments",
    };
    match kind {
        Kind::Free => return Ok(()),
        Kind::B2bInvoice | Kind::B2bNoBilling => {
            order.gateways = vec![gateway.to_owned()];
            order.fulfilled_ms = Some(order.at_ms.saturating_add(90 * MINUTE));
        }
        Kind::Authorized => {
            transact(order, TransactionKind::Authorization, gateway, (total, 1));
        }
        Kind::Cancelled => {
            transact(order, TransactionKind::Authorization, gateway, (total, 1));
            transact(order, TransactionKind::Void, gateway, (total, 30));
            let at_ms = order.at_ms.saturating_add(30 * MINUTE);
            order.cancelled = Some(Cancelled { at_ms, reason: "CUSTOMER" });
        }
        Kind::PartlyCaptured => {
            let part = amounts::pair(order, hundredths(11_800))?;
            transact(order, TransactionKind::Authorization, gateway, (total, 1));
            transact(order, TransactionKind::Capture, gateway, (part, 45));
        }
        Kind::GiftCardPayment => {
            let card = amounts::pair(order, hundredths(30_000))?;
            let rest = Pair {
                shop: total.shop.subtract(card.shop)?,
                presentment: total.presentment.subtract(card.presentment)?,
            };
            transact(order, TransactionKind::Sale, "gift_card", (card, 1));
            transact(order, TransactionKind::Sale, gateway, (rest, 1));
        }
        Kind::Refunded => {
            transact(order, TransactionKind::Sale, gateway, (total, 1));
            let row = amounts::refund_row(order, 1, 1)?;
            give_back(order, row, "Sprucken i kanten", 60);
        }
        Kind::OssFinland | Kind::Edited | Kind::MixedRates => {
            transact(order, TransactionKind::Authorization, gateway, (total, 1));
            transact(order, TransactionKind::Capture, gateway, (total, 45));
        }
        _ => transact(order, TransactionKind::Sale, gateway, (total, 1)),
    }
    order.test = kind == Kind::Test;
    if kind == Kind::UnknownPayment {
        fails(order, "the payment method `swish` is not in the table of payment methods");
    }
    if order.captured_ms().is_some()
        && order.fulfilled_ms.is_none()
        && order.number.is_multiple_of(2)
    {
        order.fulfilled_ms = Some(order.at_ms.saturating_add(50 * MINUTE));
    }
    let last = order.transactions.iter().map(|t| t.at_ms).chain(order.fulfilled_ms).max();
    order.updated_ms = order.updated_ms.max(last.unwrap_or(order.at_ms));
    Ok(())
}
