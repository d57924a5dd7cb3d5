//! The ledger's resources: their paths, envelopes, keys, shapes and searches.

use super::answer::NO_CODE;

/// One kind of record.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// Path below `/3/`.
    pub path: &'static str,
    /// Envelope of one record.
    pub envelope: &'static str,
    /// Envelope of a list.
    pub list: &'static str,
    /// Key field.
    pub key: &'static str,
    /// Code and message where a key is unknown.
    pub missing: (i64, &'static str),
    /// A blank record, as JSON; `{}` where a record is only what was written.
    pub blank: &'static str,
    /// The fields a list shows; empty shows all.
    pub shown: &'static [&'static str],
    /// Fields a list spells as text although a single record has numbers.
    pub spelled: &'static [&'static str],
    /// Text searches: parameter and field, both substring and ignoring case.
    pub searches: &'static [(&'static str, &'static str)],
    /// Values of `filter`.
    pub filters: &'static [&'static str],
    /// The field that `fromdate` and `todate` look at.
    pub date: &'static str,
    /// Whether a missing key is the next number.
    pub numbered: bool,
    /// Whether records can be written through the interface.
    pub writable: bool,
}

const PLAIN: Resource = Resource {
    path: "",
    envelope: "",
    list: "",
    key: "Code",
    missing: (NO_CODE, "Posten finns inte."),
    blank: "{}",
    shown: &[],
    spelled: &[],
    searches: &[],
    filters: &[],
    date: "",
    numbered: false,
    writable: true,
};

/// Sales orders.
pub const ORDERS: Resource = Resource {
    path: "orders",
    envelope: "Order",
    list: "Orders",
    key: "DocumentNumber",
    missing: (2_000_439, "Kan inte hitta ordern."),
    blank: include_str!("shapes/order.json"),
    shown: &[
        "@url",
        "Cancelled",
        "Currency",
        "CustomerName",
        "CustomerNumber",
        "DeliveryDate",
        "DocumentNumber",
        "ExternalInvoiceReference1",
        "ExternalInvoiceReference2",
        "OrderDate",
        "OrderType",
        "Project",
        "Sent",
        "Total",
    ],
    searches: &[
        ("customername", "CustomerName"),
        ("customernumber", "CustomerNumber"),
        ("documentnumber", "DocumentNumber"),
        ("externalinvoicereference1", "ExternalInvoiceReference1"),
        ("externalinvoicereference2", "ExternalInvoiceReference2"),
        ("costcenter", "CostCenter"),
        ("project", "Project"),
        ("sent", "Sent"),
        ("notcompleted", "NotCompleted"),
        ("ourreference", "OurReference"),
        ("yourreference", "YourReference"),
        ("ordertype", "OrderType"),
    ],
    filters: &["cancelled", "expired", "invoicecreated", "invoicenotcreated"],
    date: "OrderDate",
    numbered: true,
    ..PLAIN
};

/// Invoices and credit invoices.
pub const INVOICES: Resource = Resource {
    path: "invoices",
    envelope: "Invoice",
    list: "Invoices",
    key: "DocumentNumber",
    missing: (2_000_434, "Kan inte hitta fakturan."),
    blank: include_str!("shapes/invoice.json"),
    shown: &[
        "@url",
        "Balance",
        "Booked",
        "Cancelled",
        "CostCenter",
        "Currency",
        "CurrencyRate",
        "CurrencyUnit",
        "CustomerName",
        "CustomerNumber",
        "DocumentNumber",
        "DueDate",
        "ExternalInvoiceReference1",
        "ExternalInvoiceReference2",
        "InvoiceDate",
        "InvoiceType",
        "NoxFinans",
        "OCR",
        "VoucherNumber",
        "VoucherSeries",
        "VoucherYear",
        "WayOfDelivery",
        "TermsOfPayment",
        "Project",
        "Sent",
        "Total",
        "FinalPayDate",
    ],
    spelled: &["CurrencyRate"],
    searches: &[
        ("costcenter", "CostCenter"),
        ("customername", "CustomerName"),
        ("customernumber", "CustomerNumber"),
        ("documentnumber", "DocumentNumber"),
        ("notcompleted", "NotCompleted"),
        ("ocr", "OCR"),
        ("ourreference", "OurReference"),
        ("project", "Project"),
        ("sent", "Sent"),
        ("externalinvoicereference1", "ExternalInvoiceReference1"),
        ("externalinvoicereference2", "ExternalInvoiceReference2"),
        ("yourreference", "YourReference"),
        ("invoicetype", "InvoiceType"),
        ("articlenumber", "InvoiceRows.ArticleNumber"),
        ("articledescription", "InvoiceRows.Description"),
        ("currency", "Currency"),
        ("yourordernumber", "YourOrderNumber"),
        ("credit", "Credit"),
    ],
    filters: &["cancelled", "fullypaid", "unpaid", "unpaidoverdue", "unbooked"],
    date: "InvoiceDate",
    numbered: true,
    ..PLAIN
};

