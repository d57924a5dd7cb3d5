//! Parts of orders: lines, delivery, discounts, buyers and movements of money.

use tenon_value::{Number, NumberError};

use super::amounts::money;
use super::goods::{CATALOGUE, Product};
use super::order::{
    Allocation, Company, Discount, Line, LineKind, Metafield, Order, Pair, Person, Refund,
    RefundRow, Shipping, Tax, Transaction, TransactionKind,
};
use super::people;

/// A minute, in milliseconds.
pub(super) const MINUTE: i64 = 60_000;

/// Adds a transaction `minutes` after the sale.
pub(super) fn transact(
    order: &mut Order,
    kind: TransactionKind,
    gateway: &str,
    (amount, minutes): (Pair, i64),
) {
    let at_ms = order.at_ms.saturating_add(minutes.saturating_mul(MINUTE));
    let parent = match kind {
        TransactionKind::Authorization | TransactionKind::Sale => None,
        _ => order.transactions.iter().find(|t| t.gateway == gateway).map(|t| t.number),
    };
    let number = order.part_number(900 + order.transactions.len());
    let gateway = gateway.to_owned();
    if !order.gateways.contains(&gateway) {
        order.gateways.push(gateway.clone());
    }
    order.transactions.push(Transaction {
        number,
        kind,
        status: "SUCCESS",
        gateway,
        amount,
        at_ms,
        parent,
    });
}

/// Refunds a row `minutes` after the sale, to the first means of payment.
pub(super) fn give_back(order: &mut Order, row: RefundRow, note: &str, minutes: i64) {
    let gateway = order.gateways.first().cloned().unwrap_or_default();
    transact(order, TransactionKind::Refund, &gateway, (row.gross, minutes));
    let Some(transaction) = order.transactions.last().map(|t| (t.number, t.at_ms)) else { return };
    let number = order.part_number(800 + order.refunds.len());
    order.refunds.push(Refund {
        number,
        at_ms: transaction.1,
        note: Some(note.to_owned()),
        rows: vec![row],
        transaction: transaction.0,
    });
}

pub(super) fn blank(number: u32, at_ms: i64, draw: u64) -> Order {
    let at_ms = at_ms - at_ms.rem_euclid(1_000);
    let customer = people::person("SE", draw % 60);
    Order {
        number,
        id: format!("gid://shopify/Order/{}", 5_600_000_000_000_u64 + u64::from(number)),
        name: format!("#{number}"),
        at_ms,
        updated_ms: at_ms,
        test: false,
        cancelled: None,
        currency: "SEK".to_owned(),
        presentment: "SEK".to_owned(),
        rate: Number::ONE,
        taxes_included: true,
        email: Some(customer.email.clone()),
        billing: Some(customer.address.clone()),
        delivery: Some(customer.address.clone()),
        customer: Some(customer),
        company: None,
        note: None,
        po_number: None,
        tags: Vec::new(),
        metafields: Vec::new(),
        lines: Vec::new(),
        shipping: Vec::new(),
        discounts: Vec::new(),
        gateways: Vec::new(),
        terms_days: None,
        transactions: Vec::new(),
        fulfilled_ms: None,
        refunds: Vec::new(),
        source: "web".to_owned(),
        must_fail: None,
    }
}

pub(super) fn at(place: usize) -> Product {
    CATALOGUE.get(place).copied().unwrap_or(CATALOGUE[0])
}

pub(super) fn pick(draw: u64) -> Product {
    let count = u64::try_from(CATALOGUE.len()).unwrap_or(1);
    at(usize::try_from(draw % count).unwrap_or(0))
}

/// A literal of this file as a number.
pub(super) fn number(text: &str) -> Number {
    Number::parse(text).unwrap_or(Number::ZERO)
}

pub(super) fn hundredths(amount: i64) -> Number {
    Number::from(amount).multiply(number("0.01")).map_or(Number::ZERO, money)
}

pub(super) fn vat(rate: &str) -> Tax {
    Tax { title: "VAT".to_owned(), rate: number(rate), share: Number::ONE }
}

/// VAT on a part of a line.
pub(super) fn vat_on(share: &str, rate: &str) -> Tax {
    Tax { share: number(share), ..vat(rate) }
}

pub(super) fn goods(order: &mut Order, wanted: &[(Product, u32)], rate: Option<&str>) {
    for (product, quantity) in wanted {
        let own = Number::from(product.vat).multiply(number("0.01")).unwrap_or(Number::ZERO);
        let rate = rate.map_or(own, number);
        let taxes = if rate.is_zero() { Vec::new() } else { vec![Tax { rate, ..vat("0") }] };
        order.lines.push(Line {
            kind: LineKind::Product,
            product: Some(product.number),
            sku: Some(product.sku.to_owned()),
            title: product.title.to_owned(),
            variant: product.variant.map(str::to_owned),
            quantity: *quantity,
            price: hundredths(product.price),
            discounts: Vec::new(),
            taxes,
            added_ms: None,
        });
    }
}

pub(super) fn extra(kind: LineKind, title: &str, price: i64) -> Line {
    Line {
        kind,
        product: None,
        sku: None,
        title: title.to_owned(),
        variant: None,
        quantity: 1,
        price: hundredths(price),
        discounts: Vec::new(),
        taxes: Vec::new(),
        added_ms: None,
    }
}

pub(super) fn deliver(order: &mut Order, title: &str, price: i64, rate: &str) {
    order.shipping.push(Shipping {
        title: title.to_owned(),
        code: title.to_lowercase(),
        price: hundredths(price),
        discounts: Vec::new(),
        taxes: if rate == "0" { Vec::new() } else { vec![vat(rate)] },
    });
}

pub(super) fn discount(order: &mut Order, title: &str, code: Option<&str>, amount: Number) {
    order.discounts.push(Discount {
        code: code.map(str::to_owned),
        title: title.to_owned(),
        percentage: None,
        amount,
        on_shipping: false,
        across: false,
    });
}

pub(super) fn allocate(order: &mut Order, line: usize, application: usize, amount: Number) {
    if let Some(line) = order.lines.get_mut(line) {
        line.discounts.push(Allocation { application, amount });
    }
}

pub(super) fn abroad(order: &mut Order, country: &str, rate: &str, draw: u64) {
    goods(order, &[(at(0), 2), (pick(draw), 1)], Some(rate));
    deliver(order, "Express", 14_900, rate);
    lives(order, people::person(country, draw % 40));
}

pub(super) fn lives(order: &mut Order, person: Person) {
    order.email = Some(person.email.clone());
    order.billing = Some(person.address.clone());
    order.delivery = Some(person.address.clone());
    order.customer = Some(person);
}

pub(super) fn buys(order: &mut Order, company: Company) {
    for address in [&mut order.billing, &mut order.delivery].into_iter().flatten() {
        address.company = Some(company.name.clone());
    }
    for (key, value) in
        [("organisation_number", &company.organisation_number), ("vat_number", &company.vat_number)]
    {
        order.metafields.push(Metafield {
            namespace: "custom".to_owned(),
            key: key.to_owned(),
            kind: "single_line_text_field".to_owned(),
            value: value.clone(),
        });
    }
    order.company = Some(company);
}

/// Prices of another currency: a division of the Swedish ones, to two digits.
pub(super) fn reprice(order: &mut Order, by: i64) -> Result<(), NumberError> {
    let by = Number::from(by);
    for price in order
        .lines
        .iter_mut()
        .map(|line| &mut line.price)
        .chain(order.shipping.iter_mut().map(|shipping| &mut shipping.price))
    {
        *price = money(price.divide(by)?);
    }
    Ok(())
}
