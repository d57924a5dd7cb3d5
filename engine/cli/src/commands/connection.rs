//! `tenon connection`: accounts in outside systems.

use std::io::Read as _;
use std::path::Path;

use tenon_server::Call;
use tenon_value::{Record, Value};

use crate::api::Api;
use crate::arguments::{
    Connection, ConnectionAdd, ConnectionOne, DirectoryOutput, Output, RotateKey,
};
use crate::commands::{once, pair, who};
use crate::exit::{Ended, Failure};
use crate::output::{self, Column};

const COLUMNS: &[Column] = &[
    ("connection", "name"),
    ("connector", "connector"),
    ("standing", "standing"),
    ("address", "base"),
    ("tasks parked", "parked"),
    ("says", "shows"),
];

/// Runs the command.
///
/// # Errors
/// The engine's refusal; wrong use where credentials can't be read.
pub async fn run(command: Connection) -> Ended {
    match command {
        Connection::Add(add) => self::add(&add).await,
        Connection::List(common) => {
            let answer = once(&common, Call::new("GET", "/connections")).await?;
            output::rows(common.output, COLUMNS, answer.items());
            Ok(0)
        }
        Connection::Check(common) => check(&common).await,
        Connection::Remove(one) => {
            let path = format!("/connections/{}", one.name);
            ask(&one, Call::new("DELETE", &path)).await
        }
        Connection::Pause(one) => stand(&one, "pause").await,
        Connection::Resume(one) => stand(&one, "resume").await,
        Connection::RotateKey(rotate) => rotate_key(&rotate).await,
    }
}

async fn stand(one: &ConnectionOne, verb: &str) -> Ended {
    ask(one, Call::new("POST", &format!("/connections/{}/{verb}", one.name))).await
}

async fn ask(one: &ConnectionOne, call: Call) -> Ended {
    let call = call.body(Value::of([("by", who()), ("why", Value::text(&one.why))]));
    output::rows(one.common.output, COLUMNS, &[once(&one.common, call).await?]);
    Ok(0)
}

async fn add(add: &ConnectionAdd) -> Ended {
    let mut parameters = Record::new();
    for word in &add.parameters {
        let (name, value) = pair(word)?;
        parameters.insert(name.into(), Value::text(value));
    }
    let body = Value::of([
        ("environment", Value::text(&add.environment)),
        ("parameters", Value::record(parameters)),
        ("base", add.base.as_deref().map_or(Value::Missing, Value::text)),
        ("credentials", credentials(&add.credentials)?),
        ("by", who()),
    ]);
    let common = DirectoryOutput {
        project: add.project.clone(),
        directory: add.directory.clone(),
        output: Output::Table,
    };
    let call = Call::new("PUT", &format!("/connections/{}", add.name)).body(body);
    output::rows(Output::Table, COLUMNS, &[once(&common, call).await?]);
    Ok(0)
}

/// Credentials, one `NAME=VALUE` a line; empty lines and lines that begin with `#` are passed over.
fn credentials(path: &Path) -> Result<Value, Failure> {
    let wrong = |e: std::io::Error| Failure::usage(format!("{}: {e}", path.display()));
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map_err(wrong)?;
    } else {
        text = std::fs::read_to_string(path).map_err(wrong)?;
    }
    let mut credentials = Record::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // The line itself may hold a secret, so it is not shown.
        let (name, value) = line.split_once('=').ok_or_else(|| {
            let line = n.saturating_add(1);
            Failure::usage(format!("line {line} of the credentials is not written NAME=VALUE"))
        })?;
        credentials.insert(name.trim().into(), Value::text(value.trim()));
    }
    Ok(Value::record(credentials))
}

async fn rotate_key(rotate: &RotateKey) -> Ended {
    let mut body = Value::of([("by", who())]);
    if let Some(path) = &rotate.new_key {
        let key = std::fs::read_to_string(path)
            .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
        body = body.with("key", Value::text(key.trim()));
    }
    let answer = once(&rotate.common, Call::new("POST", "/store/rotate-key").body(body)).await?;
    output::record(rotate.common.output, &answer);
    Ok(0)
}

async fn check(common: &DirectoryOutput) -> Ended {
    let api = Api::of(&common.directory.dir, common.project.project.as_deref()).await?;
    let listed = api.call(Call::new("GET", "/connections")).await?;
    let mut rows = Vec::new();
    let mut failed = None;
    for connection in listed.items() {
        let name = connection.field("name").as_text().unwrap_or_default();
        match api.call(Call::new("POST", &format!("/connections/{name}/check"))).await {
            Ok(answer) => rows.push(answer),
            Err(failure) => {
                rows.push(connection.clone().with("standing", Value::text("refused")));
                failed = Some(failure);
            }
        }
    }
    api.close().await;
    output::rows(common.output, COLUMNS, &rows);
    failed.map_or(Ok(0), Err)
}
