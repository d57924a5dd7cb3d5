//! The page of a code: what `tenon explain` shows.

/// What there is to say about one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The code.
    pub code: &'static str,
    /// What it says, in one line.
    pub title: &'static str,
    /// Why it is refused or reported.
    pub why: &'static str,
    /// What was written, or the situation.
    pub bad: &'static str,
    /// What to write instead, or what to do.
    pub good: &'static str,
}

impl Page {
    /// The page as text.
    #[must_use]
    pub fn render(&self) -> String {
        let indent = |text: &str| -> String {
            text.trim_end().lines().map(|line| format!("    {line}\n")).collect()
        };
        format!(
            "{}: {}\n\n{}\n\nInstead of\n\n{}\nwrite or do\n\n{}",
            self.code,
            self.title,
            self.why,
            indent(self.bad),
            indent(self.good)
        )
    }
}
