//! What the kernel sees: no webhook is answered and no write leaves before the disk has what it rests on.
//!
//! The engine runs under strace. The trace is read as calls with a beginning and an end; frames of the
//! commit log are unpacked, so that a delivery's or an intention's bytes are looked for as they are
//! stored.

use std::collections::BTreeMap;
use std::process::Command;

use crate::stage::{Stage, telling};

/// One system call.
#[derive(Debug, Clone)]
struct SystemCall {
    name: String,
    /// The first argument: a file's or a socket's number with what it stands for.
    on: String,
    /// What was written.
    data: Vec<u8>,
    /// Lines of the trace where it begins and ends.
    begins: usize,
    ends: usize,
    /// Whether it succeeded.
    good: bool,
}

/// Reads a trace of `strace -f -yy`.
fn read(trace: &str) -> Vec<SystemCall> {
    let mut open: BTreeMap<String, SystemCall> = BTreeMap::new();
    let mut calls = Vec::new();
    for (n, line) in trace.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(resumed) = rest.strip_prefix("<... ") {
            if let Some(mut call) = open.remove(thread) {
                call.ends = n;
                call.good = succeeded(resumed);
                calls.push(call);
            }
            continue;
        }
        let Some((name, arguments)) = rest.split_once('(') else { continue };
        let unfinished = arguments.ends_with("<unfinished ...>");
        let on = arguments.split_once('>').map_or("", |(on, _)| on);
        let call = SystemCall {
            name: name.to_owned(),
            on: on.to_owned(),
            data: texts(arguments),
            begins: n,
            ends: n,
            good: succeeded(arguments),
        };
        if unfinished {
            open.insert(thread.to_owned(), call);
        } else {
            calls.push(call);
        }
    }
    calls.sort_by_key(|call| call.begins);
    calls
}

fn succeeded(end: &str) -> bool {
    let result = end.rsplit_once(" = ").map_or("", |(_, result)| result);
    result.starts_with(|c: char| c.is_ascii_digit())
}

/// The texts between quotation marks, as bytes, one after the other.
fn texts(arguments: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = arguments.bytes().peekable();
    let mut inside = false;
    while let Some(byte) = bytes.next() {
        match (inside, byte) {
            (_, b'"') => inside = !inside,
            (true, b'\\') => match bytes.next() {
                Some(b'n') => out.push(b'\n'),
                Some(b'r') => out.push(b'\r'),
                Some(b't') => out.push(b'\t'),
                Some(b'v') => out.push(0x0b),
                Some(b'f') => out.push(0x0c),
                Some(digit @ b'0'..=b'7') => {
                    let mut value = u32::from(digit - b'0');
                    for _ in 0..2 {
                        let Some(next @ b'0'..=b'7') = bytes.peek().copied() else { break };
                        value = value * 8 + u32::from(next - b'0');
                        bytes.next();
                    }
                    out.push(u8::try_from(value).unwrap());
                }
                Some(other) => out.push(other),
                None => {}
            },
            (true, other) => out.push(other),
            (false, _) => {}
        }
    }
    out
}

/// A frame of the commit log with its compressed values unpacked behind it.
fn unpacked(frame: &[u8]) -> Vec<u8> {
    let mut out = frame.to_vec();
    let number = |at: usize, bytes: usize| -> Option<usize> {
        let slice = frame.get(at..at + bytes)?;
        Some(slice.iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte)))
    };
    let mut at = 32;
    while let (Some(key), Some(value)) = (number(at, 2), number(at + 2, 4)) {
        if key == 0 {
            break;
        }
        let begins = at + 6 + key;
        let value = if value == 0xffff_ffff { 0 } else { value };
        if let Some([1, 1, rest @ ..]) = frame.get(begins..begins + value)
            && let Some(packed) = rest.get(16..)
            && let Ok(plain) = lz4_flex::decompress_size_prepended(packed)
        {
            out.extend(plain);
        }
        at = begins + value;
    }
    out
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && bytes.windows(part.len()).any(|window| window == part)
}

