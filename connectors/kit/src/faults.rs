//! Faults of the kit, and the manifest's table of the peer's own codes.

use tenon_value::{Class, Fault, Value};

/// A row of a manifest's `faults`: which refusals, and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRow {
    /// HTTP status, where it counts.
    pub status: Option<u16>,
    /// The peer's code.
    pub code: Option<String>,
    /// Text its message must contain, in any case.
    pub text: Option<String>,
    /// The class.
    pub class: Class,
    /// The field concerned.
    pub field: Option<String>,
    /// What happened, in our words.
    pub title: Option<String>,
    /// What to do next.
    pub fix: Option<String>,
    /// Milliseconds to wait.
    pub wait_ms: Option<i64>,
}

impl FaultRow {
    /// Whether a refusal is of this row.
    #[must_use]
    pub fn fits(&self, status: u16, code: Option<&str>, message: &str) -> bool {
        self.status.is_none_or(|s| s == status)
            && self.code.as_deref().is_none_or(|c| Some(c) == code)
            && self
                .text
                .as_deref()
                .is_none_or(|t| message.to_lowercase().contains(&t.to_lowercase()))
    }
}

/// Faults of the kit's own; each code has a page.
pub mod codes {
    use super::{Class, Fault, Value};

    /// The manifest has no such operation.
    #[must_use]
    pub fn no_operation(connector: &str, resource: &str, what: &str) -> Fault {
        Fault::new(
            "NO_OPERATION",
            Class::Defect,
            format!("the connector {connector} does not say how to do {what} on {resource}"),
        )
    }

    /// A key or a searched value is blank.
    #[must_use]
    pub fn blank(field: &str) -> Fault {
        Fault::new(
            "KEY_BLANK",
            Class::Missing,
            format!("{field} is blank: nothing is read, searched or written with it"),
        )
        .hint("Give the record the value it is looked for by.")
        .at(field, Value::Missing)
    }

    /// What is to be written breaks a rule of the peer.
    #[must_use]
    pub fn not_writable(field: &str, value: Value, why: &str) -> Fault {
        Fault::new("NOT_WRITABLE", Class::Rejected, format!("{field} can't be written: {why}"))
            .hint("Change the mapping or the source record, then retry.")
            .at(field, value)
    }

    /// Too many items for one record of the peer.
    #[must_use]
    pub fn too_many(field: &str, count: usize, most: u32) -> Fault {
        Fault::new(
            "TOO_MANY_ITEMS",
            Class::Limit,
            format!("{field} has {count} items, at most {most} are taken"),
        )
        .at(field, Value::from(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// The peer took the request's place away before it was sent.
    #[must_use]
    pub fn not_sent(reason: &str) -> Fault {
        Fault::new("NOT_SENT", Class::Transient, format!("nothing was sent: {reason}"))
    }

    /// The host lies in a private network. The connection parks: another address is needed.
    #[must_use]
    pub fn barred(host: &str) -> Fault {
        let message = format!("{host} lies in a private network: nothing was sent");
        Fault::new(crate::codes::ADDRESS_PRIVATE, Class::Auth, message).hint(
            "if the system is your own, give its address on purpose: `tenon connection add NAME \
             --base URL`; if not, somebody leads its name astray",
        )
    }

    /// No whole answer came.
    #[must_use]
    pub fn lost(reason: &str, writes: bool) -> Fault {
        let class = if writes { Class::UnknownOutcome } else { Class::Transient };
        Fault::new("ANSWER_LOST", class, format!("no answer came: {reason}"))
    }

    /// An answer that is not what the contract says.
    #[must_use]
    pub fn unreadable(why: &str, writes: bool) -> Fault {
        let class = if writes { Class::UnknownOutcome } else { Class::Transient };
        Fault::new("ANSWER_UNREADABLE", class, format!("the answer can't be read: {why}"))
    }

    /// The peer failed.
    #[must_use]
    pub fn peer_failed(status: u16, message: &str, writes: bool) -> Fault {
        let class = if writes { Class::UnknownOutcome } else { Class::Transient };
        Fault::new("PEER_FAILED", class, format!("the peer answered {status}: {message}"))
    }

    /// Too many requests.
    #[must_use]
    pub fn rate_limited(wait_ms: i64) -> Fault {
        Fault::new("RATE_LIMITED", Class::RateLimited, "the peer takes no more requests for now")
            .wait(wait_ms)
    }

    /// Credentials were refused.
    #[must_use]
    pub fn unauthorised(message: &str) -> Fault {
        Fault::new("UNAUTHORISED", Class::Auth, format!("credentials were refused: {message}"))
            .hint("Authorise the connection again.")
    }

    /// The record is not there.
    #[must_use]
    pub fn not_found(what: &str) -> Fault {
        Fault::new("NOT_FOUND", Class::NotFound, format!("{what} was not found"))
    }

    /// The peer refused, in words the manifest has no row for.
    #[must_use]
    pub fn refused(code: &str, message: &str) -> Fault {
        Fault::new(code, Class::Rejected, message)
    }

    /// The record holds more than could be read.
    #[must_use]
    pub fn truncated(list: &str, count: usize) -> Fault {
        Fault::new(
            "TRUNCATED",
            Class::Limit,
            format!("{list} holds {count} items or more; the rest can't be read"),
        )
        .at(list, Value::Missing)
    }

    /// A credential is not there.
    #[must_use]
    pub fn no_credential(name: &str) -> Fault {
        Fault::new("CREDENTIAL_MISSING", Class::Auth, format!("the connection has no {name}"))
            .hint("Give it with `tenon connection add`.")
    }

    /// The answer to a token request did not come: the refresh token may be spent.
    #[must_use]
    pub fn token_lost(reason: &str) -> Fault {
        Fault::new(
            "TOKEN_ANSWER_LOST",
            Class::Auth,
            format!(
                "no answer to the token request came ({reason}); the refresh token may be spent"
            ),
        )
        .hint("Authorise the connection again.")
    }
}
