//! The audit log: what each line names.

use super::*;
use crate::operate::{AuditQuery, Link};

async fn lines(runtime: &Runtime, what: &str) -> Vec<Value> {
    let query = AuditQuery { from_ms: Some(0), limit: 1000, ..AuditQuery::default() };
    let all = runtime.audit(query).await.unwrap();
    let lines = all.field("lines").items().iter();
    lines.filter(|line| line.field("what").as_text() == Some(what)).cloned().collect()
}

/// Fields of a line: task, step, record on both sides, code.
fn named(line: &Value) -> [Option<String>; 5] {
    ["task", "step", "source", "target", "code"].map(|name| line.field(name).plain())
}

fn some(of: [&str; 5]) -> [Option<String>; 5] {
    of.map(|text| (!text.is_empty()).then(|| text.to_owned()))
}

#[tokio::test(start_paused = true)]
async fn each_line_names_task_step_record_on_both_sides_and_code() {
    let bench = Bench::new(8);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().refuse_booking = true;
    let task = start(&runtime, "order", "1").await;
    quiet(&runtime).await;
    let linked = lines(&runtime, "linked").await;
    assert_eq!(
        linked.iter().map(named).collect::<Vec<_>>(),
        [some([&task, "write", "1", "100", ""])]
    );
    let failed = lines(&runtime, "failed").await;
    let fault = [some([&task, "book", "1", "100", "TOY"])];
    assert_eq!(failed.iter().map(named).collect::<Vec<_>>(), fault);
    bench.world.books.lock().unwrap().refuse_booking = false;
    let none = Value::record(tenon_value::Record::new());
    runtime.verb(&task, "retry", &none, &by()).await.unwrap();
    quiet(&runtime).await;
    let retried = lines(&runtime, "retried").await;
    assert_eq!(retried.iter().map(named).collect::<Vec<_>>(), fault, "what it had stood at");
    assert_eq!(retried[0].field("by").as_text(), Some("anna"));
    let done = lines(&runtime, "done").await;
    assert_eq!(done.iter().map(named).collect::<Vec<_>>(), [some([&task, "", "1", "100", ""])]);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_a_flow_writes_names_its_step_and_one_about_a_record_names_the_record() {
    let bench = Bench::new(9);
    let runtime = bench.start().await;
    let task = start(&runtime, "told", "2").await;
    quiet(&runtime).await;
    let logged = lines(&runtime, "logged").await;
    assert_eq!(
        logged.iter().map(named).collect::<Vec<_>>(),
        [some([&task, "say", "2", "100", ""])]
    );
    assert_eq!(logged[0].field("by").as_text(), Some("flow"));
    let link = Link { entity: "order", source: "7", target: "107", hands_off: false };
    runtime.add_reference("", link, &by()).await.unwrap();
    runtime.delete_reference("", "order", "7", &by()).await.unwrap();
    runtime.ignore_record("", "7", &by()).await.unwrap();
    for (what, target) in
        [("reference_added", "107"), ("reference_deleted", "107"), ("record_ignored", "")]
    {
        let told = lines(&runtime, what).await;
        assert_eq!(told.iter().map(named).collect::<Vec<_>>(), [some(["", "", "7", target, ""])]);
    }
}