/// Something that left the process, and what must have been on disk before.
#[derive(Debug)]
struct Left {
    says: String,
    rests_on: Vec<Vec<u8>>,
    begins: usize,
}

/// What was checked, and what left too early.
#[derive(Debug, Default)]
struct Verdict {
    answers: usize,
    writes: usize,
    syncs: usize,
    wrong: Vec<String>,
}

/// Holds a trace against the promise.
fn judge(trace: &str) -> Verdict {
    let calls = read(trace);
    let mut verdict = Verdict::default();
    let frames: Vec<(&SystemCall, Vec<u8>)> = calls
        .iter()
        .filter(|call| call.name == "pwrite64" && call.on.ends_with(".log") && call.good)
        .map(|call| (call, unpacked(&call.data)))
        .collect();
    let synced: Vec<&SystemCall> = calls
        .iter()
        .filter(|call| matches!(call.name.as_str(), "fdatasync" | "fsync") && call.good)
        .filter(|call| call.on.ends_with(".log"))
        .collect();
    verdict.syncs = synced.len();
    for left in calls.iter().filter_map(leaves) {
        match left.says.starts_with("HTTP/") {
            true => verdict.answers += 1,
            false => verdict.writes += 1,
        }
        let covered = frames.iter().any(|(write, frame)| {
            left.rests_on.iter().all(|part| holds(frame, part))
                && synced.iter().any(|sync| {
                    sync.on == write.on && sync.begins > write.ends && sync.ends < left.begins
                })
        });
        if !covered {
            verdict.wrong.push(format!("line {}: {}", left.begins + 1, left.says));
        }
    }
    verdict
}

/// An answer to a webhook, or a request that changes something in the ledger.
fn leaves(call: &SystemCall) -> Option<Left> {
    let sends = matches!(call.name.as_str(), "write" | "writev" | "sendto" | "sendmsg");
    if !sends || !call.on.contains("TCP") {
        return None;
    }
    let text = String::from_utf8_lossy(&call.data).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let first = head.lines().next()?;
    let (method, path) = first.split_once(' ')?;
    let rests_on = if first.starts_with("HTTP/1.1 200") {
        let answer: serde_json::Value = serde_json::from_str(body).ok()?;
        vec![answer["delivery"].as_str()?.as_bytes().to_vec()]
    } else if matches!(method, "POST" | "PUT" | "DELETE" | "PATCH") {
        let path = path.split_once("/fortnox/3")?.1.split(' ').next()?;
        let mut parts = vec![path.as_bytes().to_vec()];
        parts.extend((!body.is_empty()).then(|| body.as_bytes().to_vec()));
        parts
    } else {
        return None;
    };
    Some(Left { says: first.to_owned(), rests_on, begins: call.begins })
}

#[tokio::test]
async fn nothing_is_answered_or_sent_before_the_disk_has_it() {
    assert!(
        Command::new("strace").arg("-V").output().is_ok_and(|out| out.status.success()),
        "strace is missing: tests/run installs it"
    );
    let mut stage = Stage::set().await;
    let trace = stage.folder.path().join("trace");
    stage.trace = Some(trace.clone());
    stage.own_project();
    let mut orders = Vec::new();
    for kind in ["card", "oss_finland", "b2b_invoice"] {
        orders.push(stage.order(kind).await.0);
    }
    stage.serve();
    let mut posted = Vec::new();
    for topic in ["orders/create", "orders/paid"] {
        for order in &orders {
            let webhook = stage.webhook(topic, &format!("{topic} {order}"), &telling(order));
            posted.push(tokio::spawn(async move { webhook.post().await }));
        }
    }
    for one in posted {
        assert_eq!(one.await.unwrap().unwrap().0, 200);
    }
    stage.quiet().await;
    let strace = stage.engine.take().unwrap();
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    let engine = std::fs::read_to_string(children).unwrap();
    let ended = Command::new("kill").args(["-TERM", engine.trim()]).status().unwrap();
    assert!(ended.success());
    strace.wait();
    let verdict = judge(&String::from_utf8_lossy(&std::fs::read(&trace).unwrap()));
    println!("{verdict:?}");
    assert_eq!(verdict.wrong, Vec::<String>::new());
    assert_eq!(verdict.answers, 6, "every webhook's answer was seen");
    let counts = stage.control("GET", "/control/counts", serde_json::Value::Null).await;
    let asked: u64 = counts["operations"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.contains("/fortnox/3/") && !name.starts_with("GET"))
        .flat_map(|(_, how)| how.as_object().unwrap().values())
        .map(|times| times.as_u64().unwrap())
        .sum();
    assert_eq!(verdict.writes as u64, asked, "every write the ledger saw was seen: {counts:#}");
    assert!(asked >= 12, "{counts:#}");
}

