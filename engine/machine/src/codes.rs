//! Codes of the machine's own faults, each with its page.

/// The reference of an upsert came out blank.
pub const REFERENCE_BLANK: &str = "REFERENCE_BLANK";
/// Our marker came out blank.
pub const FIND_BLANK: &str = "FIND_BLANK";
/// The key of a record came out blank.
pub const KEY_BLANK: &str = "KEY_BLANK";
/// The linked record is not there any more.
pub const LINKED_RECORD_GONE: &str = "LINKED_RECORD_GONE";
/// A locked record differs from what would be sent.
pub const LOCKED_DIFFERS: &str = "LOCKED_DIFFERS";
/// Somebody else changed what we sent.
pub const CHANGED_BY_OTHERS: &str = "CHANGED_BY_OTHERS";
/// Somebody else did already what the action does.
pub const ALREADY_DONE: &str = "ALREADY_DONE";
/// A child task failed.
pub const CHILD_FAILED: &str = "CHILD_FAILED";
/// A write that was made is not on the way any more.
pub const DIVERGED: &str = "DIVERGED";
/// A task does not fit another graph.
pub const MOVE_BLOCKED: &str = "MOVE_BLOCKED";
/// The journal is full.
pub const JOURNAL_FULL: &str = "JOURNAL_FULL";
/// An `each` has more items than one task does.
pub const EACH_LIMIT: &str = "EACH_LIMIT";
/// An `each` goes over something that is no list.
pub const EACH_NO_LIST: &str = "EACH_NO_LIST";
/// What items give can't be gathered.
pub const GATHER_FAULT: &str = "GATHER_FAULT";
/// What a step waits for did not come in its time.
pub const WAIT_OVER: &str = "WAIT_OVER";
/// A step did not end in its time.
pub const TIMEOUT: &str = "TIMEOUT";
/// Children of children, too deep.
pub const CHILD_DEPTH: &str = "CHILD_DEPTH";
/// A list has more records than it may.
pub const LIST_LIMIT: &str = "LIST_LIMIT";
/// A search gave too many records.
pub const TOO_MANY_FOUND: &str = "TOO_MANY_FOUND";
/// A condition came out as something else than true or false.
pub const CONDITION_NOT_BOOL: &str = "CONDITION_NOT_BOOL";
/// The graph names something that is not there.
pub const GRAPH_BROKEN: &str = "GRAPH_BROKEN";
/// No deployed integration has the connection any more.
pub const CONNECTION_GONE: &str = "CONNECTION_GONE";
/// A write's answer does not name the record it made.
pub const ANSWER_WITHOUT_KEY: &str = "ANSWER_WITHOUT_KEY";
/// The process ended before the answer came.
pub const PROCESS_ENDED: &str = "PROCESS_ENDED";
/// The store was restored; a write may have been sent in the time that was lost.
pub const RESTORED: &str = "STORE_RESTORED";
/// It was found out that a write did not happen.
pub const DID_NOT_HAPPEN: &str = "DID_NOT_HAPPEN";
/// A `stop` step ended the task as failed.
pub const STOPPED: &str = "STOPPED";
/// A search for a lost write found several records.
pub const SEVERAL_FOUND: &str = "SEVERAL_FOUND";
/// A write that can't be looked for stays unknown.
pub const OUTCOME_UNKNOWN: &str = "OUTCOME_UNKNOWN";
/// A step's setting has a value that is none of its choices.
pub const BAD_CHOICE: &str = "BAD_CHOICE";
/// A defect of the engine.
pub const DEFECT: &str = "DEFECT";

/// The verb does not fit the state.
pub const VERB_REFUSED: &str = "VERB_REFUSED";
/// A patch does not fit the value it is for.
pub const PATCH_REFUSED: &str = "PATCH_REFUSED";
/// A write must be settled first.
pub const SETTLE_FIRST: &str = "SETTLE_FIRST";

