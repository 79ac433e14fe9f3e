//! Destinations made ready: keys read, template parsed, one client with its own connections each.

use super::address::Resolver;
use super::config::{self, DestinationConfig, Format};
use super::secret::Key;
use super::template::UrlTemplate;
use crate::error::BuildError;
use crate::shell::store::{EventKind, NewDelivery};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use std::sync::Arc;
use std::time::Duration;

/// How long an idle connection is kept for the next event.
const KEEP_ALIVE: Duration = Duration::from_secs(300);

/// The destinations of one configuration, ready to be sent to. Clones share them.
#[derive(Clone, Default)]
pub struct Destinations {
    list: Arc<Vec<Arc<Destination>>>,
}

/// One destination, ready to be sent to.
pub struct Destination {
    pub(super) config: DestinationConfig,
    pub(super) url: UrlTemplate,
    pub(super) keys: Vec<Key>,
    pub(super) client: Client,
}

impl Destinations {
    /// Checks the configuration, reads keys and certificates, and makes the clients. `file` is
    /// where the configuration came from.
    ///
    /// # Errors
    /// Names file, key, value and mend of the first that is wrong.
    pub fn build(list: &[DestinationConfig], file: &str) -> Result<Self, BuildError> {
        config::check(list, file)?;
        let ready = list
            .iter()
            .map(|it| Destination::build(it, file).map(Arc::new));
        Ok(Self {
            list: Arc::new(ready.collect::<Result<_, _>>()?),
        })
    }

    /// Whom to tell of an `event` at `at_ms`, for the record that causes it.
    pub fn deliveries(&self, event: EventKind, at_ms: i64) -> Vec<NewDelivery> {
        let told = self
            .list
            .iter()
            .filter(|it| it.config.events.contains(&event));
        let each = told.map(|it| NewDelivery {
            destination: it.config.name.clone(),
            expires_ms: at_ms.saturating_add((it.config.deliver_within_s * 1000.0) as i64),
        });
        each.collect()
    }

    /// Their names, in the order of the configuration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|it| it.config.name.as_str())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Destination>> {
        self.list.iter()
    }
}

impl Destination {
    fn build(config: &DestinationConfig, file: &str) -> Result<Self, BuildError> {
        let url = UrlTemplate::parse(&config.url);
        let url = url.map_err(|reason| config.wrong(file, "url", &config.url, &reason))?;
        let keys = config.keys(file)?;
        // Read again for each attempt; here only to tell a mistake at the start and not in a call.
        let headers = config.header_values();
        headers.map_err(|reason| config.wrong(file, "headers", "unusable", &reason))?;
        Ok(Self {
            client: client(config, &url, file)?,
            config: config.clone(),
            url,
            keys,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    pub(super) fn attempt_timeout(&self) -> Duration {
        Duration::from_millis(self.config.attempt_timeout_ms.into())
    }

    pub(super) fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
        self.config.header_values()
    }

    pub(super) fn format(&self) -> Format {
        self.config.format
    }
}

fn client(config: &DestinationConfig, url: &UrlTemplate, file: &str) -> Result<Client, BuildError> {
    let builder = Client::builder()
        .user_agent(concat!("undertone/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        // A proxy from the environment would resolve names itself, past the resolver below.
        .no_proxy()
        .dns_resolver(Arc::new(Resolver {
            allow_private: config.allow_private,
        }))
        .pool_idle_timeout(KEEP_ALIVE)
        .pool_max_idle_per_host(config.concurrency as usize)
        .tcp_nodelay(true)
        .https_only(url.example().scheme() == "https");
    let builder = if url.example().scheme() == "https" {
        provide_cryptography();
        builder.tls_certs_merge(authorities(config, file)?)
    } else {
        // Without TLS no certificate of the system is needed either.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| BuildError::file(file, error))?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        builder.tls_backend_preconfigured(tls)
    };
    builder.build().map_err(|error| {
        let cause = std::error::Error::source(&error).map_or(String::new(), |it| format!(": {it}"));
        let mend = format!("{error}{cause}; install the system's certificates, or give `ca_file`");
        config.wrong(file, "url", &config.url, &mend)
    })
}

/// The process's cryptography, unless somebody chose it before.
pub(in crate::shell) fn provide_cryptography() {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn authorities(config: &DestinationConfig, file: &str) -> Result<Vec<Certificate>, BuildError> {
    let Some(path) = &config.ca_file else {
        return Ok(Vec::new());
    };
    let wrong = |mend: &str| config.wrong(file, "ca_file", &path.display().to_string(), mend);
    let pem = std::fs::read(path).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(list) if !list.is_empty() => Ok(list),
        _ => Err(wrong("give certificates in PEM form")),
    }
}