/// A frame as strace shows it, with one row that holds a text.
fn frame(text: &str) -> String {
    let mut value = vec![b'.'; 18];
    value.extend(text.as_bytes());
    let mut bytes = vec![b'.'; 32];
    bytes.extend([0, 1, 0, 0, 0, u8::try_from(value.len()).unwrap(), b'k']);
    bytes.extend(value);
    bytes.iter().map(|byte| format!("\\{byte:03o}")).collect()
}

/// A trace of one webhook and one write to the ledger, its lines in an order of choice.
fn made(order: &[usize]) -> String {
    let lines = [
        format!("7 pwrite64(9</d/1.log>, \"{}\", 80, 0) = 80", frame("delivery_1")),
        "7 fdatasync(9</d/1.log> <unfinished ...>".to_owned(),
        "7 <... fdatasync resumed>) = 0".to_owned(),
        "8 sendto(4<TCP:[1->2]>, \"HTTP/1.1 200 OK\\r\\n\\r\\n{\\\"delivery\\\":\\\"delivery_1\\\"}\", 60, 0, NULL, 0) = 60"
            .to_owned(),
        format!("7 pwrite64(9</d/1.log>, \"{}\", 80, 0) = 80", frame("PUT /orders/1/x {\"a\":1}")),
        "7 fdatasync(9</d/1.log>) = 0".to_owned(),
        "8 writev(5<TCP:[3->4]>, [{iov_base=\"PUT /fortnox/3/orders/1/x HTTP/1.1\\r\\n\\r\\n\", iov_len=9}, {iov_base=\"{\\\"a\\\":1}\", iov_len=7}], 2) = 16"
            .to_owned(),
    ];
    order.iter().map(|n| format!("{}\n", lines[*n])).collect()
}

#[test]
fn the_judge_of_traces_sees_what_leaves_too_early() {
    let good = judge(&made(&[0, 1, 2, 3, 4, 5, 6]));
    assert_eq!((good.answers, good.writes, good.wrong.len()), (1, 1, 0), "{good:?}");
    let wrong = |order: &[usize]| judge(&made(order)).wrong.len();
    assert_eq!(wrong(&[0, 1, 3, 2, 4, 5, 6]), 1, "the sync had not ended");
    assert_eq!(wrong(&[1, 0, 2, 3, 4, 5, 6]), 1, "the sync began before the write");
    assert_eq!(wrong(&[0, 3, 1, 2, 4, 5, 6]), 1, "the answer came before the sync");
    assert_eq!(wrong(&[0, 1, 2, 3, 4, 6, 5]), 1, "the request left before the sync");
    assert_eq!(wrong(&[0, 1, 2, 3, 6, 4, 5]), 1, "the request left before its intention");
    assert_eq!(wrong(&[0, 1, 2, 3, 6]), 1, "there was no intention");
    assert_eq!(wrong(&[3, 6]), 2, "there was nothing");
}
