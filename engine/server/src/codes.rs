//! Codes of the server's own refusals, each with its page.

/// A call came without the token.
pub const UNAUTHORISED: &str = "API_UNAUTHORISED";
/// A body is over the limit.
pub const BODY_TOO_LARGE: &str = "BODY_TOO_LARGE";
/// Documents have errors.
pub const DOCUMENTS_UNFIT: &str = "DOCUMENTS_UNFIT";

/// A page per code: code, title, why, what to do.
pub const PAGES: &[(&str, &str, &str, &str)] = &[
    (
        UNAUTHORISED,
        "The API wants its token",
        "Every call of the API carries the bearer token that the server wrote at its start.",
        "Send `Authorization: Bearer TOKEN`; the token stands in the file `api` of the data \
         directory, readable by its owner.",
    ),
    (
        BODY_TOO_LARGE,
        "The body is over the limit",
        "A webhook or call with a larger body is refused before it is read to its end.",
        "Send less: fewer fields in the subscription, or the rows one by one.",
    ),
    (
        DOCUMENTS_UNFIT,
        "The documents have errors",
        "Documents that do not check are neither deployed nor tried: what runs here goes on as it is.",
        "`tenon check DIR` shows every finding with its place; then give the command again.",
    ),
];
