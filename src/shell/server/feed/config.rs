//! `[feed]`: which media servers are listened to. What is not there is off.

use super::http_signature::Keys;
use super::signature::Signatures;
use crate::error::BuildError;
use crate::shell::delivery::Secret;
use crate::wire::feed::l16::Legs;
use crate::wire::feed::rtp::Payload;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// `[feed]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedConfig {
    /// A stream that is open and brings no sound for so long is logged and counted.
    pub no_audio_alarm_s: f64,
    /// `[feed.twilio]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twilio: Option<TwilioConfig>,
    /// `[feed.l16]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l16: Option<L16Config>,
    /// `[feed.audiosocket]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audiosocket: Option<AudioSocketConfig>,
    /// `[feed.rtp]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtp: Option<RtpConfig>,
    /// `[feed.audiohook]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audiohook: Option<AudioHookConfig>,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self {
            no_audio_alarm_s: 10.0,
            twilio: None,
            l16: None,
            audiosocket: None,
            rtp: None,
            audiohook: None,
        }
    }
}

/// `[feed.twilio]`: JSON over WebSocket at `/v1/feed/twilio`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TwilioConfig {
    /// Auth tokens of the accounts; a stream whose `X-Twilio-Signature` one of them made is admitted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub auth_tokens: Vec<Secret>,
    /// The address as it stands in the TwiML. Without it it is put together from what the request
    /// and the proxies before it say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
}

/// `[feed.l16]`: a text that describes, then raw samples, over WebSocket at `/v1/feed/l16`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct L16Config {
    /// Samples a second, where neither the stream nor its address says.
    pub rate_hz: u32,
    /// Whose voice comes, in the same case.
    pub legs: Legs,
    /// Subprotocols that are agreed to.
    pub subprotocols: Vec<String>,
}

impl Default for L16Config {
    fn default() -> Self {
        let known = ["media", "audio.drachtio.org", "audio.jambonz.org"];
        Self {
            rate_hz: 8000,
            legs: Legs::default(),
            subprotocols: known.map(str::to_owned).to_vec(),
        }
    }
}

/// `[feed.audiosocket]`: Asterisk AudioSocket over TCP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AudioSocketConfig {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Who may connect: the protocol has no passwords.
    #[serde(default)]
    pub allow_from: AllowFrom,
    /// Send 20 ms of silence for each second in which nothing comes: without it Asterisk's `AudioSocket()`
    /// ends the call when neither side has sounded for 2 s.
    #[serde(default = "yes")]
    pub keep_alive: bool,
}

/// `[feed.rtp]`: RTP over UDP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RtpConfig {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Who may send: the protocol has no passwords.
    #[serde(default)]
    pub allow_from: AllowFrom,
    /// Payload types that the signalling agreed on, beside 0 (PCMU), 8 (PCMA), 9 (G.722), 11 (L16 at
    /// 44.1 kHz), 13 (comfort noise) and 101 (keys): by number `pcmu`, `pcma`, `g722`, `cn`,
    /// `telephone-event`, or `l16/` and the rate in Hz.
    #[serde(default)]
    pub payload_types: BTreeMap<String, String>,
    /// Who has not sent for so long has hung up.
    #[serde(default = "half_a_minute")]
    pub gone_after_s: f64,
}

fn yes() -> bool {
    true
}

fn half_a_minute() -> f64 {
    30.0
}

impl RtpConfig {
    fn check(&self, file: &str) -> Result<(), BuildError> {
        let (gone, key) = (self.gone_after_s, "feed.rtp.gone_after_s");
        BuildError::within(file, key, gone, 1.0, 86_400.0)?;
        let mut unread = self.payload_types.iter();
        let unread = unread.find(|(number, name)| payload(number, name).is_none());
        let Some((number, name)) = unread else {
            return Ok(());
        };
        let mend = "give a number from 0 to 127 and pcmu, pcma, g722, cn, telephone-event or \
                    l16/RATE, such as 118 = \"l16/16000\"";
        let key = format!("feed.rtp.payload_types.{number}");
        Err(BuildError::value(file, key, name, mend))
    }

