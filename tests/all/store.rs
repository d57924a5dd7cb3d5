//! What is stored, in the hands of an operator: copied, looked through, restored, on bad days.

use std::path::Path;

use serde_json::Value;
use tenon_store::Row;
use tenon_store::export::{Entry, Importer};

use crate::stage::{SECRET, Stage, telling};

fn json(text: &str) -> Value {
    let line = text.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// One order is moved from the shop to the ledger.
async fn moved(stage: &mut Stage) -> String {
    stage.own_project();
    let (id, _) = stage.order("card").await;
    stage.serve();
    stage.tell("orders/create", &id).await;
    stage.quiet().await;
    assert_eq!(stage.task(&id).await["state"], "done");
    id
}

#[tokio::test]
async fn a_copy_made_while_a_server_runs_becomes_a_store_that_looks_before_it_writes() {
    let mut stage = Stage::set().await;
    let id = moved(&mut stage).await;
    let copy = stage.folder.path().join("copy.tenon");
    let copy = copy.to_str().unwrap();
    let verified = json(&stage.tenon(&["store", "verify", "--output", "json"]));
    assert_eq!(verified["hurt_count"], 0, "{verified}");
    assert!(verified["tasks"].as_i64() >= Some(1), "{verified}");
    let made = json(&stage.tenon(&["store", "backup", copy, "--output", "json"]));
    let size = std::fs::metadata(copy).unwrap().len();
    assert_eq!(made["bytes"].as_u64(), Some(size), "{made}");
    let again = stage.run(&["store", "export", copy], "");
    assert_eq!(again.code, 3, "{}", again.text);
    assert!(again.text.contains("EXPORT_UNUSABLE") && again.text.contains("is there already"));
    let shown = stage.tenon(&["store", "size"]);
    assert!(shown.contains("order") && shown.contains("journals"), "{shown}");
    let compacted = json(&stage.tenon(&["store", "compact", "--output", "json"]));
    assert!(compacted["after_bytes"].as_i64() > Some(0), "{compacted}");
    stage.quiet().await;
    assert_eq!(stage.task(&id).await["state"], "done");
    let held = stage.run(&["store", "import", copy], "");
    assert_eq!(held.code, 2, "{}", held.text);
    assert!(held.text.contains("a server holds"), "{}", held.text);
    stage.kill();

    // An order that the copy does not know.
    let data = stage.dir();
    std::fs::rename(&data, data.with_extension("lost")).unwrap();
    std::fs::create_dir(&data).unwrap();
    std::fs::copy(data.with_extension("lost").join("key"), data.join("key")).unwrap();
    let short = stage.folder.path().join("short.tenon");
    std::fs::write(&short, &std::fs::read(copy).unwrap()[..size as usize / 2]).unwrap();
    let refused = stage.run(&["store", "import", short.to_str().unwrap()], "");
    assert!(refused.text.contains("cut short"), "{}", refused.text);
    let said = stage.tenon(&["store", "import", copy]);
    assert!(said.contains("tenon store settled"), "{said}");
    let twice = stage.run(&["store", "import", copy], "");
    assert!(twice.text.contains("holds rows already"), "{}", twice.text);
    stage.serve();
    let (other, name) = stage.order("card").await;
    stage.tell("orders/create", &other).await;
    stage.quiet().await;
    assert_eq!(stage.documents("orders", &name).await.len(), 1);
    let task = stage.task(&other).await;
    let shown = stage.tenon(&["task", "show", task["id"].as_str().unwrap()]);
    assert!(shown.contains("the store was restored"), "{shown}");
    stage.tenon(&["store", "settled"]);
    let books = stage.control("GET", "/control/books", Value::Null).await;
    assert_eq!(books["duplicates"], 0, "{books:#}");
}

#[tokio::test]
async fn a_directory_says_who_holds_it_that_it_is_read_only_or_that_there_is_none() {
    let mut stage = Stage::set().await;
    stage.own_project();
    stage.serve();
    // The file by which commands find the server is gone; the lock tells.
    std::fs::rename(stage.dir().join("api"), stage.dir().join("api.away")).unwrap();
    let held = stage.run(&["store", "verify"], "");
    assert_eq!(held.code, 2, "{}", held.text);
    let process = format!("process {}", stage.engine.as_ref().unwrap().id());
    for part in ["store_held", stage.dir().to_str().unwrap(), &process, "next:"] {
        assert!(held.text.contains(part), "{part}: {}", held.text);
    }
    let out = crate::program::run(&["task", "list", "--dir", "/sys/kernel/tenon"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    for part in ["store_read_only", "/sys/kernel/tenon", "next: Give the user the right"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let none = crate::program::run(&["store", "verify", "--dir", "no-such-directory"]);
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(said.contains("there is no store in no-such-directory"), "{said}");
    assert!(!Path::new("no-such-directory").exists());
}

#[tokio::test]
async fn a_full_disk_refuses_webhooks_and_leaves_reads_exports_and_purges() {
    let mut stage = Stage::set().await;
    let id = moved(&mut stage).await;
    stage.kill();
    stage.words = vec!["--keep-free-mib".to_owned(), "999999999".to_owned()];
    stage.serve();
    let (other, name) = stage.order("card").await;
    let webhook = stage.webhook("orders/create", "full", &telling(&other));
    let (status, answer) = webhook.post().await.unwrap();
    assert_eq!((status, answer["code"].as_str()), (503, Some("store_disk_full")), "{answer}");
    let said = answer["message"].as_str().unwrap();
    assert!(said.contains("bytes are free on the disk of") && said.contains("store"), "{said}");
    assert_eq!(stage.task(&id).await["state"], "done");
    let copy = stage.folder.path().join("copy.tenon");
    let verified = stage.tenon(&["store", "verify"]);
    assert!(verified.contains("nothing is hurt"), "{verified}");
    stage.kill();
    stage.words.clear();
    stage.tenon(&["store", "export", copy.to_str().unwrap()]);
    stage.serve();
    let webhook = stage.webhook("orders/create", "full", &telling(&other));
    assert_eq!(webhook.post().await.unwrap().0, 200);
    stage.quiet().await;
    assert_eq!(stage.documents("orders", &name).await.len(), 1);
}

#[tokio::test]
async fn a_damaged_store_names_what_is_hurt_and_one_of_another_version_is_not_touched() {
    let mut stage = Stage::set().await;
    moved(&mut stage).await;
    stage.kill();
    let said = stage.tenon(&["store", "verify"]);
    assert!(said.contains("nothing is hurt"), "{said}");
    let identity = stage.dir().join("store/identity");
    let mut bytes = std::fs::read(&identity).unwrap();
    bytes[6] = b'7';
    let end = bytes.len() - 4;
    let sum = crc32(&bytes[..end]);
    bytes[end..].copy_from_slice(&sum.to_be_bytes());
    std::fs::write(&identity, &bytes).unwrap();
    let newer = stage.run(&["task", "list"], "");
    for part in ["store_newer", "identity", "format 7", "next: Start the version that wrote it"] {
        assert!(newer.text.contains(part), "{part}: {}", newer.text);
    }
    bytes[9] ^= 1;
    std::fs::write(&identity, &bytes).unwrap();
    let damaged = stage.run(&["task", "list"], "");
    for part in ["store_damaged", "identity", "next: Keep a copy of the directory"] {
        assert!(damaged.text.contains(part), "{part}: {}", damaged.text);
    }
}

/// The checksum of the file, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

#[tokio::test]
async fn a_wrong_master_key_makes_connections_wait_and_the_right_one_lets_them_go_on() {
    let mut stage = Stage::set().await;
    stage.own_project();
    let (id, _) = stage.order("card").await;
    let key = stage.dir().join("key");
    let right = std::fs::read(&key).unwrap();
    std::fs::write(&key, "11".repeat(32)).unwrap();
    stage.serve();
    let listed = stage.tenon(&["connection", "list", "--output", "json"]);
    for part in ["SECRETS_CLOSED", key.to_str().unwrap(), "give the key they were sealed with"] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    // Whether a webhook is genuine can't be told either: the shop is to send it again.
    let webhook = stage.webhook("orders/create", "w", &telling(&id));
    let (status, answer) = webhook.post().await.unwrap();
    assert_eq!((status, answer["code"].as_str()), (503, Some("SECRETS_CLOSED")), "{answer}");
    stage.kill();
    std::fs::write(&key, right).unwrap();
    stage.serve();
    stage.tell("orders/create", &id).await;
    stage.quiet().await;
    assert_eq!(stage.task(&id).await["state"], "done");
}

/// Whatever is kept of a row, opened.
fn content(row: &Row) -> Vec<u8> {
    match row {
        Row::Event(row) => {
            [row.body.as_slice(), row.payload.as_deref().unwrap_or_default()].concat()
        }
        Row::Delivery(row) => {
            [row.body.as_slice(), format!("{:?}", row.headers).as_bytes()].concat()
        }
        Row::Sent(row) => row.document.clone(),
        Row::Graph(row) => row.bytes.clone(),
        Row::Secret(row) => row.sealed.clone(),
        Row::Meta(row) => row.value.clone(),
        other => format!("{other:?}").into_bytes(),
    }
}

#[tokio::test]
async fn no_credential_stands_in_any_byte_kept_line_logged_export_or_answer() {
    let mut stage = Stage::set().await;
    let log = stage.folder.path().join("engine.log");
    stage.log = Some(log.clone());
    let id = moved(&mut stage).await;
    stage.tenon(&["connection", "rotate-key"]);
    let tokens = stage.control("POST", "/control/fortnox/tokens", Value::Null).await;
    let mut secrets: Vec<String> =
        ["shpat_sandbox", SECRET, "sandbox-client-secret"].map(str::to_owned).into();
    for name in ["access_token", "refresh_token"] {
        secrets.push(tokens[name].as_str().unwrap().to_owned());
    }
    let copy = stage.folder.path().join("copy.tenon");
    stage.tenon(&["store", "export", copy.to_str().unwrap()]);
    let task = stage.task(&id).await["id"].as_str().unwrap().to_owned();
    let mut said = String::new();
    for words in [
        vec!["connection", "list", "--output", "json"],
        vec!["task", "show", &task, "--output", "json"],
        vec!["task", "why", &task, "--output", "json"],
        vec!["log", "--limit", "1000", "--output", "json"],
        vec!["store", "verify", "--output", "json"],
        vec!["store", "size", "--output", "json"],
    ] {
        said += &stage.tenon(&words);
    }
    for path in ["/status", "/connections", "/deliveries?limit=100", "/settings", "/audit"] {
        said += &stage.api(path).await.to_string();
    }
    stage.kill();
    let mut kept: Vec<(String, Vec<u8>)> = vec![
        ("an answer".to_owned(), said.into_bytes()),
        ("the log".to_owned(), std::fs::read(&log).unwrap()),
    ];
    files(&stage.dir(), &mut kept);
    kept.push(("the export".to_owned(), std::fs::read(&copy).unwrap()));
    let mut rows = Importer::new(std::fs::File::open(&copy).unwrap()).unwrap();
    while let Some(entry) = rows.next_entry().unwrap() {
        if let Entry::Row { row, .. } = entry {
            kept.push((row.key().to_string(), content(&row)));
        }
    }
    let logged = kept.iter().find(|(name, _)| name == "the log").map_or(0, |(_, log)| log.len());
    assert!(logged > 500, "{logged} bytes of log prove little");
    for (name, bytes) in &kept {
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "a credential of {} characters stands in {name}", secret.len());
        }
    }
}

fn files(path: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

#[tokio::test]
async fn a_persons_data_is_erased_by_one_command_that_first_says_what_it_would_be() {
    let mut stage = Stage::set().await;
    let id = moved(&mut stage).await;
    let told = json(&stage.tenon(&["erase", &id, "--dry-run", "--output", "json"]));
    assert!(told["tasks"].as_i64() >= Some(1), "{told}");
    stage.tenon(&["erase", &id, "--why", "asked by letter"]);
    let left = json(&stage.tenon(&["erase", &id, "--dry-run", "--output", "json"]));
    let none = serde_json::json!({"tasks": 0, "open": 0, "deliveries": 0, "sent": 0, "lines": 0});
    assert_eq!(left, none);
    let log = stage.tenon(&["log"]);
    assert!(log.contains("tasks erased") && log.contains("asked by letter"), "{log}");
    let set = stage.tenon(&["store", "retention", "--done", "30", "--audit", "ever"]);
    assert!(set.contains("30"), "{set}");
    let swept = stage.tenon(&["store", "retention", "--now"]);
    assert!(swept.contains("tasks"), "{swept}");
}

#[test]
fn a_process_that_follows_a_killed_one_finds_every_waiting_task_and_moves_the_first() {
    let words = ["bench", "engine", "--open", "300", "--ended", "500", "--output", "json"];
    let out = crate::program::run(&words);
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let shown = json(&said);
    assert!(shown["open_tasks"].as_i64() >= Some(300), "{shown}");
    assert_eq!(shown["ended_tasks"], 500);
    for field in ["rss_making_mib", "rss_open_mib", "store_open_ms", "resume_ms"] {
        assert!(shown[field].as_f64() > Some(0.0), "{field}: {shown}");
    }
}
