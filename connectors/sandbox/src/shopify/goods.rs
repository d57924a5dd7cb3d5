//! What is sold: a small catalogue with prices including Swedish VAT.

use serde_json::{Value as Json, json};

use super::order::Line;

/// A product.
#[derive(Debug, Clone, Copy)]
pub struct Product {
    /// The number in its id.
    pub number: u64,
    /// Stock keeping unit, in characters the ledger takes.
    pub sku: &'static str,
    /// Title.
    pub title: &'static str,
    /// Title of the variant.
    pub variant: Option<&'static str>,
    /// Price in hundredths, VAT included.
    pub price: i64,
    /// Swedish VAT in percent.
    pub vat: u32,
    /// Vendor.
    pub vendor: &'static str,
}

/// A title almost as long as the shop allows (255 characters).
pub const LONG_TITLE: &str = "Handgjord kaffekvarn i återvunnen björk med justerbar malningsgrad, keramiskt malverk, lång vev, bärrem av vegetabiliskt garvat läder och plats för 40 gram bönor, levereras i presentask med bruksanvisning på svenska, norska, danska, finska och engelska";

/// The catalogue.
pub const CATALOGUE: [Product; 10] = [
    product(1, "KOPP-300-BLA", ("Kopp 300 ml", Some("Blå")), (14_900, 25)),
    product(2, "KOPP-300-ROD", ("Kopp 300 ml", Some("Röd")), (14_900, 25)),
    product(3, "KVARN-01", ("Kaffekvarn, manuell", None), (89_900, 25)),
    product(4, "BONOR-1000", ("Kaffebönor Sidamo 1 kg", None), (27_950, 12)),
    product(5, "BONOR-250", ("Kaffebönor Sidamo 250 g", None), (8_995, 12)),
    product(6, "BOK-BRYGG", ("Boken om bryggning", Some("Inbunden")), (24_900, 6)),
    product(7, "FILTER-100", ("Pappersfilter 100-pack", None), (5_900, 25)),
    product(8, "KITTEL-1L", ("Kittel 1 l", Some("Rostfri")), (129_900, 25)),
    product(9, "VAG-2KG", ("Köksvåg 2 kg / 0,1 g", None), (39_950, 25)),
    product(10, "FORKLADE", ("Förkläde av lin", Some("Natur / One size")), (59_900, 25)),
];

const fn product(
    n: u64,
    sku: &'static str,
    (title, variant): (&'static str, Option<&'static str>),
    (price, vat): (i64, u32),
) -> Product {
    Product { number: 8_200_000_000_000 + n, sku, title, variant, price, vat, vendor: "Brygg & Co" }
}

/// A product as a node.
#[must_use]
pub fn product_node(number: u64, title: &str) -> Json {
    json!({
        "__typename": "Product",
        "id": format!("gid://shopify/Product/{number}"),
        "legacyResourceId": number.to_string(),
        "title": title,
        "handle": format!("product-{number}"),
        "vendor": "Brygg & Co",
        "productType": "",
        "status": "ACTIVE",
        "tags": [],
        "metafields": [],
        "isGiftCard": false,
    })
}

/// A variant as a node; `price` is the price of one in the shop's currency.
#[must_use]
pub fn variant_node(number: u64, line: &Line, price: &str) -> Json {
    json!({
        "__typename": "ProductVariant",
        "id": format!("gid://shopify/ProductVariant/{}", number + 1_000),
        "legacyResourceId": (number + 1_000).to_string(),
        "title": line.variant.as_deref().unwrap_or("Default Title"),
        "displayName": line.title,
        "sku": line.sku,
        "barcode": null,
        "price": price,
        "position": 1,
        "taxable": !line.taxes.is_empty(),
        "inventoryPolicy": "DENY",
        "product": product_node(number, &line.title),
        "selectedOptions": [],
        "metafields": [],
        "inventoryItem": {
            "__typename": "InventoryItem",
            "id": format!("gid://shopify/InventoryItem/{}", number + 2_000),
            "legacyResourceId": (number + 2_000).to_string(),
            "sku": line.sku,
            "requiresShipping": true,
            "tracked": true,
        },
    })
}
