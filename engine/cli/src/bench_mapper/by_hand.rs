//! The mapping `invoice.map.yaml` written by hand: what the evaluator is measured against.
//!
//! Typed Rust over the same values and decimals, giving the same bytes. It reads each field once,
//! allocates only what ends up in the record, and knows the names of fields, settings and table
//! rows beforehand. Faults carry no places: that only makes it faster.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_value::{Number, NumberError, Record, Rounding, Value};

/// Settings and tables, read beforehand.
pub struct Known {
    /// The setting `collective_customer`.
    pub collective_customer: Arc<str>,
    /// The setting `home_country`.
    pub home_country: Arc<str>,
    /// The setting `reference_prefix`.
    pub reference_prefix: Arc<str>,
    /// The setting `default_article`.
    pub default_article: Arc<str>,
    /// The setting `vat_in_rows`.
    pub vat_in_rows: bool,
    /// The table `sales_accounts`: account by country and rate.
    pub accounts: BTreeMap<Arc<str>, BTreeMap<Number, Number>>,
    /// The unit of every row.
    pub unit: Arc<str>,
    /// The kind of every discount.
    pub discount_type: Arc<str>,
}

/// Why there is no record.
#[derive(Debug)]
pub struct NoRecord(pub String);

impl From<NumberError> for NoRecord {
    fn from(error: NumberError) -> NoRecord {
        NoRecord(error.to_string())
    }
}

/// Names of the target's fields, made once.
pub struct Names {
    header: [Arc<str>; 16],
    row: [Arc<str>; 9],
}

impl Default for Names {
    fn default() -> Names {
        let header = [
            "CustomerNumber",
            "CustomerName",
            "Address1",
            "Address2",
            "ZipCode",
            "City",
            "DeliveryName",
            "DeliveryAddress1",
            "DeliveryZipCode",
            "DeliveryCity",
            "Currency",
            "VATIncluded",
            "YourOrderNumber",
            "ExternalInvoiceReference1",
            "Remarks",
            "InvoiceRows",
        ];
        let row = [
            "ArticleNumber",
            "Description",
            "DeliveredQuantity",
            "Unit",
            "Price",
            "Discount",
            "DiscountType",
            "VAT",
            "AccountNumber",
        ];
        Names { header: header.map(Arc::from), row: row.map(Arc::from) }
    }
}

/// A record under construction.
struct Making<'a> {
    record: Record,
    names: std::slice::Iter<'a, Arc<str>>,
}

