//! The style sheet and the script: named by their content, so that they can be cached for ever.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::LazyLock;

/// The folder under which pages ask for their assets.
pub const ASSETS_AT: &str = "/assets/";

/// The policy that the served pages work under.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// A file that the pages need.
#[derive(Debug)]
pub struct Asset {
    /// Its name below [`ASSETS_AT`], with the hash of its content in it.
    pub name: String,
    /// For the header `content-type`.
    pub content_type: &'static str,
    /// The file.
    pub body: &'static str,
}

impl Asset {
    fn new(stem: &str, suffix: &str, content_type: &'static str, body: &'static str) -> Self {
        let hash = Sha256::digest(body.as_bytes());
        let mut short = String::new();
        for byte in hash.iter().take(8) {
            // Writing to a string does not fail.
            let _ = write!(short, "{byte:02x}");
        }
        Self {
            name: format!("{stem}.{short}.{suffix}"),
            content_type,
            body,
        }
    }

    /// The path that a page asks for.
    pub fn path(&self) -> String {
        format!("{ASSETS_AT}{}", self.name)
    }

    /// The hash as a content security policy has it.
    pub fn csp_hash(&self) -> String {
        let hash = Sha256::digest(self.body.as_bytes());
        format!("sha256-{}", STANDARD.encode(hash))
    }
}

pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let body = include_str!("assets/screen.css");
    Asset::new("screen", "css", "text/css; charset=utf-8", body)
});

pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let body = include_str!("assets/screen.js");
    Asset::new("screen", "js", "text/javascript; charset=utf-8", body)
});

/// All files that the pages need.
pub fn assets() -> [&'static Asset; 2] {
    [&STYLE, &SCRIPT]
}

/// The file of that name. Another hash is another file: it is not found.
pub fn asset(name: &str) -> Option<&'static Asset> {
    assets().into_iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_under_its_own_hash_alone() {
        for known in assets() {
            assert_eq!(asset(&known.name).map(|a| a.body), Some(known.body));
        }
        assert!(asset("screen.css").is_none());
        assert!(asset("screen.0000000000000000.css").is_none());
        assert!(asset("").is_none());
    }

    #[test]
    fn nothing_is_asked_from_elsewhere() {
        for asset in assets() {
            for outside in ["http://", "https://", "@import", "url(", "//cdn", "eval("] {
                assert!(
                    !asset.body.contains(outside),
                    "{} has {outside}",
                    asset.name
                );
            }
            // The style sheet is also put into a page as it is.
            assert!(!asset.body.contains("</"), "{}", asset.name);
        }
    }
}