/// A page per code: code, title, why, what to do.
pub const PAGES: &[(&str, &str, &str, &str)] = &[
    (
        EACH_LIMIT,
        "An each has too many items for one task",
        "The steps of an `each` run inside the task, and a journal has room for what is done to 500 \
         items. Nothing was done to any of them.",
        "Use `detach: true`, which makes a task of every item, and retry with the newest graph.",
    ),
    (
        EACH_NO_LIST,
        "An each goes over something that is no list",
        "The expression of `each:` came out as a single value. A missing one counts as an empty list.",
        "Correct the expression, or the record it comes from, and retry.",
    ),
    (
        GATHER_FAULT,
        "What the items give can't be gathered",
        "`sum` takes numbers, or money of one currency; `list` takes at most the `max` it names.",
        "Correct what `gather:` names, or raise its `max`, and retry with the newest graph.",
    ),
    (
        WAIT_OVER,
        "What a step waits for did not come in time",
        "A `wait` with `within:` is at fault when that time is over: the signal, document or end of \
         something accepted did not come. It may be caught by this code.",
        "Find out why it did not come. Retry waits for the same time again.",
    ),
    (
        TIMEOUT,
        "A step did not end in its time",
        "A step with `timeout:` must end within that time from its first try, retries and waiting \
         included. A write under way is settled first, and one that was made counts.",
        "See in the task's journal what took so long. Retry gives it the same time again.",
    ),
    (
        CHILD_DEPTH,
        "Tasks inside tasks, too deep",
        "A task made by a task, 16 deep: flows that run each other in a circle would never end.",
        "End the circle: a `run` with an `if:` that ceases to hold.",
    ),
    (
        LIST_LIMIT,
        "A list is longer than its limit",
        "A `list` step reads to the end or not at all: half a list would look like a whole one. It found \
         more records than its `limit:` allows, so nothing after it was done.",
        "Narrow the step's `where:`, or raise its `limit:` and retry with the newest graph.",
    ),
    (
        REFERENCE_BLANK,
        "The reference came out blank",
        "An upsert keeps which record in the one system is which in the other under the value of \
         `reference`. Without a value it could only guess, so nothing is sent.",
        "Fill the value in the source system and retry, or change the flow's `reference`.",
    ),
    (
        FIND_BLANK,
        "Our marker came out blank",
        "A search by our marker with a blank value would find foreign records or none.",
        "Fill the value in the source system or the setting it is made of, then retry.",
    ),
    (
        KEY_BLANK,
        "The key of a record came out blank",
        "A record is read or acted on by its key; here the expression for it gave nothing.",
        "See in the task which earlier step should have given the key, repair that, then retry.",
    ),
    (
        LINKED_RECORD_GONE,
        "The linked record is not there any more",
        "A reference says which record belongs to the source, and the target says there is none.",
        "Delete the reference (`reference delete`) to search or create again, or link another.",
    ),
    (
        LOCKED_DIFFERS,
        "A locked document differs",
        "The document is booked or otherwise closed, and what would be sent now differs from it. A \
         closed document is never overwritten.",
        "Correct it in the target with a counter-document, or cancel the task to leave it as it is.",
    ),
    (
        CHANGED_BY_OTHERS,
        "Somebody else changed what we sent",
        "The setting human_edits is `stop`: a field that differs from what was sent last is not \
         overwritten and not passed over.",
        "Decide which side is right, change it there, or set human_edits to keep or overwrite.",
    ),
    (
        ALREADY_DONE,
        "It was done already, by somebody else",
        "The record shows the action as done before this task sent anything, and the connector says \
         that this is a conflict.",
        "Look at the record in the target. If it is right as it is, cancel the task.",
    ),
    (
        CHILD_FAILED,
        "A task that this one started failed",
        "The step runs another flow and waits for it; that task ended without success.",
        "Open the child task, repair what it says and retry it: this one then goes on by itself.",
    ),
    (
        DIVERGED,
        "A write that was made is not on the way any more",
        "With the data or the flow as it is now, the task would not come to a step whose write is \
         already made. Going on could do things twice or by halves.",
        "Restore what the decision depends on and retry, or cancel and start the record anew.",
    ),
    (
        JOURNAL_FULL,
        "The task's journal is full",
        "A task may have 4,096 entries and 8 MiB; this one has reached it.",
        "Cancel it and start the record anew, in smaller parts if it is that large.",
    ),
    (
        TOO_MANY_FOUND,
        "A search gave too many records",
        "More than 10,000 records have the value that was searched for.",
        "Search by a value that is nearer to being unique.",
    ),
    (
        CONDITION_NOT_BOOL,
        "A condition is neither true nor false",
        "The expression of an `if`, `expect` or `skip` gave another kind of value, or none.",
        "Give the condition a fallback in the flow (`// false`), then retry with the newest graph.",
    ),
    (
        GRAPH_BROKEN,
        "The flow names something that is not there",
        "The compiled flow names a mapping or step that this installation lacks.",
        "Check and deploy the flow again, then retry with the newest graph.",
    ),
    (
        CONNECTION_GONE,
        "The integration has no such connection any more",
        "The task was begun when its flow used a connection that the deployed documents do not name. \
         Nothing was sent.",
        "Put the connection back and deploy, then `tenon task retry TASK`; or let the task go on by the \
         newest flow (`--latest`), or `tenon task cancel TASK`.",
    ),
    (
        ANSWER_WITHOUT_KEY,
        "The answer does not name the record it made",
        "The write happened, but neither its answer nor reading again gave the new record's key.",
        "Find the record in the target and link it (`reference add`), then retry.",
    ),
    (
        PROCESS_ENDED,
        "The process ended before the answer came",
        "The request may have been sent. Its outcome is found out before anything is repeated.",
        "Nothing: the task goes on by itself, or asks.",
    ),
    (
        RESTORED,
        "The store was restored from an export",
        "What was written between the export and the restore is not known here. So each write is looked \
         for before it is sent, and waits for a person where it can't be.",
        "Answer the tasks that ask. When nothing of the lost time is missing any more: `tenon store \
         settled`.",
    ),
    (
        DID_NOT_HAPPEN,
        "The write did not happen",
        "A complete search, a proof or a person found that the lost request had no effect.",
        "Nothing: it is sent again.",
    ),
    (
        STOPPED,
        "The flow stopped it",
        "A `stop` step ended the task as failed, with the reason the flow gives.",
        "Do what the reason says, then retry.",
    ),
    (
        SEVERAL_FOUND,
        "Several records have our reference",
        "A lost write was looked for by our reference and more than one record has it.",
        "Look which one is right and answer `happened` with its id; remove the others there.",
    ),
    (
        OUTCOME_UNKNOWN,
        "Nobody can tell whether a write happened",
        "The connector has no way to find out the outcome of this write, or finding out failed.",
        "Look in the target, then answer `happened` with the id, or `not-happened`.",
    ),
    (
        BAD_CHOICE,
        "A setting has a value that is none of its choices",
        "An update policy or the setting human_edits came out as a text that is not known.",
        "Set it to one of the names its description lists, then retry.",
    ),
    (
        DEFECT,
        "A defect of the engine",
        "Deciding what comes next failed inside the engine. Only this task is stopped, and what it \
         did and knows is kept.",
        "Report it with the task's journal. `retry` tries again, best with a newer version.",
    ),
    (
        VERB_REFUSED,
        "The verb does not fit",
        "A verb was given to a task that is in no state for it.",
        "Look at the task: its page names the verbs that fit.",
    ),
    (
        MOVE_BLOCKED,
        "The task does not fit the other graph",
        "What the task did, or the step it stands in, is not in that version of its flow, or means \
         something else there. It stays on the graph it has, and goes on by that.",
        "Let it end on its graph. Where you know which step it is, say so: `tenon task move ID --to \
         latest --step OLD=NEW`. Or end it and start the record anew: `tenon task cancel`, `rerun`.",
    ),
    (
        PATCH_REFUSED,
        "The patch does not fit",
        "A JSON Patch names places by path; one of them is not there, or a `test` found another \
         value. The value was not changed.",
        "Look at the value with `tenon task show ID`, correct the path, and give the patch again.",
    ),
    (
        SETTLE_FIRST,
        "A write must be settled first",
        "A request left and its outcome is not known; ending the task now would forget it.",
        "Answer `happened` or `not-happened`, then give the verb again.",
    ),
];
