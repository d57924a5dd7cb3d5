//! `tenon explain`: what a code means and what to do about it, the language in short pages, and every
//! function.

use tenon_flow::topics::TOPICS;
use tenon_flow::verb_pages;
use tenon_mapper::functions::{ALL, Function};
use tenon_sandbox::shopify::kinds::Kind;
use tenon_source::Page;

use crate::arguments::Explain;
use crate::commands::explain_fields;
use crate::exit::{Ended, Failure};

/// Every page of every crate.
pub fn pages() -> Vec<Page> {
    let written = [
        tenon_source::codes::PAGES,
        tenon_mapper::codes::PAGES,
        tenon_flow::codes::PAGES,
        verb_pages::PAGES,
        tenon_kit::codes::PAGES,
    ];
    let told = [
        tenon_machine::codes::PAGES,
        tenon_store::codes::PAGES,
        tenon_runtime::codes::PAGES,
        tenon_server::codes::PAGES,
    ];
    let mut pages: Vec<Page> = written.into_iter().flatten().copied().collect();
    pages.extend(told.into_iter().flatten().map(|(code, title, why, good)| Page {
        code,
        title,
        why,
        bad: title,
        good,
    }));
    pages.sort_by_key(|page| page.code);
    pages
}

/// Groups of codes by how they begin, with what they are about.
const GROUPS: &[(&str, &str)] = &[
    ("Y", "YAML that can't be read, or not as it looks"),
    ("F", "integrations, flows and tables"),
    ("M", "mappings and expressions"),
    ("C", "connectors"),
];

/// Runs the command.
///
/// # Errors
/// When there is neither such a code, topic nor function.
pub fn run(command: &Explain) -> Ended {
    let pages = pages();
    let Some(word) = &command.word else {
        list(&pages);
        return Ok(0);
    };
    if word == "functions" {
        for function in ALL {
            outln!("{:<16} {}", function.name, function.doc);
        }
        return Ok(0);
    }
    if word == "metrics" {
        metrics();
        return Ok(0);
    }
    let page = pages.iter().find(|page| page.code.eq_ignore_ascii_case(word));
    let function = Function::named(word);
    if let Some(page) = page {
        out!("{}", page.render());
        // Some verbs, such as `map`, are functions too.
        if let Some(function) = function {
            out!("\n{}", function.page());
        }
        return Ok(0);
    }
    if let Some(topic) = TOPICS.iter().find(|topic| topic.name == word.to_lowercase()) {
        out!("{}", topic.text);
        return Ok(0);
    }
    if let Some(function) = function {
        out!("{}", function.page());
        return Ok(0);
    }
    if word == "kinds" {
        Kind::ALL.iter().for_each(|(_, name, _)| outln!("{name}"));
        return Ok(0);
    }
    if let Some(page) = explain_fields::page(word)? {
        out!("{page}");
        return Ok(0);
    }
    let names = TOPICS.iter().map(|topic| topic.name).chain(ALL.iter().map(|f| f.name));
    let near = tenon_source::near(word, names.chain(["functions", "kinds", "metrics"]));
    let near = near
        .or_else(|| tenon_source::near(&word.to_uppercase(), pages.iter().map(|page| page.code)));
    let failure = Failure::usage(format!("there is no code, topic, verb or function {word}"));
    Err(match near {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint(
            "`tenon explain` lists them all; a code with a colon is the outside system's own",
        ),
    })
}

/// Every metric of a running engine.
fn metrics() {
    outln!(
        "`tenon serve` answers GET /metrics in the OpenMetrics text format, for who brings the bearer\n\
         token that stands in the file `metrics-token` of the data directory: new at every start, and\n\
         good for nothing else.\n"
    );
    for metric in tenon_runtime::METRICS {
        let labels = match metric.labels {
            "" => String::new(),
            labels => format!(" {{{}}}", labels.replace(' ', ", ")),
        };
        outln!("{} ({}){labels}\n    {}.", metric.name, metric.kind, metric.help);
    }
}

/// Everything there is to ask for.
fn list(pages: &[Page]) {
    outln!("TOPICS");
    for topic in TOPICS {
        outln!("{:<28} {}", topic.name, topic.title);
    }
    outln!("{:<28} all {} functions; each has a page by its name", "functions", ALL.len());
    outln!("{:<28} orders that the sandbox makes, for tests", "kinds");
    outln!("{:<28} what a running engine counts", "metrics");
    for name in tenon_kit::catalog_names() {
        outln!("{name:<28} resources of {name}; `{name}.RESOURCE` lists its fields");
    }
    let is_finding = |code: &str, letter: &str| {
        code.strip_prefix(letter)
            .is_some_and(|n| n.len() == 3 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    for (letter, title) in GROUPS {
        outln!("\n{}: {title}", letter);
        for page in pages.iter().filter(|page| is_finding(page.code, letter)) {
            outln!("{:<28} {}", page.code, page.title);
        }
    }
    let is_verb = |code: &str| verb_pages::PAGES.iter().any(|page| page.code == code);
    outln!("\nVERBS of steps");
    for page in pages.iter().filter(|page| is_verb(page.code)) {
        outln!("{:<28} {}", page.code, page.title);
    }
    outln!("\nFAULTS: why a task did not go on");
    let finding = |code: &str| GROUPS.iter().any(|(letter, _)| is_finding(code, letter));
    for page in pages.iter().filter(|page| !finding(page.code) && !is_verb(page.code)) {
        outln!("{:<28} {}", page.code, page.title);
    }
}