impl<'a> Making<'a> {
    fn new(names: &'a [Arc<str>]) -> Making<'a> {
        Making { record: Record::with_capacity(names.len()), names: names.iter() }
    }

    /// Gives the next field its value; absent ones are left out.
    fn put(&mut self, value: Value) {
        if let Some(name) = self.names.next()
            && !value.is_absent()
        {
            self.record.insert(Arc::clone(name), value);
        }
    }
}

/// Makes the invoice of an order.
pub fn invoice(order: &Value, known: &Known, names: &Names) -> Result<Value, NoRecord> {
    let (ship, bill) = (order.field("shippingAddress"), order.field("billingAddress"));
    let ship_to = if ship.is_absent() { bill } else { ship };
    let bill_to = if bill.is_absent() { ship } else { bill };
    let country = match ship_to.field("countryCodeV2") {
        Value::Text(code) if !code.trim().is_empty() => code,
        _ => &known.home_country,
    };
    let name = text(order.field("name"))?;
    let total = order.field("totalPriceSet").field("shopMoney");
    let mut made = Making::new(&names.header);
    made.put(Value::Text(Arc::clone(&known.collective_customer)));
    let called = [bill_to.field("company"), bill_to.field("name"), ship_to.field("name")];
    made.put(called.into_iter().find(|v| !v.is_blank()).cloned().unwrap_or_default());
    for field in ["address1", "address2", "zip", "city"] {
        made.put(filled(bill_to.field(field)));
    }
    let delivered = [ship_to.field("company"), ship_to.field("name")];
    made.put(delivered.into_iter().find(|v| !v.is_blank()).cloned().unwrap_or_default());
    for field in ["address1", "zip", "city"] {
        made.put(filled(ship_to.field(field)));
    }
    made.put(total.field("currencyCode").clone());
    made.put(Value::Bool(known.vat_in_rows));
    let number = order.field("poNumber");
    made.put(if number.is_blank() {
        Value::text(name.strip_prefix('#').unwrap_or(name))
    } else {
        number.clone()
    });
    let mut reference = String::with_capacity(known.reference_prefix.len() + name.len());
    reference.push_str(&known.reference_prefix);
    reference.push_str(name);
    made.put(Value::from(reference));
    made.put(match order.field("note") {
        Value::Text(note) => cut(note, 1024),
        _ => Value::Missing,
    });
    let agreements = order.field("agreements").items();
    let sales = || agreements.iter().flat_map(|agreement| agreement.field("sales").items());
    let mut rows = Vec::with_capacity(sales().count());
    let mut sum = Number::ZERO;
    for sale in sales() {
        if sale.field("lineType").as_text() == Some("PRODUCT") {
            rows.push(row(sale, (country, known, &names.row), &mut sum)?);
        }
    }
    if !sum.subtract(number_of(total.field("amount"))?)?.is_zero() {
        return Err(NoRecord(format!("the rows come to {sum}")));
    }
    made.put(Value::list(rows));
    Ok(Value::record(made.record))
}

/// The row of a sale; what it comes to is added to the sum.
fn row(
    sale: &Value,
    (country, known, names): (&Arc<str>, &Known, &[Arc<str>]),
    sum: &mut Number,
) -> Result<Value, NoRecord> {
    let quantity = match sale.field("quantity") {
        Value::Number(quantity) => *quantity,
        _ => Number::ONE,
    };
    let mut rate = Number::ZERO;
    for tax in sale.field("taxes").items() {
        rate = rate.add(number_of(tax.field("taxLine").field("ratePercentage"))?)?;
    }
    let amount = |name: &str| number_of(sale.field(name).field("shopMoney").field("amount"));
    let paid = amount("totalAmount")?;
    let full = paid.add(amount("totalDiscountAmountAfterTaxes")?)?;
    let line = sale.field("lineItem");
    let price = full.divide(quantity)?.normalised().round(2, Rounding::HalfUp);
    let gross = price.multiply(quantity)?;
    let discount = gross.subtract(paid)?;
    *sum = sum.add(gross.subtract(discount)?)?;
    let account = known.accounts.get(country).and_then(|by_rate| by_rate.get(&rate));
    let account = account.ok_or_else(|| NoRecord(format!("no account for {country} {rate}")))?;
    if !rate.is_whole() {
        return Err(NoRecord(format!("the rate {rate} is not whole")));
    }
    let mut made = Making::new(names);
    made.put(match line.field("sku") {
        Value::Text(sku) if !sku.trim().is_empty() => Value::Text(Arc::clone(sku)),
        _ => Value::Text(Arc::clone(&known.default_article)),
    });
    made.put(description(
        line.field("title").as_text().unwrap_or_default(),
        line.field("variantTitle").as_text(),
    ));
    made.put(Value::from(quantity.to_string()));
    made.put(Value::Text(Arc::clone(&known.unit)));
    made.put(Value::Number(price));
    made.put(Value::Number(discount));
    made.put(Value::Text(Arc::clone(&known.discount_type)));
    made.put(Value::Number(Number::from_decimal(rate.decimal().trunc())));
    made.put(Value::Number(*account));
    Ok(Value::record(made.record))
}

fn description(title: &str, variant: Option<&str>) -> Value {
    let variant = variant.unwrap_or_default();
    let mut out = String::with_capacity(title.len() + 1 + variant.len());
    out.push_str(title);
    out.push(' ');
    out.push_str(variant);
    cut(out.trim(), 50)
}

fn cut(text: &str, longest: usize) -> Value {
    match text.char_indices().nth(longest) {
        Some((end, _)) => Value::text(text.get(..end).unwrap_or(text).trim_end()),
        None => Value::text(text),
    }
}

fn filled(value: &Value) -> Value {
    if value.is_absent() { Value::Missing } else { value.clone() }
}

fn text(value: &Value) -> Result<&str, NoRecord> {
    value.as_text().ok_or_else(|| NoRecord("a text is missing".to_owned()))
}

fn number_of(value: &Value) -> Result<Number, NoRecord> {
    match value {
        Value::Number(number) => Ok(*number),
        Value::Text(text) => Ok(Number::parse(text.trim())?),
        _ => Err(NoRecord("a number is missing".to_owned())),
    }
}