/// Customers.
pub const CUSTOMERS: Resource = Resource {
    path: "customers",
    envelope: "Customer",
    list: "Customers",
    key: "CustomerNumber",
    missing: (2_000_433, "Kan inte hitta kunden."),
    blank: include_str!("shapes/customer.json"),
    shown: &[
        "@url",
        "Address1",
        "Address2",
        "City",
        "CustomerNumber",
        "Email",
        "Name",
        "OrganisationNumber",
        "Phone",
        "ZipCode",
    ],
    searches: &[
        ("customernumber", "CustomerNumber"),
        ("name", "Name"),
        ("zipcode", "ZipCode"),
        ("city", "City"),
        ("email", "Email"),
        ("phone", "Phone1"),
        ("organisationnumber", "OrganisationNumber"),
        ("gln", "GLN"),
        ("glndelivery", "GLNDelivery"),
    ],
    filters: &["active", "inactive"],
    numbered: true,
    ..PLAIN
};

/// Articles.
pub const ARTICLES: Resource = Resource {
    path: "articles",
    envelope: "Article",
    list: "Articles",
    key: "ArticleNumber",
    missing: (2_000_428, "Kan inte hitta artikeln."),
    blank: include_str!("shapes/article.json"),
    shown: &[
        "@url",
        "ArticleNumber",
        "Description",
        "DisposableQuantity",
        "EAN",
        "Housework",
        "PurchasePrice",
        "SalesPrice",
        "QuantityInStock",
        "ReservedQuantity",
        "StockPlace",
        "StockValue",
        "Unit",
        "VAT",
        "WebshopArticle",
    ],
    spelled: &[
        "DisposableQuantity",
        "PurchasePrice",
        "SalesPrice",
        "QuantityInStock",
        "ReservedQuantity",
        "StockValue",
        "VAT",
    ],
    searches: &[
        ("articlenumber", "ArticleNumber"),
        ("description", "Description"),
        ("ean", "EAN"),
        ("suppliernumber", "SupplierNumber"),
        ("manufacturer", "Manufacturer"),
        ("manufacturerarticlenumber", "ManufacturerArticleNumber"),
    ],
    filters: &["active", "inactive"],
    numbered: true,
    ..PLAIN
};

/// Everything below `/3/` that is a list of records.
pub const ALL: [Resource; 14] = [
    ORDERS,
    INVOICES,
    CUSTOMERS,
    ARTICLES,
    Resource {
        path: "units",
        envelope: "Unit",
        list: "Units",
        missing: (2_000_432, "Kan inte hitta enheten."),
        blank: r#"{"@url":"","Code":"","CodeEnglish":"","Description":""}"#,
        ..PLAIN
    },
    Resource {
        path: "termsofpayments",
        envelope: "TermsOfPayment",
        list: "TermsOfPayments",
        missing: (2_000_429, "Kan inte hitta betalningsvillkoret."),
        blank: r#"{"@url":"","Code":"","Description":""}"#,
        ..PLAIN
    },
    Resource {
        path: "termsofdeliveries",
        envelope: "TermsOfDelivery",
        list: "TermsOfDeliveries",
        missing: (NO_CODE, "Leveransvillkoret finns inte."),
        ..PLAIN
    },
    Resource {
        path: "wayofdeliveries",
        envelope: "WayOfDelivery",
        list: "WayOfDeliveries",
        missing: (NO_CODE, "Leveranssättet finns inte."),
        ..PLAIN
    },
    Resource {
        path: "currencies",
        envelope: "Currency",
        list: "Currencies",
        missing: (NO_CODE, "Valutan finns inte."),
        ..PLAIN
    },
    Resource {
        path: "modesofpayments",
        envelope: "ModeOfPayment",
        list: "ModesOfPayments",
        missing: (NO_CODE, "Betalningssättet finns inte."),
        ..PLAIN
    },
    Resource {
        path: "accounts",
        envelope: "Account",
        list: "Accounts",
        key: "Number",
        missing: (2_001_304, "Kan inte hitta kontot."),
        blank: include_str!("shapes/account.json"),
        ..PLAIN
    },
    Resource {
        path: "financialyears",
        envelope: "FinancialYear",
        list: "FinancialYears",
        key: "Id",
        missing: (NO_CODE, "Räkenskapsåret finns inte."),
        writable: false,
        ..PLAIN
    },
    Resource {
        path: "pricelists",
        envelope: "PriceList",
        list: "PriceLists",
        missing: (NO_CODE, "Prislistan finns inte."),
        writable: false,
        ..PLAIN
    },
    Resource {
        path: "projects",
        envelope: "Project",
        list: "Projects",
        key: "ProjectNumber",
        missing: (2_001_161, "Kan inte hitta projektet."),
        blank: include_str!("shapes/project.json"),
        shown: &[
            "@url",
            "Description",
            "EndDate",
            "ProjectLeader",
            "ProjectNumber",
            "Status",
            "StartDate",
        ],
        numbered: true,
        ..PLAIN
    },
];

/// The resource at a path.
#[must_use]
pub fn at(path: &str) -> Option<&'static Resource> {
    static EVERY: [Resource; 14] = ALL;
    EVERY.iter().find(|resource| resource.path == path)
}