    /// The payload types, as they were checked.
    pub(super) fn types(&self) -> Vec<(u8, Payload)> {
        let types = self.payload_types.iter();
        types
            .filter_map(|(number, name)| payload(number, name))
            .collect()
    }
}

fn payload(number: &str, name: &str) -> Option<(u8, Payload)> {
    let number: u8 = number.parse().ok().filter(|number| *number < 128)?;
    let payload = match name.to_ascii_lowercase().as_str() {
        "pcmu" => Payload::MuLaw,
        "pcma" => Payload::ALaw,
        "g722" => Payload::G722,
        "cn" => Payload::Noise,
        "telephone-event" => Payload::Event,
        name => {
            let rate = name.strip_prefix("l16/")?.parse().ok();
            let rate = rate.filter(|rate| (8000..=192_000).contains(rate))?;
            Payload::L16 { rate }
        }
    };
    Some((number, payload))
}

/// `[feed.audiohook]`: Genesys AudioHook at `/v1/feed/audiohook`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AudioHookConfig {
    /// The integrations that may connect.
    pub keys: Vec<AudioHookKey>,
    /// The address as it stands in Genesys. Without it it is what the request, and the proxies before
    /// it, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
}

/// An integration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AudioHookKey {
    /// Its API key.
    pub api_key: String,
    /// Its client secret, base 64 as Genesys shows it.
    pub client_secret: Secret,
}

impl AudioHookConfig {
    /// What checks signatures.
    ///
    /// # Errors
    /// A client secret cannot be read, or is no base 64.
    fn keys(&self, file: &str) -> Result<Keys, BuildError> {
        let secret = |(place, key): (usize, &AudioHookKey)| {
            let wrong = |reason: String| {
                let at = format!("feed.audiohook.keys[{place}].client_secret");
                BuildError::value(file, at, format!("{:?}", key.client_secret), reason)
            };
            let text = key.client_secret.reveal().map_err(wrong)?;
            let mend = "give the base 64 that Genesys shows".to_owned();
            let bytes = STANDARD.decode(text).map_err(|_| wrong(mend))?;
            Ok((key.api_key.clone(), bytes))
        };
        let secrets = self.keys.iter().enumerate().map(secret);
        Ok(Keys::new(
            secrets.collect::<Result<_, _>>()?,
            self.public_url.clone(),
        ))
    }
}

/// Networks that may send sound; this machine alone, unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AllowFrom(Vec<IpNet>);

impl Default for AllowFrom {
    fn default() -> Self {
        let loopback = [
            IpAddr::from([127, 0, 0, 1]),
            IpAddr::from(Ipv6Addr::LOCALHOST),
        ];
        Self(loopback.map(IpNet::from).to_vec())
    }
}

impl AllowFrom {
    /// Whether `peer` is in one of them.
    pub(super) fn allow(&self, peer: IpAddr) -> bool {
        // An IPv4 peer of an IPv6 socket has both forms.
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(&peer))
    }
}

impl FeedConfig {
    /// # Errors
    /// Names the first value that cannot be used.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        BuildError::within(
            file,
            "feed.no_audio_alarm_s",
            self.no_audio_alarm_s,
            0.1,
            86_400.0,
        )?;
        if let Some(twilio) = &self.twilio {
            twilio.check(file)?;
        }
        if let Some(l16) = &self.l16 {
            BuildError::within(file, "feed.l16.rate_hz", l16.rate_hz.into(), 8000.0, 192e3)?;
        }
        if let Some(rtp) = &self.rtp {
            rtp.check(file)?;
        }
        Ok(())
    }
}

impl TwilioConfig {
    fn check(&self, file: &str) -> Result<(), BuildError> {
        let Some(url) = &self.public_url else {
            return Ok(());
        };
        let rest = url.strip_prefix("wss://").or(url.strip_prefix("ws://"));
        if rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) {
            return Ok(());
        }
        let mend =
            "give the address as in the TwiML, such as wss://engine.example.com/v1/feed/twilio";
        Err(BuildError::value(file, "feed.twilio.public_url", url, mend))
    }

    /// What checks signatures.
    ///
    /// # Errors
    /// An auth token cannot be read.
    pub(super) fn signatures(&self, file: &str) -> Result<Signatures, BuildError> {
        let reveal = |secret: &Secret| {
            let unread = |reason| {
                BuildError::value(
                    file,
                    "feed.twilio.auth_tokens",
                    format!("{secret:?}"),
                    reason,
                )
            };
            secret.reveal().map_err(unread)
        };
        let tokens = self.auth_tokens.iter().map(reveal);
        Ok(Signatures::new(
            tokens.collect::<Result<_, _>>()?,
            self.public_url.clone(),
        ))
    }
}

