//! Commands reach the engine through its API: of the server that holds the directory, or, where none
//! does, answered here on a store this process opens as its sole owner.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tenon_runtime::{
    Collector, Config, Deployed, Deployment, Ground, Http, HttpBounds, Runtime, Seam,
};
use tenon_server::{ApiFile, Call};
use tenon_store_sled::{Options, SledStore};
use tenon_value::{Value, json};

use crate::exit::Failure;
use crate::project;

/// A way to the engine of a directory.
pub enum Api {
    /// A server holds the directory.
    Server {
        /// Its address and token.
        file: ApiFile,
        /// Speaks HTTP to it.
        client: reqwest::Client,
    },
    /// Nobody holds it: this process does, and moves no task.
    Here {
        /// The idle engine.
        runtime: Box<Runtime>,
        /// Its store.
        store: Arc<SledStore>,
    },
}

impl Api {
    /// Finds the way to a directory's engine.
    ///
    /// # Errors
    /// When a server holds it but does not answer, or the store can't be opened.
    pub async fn of(dir: &Path, project: Option<&Path>) -> Result<Api, Failure> {
        Api::reach(dir, project, Starting { idle: true, ..Starting::default() }).await
    }

    /// The same, but where nobody holds the directory this process moves its tasks while it lasts.
    ///
    /// # Errors
    /// As [`Api::of`].
    pub async fn moving(dir: &Path, project: Option<&Path>) -> Result<Api, Failure> {
        Api::reach(dir, project, Starting::default()).await
    }

    /// A way to deploy documents: to the server that holds the directory, or to the directory itself,
    /// whatever it ran until now.
    ///
    /// # Errors
    /// As [`Api::of`].
    pub async fn deploying(dir: &Path, deployment: Deployment) -> Result<Api, Failure> {
        if let Some(server) = Api::server(dir).await? {
            return Ok(server);
        }
        let starting = Starting { idle: true, looks: true, ..Starting::default() };
        let (runtime, store) = start_on(dir, open(dir, None)?, deployment, starting).await?;
        Ok(Api::Here { runtime: Box::new(runtime), store })
    }

    /// The server that holds a directory; none when nobody answers for it.
    ///
    /// # Errors
    /// When the file a server left can't be read.
    pub async fn server(dir: &Path) -> Result<Option<Api>, Failure> {
        let file = ApiFile::read(dir).map_err(|e| Failure::internal(e.to_string()))?;
        let Some(file) = file else { return Ok(None) };
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .build()
            .map_err(|e| Failure::internal(e.to_string()))?;
        let probe = client.get(format!("{}/api/v1/status", file.address));
        let answers = probe.bearer_auth(&file.token).send().await.is_ok();
        Ok(answers.then_some(Api::Server { file, client }))
    }

    async fn reach(dir: &Path, project: Option<&Path>, starting: Starting) -> Result<Api, Failure> {
        if let Some(server) = Api::server(dir).await? {
            return Ok(server);
        }
        let (runtime, store) = start(dir, project, starting).await?;
        Ok(Api::Here { runtime: Box::new(runtime), store })
    }

    /// Answers a call.
    ///
    /// # Errors
    /// The engine's refusal, in its words.
    pub async fn call(&self, call: Call) -> Result<Value, Failure> {
        match self {
            Api::Here { runtime, .. } => tenon_server::answer(runtime, call)
                .await
                .map_err(|refusal| refused(&refusal.to_value())),
            Api::Server { file, client } => send(file, client, call).await,
        }
    }

    /// Ends it.
    pub async fn close(self) {
        if let Api::Here { runtime, store } = self {
            runtime.stop(Duration::from_secs(5)).await;
            close(&store).await;
        }
    }
}

