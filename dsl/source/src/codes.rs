//! The pages of this crate's codes.

use crate::Page;

/// Every code of the YAML loader.
pub const PAGES: &[Page] = &[
    Page {
        code: "Y001",
        title: "the file is not UTF-8",
        why: "Documents are read as UTF-8 only. A file in another encoding would turn names with accents into other names without anyone noticing.",
        bad: "a file saved as Latin-1 or UTF-16",
        good: "save the file as UTF-8 without a byte order mark",
    },
    Page {
        code: "Y002",
        title: "a control character stands in the document",
        why: "Control characters, NUL among them, are invisible in editors and are refused or dropped by other systems.",
        bad: "title: \"Orders<NUL>\"",
        good: "title: \"Orders\"",
    },
    Page {
        code: "Y003",
        title: "the file begins with a byte order mark",
        why: "UTF-8 needs no byte order mark. It is read over here, but other tools take it as part of the first key.",
        bad: "<BOM>flow: order",
        good: "flow: order",
    },
    Page {
        code: "Y004",
        title: "the document is not readable as YAML",
        why: "YAML's own syntax is broken at this place, so nothing after it can be trusted. An expression with `: `, ` #`, or a leading bracket, quote, `*`, `&`, `!`, `%`, `@` belongs into a block.",
        bad: "because: paid: no invoice yet",
        good: "because: \"paid: no invoice yet\"\nif: |\n  order.note == \"a: b\"",
    },
    Page {
        code: "Y005",
        title: "a key stands twice in one mapping",
        why: "Only one of the two could count, and readers disagree on which.",
        bad: "fields:\n  Currency: order.currency\n  Currency: \"SEK\"",
        good: "fields:\n  Currency: order.currency",
    },
    Page {
        code: "Y006",
        title: "a tab stands where spaces are wanted",
        why: "YAML does not indent by tabs: their width differs between editors.",
        bad: "steps:\n<TAB>- get: shopify.order",
        good: "steps:\n  - get: shopify.order",
    },
    Page {
        code: "Y007",
        title: "anchors and aliases are not read",
        why: "A document says things where they are used, so that a change in one place cannot change another unseen. Shared pieces of mappings stand in files of their own. An expression may not begin with `*` or `&` outside a block.",
        bad: "first: &match [orgnr, email]\nsecond: *match",
        good: "first: [orgnr, email]\nsecond: [orgnr, email]",
    },
    Page {
        code: "Y008",
        title: "YAML tags are not read",
        why: "A tag changes what a value is behind the back of the checker. Quotes make a text; everything else says what it is. An expression may not begin with `!` outside a block.",
        bad: "account: !!str 3001",
        good: "account: \"3001\"",
    },
    Page {
        code: "Y009",
        title: "nested too deep",
        why: "More than 64 levels of lists and mappings are a mistake or an attack, and nobody can read them.",
        bad: "choose inside choose inside choose …",
        good: "a flow of its own for the inner part, started with `run:`",
    },
    Page {
        code: "Y010",
        title: "the document is too large",
        why: "A document of more than 1 MiB holds data, not rules. Data belongs into a table.",
        bad: "a mapping with ten thousand match arms",
        good: "lookup(\"accounts\", { sku = row.sku }) and a file in tables/",
    },
    Page {
        code: "Y011",
        title: "several documents in one file",
        why: "A file holds one flow, mapping or manifest, found by its file name.",
        bad: "flow: order\n---\nflow: invoice",
        good: "order.flow.yaml and invoice.flow.yaml",
    },
    Page {
        code: "Y012",
        title: "a key is not a word",
        why: "Keys are names. Lists, mappings and empty texts cannot be names.",
        bad: "? [a, b]\n: c",
        good: "a: c\nb: c",
    },
    Page {
        code: "Y014",
        title: "an expression stands inside YAML's brackets",
        why: "Inside `{…}` and `[…]` YAML ends a value at a comma or a bracket, so an expression would be cut in pieces. Only paths, numbers and quoted texts may stand there.",
        bad: "- set: { pieces: count(order.tags) }",
        good: "- set:\n    pieces: count(order.tags)",
    },
    Page {
        code: "Y015",
        title: "a value that readers of YAML disagree on",
        why: "`~`, dates and numbers with leading zeros are null, text, number or date depending on who reads them. As an expression `2026-01-01` would be a subtraction.",
        bad: "- set:\n    since: 2026-01-01\n    account: 0350",
        good: "- set:\n    since: \"2026-01-01\"\n    account: \"0350\"",
    },
];
