//! The pages of steps and schedules: what each verb does and which keys it has.

use tenon_source::Page;

/// A page for every verb, for the keys that every step may have (`step`), and for `schedules`.
pub const PAGES: &[Page] = &[
    Page {
        code: "step",
        title: "the keys that every step may have",
        why: "A step is a mapping with one verb. `id` names its answer for later steps; `if` lets it be passed over, and its answer is missing then; `retry` says how faults that pass by themselves are tried again, `timeout` how long the step may take in all; `expect` holds conditions on its answer, checked before what follows, each with `holds`, `code` and `because`; `catch` goes on after a fault, by class or code, where `fault` is in scope; `undo` holds steps that make it undone when the task fails for good.",
        bad: "- get: ledger.order\n  by: order.name\n  catch:\n    - fault: notfound",
        good: "- id: there\n  if: order.test\n  get: ledger.order\n  by: order.name\n  retry: { attempts: 3 }\n  timeout: 5m\n  expect:\n    - holds: there.Currency == order.currency\n      code: CURRENCY_CHANGED\n      because: the ledger answered another currency\n  catch:\n    - fault: not_found\n      steps:\n        - log: \"{fault.message}\"\n  undo:\n    - log: \"{order.name} was taken back\"",
    },
    Page {
        code: "get",
        title: "reads one record",
        why: "`by` is the record's key. A record that is not there is the fault `not_found`.",
        bad: "- get: ledger.order",
        good: "- id: there\n  get: ledger.order\n  by: order.name",
    },
    Page {
        code: "list",
        title: "reads many records, to the last page",
        why: "`where` holds the filters that the connector declares. `limit` is the most records it may give, 500 where it is not said; more are a fault, never a shorter list.",
        bad: "- list: ledger.invoice\n  limit: 100000",
        good: "- id: open\n  list: ledger.invoice\n  where: { status: \"unpaid\" }\n  limit: 200",
    },
    Page {
        code: "map",
        title: "makes a record with a mapping",
        why: "The mapping sees the names in scope, and beside them those of `with`. Nothing is sent.",
        bad: "- map: orders",
        good: "- id: made\n  map: order",
    },
    Page {
        code: "upsert",
        title: "writes a record once, however often it runs",
        why: "It looks the record up by its `reference` (the source's id, kept under `entity`), then by `find`; compares, and creates or updates with what `map` makes, which sees `with` too. `adopt_if` names fields that must agree before a document without our marker is proposed, `adopt: true` takes a record that was found as it is, `update` says which fields of a record that we did not make are written (all, never, empty_fields), `when_locked` what a difference on a locked record means (issue, keep, correct).",
        bad: "- upsert: ledger.order\n  map: order",
        good: "- id: erp\n  upsert: ledger.order\n  reference: order.id\n  find: { Reference: \"{order.name}\" }\n  map: order\n  when_locked: keep",
    },
    Page {
        code: "create",
        title: "makes a record without looking for one first",
        why: "As `upsert`, without `find`: `reference` and `entity` say what it is remembered under, `map` and `with` make it. A second run finds its reference and makes none.",
        bad: "- create: ledger.customer\n  map: customer",
        good: "- id: card\n  create: ledger.customer\n  reference: order.id\n  map: customer",
    },
    Page {
        code: "update",
        title: "changes a record whose key is known",
        why: "`key` names the record, `map` and `with` make what is written, `when_locked` says what a difference on a locked record means.",
        bad: "- update: ledger.order\n  reference: order.id\n  map: order",
        good: "- update: ledger.order\n  key: order.name\n  map: order",
    },
    Page {
        code: "delete",
        title: "deletes a record",
        why: "`key` names it. With `reference` (and `entity`) what was remembered of it ends in the same commit.",
        bad: "- delete: ledger.customer",
        good: "- delete: ledger.customer\n  key: order.name\n  reference: order.id",
    },
    Page {
        code: "call",
        title: "does an action of a record",
        why: "Actions are what the connector's manifest declares: book, cancel, capture. `key` names the record, `with` holds the action's arguments, `stores` keeps the document it gives under an entity and a reference.",
        bad: "- call: ledger.order.createinvoice",
        good: "- call: ledger.order.createinvoice\n  key: order.name\n  stores: { entity: invoice, reference: order.id }",
    },
    Page {
        code: "choose",
        title: "goes on with the first branch whose condition holds",
        why: "Each branch has `if` and `steps`; `otherwise` is taken when none holds. What only some branches name may be missing afterwards.",
        bad: "- choose:\n    - if: order.test\n      step: []",
        good: "- choose:\n    - if: order.test\n      steps:\n        - log: a test\n  otherwise:\n    - log: no test",
    },
    Page {
        code: "each",
        title: "does steps for every item of a list",
        why: "`as` names the item, `index` its position from 0, `at_once` how many are under way at a time. Inside the task there are at most 500 items; with `detach: true` the `steps` are one `run`, each item becomes a child task, and the list may have any length. `failures: collect` lets the other items go on and lists what failed under `failures`. `gather` keeps sum(value), count(where condition) or list(value, most) of all items under the step's id, written one a line. `after` holds steps for when all have ended; they run again when a collected failure was healed. Names of the steps are not seen afterwards, gathered ones are.",
        bad: "- each: order.rows\n  as: row\n  steps:\n    - id: there\n      get: ledger.order\n      by: row.title\n- log: \"{there.Currency}\"",
        good: "- id: rows\n  each: order.rows\n  as: row\n  at_once: 4\n  failures: collect\n  gather:\n    pieces: sum(row.quantity)\n    named: count(where row.sku != null)\n  steps:\n    - log: \"{row.title}\"\n  after:\n    - log: \"{rows.pieces} pieces\"",
    },
    Page {
        code: "together",
        title: "does named branches side by side",
        why: "It goes on when all have ended. A branch sees what was there before, not what another gives; afterwards the answers of all are there. Two branches may not write one record.",
        bad: "- together:\n    - log: one\n    - log: two",
        good: "- together:\n    invoice:\n      - id: bill\n        get: ledger.invoice\n        by: order.name\n    card:\n      - log: the card",
    },
    Page {
        code: "wait",
        title: "waits for a time, a moment, a signal, an outcome or a document",
        why: "One of: `for` a length of time; `until` a moment; `signal`, a name that a person or a program sends, with its value under the step's id; `outcome`, a record that is read by its key (`by`) `every` minute or so until it `holds`; `reference` with `entity` and `id`, until another record has its document, whose key stands under the step's id. `within` is the longest time; what may never end needs it.",
        bad: "- wait: { signal: approved }",
        good: "- id: bill\n  wait:\n    outcome: ledger.invoice\n    by: order.name\n    holds: bill.Booked\n    every: 5m\n    within: 1d",
    },
    Page {
        code: "run",
        title: "runs another flow as a child task",
        why: "`with` gives what the flow `takes`, and may give the record it begins with. With `detach: true` the task does not wait for it.",
        bad: "- run: invoices",
        good: "- id: there\n  get: ledger.order\n  by: order.name\n- run: invoice\n  with: { erp_order: there }",
    },
    Page {
        code: "script",
        title: "calls a function of a Rhai file",
        why: "Written as in mappings: the file and the function, arguments, and the type that is declared with `as`. The answer stands under the step's id.",
        bad: "- script: names.rhai",
        good: "- id: who\n  script: script(\"names.rhai::from_note\", order) as text",
    },
    Page {
        code: "set",
        title: "names values",
        why: "They stand in scope under their own names.",
        bad: "- set: order.name",
        good: "- set:\n    label: \"{settings.prefix}{order.name}\"",
    },
    Page {
        code: "log",
        title: "writes a line in the audit log",
        why: "A text with `{holes}`. It should not name or describe a person.",
        bad: "- log: \"{order.email}\"",
        good: "- log: \"{order.name} is there\"",
    },
    Page {
        code: "stop",
        title: "ends the task",
        why: "As done, skipped or failed; `because` tells the operator why. It cannot stand in the steps of an item, a branch or an undo.",
        bad: "- stop: skipped",
        good: "- stop: skipped\n  because: nothing to do",
    },
    Page {
        code: "schedules",
        title: "times at which flows start by themselves, in integration.yaml",
        why: "Each has a name, a `flow` and one time: `every` with a length of time; `cron` with five fields and a `zone`; or `after` another flow, when it is done or, with `always: true`, however it ends. `jitter` is the longest chance delay, `overlap` what happens while the last run has not ended (skip, queue_one, cancel_running), `catch_up` how far back one missed run is made up for, a day where it is not said.",
        bad: "nightly: { flow: order, cron: \"0 30 6 * * *\" }",
        good: "nightly: { flow: order, cron: \"30 6 * * *\", zone: Europe/Stockholm }",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::systems::{check_ahead, good, shown};
    use crate::verb::{VERBS, keys_of};

    fn page(code: &str) -> &'static Page {
        PAGES.iter().find(|page| page.code == code).unwrap_or_else(|| panic!("no page {code}"))
    }

    #[test]
    fn every_verb_has_a_page_that_names_its_keys() {
        let every = keys_of("log");
        for verb in VERBS {
            let page = page(verb);
            for key in keys_of(verb).into_iter().filter(|key| key != verb && !every.contains(key)) {
                assert!(page.why.contains(&format!("`{key}")), "{verb} does not say `{key}`");
            }
        }
        for key in every.into_iter().filter(|key| *key != "log") {
            assert!(page("step").why.contains(&format!("`{key}`")), "no word of `{key}`");
        }
        for key in crate::schedules::KEYS {
            assert!(page("schedules").why.contains(&format!("`{key}")), "no word of `{key}`");
        }
    }

    #[test]
    fn the_good_example_of_a_page_is_good_and_the_bad_one_is_found() {
        let indented = |text: &str| format!("  {}\n", text.replace('\n', "\n  "));
        for page in PAGES {
            let found = |example: &str| {
                let mut files = good();
                if page.code == "schedules" {
                    let root = files["integration.yaml"].clone();
                    files.insert(
                        "integration.yaml".to_owned(),
                        format!("{root}schedules:\n{}", indented(example)),
                    );
                } else {
                    let flow = format!(
                        "flow: example\ntitle: E\nfrom: shop.order\nto: ledger.order\n\
                         entity: example\ntriggers: {{ manual: [id] }}\nsteps:\n{}",
                        indented(example)
                    );
                    files.insert("example.flow.yaml".to_owned(), flow);
                }
                check_ahead(&files).1
            };
            assert!(found(page.good).is_empty(), "{}:\n{}", page.code, shown(&found(page.good)));
            assert!(!found(page.bad).is_empty(), "{}: the bad example is fine", page.code);
        }
    }
}
