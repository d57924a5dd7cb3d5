//! Findings about what an author wrote.

use std::ops::Range;
use std::sync::Arc;

/// A place in a document: which file, and which bytes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The document.
    pub file: Arc<File>,
    /// Bytes of its text.
    pub bytes: Range<usize>,
}

/// A document as it was read: a path as the author knows it, and the text.
#[derive(Debug, PartialEq, Eq)]
pub struct File {
    /// Path, relative to where the command was started.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Span {
    /// A place in a file.
    #[must_use]
    pub fn new(file: &Arc<File>, bytes: Range<usize>) -> Span {
        Span { file: Arc::clone(file), bytes }
    }

    /// A part of this place, counted from its start.
    #[must_use]
    pub fn part(&self, bytes: Range<usize>) -> Span {
        let base = self.bytes.start;
        Span {
            file: Arc::clone(&self.file),
            bytes: base.saturating_add(bytes.start)..base.saturating_add(bytes.end),
        }
    }

    /// The text that stands there.
    #[must_use]
    pub fn text(&self) -> &str {
        self.file.text.get(self.bytes.clone()).unwrap_or("")
    }

    /// Line and column of its start, both from 1, columns in characters.
    #[must_use]
    pub fn line_column(&self) -> (usize, usize) {
        place(&self.file.text, self.bytes.start)
    }

    /// Line and column behind its end, both from 1, columns in characters.
    #[must_use]
    pub fn end_line_column(&self) -> (usize, usize) {
        place(&self.file.text, self.bytes.end)
    }

    /// `path:line`, as graphs and faults name a place.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.file.path, self.line_column().0)
    }
}

/// Line and column of a byte.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().unwrap_or("").chars().count().saturating_add(1);
    (line, column)
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Runs, but is likely not meant.
    Warning,
    /// Does not run.
    Error,
}

/// A change that would mend a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What to replace.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
    /// Whether `check --fix` may do it without asking.
    pub sure: bool,
}

/// One finding: code, place, reason, and a fix where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// `F…` flows, `M…` mappings and expressions, `C…` connectors, `Y…` YAML; never reused.
    pub code: &'static str,
    /// Weight.
    pub severity: Severity,
    /// One sentence: what is wrong, with the names.
    pub message: String,
    /// Where.
    pub span: Span,
    /// The label under the place, where it adds something.
    pub label: Option<String>,
    /// Why it is wrong or what to do, a sentence each.
    pub notes: Vec<String>,
    /// A change that would mend it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// An error.
    #[must_use]
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            span,
            label: None,
            notes: Vec::new(),
            fix: None,
        }
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    /// With a label under the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = Some(label.into());
        self
    }

    /// With one more sentence.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// With a change that mends it; `sure` where `check --fix` may do it without asking.
    #[must_use]
    pub fn fix(mut self, span: Span, replacement: impl Into<String>, sure: bool) -> Diagnostic {
        self.fix = Some(Fix { span, replacement: replacement.into(), sure });
        self
    }
}
