//! An authority of our own, and certificates of it for this machine.
#![allow(dead_code)]

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::path::{Path, PathBuf};

/// The files `ca.pem`, `chain.pem` and `key.pem` in a folder.
pub struct Files {
    pub ca: PathBuf,
    pub chain: PathBuf,
    pub key: PathBuf,
}

impl Files {
    pub fn of(folder: &Path) -> Self {
        Self {
            ca: folder.join("ca.pem"),
            chain: folder.join("chain.pem"),
            key: folder.join("key.pem"),
        }
    }

    /// Writes all three anew, by an authority that nobody knew before.
    pub fn draw(folder: &Path) -> Self {
        let files = Self::of(folder);
        let mut authority = CertificateParams::new([]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let leaf = CertificateParams::new(names).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();
        std::fs::write(&files.ca, root.pem()).unwrap();
        std::fs::write(&files.chain, leaf.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    /// The lines of the configuration.
    pub fn section(&self) -> String {
        format!(
            "[server.tls]\ncertificate = {:?}\nkey = {:?}\n",
            self.chain, self.key
        )
    }

    /// A client that trusts the authority and nobody else.
    pub fn client(&self) -> reqwest::Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ca = std::fs::read(&self.ca).unwrap();
        let ca = reqwest::Certificate::from_pem(&ca).unwrap();
        let client = reqwest::Client::builder().no_proxy();
        client.tls_certs_only([ca]).build().unwrap()
    }
}