async fn send(file: &ApiFile, client: &reqwest::Client, call: Call) -> Result<Value, Failure> {
    let lost = |e: reqwest::Error| {
        Failure::remote(format!("the server at {} did not answer: {e}", file.address))
            .hint("is it still running? `tenon serve` starts it")
    };
    let method = reqwest::Method::from_bytes(call.method.as_bytes())
        .map_err(|e| Failure::internal(e.to_string()))?;
    let mut url = reqwest::Url::parse(&format!("{}/api/v1{}", file.address, call.path))
        .map_err(|e| Failure::internal(e.to_string()))?;
    if !call.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&call.query);
    }
    let mut request = client.request(method, url).bearer_auth(&file.token);
    if !matches!(call.body, Value::Missing) {
        request = request.header("Content-Type", "application/json").body(json::write(&call.body));
    }
    if call.path.starts_with("/store/")
        || ["/deploy", "/shadow"].iter().any(|p| call.path.ends_with(p))
    {
        // These go through everything that is stored.
        request = request.timeout(Duration::from_secs(6 * 3_600));
    }
    let response = request.send().await.map_err(lost)?;
    let status = response.status();
    let body = response.text().await.map_err(lost)?;
    let value = json::read(&body)
        .map_err(|e| Failure::remote(format!("the server's answer is no JSON: {e}")))?;
    if status.is_success() { Ok(value) } else { Err(refused(&value)) }
}

/// A refusal as a failure of the command.
pub fn refused(refusal: &Value) -> Failure {
    let text = |name: &str| refusal.field(name).as_text().unwrap_or_default().to_owned();
    let message = format!("{}: {}", text("code"), text("message"));
    let failure = match text("code").as_str() {
        "INTERNAL" => Failure::internal(message),
        _ => Failure::remote(message),
    };
    match text("hint") {
        hint if hint.is_empty() => failure,
        hint => failure.hint(hint),
    }
}

/// How an engine is started on a directory.
#[derive(Debug, Clone, Default)]
pub struct Starting {
    /// Moves no task.
    pub idle: bool,
    /// Runs the polls that flows ask for.
    pub polls: bool,
    /// Keeps no limit that a connector states.
    pub unlimited: bool,
    /// Time passes this many times faster for the engine; 0 and 1 leave it alone.
    pub time_scale: u32,
    /// Only looks at what the documents would mean.
    pub looks: bool,
    /// Says where a folder's documents are not those that run.
    pub tells: bool,
    /// Mebibytes that must stay free on the disk for work to go on; none is the store's own bound.
    pub keep_free_mib: Option<u64>,
    /// The OTLP/HTTP address of who collects traces; none makes none.
    pub traces: Option<String>,
}

/// Opens a directory's store and starts an engine on it: with what was deployed to it, else with the
/// documents of a folder.
///
/// # Errors
/// When the documents have errors, or the store can't be opened.
pub async fn start(
    dir: &Path,
    project: Option<&Path>,
    starting: Starting,
) -> Result<(Runtime, Arc<SledStore>), Failure> {
    // Nothing can be deployed to a directory that is not there: findings come before it is made.
    let first = match dir.join("store").is_dir() {
        true => None,
        false => Some(of_folder(project)?),
    };
    let store = open(dir, starting.keep_free_mib)?;
    let deployment = match first {
        Some(deployment) => Ok(deployment),
        None => what_runs(dir, &store, project, starting.tells).await,
    };
    match deployment {
        Ok(deployment) => start_on(dir, store, deployment, starting).await,
        Err(failure) => {
            close(&store).await;
            Err(failure)
        }
    }
}

fn of_folder(project: Option<&Path>) -> Result<Deployment, Failure> {
    let connectors = project::connectors()?;
    let folder = project::Folder::open(project)?;
    let integration = project::checked(&folder, &connectors, "nothing was started")?;
    folder.deployment(integration, &connectors)
}

