//! Codes of the runtime's own faults and refusals, each with its page.

/// There is nothing of that name.
pub const NOT_FOUND: &str = "NOT_FOUND";
/// A question is wrong in itself.
pub const INVALID_REQUEST: &str = "INVALID_REQUEST";
/// A reference of that source record is there already.
pub const REFERENCE_EXISTS: &str = "REFERENCE_EXISTS";
/// A task has no such verb.
pub const VERB_UNKNOWN: &str = "VERB_UNKNOWN";
/// A record is ignored by a person's word.
pub const RECORD_IGNORED: &str = "RECORD_IGNORED";
/// Several records have the name.
pub const NAME_AMBIGUOUS: &str = "NAME_AMBIGUOUS";
/// A stored graph cannot be loaded.
pub const GRAPH_UNREADABLE: &str = "GRAPH_UNREADABLE";
/// A task's journal cannot be read.
pub const JOURNAL_UNREADABLE: &str = "JOURNAL_UNREADABLE";
/// Credentials do not open under the key at hand.
pub const SECRETS_CLOSED: &str = "SECRETS_CLOSED";
/// The engine is going down.
pub const ENGINE_STOPPING: &str = "ENGINE_STOPPING";
/// A benchmark task did not end well.
pub const BENCH_BROKEN: &str = "BENCH_BROKEN";
/// A connection's credentials were refused.
pub const CONNECTION_AUTH: &str = "CONNECTION_AUTH";
/// A person paused the connection.
pub const CONNECTION_PAUSED: &str = "CONNECTION_PAUSED";
/// The system does not answer.
pub const CONNECTION_DOWN: &str = "CONNECTION_DOWN";
/// The account's journal could not be written.
pub const ACCOUNT_JOURNAL: &str = "ACCOUNT_JOURNAL";
/// The answer to a token refresh was lost.
pub const TOKEN_REFRESH_LOST: &str = "TOKEN_REFRESH_LOST";
/// A polled record has no key.
pub const RECORD_WITHOUT_KEY: &str = "RECORD_WITHOUT_KEY";
/// A dry run was about to send a write.
pub const DRY_RUN: &str = "DRY_RUN";
/// A defect of the engine.
pub const DEFECT: &str = "DEFECT";
/// A webhook's proof of origin does not hold.
pub const WEBHOOK_PROOF: &str = "WEBHOOK_PROOF";
/// A webhook's content cannot be used.
pub const WEBHOOK_SHAPE: &str = "WEBHOOK_SHAPE";

/// A file could not be written to, or taken in, as an export.
pub const EXPORT_UNUSABLE: &str = "EXPORT_UNUSABLE";
/// Documents of another integration, or of other connections.
pub const OTHER_INTEGRATION: &str = "OTHER_INTEGRATION";
/// A flow is gone from the documents, and tasks run it.
pub const FLOW_NEEDED: &str = "FLOW_NEEDED";
/// What is deployed can't be read.
pub const DEPLOYED_UNREADABLE: &str = "DEPLOYED_UNREADABLE";
/// A person's data stands in a task with a write whose outcome is not known.
pub const ERASE_OPEN_WRITE: &str = "ERASE_OPEN_WRITE";
/// The next master key must be given.
pub const KEY_NEEDED: &str = "KEY_NEEDED";

