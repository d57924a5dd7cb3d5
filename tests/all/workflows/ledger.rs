//! What stands in the ledger for an order of the shop, held against what the shop sold.

use tenon_sandbox::shopify::amounts::{self, Side};
use tenon_sandbox::shopify::shop::Stored;
use tenon_value::{Number, Value};

use super::stage::Stage;

/// Living documents of a resource whose reference field holds exactly this text.
pub fn documents(stage: &Stage, resource: &str, reference: &str) -> Vec<Value> {
    let fields = ["ExternalInvoiceReference1", "ExternalInvoiceReference2"];
    let ours = |document: &Value| {
        fields.iter().any(|field| document.field(field).as_text() == Some(reference))
            && document.field("Cancelled").plain().as_deref() != Some("true")
    };
    stage.sandbox.parts.ledger.records(resource).into_iter().filter(ours).collect()
}

/// What the shop sold up to the capture, and the VAT in it, by its own arithmetic.
pub fn sold(order: &Stored, side: Side) -> (Number, Number) {
    let amounts = amounts::amounts(&order.order, side).unwrap();
    (amounts.invoice_total, amounts.invoice_tax)
}

/// Asserts that a document says what the shop sold, to the öre; its VAT to an öre for each row.
pub fn agrees(document: &Value, order: &Stored, side: Side) {
    let (total, vat) = sold(order, side);
    let name = &order.order.name;
    let number = |field: &str| document.field(field).as_number().unwrap();
    let rows =
        document.field("OrderRows").items().len() + document.field("InvoiceRows").items().len();
    assert_eq!(number("Total"), total, "total of {name}: {document:?}");
    let off = number("TotalVAT").subtract(vat).unwrap().abs();
    let most = Number::parse(&format!("{}.{:02}", rows / 100, rows % 100)).unwrap();
    assert!(off <= most, "VAT of {name} is {}, the shop's {vat}", number("TotalVAT"));
    let currency =
        if side == Side::Shop { &order.order.currency } else { &order.order.presentment };
    assert_eq!(document.field("Currency").as_text(), Some(currency.as_str()), "{name}");
}
