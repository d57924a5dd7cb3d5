//! How a command that did not do its work ends.

use std::process::ExitCode;

/// Why a command failed, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    /// Exit code, as the module of `main` lists them.
    code: u8,
    /// What happened.
    message: String,
    /// What to do next.
    hint: Option<String>,
}

/// What a command gives: an exit code, or why it failed.
pub type Ended = Result<u8, Failure>;

impl Failure {
    fn new(code: u8, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), hint: None }
    }

    /// The documents or the record are at fault.
    pub fn findings(message: impl Into<String>) -> Failure {
        Failure::new(1, message)
    }

    /// The command was used wrongly.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(2, message)
    }

    /// An outside system or a server did not do its part.
    pub fn remote(message: impl Into<String>) -> Failure {
        Failure::new(3, message)
    }

    /// Our own fault, or the machine's.
    pub fn internal(message: impl Into<String>) -> Failure {
        Failure::new(4, message)
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// Prints it and gives the exit code.
    pub fn report(self) -> ExitCode {
        eprintln!("error: {}", self.message);
        if let Some(hint) = self.hint {
            eprintln!("  next: {hint}");
        }
        ExitCode::from(self.code)
    }
}

impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Failure {
        Failure::internal(e.to_string())
    }
}
