//! `[server.tls]`: the certificate that the listener shows, and the key that belongs to it.
//!
//! Source: RFC 8446 and RFC 5246 as rustls has them. Nothing older than TLS 1.2 is spoken.

use crate::error::BuildError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most bytes of a file of certificates, or of a key.
const MAX_FILE: u64 = 1 << 20;

/// `[server.tls]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate and those that vouch for it, the server's own first, in PEM form.
    pub certificate: PathBuf,
    /// Its private key, in PEM form.
    pub key: PathBuf,
}

impl TlsConfig {
    /// Reads both files: what every handshake from then on is made with. `file` is where the
    /// configuration came from.
    ///
    /// # Errors
    /// A file cannot be read or holds something else, or key and certificate are not a pair.
    pub fn load(&self, file: &str) -> Result<ServerConfig, BuildError> {
        let wrong = |key: &str, path: &Path, mend: &str| {
            BuildError::value(file, format!("server.tls.{key}"), path.display(), mend)
        };
        let (chain, key) = (&self.certificate, &self.key);
        let no_chain = |mend: &str| wrong("certificate", chain, mend);
        let no_key = |mend: &str| wrong("key", key, mend);
        let pem = read(chain).map_err(|reason| no_chain(&reason))?;
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|error| no_chain(&format!("{error}; give certificates in PEM form")))?;
        if certificates.is_empty() {
            let mend = "there is no certificate in it; give one in PEM form, and after it those that \
                        vouch for it";
            return Err(no_chain(mend));
        }
        let pem = read(key).map_err(|reason| no_key(&reason))?;
        let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
            no_key("there is no private key in it; give one in PEM form, without a passphrase")
        })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| no_chain(&error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(certificates, private)
            .map_err(|error| match error {
                Error::InconsistentKeys(_) => {
                    no_key("it is not the key of server.tls.certificate; give the pair")
                }
                error => no_chain(&format!("{error}; give certificate and key of one server")),
            })?;
        // The listener speaks HTTP/1.1: who insists on anything else is told in the handshake.
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        if readable_by_all(key) {
            tracing::warn!(key = %key.display(), "everybody on this machine can read the TLS key; chmod 600 mends it");
        }
        Ok(tls)
    }
}

/// The file, where it is no longer than [`MAX_FILE`].
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unread = |error| format!("cannot be read: {error}");
    let mut bytes = Vec::new();
    let opened = File::open(path).map_err(unread)?;
    let length = opened
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unread)?;
    match length as u64 > MAX_FILE {
        true => Err(format!("it is larger than {MAX_FILE} bytes")),
        false => Ok(bytes),
    }
}

fn readable_by_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|it| it.permissions().mode() & 0o004 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::generate_simple_self_signed;

    #[test]
    fn what_cannot_be_used_is_refused_by_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let pair = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = put("chain.pem", &pair.cert.pem());
        let key = put("key.pem", &pair.signing_key.serialize_pem());
        let others = put("other.pem", &other.signing_key.serialize_pem());
        let empty = put("empty.pem", "");
        let huge = put("huge.pem", &"x".repeat(MAX_FILE as usize + 1));
        let load = |certificate: &Path, key: &Path| {
            let config = TlsConfig {
                certificate: certificate.into(),
                key: key.into(),
            };
            config.load("u.toml").err().map(|error| error.to_string())
        };
        assert_eq!(load(&certificate, &key), None);
        let refuse = |certificate: &Path, key: &Path, name: &str, mend: &str| {
            let error = load(certificate, key).unwrap();
            assert!(error.contains(&format!("`server.tls.{name}`")), "{error}");
            assert!(error.contains(mend), "{error}");
        };
        refuse(Path::new("none.pem"), &key, "certificate", "cannot be read");
        refuse(&empty, &key, "certificate", "no certificate");
        refuse(&key, &key, "certificate", "no certificate");
        refuse(&huge, &key, "certificate", "larger than");
        refuse(&certificate, &empty, "key", "no private key");
        refuse(&certificate, &certificate, "key", "no private key");
        refuse(&certificate, &others, "key", "not the key of");
    }
}
