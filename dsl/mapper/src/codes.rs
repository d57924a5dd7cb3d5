//! The pages of this crate's codes: `M…` findings, and the faults of mappings.

use tenon_source::Page;

/// Every code of expressions and mappings.
pub const PAGES: &[Page] = &[
    page(
        "M001",
        "the expression can't be read",
        "Its syntax is broken at this place. What fits there is listed in the finding.",
        ["YourReference: order.poNumber /", "YourReference: order.poNumber // \"none\""],
    ),
    page(
        "M002",
        "a name or a field does not exist",
        "Names are those of `from:`, `let:` and the steps before; fields are those of the connector's schema. A field that is not there would always be missing.",
        ["Currency: order.curencyCode", "Currency: order.currencyCode"],
    ),
    page(
        "M003",
        "a value that may be missing goes into a required field",
        "The target refuses a record without this field, so the first record without the value would fail there.",
        [
            "CustomerNumber: ref(\"customer\", order.customer.id)",
            "CustomerNumber: ref(\"customer\", order.customer.id) // settings.collective_customer",
        ],
    ),
    page(
        "M004",
        "a value of the wrong type",
        "The value is of another kind than the place needs. Nothing is turned into another type in silence.",
        ["Currency: order.totalPriceSet", "Currency: currency_of(order.totalPriceSet)"],
    ),
    page(
        "M005",
        "a function does not exist",
        "No function of the language has this name; what none of them does, a script can do.",
        ["YourReference: truncat(order.name, 50)", "YourReference: truncate(order.name, 50)"],
    ),
    page(
        "M006",
        "an argument does not fit the function",
        "An argument is missing, given twice, unknown, or not one the function takes.",
        ["truncate(order.name)", "truncate(order.name, 50)"],
    ),
    page(
        "M007",
        "an unrounded quotient is used as an exact number",
        "A division rarely comes out even; how it is rounded decides cents, so it must be said.",
        [
            "Freight: amount(order.totalPriceSet) / 3",
            "Freight: div(amount(order.totalPriceSet), 3, 2)",
        ],
    ),
    page(
        "M008",
        "a lookup table does not exist",
        "Tables are declared in integration.yaml.",
        ["lookup(\"acounts\", \"SE\")", "lookup(\"accounts\", \"SE\")"],
    ),
    page(
        "M009",
        "a lookup key does not fit the table",
        "All key columns of the table are needed, by their names and in their types.",
        [
            "lookup(\"sales_accounts\", \"SE\")",
            "lookup(\"sales_accounts\", { country = \"SE\", rate = 25 })",
        ],
    ),
    page(
        "M010",
        "something is never reached",
        "What stands before it always has a value or takes every case, so this part never counts; likely the order is wrong.",
        ["settings.parcels // 1", "settings.parcels"],
    ),
    page(
        "M011",
        "a text is not one of the values it may have",
        "The schema lists the values; another one never matches, or is refused by the target.",
        ["order.returnStatus == \"RETURNT\"", "order.returnStatus == \"RETURNED\""],
    ),
    page(
        "M012",
        "a match leaves a case out",
        "A value without an arm would be a fault on the first record that has it.",
        [
            "match order.returnStatus { \"RETURNED\" => 1 }",
            "match order.returnStatus { \"RETURNED\" => 1, other => 0 }",
        ],
    ),
    page(
        "M013",
        "a text is longer than the target takes",
        "The target refuses it or cuts it.",
        ["Currency: \"Swedish kronor\"", "Currency: \"SEK\""],
    ),
    page(
        "M014",
        "the target has no such field",
        "It would be ignored or refused.",
        ["Currenzy: order.currencyCode", "Currency: order.currencyCode"],
    ),
    page(
        "M015",
        "the target computes this field itself",
        "Writing it is refused or ignored.",
        ["Total: order.totalPriceSet", "Freight: order.totalShippingPriceSet"],
    ),
    page(
        "M016",
        "the field is deprecated",
        "The target's schema says that it will go away; the note says what replaces it.",
        ["OldField: order.name", "NewField: order.name"],
    ),
    page(
        "M017",
        "a required field is never produced",
        "The target refuses records without it.",
        [
            "fields:\n  YourReference: order.name",
            "fields:\n  CustomerNumber: settings.collective_customer\n  YourReference: order.name",
        ],
    ),
    page(
        "M018",
        "a divisor may be zero",
        "Division by zero is a fault on the one record that has it.",
        [
            "amount(order.totalPriceSet) / settings.parcels",
            "if settings.parcels != 0 then amount(order.totalPriceSet) / settings.parcels else 0",
        ],
    ),
    page(
        "M019",
        "rounding without a mode",
        "How a half is rounded differs between systems, so it is said once per mapping or with each call.",
        [
            "round(amount(order.totalPriceSet), 0)",
            "round(amount(order.totalPriceSet), 0, \"half_up\")",
        ],
    ),
    page(
        "M020",
        "the other amount of a money bag is used",
        "`money.pick` decides once which of the two currencies a mapping means; mixing them adds apples to pears.",
        [
            "money: { rounding: half_up, vat: as_given, pick: shop }\nfields:\n  CustomerNumber: settings.collective_customer\n  Freight: order.totalShippingPriceSet.presentmentMoney",
            "money: { rounding: half_up, vat: as_given, pick: shop }\nfields:\n  CustomerNumber: settings.collective_customer\n  Freight: order.totalShippingPriceSet",
        ],
    ),
    page(
        "M021",
        "a name is never used",
        "It is computed for nothing, or another name was meant.",
        ["let x = 1 in order.name", "order.name"],
    ),
    page(
        "M022",
        "a name hides another",
        "Readers take the one for the other.",
        ["let order = 1 in order", "let number = 1 in number"],
    ),
    page(
        "M023",
        "a value that may be missing is used where a value is needed",
        "Arithmetic, comparisons, holes of texts and most arguments need a value.",
        ["\"{order.note}\"", "\"{order.note ?? \"\"}\""],
    ),
    page(
        "M024",
        "a quoted text is exactly a path",
        "Quotes make a text: the field would hold the words, not the value.",
        ["YourReference: \"order.poNumber\"", "YourReference: order.poNumber"],
    ),
    page(
        "M025",
        "a regular expression can't be read",
        "Its syntax is broken.",
        ["matches(order.name, \"[\")", "matches(order.name, \"[0-9]+\")"],
    ),
    page(
        "M026",
        "a script can't be read",
        "Rhai refuses the file at that line.",
        ["fn f(x) { x + }", "fn f(x) { x + 1 }"],
    ),
    page(
        "M027",
        "a script function does not exist",
        "Scripts are named by file and function, as a literal.",
        [
            "script(\"names.rhai::form_note\", order) as text",
            "script(\"names.rhai::from_note\", order) as text",
        ],
    ),
    page(
        "M028",
        "`keep` stands where no field ends",
        "It says that the target's value stays, so it can only be what a field comes to.",
        ["keep + 1", "order.note // keep"],
    ),
    page(
        "M029",
        "an expression is nested too deeply",
        "Deep nesting is unreadable, and its cost could not be bounded.",
        ["((((… 65 levels …))))", "name parts of it with `let:`"],
    ),
    page(
        "M030",
        "a datetime is used as a date",
        "Which day an instant is depends on the zone.",
        [
            "DeliveryDate: order.createdAt",
            "DeliveryDate: date(order.createdAt, \"Europe/Stockholm\")",
        ],
    ),
    page(
        "M031",
        "a decimal goes into a whole number",
        "Its digits after the point would be lost.",
        [
            "TimeBasisReference: amount(order.totalPriceSet)",
            "TimeBasisReference: int(round(amount(order.totalPriceSet), 0, \"half_up\"))",
        ],
    ),
    page(
        "M032",
        "a list is used as a single value",
        "Which of its items is meant must be said.",
        ["YourReference: order.tags", "YourReference: first(order.tags)"],
    ),
    page(
        "M033",
        "a type does not exist",
        "Types are text, bool, int, decimal, money, date, datetime, duration, dyn, list<T>, map<T>, and the schema's records.",
        ["order.name as txt", "order.name as text"],
    ),
    page(
        "M034",
        "the document has the wrong shape",
        "A key is unknown or missing, or something else stands where an expression is needed.",
        ["mapings: order", "mapping: order"],
    ),
    page(
        "M035",
        "a shared document or piece does not exist",
        "`use:` names a document of the integration, or a piece of a used one. Neither may use itself, by whatever way.",
        ["use: [common/adress]", "use: [common/address]"],
    ),
    page(
        "M037",
        "texts are joined by `+`",
        "`+` adds numbers; texts are joined by holes.",
        ["order.name + \"-1\"", "\"{order.name}-1\""],
    ),
    page(
        "M039",
        "a setting does not exist",
        "Settings are declared in integration.yaml.",
        ["settings.reference_prefx", "settings.reference_prefix"],
    ),
    page(
        "M041",
        "a field is given twice",
        "Only one could count.",
        ["{ a = 1, a = 2 }", "{ a = 1 }"],
    ),
    page(
        "M042",
        "VAT is computed again although the source states it",
        "The mapping says `vat: as_given`: the source's own VAT is what the customer paid, and computing it again may differ by a cent.",
        [
            "money: { rounding: half_up, vat: as_given }\nfields:\n  CustomerNumber: settings.collective_customer\n  Freight: net(order.totalShippingPriceSet, 25, 2)",
            "money: { rounding: half_up, vat: computed }\nfields:\n  CustomerNumber: settings.collective_customer\n  Freight: net(order.totalShippingPriceSet, 25, 2)",
        ],
    ),
    page(
        "M043",
        "a function `x => …` is missing or misplaced",
        "Some parameters take a function of one item; nothing else does.",
        ["map(order.tags, order.name)", "map(order.tags, tag => trim(tag))"],
    ),
    page(
        "M045",
        "a resource does not exist",
        "`from:` and `to:` name resources of the integration's connections.",
        ["to: fortnox.ordr", "to: fortnox.order"],
    ),
    page(
        "M046",
        "a word under `money:` is unknown",
        "`rounding` is a mode, `vat` is `as_given` or `computed`, `pick` is `shop`, `presentment`, or an expression that gives one of them.",
        ["money: { rounding: up_half }", "money: { rounding: half_up }"],
    ),
    page(
        "MAP_VALUE_MISSING",
        "a value is missing",
        "A record lacks a value that an expression or the target needs.",
        [
            "an order without an address, and a mapping without a fallback",
            "fill the value in the source system, or add a fallback, then retry",
        ],
    ),
    page(
        "MAP_WRONG_TYPE",
        "a value is of the wrong kind",
        "The record holds something else than its schema says, or a value without a schema is not what the expression needs.",
        [
            "the text \"abc\" where a number is expected",
            "correct the record at its source, or convert the value in the mapping",
        ],
    ),
    page(
        "MAP_BAD_TEXT",
        "a text can't be read",
        "A pattern, a format, a zone or a duration in a record or a setting is not valid.",
        [
            "the zone Europe/Stockholmm in a setting",
            "correct the setting or the record, then retry",
        ],
    ),
    page(
        "MAP_NUMBER_TOO_LONG",
        "a number needs more digits than can be held",
        "Exact numbers hold 28 digits; a result that needs more is refused instead of rounded.",
        ["multiplying two amounts with 20 digits each", "round an operand first"],
    ),
    page(
        "MAP_DIVISION_BY_ZERO",
        "a division by zero",
        "The divisor of this record is zero.",
        ["a row with quantity 0", "use div(a, b, digits, else) or guard the division"],
    ),
    page(
        "MAP_CURRENCIES_MIXED",
        "two currencies met",
        "Amounts of different currencies can't be added or compared.",
        ["an order in EUR with a fee in SEK", "decide in the mapping which amount is meant"],
    ),
    page(
        "MAP_NOT_IN_ENUM",
        "a text is not one of the target's values",
        "The target lists the values it takes.",
        ["VATType \"SWEDEN\"", "add the value to the match or the table of the mapping"],
    ),
    page(
        "MAP_NO_MATCH",
        "no arm of a match stands for a value",
        "The source sent a value the mapping does not know.",
        ["a new order status", "add an arm for it, deploy, and retry with the latest graph"],
    ),
    page(
        "MAP_TOO_LONG",
        "a text is longer than the target takes",
        "Cutting it is a decision, so it is not done in silence.",
        ["a name of 300 characters", "truncate(…) in the mapping where cutting is right"],
    ),
    page(
        "MAP_CHECK_FAILED",
        "a check of the mapping does not hold",
        "What was made contradicts itself or the source; nothing was sent.",
        [
            "row sums that differ from the order's total",
            "compare both sides in the fault, correct the record or the mapping, then retry",
        ],
    ),
    page(
        "MAP_DUPLICATE_KEY",
        "two items have one key",
        "`index_by` needs a key that is unique.",
        ["two lines with one id", "use group_by, or another key"],
    ),
    page(
        "MAP_WRONG_COUNT",
        "a list has another number of items than is needed",
        "`single` takes one item at most; lists that are paired have the same length. Which item is meant must be said.",
        ["single(order.transactions) of an order that was paid twice", "first(order.transactions)"],
    ),
    page(
        "MAP_OUT_OF_RANGE",
        "a number is outside of what a function takes",
        "Digits after the point go from 0 to 28, counts and places begin at 0, weights are not negative.",
        ["round(order.weight, -1, \"half_up\")", "round(order.weight, 0, \"half_up\")"],
    ),
    page(
        "MAP_ROUNDING_LIMIT",
        "a rounding difference is larger than allowed",
        "A rounding row takes up what rounding left over. A larger difference is a mistake in the rows or in the total, and booking it would hide that.",
        [
            "a total of 1250.00 and rows of 1000.00, with a limit of 1.00",
            "find the row that is missing, correct the mapping, then retry",
        ],
    ),
    page(
        "MAP_LIMIT",
        "a bound was passed",
        "A list or a range is larger than the language allows.",
        ["range(1000000)", "work on the list itself"],
    ),
    page(
        "TABLE_ROW_MISSING",
        "a table has no row for a key",
        "A code of the source was never mapped. With the row there, a retry of the task goes on.",
        ["a payment method that is not in the table", "add the row to the table"],
    ),
    page(
        "SCRIPT_MISSING",
        "a script function is not there",
        "The graph names a script that was not deployed with it.",
        ["script(\"a.rhai::f\") without the file", "deploy the flow again with its scripts"],
    ),
    page(
        "SCRIPT_FAILED",
        "a script failed",
        "Rhai stopped at that line, or passed a bound on operations, depth or size.",
        [
            "an endless loop in a script",
            "correct the script, deploy, and retry with the latest graph",
        ],
    ),
];

const fn page(
    code: &'static str,
    title: &'static str,
    why: &'static str,
    examples: [&'static str; 2],
) -> Page {
    let [bad, good] = examples;
    Page { code, title, why, bad, good }
}
