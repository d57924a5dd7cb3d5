//! Brings spans to a collector. Bounded, and never waited for: when the collector is slow or away, spans
//! are let go of and counted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tenon_kit::Response;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::metrics::Metrics;
use super::otlp;
use super::trail::Span;
use crate::seam::Seam;
use crate::supervisor::Supervisor;
use crate::transport::{Outgoing, Transport};

/// Turns with spans that wait to be sent; those of further ones are dropped.
const WAITING: usize = 4_096;
/// Spans of one request.
const AT_ONCE: usize = 512;
/// Milliseconds that the first spans wait for more, so that a request brings many.
const GATHER_MS: i64 = 200;
/// Milliseconds before each further try of a request.
const PAUSES_MS: [i64; 3] = [500, 1_000, 2_000];

/// Who collects traces.
#[derive(Clone)]
pub struct Collector {
    /// The base of its OTLP/HTTP address, such as `http://127.0.0.1:4318`; `/v1/traces` is put behind it.
    pub base: String,
    /// What carries the requests. Its bounds on time are those of one try.
    pub transport: Arc<dyn Transport>,
}

/// The way of spans to a collector.
pub(crate) struct Spans {
    line: Mutex<Option<Sender<Vec<Span>>>>,
    metrics: Arc<Metrics>,
    worker: Supervisor,
}

impl Spans {
    /// Begins to send.
    pub(crate) fn to(collector: Collector, seam: Arc<dyn Seam>, metrics: Arc<Metrics>) -> Spans {
        let (sender, line) = mpsc::channel(WAITING);
        let worker = Supervisor::new();
        worker.spawn(send(line, Way { collector, seam, metrics: metrics.clone() }));
        Spans { line: Mutex::new(Some(sender)), metrics, worker }
    }

    /// Hands spans in. Never waits.
    pub(crate) fn tell(&self, spans: Vec<Span>) {
        if spans.is_empty() {
            return;
        }
        let count = spans.len();
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.as_ref().is_none_or(|line| line.try_send(spans).is_err()) {
            self.metrics.spans_dropped(count);
        }
    }

    /// Sends what was handed in, as far as that is done within the patience.
    pub(crate) async fn end(&self, patience: Duration) {
        drop(self.line.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.worker.join(patience).await;
    }

    /// Ends at once.
    pub(crate) fn abort(&self) {
        self.worker.abort();
    }
}

struct Way {
    collector: Collector,
    seam: Arc<dyn Seam>,
    metrics: Arc<Metrics>,
}

async fn send(mut line: Receiver<Vec<Span>>, way: Way) {
    while let Some(first) = line.recv().await {
        let mut spans = first;
        let until_ms = way.seam.steady_ms().saturating_add(GATHER_MS);
        while spans.len() < AT_ONCE {
            let more = tokio::select! {
                biased;
                more = line.recv() => more,
                () = way.seam.sleep_steady(until_ms) => None,
            };
            let Some(more) = more else { break };
            spans.extend(more);
        }
        way.bring(&spans).await;
    }
}

impl Way {
    async fn bring(&self, spans: &[Span]) {
        let body = otlp::body(spans);
        let mut pauses = PAUSES_MS.into_iter();
        loop {
            let response = self.collector.transport.send(self.request(&body)).await;
            let again = match &response {
                Response::Answer { status: 200..=299, .. } => {
                    return self.metrics.spans_sent(spans.len());
                }
                Response::Answer { status, .. } => matches!(status, 429 | 502..=504),
                Response::NotSent { .. } | Response::Lost { .. } => true,
                Response::Barred { .. } => false,
            };
            match pauses.next().filter(|_| again) {
                Some(pause_ms) => {
                    let at_ms = self.seam.steady_ms().saturating_add(pause_ms);
                    self.seam.sleep_steady(at_ms).await;
                }
                None => {
                    tracing::warn!(spans = spans.len(), why = said(&response), "spans dropped");
                    return self.metrics.spans_dropped(spans.len());
                }
            }
        }
    }

    fn request(&self, body: &str) -> Outgoing {
        Outgoing {
            method: "POST".to_owned(),
            url: format!("{}/v1/traces", self.collector.base.trim_end_matches('/')),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: Some(body.to_owned()),
            // The operator gave its address.
            private: true,
        }
    }
}

fn said(response: &Response) -> String {
    match response {
        Response::Answer { status, .. } => format!("answered {status}"),
        Response::NotSent { reason } | Response::Lost { reason } => reason.clone(),
        Response::Barred { host } => host.clone(),
    }
}