/// A page per code: code, title, why, what to do.
pub const PAGES: &[(&str, &str, &str, &str)] = &[
    (
        NOT_FOUND,
        "There is nothing of that name",
        "A task, flow, setting, table, connection or address was named that is not known here.",
        "List what there is (`tenon task list`, `tenon connection list`) and take the name from it.",
    ),
    (
        INVALID_REQUEST,
        "The question is wrong in itself",
        "Something that is needed was not given, or has a form that cannot be read.",
        "The message names it: give it as the command's help or the API's page says.",
    ),
    (
        REFERENCE_EXISTS,
        "A reference is there already",
        "One source record has one target. A second reference would let two documents be written.",
        "Look at the one that is there; when it is wrong, delete it first, then add the right one.",
    ),
    (
        OTHER_INTEGRATION,
        "The documents are of another integration",
        "A data directory runs one integration. References and time history belong to its two accounts, \
         and its open tasks need its connections; nothing was deployed.",
        "Deploy to the directory of that integration. Where the connections themselves change, stop the \
         server, deploy, and start it again.",
    ),
    (
        FLOW_NEEDED,
        "Tasks run a flow that is gone from the documents",
        "Tasks stay on the graphs they began with, and these run that flow as a step. Without it they \
         could not go on; nothing was deployed.",
        "Keep the flow until the tasks have ended, or move them to the new graph first.",
    ),
    (
        DEPLOYED_UNREADABLE,
        "What is deployed here can't be read",
        "The row that holds the documents of this directory is damaged, or a later version wrote it.",
        "Deploy the documents again: `tenon deploy DIR`. `tenon store verify` looks for other damage.",
    ),
    (
        VERB_UNKNOWN,
        "There is no such verb",
        "Tasks know the verbs that `tenon task --help` lists.",
        "`tenon task why ID` names the verbs that change where the task stands.",
    ),
    (
        RECORD_IGNORED,
        "The record is ignored",
        "A person said that nothing is started for this record, and why. Triggers pass it over.",
        "`tenon record ignored` lists them; `tenon record heed ID` takes it back.",
    ),
    (
        NAME_AMBIGUOUS,
        "Several records have this name",
        "The source gave more than one record for the name, so starting any would be a guess.",
        "Give the id of the one that is meant.",
    ),
    (
        GRAPH_UNREADABLE,
        "A step graph cannot be loaded",
        "A task pins the graph it started with; this one was written by another version, or is damaged.",
        "Check and deploy the flow again with this version. Tasks that pin the old one go on by the new \
         one with `tenon task retry ID --latest`.",
    ),
    (
        JOURNAL_UNREADABLE,
        "A task's journal cannot be read",
        "An entry is damaged, or was written by a later version. Nothing of the task was changed.",
        "Use the version that wrote it, or check the store with `tenon store verify`.",
    ),
    (
        SECRETS_CLOSED,
        "Credentials do not open under this key",
        "Credentials are sealed under a master key; the one at hand is not the one they were sealed \
         with, or the sealed bytes were changed.",
        "Start with the old key file or TENON_MASTER_KEY, or add the connection again.",
    ),
    (
        ENGINE_STOPPING,
        "The engine is going down",
        "Nothing new is taken while calls under way are finished. What was accepted is kept.",
        "Send it again in a moment.",
    ),
    (
        BENCH_BROKEN,
        "A benchmark task did not end as done",
        "The benchmark measures tasks that succeed; one did not, so its numbers would be worthless.",
        "Report it with the message; it is a defect of ours.",
    ),
    (
        CONNECTION_AUTH,
        "The connection's credentials were refused",
        "The system does not take the token, or a renewal was refused. Tasks of this connection wait \
         without spending their tries.",
        "Authorise it again with `tenon connection add NAME`: its tasks go on by themselves.",
    ),
    (
        CONNECTION_PAUSED,
        "The connection is paused",
        "A person paused it. Its tasks wait without spending their tries.",
        "`tenon connection resume NAME` lets them go on.",
    ),
    (
        CONNECTION_DOWN,
        "The system does not answer",
        "Calls of several tasks failed one after the other. One call at a time probes it, ever more \
         seldom; its tasks wait without spending their tries and are released in growing waves.",
        "Nothing, when the outage is theirs. Otherwise check address and network with \
         `tenon connection check NAME`.",
    ),
    (
        ACCOUNT_JOURNAL,
        "The account's journal could not be written",
        "A token is renewed only after the intention to do so is durable; the store did not take it.",
        "See why the store refuses (disk space first); the call is tried again by itself.",
    ),
    (
        TOKEN_REFRESH_LOST,
        "The answer to a token refresh was lost",
        "Whether the new token was made is not known. The old one is tried once more; when it is \
         refused, the connection waits for new credentials and nothing is lost.",
        "Nothing yet; if the connection goes to `auth`, authorise it again.",
    ),
    (
        RECORD_WITHOUT_KEY,
        "A polled record has no key",
        "The source listed a record without the field that names it, so no task can be started.",
        "Check the connector's `key` of the resource against the system's answer.",
    ),
    (
        DRY_RUN,
        "A dry run sends no write",
        "The dry run takes every write as done without sending it; this one would have left.",
        "Report it; it is a defect of ours. Nothing was sent.",
    ),
    (
        DEFECT,
        "A defect of the engine",
        "Something happened in the engine that must not. The one task is held; others go on.",
        "Report it with the task's journal. `tenon task retry ID` tries again, `--latest` with a \
         newer graph.",
    ),
    (
        WEBHOOK_PROOF,
        "A webhook's origin is not proven",
        "The signature does not fit any secret of the connection. The delivery is kept as rejected \
         and starts nothing.",
        "Compare the secret with the sender's; while it is rotated, give the old one too.",
    ),
    (
        EXPORT_UNUSABLE,
        "A file cannot be used as an export",
        "It is there already, can't be written, is no export of Tenon, is damaged or cut short, or was \
         made by a later version. A damaged file is found before anything of it is stored.",
        "The message says which. Export to a new name; import a whole file into a directory that has \
         no store yet.",
    ),
    (
        ERASE_OPEN_WRITE,
        "Data to be erased stands in a task that is not settled",
        "A write of the task may or may not have happened. Erasing it now would forget what was sent.",
        "`tenon task why ID` names how to settle it; then erase again.",
    ),
    (
        KEY_NEEDED,
        "The next master key must be given",
        "The key at hand comes from the environment, which this command can't change, or the one given \
         is no key.",
        "Write 64 hexadecimal digits into a file readable by you alone, give it with --new-key, and \
         start the server with the new value from then on.",
    ),
    (
        WEBHOOK_SHAPE,
        "A webhook's content cannot be used",
        "It is no JSON, names no record, or its topic is not the one of its address. The delivery is \
         kept as rejected and starts nothing.",
        "Look at the delivery; correct the subscription's address or topic.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_page_that_says_what_to_do() {
        for (n, (code, title, why, todo)) in PAGES.iter().enumerate() {
            assert!(!PAGES.iter().skip(n + 1).any(|(other, ..)| other == code), "{code} twice");
            assert!(title.len() > 10 && why.len() > 20 && todo.len() > 10, "{code}");
        }
    }
}
