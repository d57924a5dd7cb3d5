//! Findings as a terminal, an editor or a pipeline shows them.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use serde_json::{Value, json};

use crate::{Diagnostic, Severity, Span};

/// How findings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, with the lines they are about.
    Human {
        /// With colours for a terminal.
        color: bool,
    },
    /// One JSON object a line.
    Json,
    /// Annotations as GitHub's runners read them.
    Github,
}

/// Sorts findings by file and place, the way they are shown, and drops exact doubles.
pub fn sort(found: &mut Vec<Diagnostic>) {
    found.sort_by(|a, b| {
        let key = |d: &Diagnostic| (d.span.bytes.start, d.span.bytes.end);
        (&a.span.file.path, key(a), a.code).cmp(&(&b.span.file.path, key(b), b.code))
    });
    found.dedup();
}

/// The findings in a format, in the order given. Each ends with a line break.
#[must_use]
pub fn render(found: &[Diagnostic], format: Format) -> String {
    let mut text = String::new();
    for diagnostic in found {
        match format {
            Format::Human { color } => human(&mut text, diagnostic, color),
            Format::Json => {
                text.push_str(&to_json(diagnostic).to_string());
                text.push('\n');
            }
            Format::Github => github(&mut text, diagnostic),
        }
    }
    text
}

/// `2 errors, 1 warning`, or `no findings`.
#[must_use]
pub fn summary(found: &[Diagnostic]) -> String {
    let count = |severity| found.iter().filter(|d| d.severity == severity).count();
    let name = |n: usize, word: &str| match n {
        0 => None,
        1 => Some(format!("1 {word}")),
        n => Some(format!("{n} {word}s")),
    };
    let parts: Vec<String> =
        [name(count(Severity::Error), "error"), name(count(Severity::Warning), "warning")]
            .into_iter()
            .flatten()
            .collect();
    if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
}

fn human(out: &mut String, diagnostic: &Diagnostic, color: bool) {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let file = &diagnostic.span.file;
    let mut mark = AnnotationKind::Primary.span(inside(&diagnostic.span));
    if let Some(label) = &diagnostic.label {
        mark = mark.label(label.as_str());
    }
    let mut group = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code)
        .element(Snippet::source(file.text.as_str()).path(file.path.as_str()).annotation(mark));
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    let mut report: Vec<Group<'_>> = vec![group];
    if let Some(fix) = &diagnostic.fix {
        let title = if fix.sure { "sure fix" } else { "possible fix" };
        let source = Snippet::source(fix.span.file.text.as_str()).path(fix.span.file.path.as_str());
        let patch = Patch::new(inside(&fix.span), fix.replacement.as_str());
        report.push(Level::HELP.secondary_title(title).element(source.patch(patch)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    out.push_str(&renderer.render(&report));
    out.push_str("\n\n");
}

/// The bytes of a place, held inside the text and on character boundaries.
fn inside(span: &Span) -> Range<usize> {
    let text = &span.file.text;
    let hold = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = hold(span.bytes.start);
    start..hold(span.bytes.end).max(start)
}

/// One finding as JSON: code, severity, file, line, column, end_line, end_column, message, label,
/// notes, fix.
fn to_json(diagnostic: &Diagnostic) -> Value {
    let place = |span: &Span| {
        let (line, column) = span.line_column();
        let (end_line, end_column) = span.end_line_column();
        (line, column, end_line, end_column)
    };
    let (line, column, end_line, end_column) = place(&diagnostic.span);
    let fix = diagnostic.fix.as_ref().map(|fix| {
        let (line, column, end_line, end_column) = place(&fix.span);
        json!({
            "file": fix.span.file.path, "line": line, "column": column, "end_line": end_line,
            "end_column": end_column, "replacement": fix.replacement, "sure": fix.sure,
        })
    });
    json!({
        "code": diagnostic.code,
        "severity": word(diagnostic.severity),
        "file": diagnostic.span.file.path,
        "line": line, "column": column, "end_line": end_line, "end_column": end_column,
        "message": diagnostic.message,
        "label": diagnostic.label,
        "notes": diagnostic.notes,
        "fix": fix,
    })
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn github(out: &mut String, diagnostic: &Diagnostic) {
    let property = |text: &str| {
        let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        text.replace(':', "%3A").replace(',', "%2C")
    };
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let (line, column) = diagnostic.span.line_column();
    let (end_line, end_column) = diagnostic.span.end_line_column();
    let mut message = diagnostic.message.clone();
    for note in &diagnostic.notes {
        message.push('\n');
        message.push_str(note);
    }
    // Writing into a String does not fail.
    let _ = writeln!(
        out,
        "::{} file={},line={line},col={column},endLine={end_line},endColumn={end_column},title={}::{}",
        word(diagnostic.severity),
        property(&diagnostic.span.file.path),
        property(diagnostic.code),
        data(&message),
    );
}