/// The feeds that are on, ready to be used.
pub struct Feeds {
    /// When a silent stream is told, seconds.
    pub no_audio_alarm_s: f64,
    /// Twilio and its kin.
    pub twilio: Option<Signatures>,
    /// Described raw samples.
    pub l16: Option<L16Config>,
    /// Genesys.
    pub audiohook: Option<Keys>,
    /// Asterisk AudioSocket.
    pub audiosocket: Option<AudioSocketConfig>,
    /// RTP.
    pub rtp: Option<RtpConfig>,
}

impl Feeds {
    /// From a configuration that was checked, which came from `file`.
    ///
    /// # Errors
    /// A secret cannot be read.
    pub fn new(config: &FeedConfig, file: &str) -> Result<Self, BuildError> {
        let twilio = config.twilio.as_ref();
        let twilio = twilio.map(|twilio| twilio.signatures(file));
        let audiohook = config.audiohook.as_ref();
        let audiohook = audiohook.map(|audiohook| audiohook.keys(file));
        Ok(Self {
            no_audio_alarm_s: config.no_audio_alarm_s,
            twilio: twilio.transpose()?,
            l16: config.l16.clone(),
            audiohook: audiohook.transpose()?,
            audiosocket: config.audiosocket.clone(),
            rtp: config.rtp.clone(),
        })
    }
}

impl Feeds {
    /// Remembers what `old` had seen, for a request that was admitted once must not be again.
    pub fn follow(&self, old: &Self) {
        if let (Some(new), Some(old)) = (&self.audiohook, &old.audiohook) {
            new.follow(old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_values_are_refused_by_name() {
        let refuse = |text: &str| {
            let config: Result<FeedConfig, _> = toml::from_str(text);
            match config {
                Ok(config) => config.check("u.toml").unwrap_err().to_string(),
                Err(error) => error.to_string(),
            }
        };
        assert!(refuse("no_audio_alarm_s = 0").contains("feed.no_audio_alarm_s"));
        assert!(refuse("[twilio]\npublic_url = 'https://x'").contains("wss://"));
        assert!(refuse("[l16]\nrate_hz = 800").contains("feed.l16.rate_hz"));
        assert!(refuse("[l16]\nlegs = 'both'").contains("caller_first"));
        assert!(refuse("[twilio]\nsecret = 'x'").contains("secret"));
        assert!(refuse("[twillio]").contains("twillio"));
        assert!(refuse("[audiosocket]").contains("listen"));
        let networks = "[audiosocket]\nlisten = '0.0.0.0:9092'\nallow_from = ['10.0.0.0/40']";
        assert!(refuse(networks).contains("allow_from"));
        let rtp = "[rtp]\nlisten = '0.0.0.0:4000'\n";
        let opus = refuse(&format!("{rtp}payload_types = {{ 111 = 'opus' }}"));
        assert!(
            opus.contains("feed.rtp.payload_types.111") && opus.contains("l16/RATE"),
            "{opus}"
        );
        assert!(refuse(&format!("{rtp}gone_after_s = 0.0")).contains("gone_after_s"));
        let unset = TwilioConfig {
            auth_tokens: vec![Secret::new("env:UNDERTONE_NOT_SET")],
            public_url: None,
        };
        let error = unset.signatures("u.toml").err().map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("UNDERTONE_NOT_SET")));
    }

    #[test]
    fn this_machine_alone_is_allowed_unless_it_says_otherwise() {
        let allow: AllowFrom = AllowFrom::default();
        let peer = |text: &str| text.parse().unwrap();
        for (address, allowed) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("::1", true),
            ("10.0.0.1", false),
        ] {
            assert_eq!(allow.allow(peer(address)), allowed, "{address}");
        }
    }
}