/// What a directory runs.
async fn what_runs(
    dir: &Path,
    store: &SledStore,
    project: Option<&Path>,
    tells: bool,
) -> Result<Deployment, Failure> {
    let refuse = |refusal: tenon_runtime::Refusal| refused(&refusal.to_value());
    let Some(deployed) = Deployed::of(store).await.map_err(refuse)? else {
        return of_folder(project);
    };
    if tells && let Some(project) = project {
        let folder = project::Folder::open(Some(project))?;
        if folder.documents().files != deployed.documents.files {
            eprintln!(
                "warning: {} runs what {} deployed to it from {}, not the documents of {} as they are \
                 now: `tenon deploy {}` makes those run",
                dir.display(),
                deployed.by,
                deployed.documents.folder,
                project.display(),
                project.display()
            );
        }
    }
    match tenon_server::compile(&deployed.documents).map_err(refuse)? {
        Ok(deployment) => Ok(deployment),
        Err(found) => {
            eprint!("{}", tenon_source::render(&found, project::human()));
            let what = tenon_source::summary(&found);
            Err(Failure::findings(format!(
                "what is deployed to {} has {what} for this version of tenon",
                dir.display()
            ))
            .hint("deploy documents without them: `tenon deploy DIR`; open tasks stay on their graphs"))
        }
    }
}

async fn start_on(
    dir: &Path,
    store: Arc<SledStore>,
    deployment: Deployment,
    starting: Starting,
) -> Result<(Runtime, Arc<SledStore>), Failure> {
    let seam: Arc<dyn Seam> = crate::clock::seam(starting.time_scale, dir)?;
    let ground = ground(dir, Arc::clone(&store), seam)?;
    let config = Config {
        idle: starting.idle,
        polls: starting.polls,
        limits: !starting.unlimited,
        keeps_graphs: !starting.looks,
        ..Config::default()
    };
    let collector = starting.traces.map(collector).transpose()?;
    match Runtime::start_traced(ground, vec![deployment], config, collector).await {
        Ok(runtime) => Ok((runtime, store)),
        Err(refusal) => {
            close(&store).await;
            Err(refused(&refusal.to_value()))
        }
    }
}

/// The way to who collects traces: a request that takes long is given up soon.
fn collector(base: String) -> Result<Collector, Failure> {
    let scheme = |url: &reqwest::Url| matches!(url.scheme(), "http" | "https");
    if !reqwest::Url::parse(&base).is_ok_and(|url| scheme(&url)) {
        return Err(Failure::usage(format!("`{base}` is no address of a collector"))
            .hint("write --traces http://127.0.0.1:4318"));
    }
    let bounds = HttpBounds { connect_ms: 2_000, total_ms: 10_000, answer_bytes: 1024 * 1024 };
    let http = Http::new(bounds).map_err(|e| Failure::internal(e.to_string()))?;
    Ok(Collector { base, transport: Arc::new(http) })
}

/// What an engine stands on in a directory.
fn ground(dir: &Path, store: Arc<SledStore>, seam: Arc<dyn Seam>) -> Result<Ground, Failure> {
    let transport =
        Arc::new(Http::new(HttpBounds::default()).map_err(|e| Failure::internal(e.to_string()))?);
    let mut ground =
        Ground::of_directory(dir, store, transport).map_err(|e| Failure::usage(e.to_string()))?;
    ground.seam = seam;
    Ok(ground)
}

/// Opens the store of a directory as its sole owner, making the directory where it is missing.
pub fn open(dir: &Path, keep_free_mib: Option<u64>) -> Result<Arc<SledStore>, Failure> {
    let mut options = Options::held_by("tenon");
    if let Some(mib) = keep_free_mib {
        options.keep_free_bytes = mib.saturating_mul(1024 * 1024);
    }
    SledStore::open(dir, options).map(Arc::new).map_err(|e| store_failure(&e))
}

/// What a store's error means for whoever asked: what happened, where, and what to do next.
pub fn store_failure(error: &tenon_store::StoreError) -> Failure {
    let page = tenon_store::codes::PAGES.iter().find(|page| page.0 == error.code());
    let failure = Failure::usage(format!("{}: {error}", error.code()));
    page.into_iter().fold(failure, |failure, page| failure.hint(page.3))
}

/// Closes a store; what can't be closed cleanly is found again at the next start.
pub async fn close(store: &Arc<SledStore>) {
    use tenon_store::Store as _;
    if let Err(e) = store.close().await {
        eprintln!("warning: the store was not closed cleanly: {e}");
    }
}
