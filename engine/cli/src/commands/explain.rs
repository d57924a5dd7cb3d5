//! `tenon explain`: what a code means and what to do about it, and what a step's verb does.

use tenon_source::Page;

use crate::arguments::Explain;
use crate::exit::{Ended, Failure};

/// Every page of every crate.
pub fn pages() -> Vec<Page> {
    let written = [
        tenon_source::codes::PAGES,
        tenon_mapper::codes::PAGES,
        tenon_flow::codes::PAGES,
        tenon_flow::verb_pages::PAGES,
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

/// Runs the command.
///
/// # Errors
/// When there is no such code or verb.
pub fn run(command: &Explain) -> Ended {
    let pages = pages();
    let Some(code) = &command.code else {
        for page in pages {
            outln!("{:<28} {}", page.code, page.title);
        }
        return Ok(0);
    };
    match pages.iter().find(|page| page.code.eq_ignore_ascii_case(code)) {
        Some(page) => {
            out!("{}", page.render());
            Ok(0)
        }
        None => {
            let near = tenon_source::near(code, pages.iter().map(|page| page.code));
            let failure = Failure::usage(format!("there is no code or verb {code}"));
            Err(match near {
                Some(near) => failure.hint(format!("did you mean {near}?")),
                None => failure.hint("`tenon explain` lists them all; a code with a colon is the outside system's own"),
            })
        }
    }
}
