//! Orders to measure with, in the form the shop's API answers, and a mapping of 60 fields.

use std::fmt::Write as _;

/// An order of so many lines, as JSON. Every third line has a discount; rates of VAT take turns.
pub fn order(rows: u32) -> String {
    let mut lines = Vec::new();
    let mut total = 0;
    for n in 0..rows {
        let quantity = n % 4 + 1;
        let full = (1_990 + n * 137) * quantity;
        let paid = if n % 3 == 0 { full - 150 } else { full };
        total += paid;
        lines.push(line(n, quantity, (full, paid)));
    }
    let address = r#"{"name":"Åsa Öberg","company":null,"address1":"Kungsgatan 4","address2":null,"zip":"411 19","city":"Göteborg","countryCodeV2":"SE"}"#;
    format!(
        r##"{{"id":"gid://shopify/Order/5001","name":"#1001","createdAt":"2026-11-02T09:14:11Z","processedAt":"2026-11-02T09:14:10Z","note":"Ring the bell twice","poNumber":null,"currencyCode":"SEK","totalPriceSet":{},"billingAddress":{address},"shippingAddress":{address},"agreements":[{{"id":"gid://shopify/OrderAgreement/1","reason":"ORDER","happenedAt":"2026-11-02T09:14:10Z","sales":[{}]}}]}}"##,
        bag(total),
        lines.join(",")
    )
}

fn line(n: u32, quantity: u32, (full, paid): (u32, u32)) -> String {
    let rate = [25, 12, 6].into_iter().cycle().nth(usize::try_from(n % 3).unwrap_or(0));
    let rate = rate.unwrap_or(25);
    let tax = paid * rate / (100 + rate);
    let variant = if n.is_multiple_of(2) { r#""Blue / M""# } else { "null" };
    format!(
        r#"{{"id":"gid://shopify/Sale/{n}","actionType":"ORDER","lineType":"PRODUCT","quantity":{quantity},"totalAmount":{},"totalTaxAmount":{},"totalDiscountAmountAfterTaxes":{},"taxes":[{{"amount":{},"taxLine":{{"title":"VAT","rate":0.{rate:02},"ratePercentage":{rate}.0}}}}],"lineItem":{{"id":"gid://shopify/LineItem/{n}","sku":"LS-{n:04}","title":"Linen shirt {n}","variantTitle":{variant}}}}}"#,
        bag(paid),
        bag(tax),
        bag(full - paid),
        bag(tax)
    )
}

/// An amount in hundredths, in both currencies.
fn bag(hundredths: u32) -> String {
    let amount = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let money = format!(r#"{{"amount":"{amount}","currencyCode":"SEK"}}"#);
    format!(r#"{{"shopMoney":{money},"presentmentMoney":{money}}}"#)
}

/// A mapping document with 60 fields: fallbacks, templates, calls, a choice here and there.
pub fn sixty() -> String {
    let mut out = String::from(
        "mapping: sixty\nfrom: { order: shopify.order }\nto: fortnox.invoice\n\
         money: { rounding: half_up, vat: as_given, pick: shop }\nfields:\n",
    );
    let header = [
        "Address1",
        "Address2",
        "City",
        "Comments",
        "CostCenter",
        "CustomerName",
        "CustomerNumber",
        "DeliveryAddress1",
        "DeliveryAddress2",
        "DeliveryCity",
        "DeliveryName",
        "DeliveryZipCode",
        "OurReference",
        "Phone1",
        "Phone2",
        "PriceList",
        "Project",
        "Remarks",
        "TermsOfDelivery",
        "TermsOfPayment",
        "WayOfDelivery",
        "YourOrderNumber",
        "YourReference",
        "ZipCode",
        "ExternalInvoiceReference1",
        "ExternalInvoiceReference2",
    ];
    let nested = [
        "EDIGlobalLocationNumber",
        "EDIGlobalLocationNumberDelivery",
        "EDIInvoiceExtra1",
        "EDIInvoiceExtra2",
        "EDIOurElectronicReference",
        "EDIYourElectronicReference",
    ];
    // Writing into a text does not fail.
    for (n, name) in header.iter().enumerate() {
        let _ = writeln!(out, "  {name}: {}", expression(n));
    }
    let _ = writeln!(out, "  EDIInformation:");
    for (n, name) in nested.iter().enumerate() {
        let _ = writeln!(out, "    {name}: {}", expression(n));
    }
    let _ = writeln!(out, "  InvoiceRows:");
    for _ in 0..2 {
        let _ =
            writeln!(out, "    - each: order.agreements[].sales[]\n      as: sale\n      fields:");
        for field in ROW {
            let _ = writeln!(out, "        {field}");
        }
    }
    out
}

/// Fields of a row.
const ROW: [&str; 14] = [
    "ArticleNumber: sale.lineItem.sku // settings.default_article",
    "Description: truncate(sale.lineItem.title // \"none\", 50)",
    "DeliveredQuantity: sale.quantity ?? 1",
    "Unit: \"st\"",
    "Price: unit_price(amount(sale.totalAmount), sale.quantity ?? 1, 2)",
    "Discount: amount(sale.totalDiscountAmountAfterTaxes)",
    "DiscountType: \"AMOUNT\"",
    "VAT: int(sum(sale.taxes, t => t.taxLine.ratePercentage ?? 0))",
    "AccountNumber: lookup(\"sales_accounts\", { country = \"SE\", rate = 25 })",
    "CostCenter: truncate(sale.lineItem.variantTitle // \"none\", 6)",
    "Project: truncate(sale.lineItem.sku // \"none\", 6)",
    "StockPointCode: truncate(sale.lineItem.sku // \"none\", 4)",
    "HouseWork: (sale.quantity ?? 1) > 1000",
    "HouseWorkHoursToReport: if (sale.quantity ?? 1) > 1000 then 1 else omit",
];

/// Some expression, by its number.
fn expression(n: usize) -> &'static str {
    const ALL: [&str; 5] = [
        "truncate(order.shippingAddress.name // order.billingAddress.name // order.name, 13)",
        "truncate(\"{settings.reference_prefix}{order.name}\", 13)",
        "if order.note != null then truncate(order.note, 10) else omit",
        "truncate(upper(order.shippingAddress.city // \"Stockholm\"), 12)",
        "match order.shippingAddress.countryCodeV2 { \"SE\" => \"domestic\", other => \"abroad\" }",
    ];
    ALL.get(n % ALL.len()).copied().unwrap_or("order.name")
}
