//! What is stored is cared for: damage stays where it is, old tasks go, a person's data goes, a restored
//! store looks before it writes, keys change.

use tenon_store::copy::{Restored, export, import};
use tenon_store::export::Head;
use tenon_store::{Key, Row, Scan, Select, Store, Table};

use super::*;
use crate::seam::Seam;

fn text(of: &Value) -> String {
    json::write(of)
}

async fn row(runtime: &Runtime, task: &str) -> Value {
    runtime.task(task).await.unwrap()
}

/// Two tasks wait for the shop, which is down; then the engine stops.
async fn two_that_wait(bench: &Bench) -> (String, String) {
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().down = true;
    let one = start(&runtime, "order", "1").await;
    let other = start(&runtime, "order", "2").await;
    bench.pass(Duration::from_secs(600)).await;
    assert_eq!(states(&runtime).await, vec!["waiting"; 2]);
    runtime.stop(Duration::from_secs(1)).await;
    bench.world.books.lock().unwrap().down = false;
    (one, other)
}

fn flip(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    *bytes.last_mut().unwrap() ^= 1;
    Some(bytes)
}

#[tokio::test(start_paused = true)]
async fn a_damaged_journal_ends_its_task_visibly_and_no_other() {
    let bench = Bench::new(1);
    let (one, other) = two_that_wait(&bench).await;
    let runtime = bench.start().await;
    runtime.stop(Duration::from_secs(1)).await;
    bench.store.harm(&Key::Event { task: one.clone(), n: 1 }.to_bytes(), flip);
    let runtime = bench.start().await;
    quiet(&runtime).await;
    assert_eq!(row(&runtime, &other).await.field("state").as_text(), Some("done"));
    let failed = row(&runtime, &one).await;
    assert_eq!(failed.field("state").as_text(), Some("failed"));
    assert_eq!(failed.at("fault.code").as_text(), Some("JOURNAL_UNREADABLE"), "{failed:?}");
    assert_eq!(failed.at("fault.class").as_text(), Some("defect"));
    let why = text(&runtime.why(&one).await.unwrap());
    assert!(why.contains("event 1 of") && why.contains("tenon task cancel"), "{why}");
    let found = runtime.verify_store().await.unwrap();
    assert_eq!(found.field("hurt").items().len(), 1, "{found:?}");
    assert_eq!(found.field("hurt").items()[0].field("task").as_text(), Some(one.as_str()));
    // Another start changes nothing, and a person can close it.
    runtime.stop(Duration::from_secs(1)).await;
    let runtime = bench.start().await;
    let retry = runtime.verb(&one, "retry", &Value::Missing, &by()).await.unwrap_err();
    assert_eq!(retry.code, "store_damaged");
    let closed = runtime.verb(&one, "cancel", &Value::Missing, &by()).await.unwrap();
    assert_eq!(closed.field("state").as_text(), Some("cancelled"));
    // Its record is free for the next.
    let again = start(&runtime, "order", "1").await;
    let done = runtime.settled(&again).await.unwrap();
    assert_eq!(done.field("state").as_text(), Some("done"));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_row_of_a_task_is_made_again_from_its_journal() {
    let bench = Bench::new(2);
    let (one, _) = two_that_wait(&bench).await;
    bench.store.harm(&Key::Task { id: one.clone() }.to_bytes(), flip);
    bench.store.harm(&Key::Task { id: one.clone() }.to_bytes(), |mut bytes| {
        bytes[0] = 9;
        Some(bytes)
    });
    let runtime = bench.start().await;
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 2]);
    assert_eq!(runtime.verify_store().await.unwrap().field("hurt"), &Value::list(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_task_with_neither_row_nor_journal_ends_visibly() {
    let bench = Bench::new(3);
    let (one, other) = two_that_wait(&bench).await;
    bench.store.harm(&Key::Task { id: one.clone() }.to_bytes(), flip);
    bench.store.harm(&Key::Event { task: one.clone(), n: 0 }.to_bytes(), flip);
    let runtime = bench.start().await;
    quiet(&runtime).await;
    assert_eq!(row(&runtime, &other).await.field("state").as_text(), Some("done"));
    assert_eq!(row(&runtime, &one).await.field("state").as_text(), Some("failed"));
}

#[tokio::test(start_paused = true)]
async fn what_ended_long_ago_goes_and_references_and_failures_stay() {
    let bench = Bench::new(4);
    let runtime = bench.start().await;
    posted(&runtime, "1", "d1").await;
    for record in ["2", "3"] {
        start(&runtime, "order", record).await;
    }
    quiet(&runtime).await;
    let failing = start(&runtime, "order", "panic").await;
    runtime.settled(&failing).await.unwrap();
    bench.pass(Duration::from_secs(89 * 86_400)).await;
    assert_eq!(states(&runtime).await.len(), 4);
    bench.pass(Duration::from_secs(2 * 86_400)).await;
    assert_eq!(states(&runtime).await, ["failed"]);
    let left = |table| bench.store.scan(Scan::new(Select::All(table)));
    assert_eq!(left(Table::Delivery).await.unwrap().rows.len(), 0);
    assert_eq!(left(Table::Mark).await.unwrap().rows.len(), 0);
    assert_eq!(left(Table::Reference).await.unwrap().rows.len(), 3);
    assert_eq!(left(Table::Sent).await.unwrap().rows.len(), 3);
    assert!(
        left(Table::Event)
            .await
            .unwrap()
            .rows
            .iter()
            .all(|row| { matches!(row, Row::Event(event) if event.task == failing) })
    );
    assert_eq!(runtime.verify_store().await.unwrap().field("hurt"), &Value::list(Vec::new()));
    // Kept for ever is for ever.
    let given = json::read(r#"{"done": null, "skipped": 10}"#).unwrap();
    let set = runtime.set_retention(&given, &by()).await.unwrap();
    assert_eq!((set.field("done"), set.field("skipped")), (&Value::Null, &Value::from(10)));
    let wrong = json::read(r#"{"done": "soon"}"#).unwrap();
    assert!(runtime.set_retention(&wrong, &by()).await.is_err());
    start(&runtime, "order", "5").await;
    bench.pass(Duration::from_secs(400 * 86_400)).await;
    assert_eq!(states(&runtime).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_persons_data_is_erased_and_what_they_still_wait_for_is_ended() {
    let bench = Bench::new(5);
    let runtime = bench.start().await;
    posted(&runtime, "anna-4711", "d1").await;
    start(&runtime, "order", "other").await;
    quiet(&runtime).await;
    bench.world.books.lock().unwrap().down = true;
    let open = start(&runtime, "order", "anna-4711").await;
    bench.pass(Duration::from_secs(60)).await;
    let words = ["anna-4711".to_owned()];
    let told = runtime.erase(&words, true, &by()).await.unwrap();
    assert_eq!(text(&told), r#"{"tasks":2,"open":1,"deliveries":1,"sent":1,"lines":2}"#);
    runtime.erase(&words, false, &by()).await.unwrap();
    let ended = row(&runtime, &open).await;
    assert_eq!(ended.field("state").as_text(), Some("cancelled"), "{ended:?}");
    let left = runtime.erase(&words, true, &by()).await.unwrap();
    assert_eq!(text(&left), r#"{"tasks":0,"open":0,"deliveries":0,"sent":0,"lines":0}"#);
    for (key, value) in bench.store.dump() {
        let holds = |bytes: &[u8]| bytes.windows(9).any(|part| part == b"anna-4711");
        let named = Key::parse(&key).or_else(|| Key::parse(&value));
        let reference = named.as_ref().is_some_and(|key| key.table() == Table::Reference);
        assert!(reference || !(holds(&key) || holds(&value)), "{named:?}");
    }
    let delivery = runtime.deliveries(crate::DeliveryQuery { limit: 9, ..Default::default() });
    assert!(text(&delivery.await.unwrap()).contains(r#""body":{"erased":{"bytes":9,"sha256":""#));
    // The journal of an erased task is still one: it says how the task ended, and how large it was.
    let tasks = runtime.tasks(TaskQuery { limit: 9, ..TaskQuery::default() }).await.unwrap();
    for task in tasks.field("tasks").items() {
        let shown = row(&runtime, task.field("id").as_text().unwrap()).await;
        assert!(!shown.field("events").items().is_empty());
    }
    assert_eq!(runtime.verify_store().await.unwrap().field("hurt"), &Value::list(Vec::new()));
    // The reference is known, so a later order makes no second document.
    bench.world.books.lock().unwrap().down = false;
    runtime.resume_connection("shop", &by()).await.unwrap();
    let again = start(&runtime, "order", "anna-4711").await;
    assert_eq!(runtime.settled(&again).await.unwrap().field("state").as_text(), Some("done"));
    assert_eq!(bench.world.books.lock().unwrap().creates["anna-4711"], 1);
    assert!(runtime.erase(&["x".to_owned()], true, &by()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_person_whose_write_is_not_settled_is_not_erased_before_that() {
    let bench = Bench::new(6);
    let runtime = bench.start().await;
    let tricks = [world::Trick::Work, world::Trick::Work, world::Trick::LostAfter];
    bench.world.books.lock().unwrap().tricks.extend(tricks);
    bench.world.books.lock().unwrap().takes_ms = 5_000;
    start(&runtime, "order", "berta").await;
    bench.pass(Duration::from_millis(15_500)).await;
    let error = runtime.erase(&["berta".to_owned()], false, &by()).await.unwrap_err();
    assert_eq!(error.code, "ERASE_OPEN_WRITE", "{error}");
}

/// The store as it was before an order was moved is restored; the order is asked for again.
#[tokio::test(start_paused = true)]
async fn after_a_restore_writes_are_searched_before_they_are_sent() {
    let mut bench = Bench::new(7);
    let runtime = bench.start().await;
    let head = Head { at_ms: bench.seam.now_ms(), by: "test".to_owned() };
    let (file, _) = export(&*bench.store, Vec::new(), &head).await.unwrap();
    bench.world.books.lock().unwrap().tricks.extend([world::Trick::Work; 9]);
    start(&runtime, "order", "9").await;
    quiet(&runtime).await;
    runtime.stop(Duration::from_secs(1)).await;
    bench.store = Arc::new(MemoryStore::new());
    import(&*bench.store, file.as_slice(), bench.seam.now_ms()).await.unwrap();
    let runtime = bench.start().await;
    let restored = runtime.restored().await.unwrap();
    assert_eq!(restored.field("from_ms"), &Value::from(head.at_ms));
    // It is found as every upsert finds, and booking it is proved to have been done.
    let again = start(&runtime, "order", "9").await;
    assert_eq!(runtime.settled(&again).await.unwrap().field("state").as_text(), Some("done"));
    // A new one is looked for twice, the second time after the settling time, and made once.
    let before = bench.world.count("find/Ref/10");
    let new = start(&runtime, "order", "10").await;
    let shown = runtime.settled(&new).await.unwrap();
    assert_eq!(shown.field("state").as_text(), Some("done"), "{shown:?}");
    assert!(bench.world.count("find/Ref/10") - before >= 2);
    let lines = text(&row(&runtime, &new).await);
    assert!(lines.contains("STORE_RESTORED"), "{lines}");
    {
        let books = bench.world.books.lock().unwrap();
        assert!(books.creates.values().all(|n| *n == 1), "{:?}", books.creates);
        assert!(books.books.values().all(|n| *n == 1), "{:?}", books.books);
    }
    runtime.settle_restored(&by()).await.unwrap();
    assert_eq!(Restored::of(&*bench.store).await.unwrap(), None);
    let later = start(&runtime, "order", "11").await;
    runtime.settled(&later).await.unwrap();
    assert!(!text(&row(&runtime, &later).await).contains("STORE_RESTORED"));
}

#[tokio::test(start_paused = true)]
async fn a_rotated_key_opens_everything_whenever_the_process_ends() {
    let bench = Bench::new(8);
    let folder = tempfile::tempdir().unwrap();
    let vault = || Vault::of_directory(folder.path(), None, &*bench.seam).unwrap();
    let with = |vault: Vault| Ground {
        store: bench.store.clone(),
        seam: bench.seam.clone(),
        transport: Arc::new(Wire(bench.world.clone())),
        vault,
    };
    let config = Config { polls: false, ..Config::default() };
    let open = |vault| Runtime::start(with(vault), vec![bench.deployment.clone()], config);
    let runtime = open(vault()).await.unwrap();
    let given = json::read(
        r#"{"base": "http://toy", "credentials": {"secret": "s", "access": "1", "refresh": "1"}}"#,
    );
    for name in ["shop", "ledger"] {
        runtime.add_connection(name, given.as_ref().unwrap(), &by()).await.unwrap();
    }
    let old = std::fs::read_to_string(folder.path().join("key")).unwrap();
    let done = runtime.rotate_key(None, &by()).await.unwrap();
    assert_eq!(done.field("sealed"), &Value::from(2));
    let new = std::fs::read_to_string(folder.path().join("key")).unwrap();
    assert_ne!(old, new);
    assert!(!folder.path().join("key.new").exists());
    start(&runtime, "order", "1").await;
    quiet(&runtime).await;
    runtime.stop(Duration::from_secs(1)).await;
    // Between the commit and the change of the file: the old key stands in `key`, the new one beside.
    std::fs::write(folder.path().join("key"), &old).unwrap();
    std::fs::write(folder.path().join("key.new"), &new).unwrap();
    let runtime = open(vault()).await.unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("key")).unwrap(), new);
    start(&runtime, "order", "2").await;
    quiet(&runtime).await;
    runtime.stop(Duration::from_secs(1)).await;
    // Before the commit: a key beside that nothing was sealed under.
    std::fs::write(folder.path().join("key.new"), &old).unwrap();
    let runtime = open(vault()).await.unwrap();
    start(&runtime, "order", "3").await;
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 3]);
    runtime.stop(Duration::from_secs(1)).await;
    // The wrong key: the connections wait, and say for what.
    let runtime = open(Vault::with_key([9; 32])).await.unwrap();
    let shown = text(&runtime.connections());
    assert!(shown.contains("SECRETS_CLOSED") && shown.contains("master key of memory"), "{shown}");
    let task = start(&runtime, "order", "4").await;
    bench.pass(Duration::from_secs(60)).await;
    let why = text(&runtime.why(&task).await.unwrap());
    assert!(why.contains("needs new credentials") && why.contains("do not open"), "{why}");
    let from_variable = Vault::of_directory(folder.path(), Some(new.trim()), &*bench.seam).unwrap();
    let runtime = open(from_variable).await.unwrap();
    assert_eq!(runtime.rotate_key(None, &by()).await.unwrap_err().code, "KEY_NEEDED");
    let third = "ab".repeat(32);
    runtime.rotate_key(Some(&third), &by()).await.unwrap();
    runtime.stop(Duration::from_secs(1)).await;
    let with_third = Vault::of_directory(folder.path(), Some(&third), &*bench.seam).unwrap();
    let runtime = open(with_third).await.unwrap();
    assert!(!text(&runtime.connections()).contains("SECRETS_CLOSED"));
}
