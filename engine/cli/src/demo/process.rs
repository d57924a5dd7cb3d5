//! Child processes of the demonstration: the sandbox and the engine.

use std::net::TcpListener;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::exit::Failure;

/// Another run of this very binary.
pub struct Process {
    child: Child,
    /// The first line it printed, which says that it is ready.
    pub ready: tenon_value::Value,
}

impl Process {
    /// Starts `tenon` with these words and waits for its first line, a JSON object.
    ///
    /// # Errors
    /// When it does not start, or ends before it is ready.
    pub async fn start(words: &[String]) -> Result<Process, Failure> {
        let mut child = command(words)?
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| {
                Failure::internal(format!("`tenon {}` did not start: {e}", words.join(" ")))
            })?;
        let Some(stdout) = child.stdout.take() else {
            return Err(Failure::internal("a child process has no standard output"));
        };
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next_line().await?;
        let Some(ready) = first.as_deref().and_then(|line| tenon_value::json::read(line).ok())
        else {
            let status = child.wait().await?;
            return Err(Failure::internal(format!(
                "`tenon {}` ended before it was ready ({status})",
                words.join(" ")
            )));
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Process { child, ready })
    }

    /// Its process id; none once it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// SIGKILL, and waits until it is gone.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill(mut self) -> Result<(), Failure> {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }
}

/// Runs `tenon` with these words to its end, giving it a text to read.
///
/// # Errors
/// When it does not start.
pub async fn run(words: &[String], input: &str) -> Result<(ExitStatus, String), Failure> {
    let mut child = command(words)?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).await?;
    }
    let out = child.wait_with_output().await?;
    Ok((out.status, String::from_utf8_lossy(&out.stdout).into_owned()))
}

fn command(words: &[String]) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(words);
    Ok(command)
}

/// A port on loopback that nobody listens on now.
///
/// # Errors
/// When the system has none.
pub fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Words of a command line.
pub fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}

/// A path as a word of a command line.
pub fn path(path: &Path) -> String {
    path.display().to_string()
}
