//! The sending of deliveries: each is tried up to eight times, pauses doubling over four hours.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::{Delivery, TRIES, Webhooks};

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// The first pause; seven that double come to four hours: 127 × 113,385 ms.
const FIRST_PAUSE_MS: u64 = 113_385;
/// How many deliveries are on the wire at once.
const AT_ONCE: usize = 16;

/// Sends deliveries until the shop is gone.
pub(super) async fn work(webhooks: Weak<Webhooks>, mut queue: mpsc::UnboundedReceiver<Delivery>) {
    // Another part of the process may have chosen a provider already; either serves.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .build();
    let Ok(client) = client else { return };
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut flying = JoinSet::new();
    loop {
        tokio::select! {
            delivery = queue.recv() => match delivery {
                Some(delivery) => {
                    // Waiting here keeps first tries in the order they were posted in.
                    let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                    let post = Post { webhooks: webhooks.clone(), client: client.clone() };
                    flying.spawn(async move { post.deliver(delivery, place).await });
                }
                None => return,
            },
            Some(_) = flying.join_next(), if !flying.is_empty() => {}
        }
    }
}

struct Post {
    webhooks: Weak<Webhooks>,
    client: reqwest::Client,
}

impl Post {
    async fn deliver(self, delivery: Delivery, place: tokio::sync::OwnedSemaphorePermit) {
        let mut place = Some(place);
        let before = self.delivered_to(&delivery.subscription);
        for attempt in 1..=TRIES {
            let answered = self.once(&delivery).await;
            // Only first tries wait for each other.
            place.take();
            let Some(webhooks) = self.webhooks.upgrade() else { return };
            let divisor = {
                let mut state = webhooks.state();
                state.counts.tries = state.counts.tries.wrapping_add(1);
                if answered {
                    state.counts.delivered = state.counts.delivered.wrapping_add(1);
                    for own in &mut state.subscriptions {
                        if own.id == delivery.subscription {
                            own.delivered = own.delivered.wrapping_add(1);
                        }
                    }
                    return;
                }
                state.counts.failed_tries = state.counts.failed_tries.wrapping_add(1);
                drop(state);
                u64::from(webhooks.limits().webhook_pause_divisor.max(1))
            };
            if attempt == TRIES {
                give_up(&webhooks, &delivery, before);
                return;
            }
            drop(webhooks);
            let pause = FIRST_PAUSE_MS.saturating_mul(1 << (attempt - 1)) / divisor;
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    async fn once(&self, delivery: &Delivery) -> bool {
        let mut request = self.client.post(&delivery.address).body(delivery.body.clone());
        for (name, value) in &delivery.headers {
            request = request.header(*name, value);
        }
        request.send().await.is_ok_and(|answer| answer.status().is_success())
    }

    fn delivered_to(&self, subscription: &str) -> u64 {
        self.webhooks.upgrade().map_or(0, |webhooks| {
            let state = webhooks.state();
            state.subscriptions.iter().find(|s| s.id == subscription).map_or(0, |s| s.delivered)
        })
    }
}

/// A subscription is removed, in silence, when a delivery failed every time and no other of it was
/// answered meanwhile.
fn give_up(webhooks: &Webhooks, delivery: &Delivery, before: u64) {
    let mut state = webhooks.state();
    state.counts.given_up = state.counts.given_up.wrapping_add(1);
    if !state.manner.remove {
        return;
    }
    let had = state.subscriptions.len();
    state.subscriptions.retain(|s| s.id != delivery.subscription || s.delivered > before);
    if state.subscriptions.len() < had {
        state.counts.removed = state.counts.removed.wrapping_add(1);
    }
}
