//! `undertone call`: a recording played to a server as a media server would.

use super::Destination;
use super::load::telephone;
use crate::shell::cli::BenchFormat;
use crate::shell::delivery::Secret;
use crate::shell::error::ShellError;
use crate::shell::output::number::{EVENT_DECIMALS, write_json_line};
use crate::shell::play::{Key, Peer, Player, Tally, trust};
use crate::shell::server::random;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// What `call` teaches.
pub const HELP: &str = "\
Examples:
  undertone call --as twilio --token $TOKEN samples/became-angry.wav
  undertone call --as audiosocket --to 127.0.0.1:9092 samples/became-angry.wav
  undertone call --as rtp --lose-one-in 20 samples/became-angry.wav
  undertone call --as l16 --token $TOKEN --calls 300 samples/calm.wav
  undertone call --as l16 --token $TOKEN --to wss://engine.example.com/v1/feed/l16 samples/calm.wav
  undertone call --as audiohook --key-id KEY --secret SECRET samples/became-angry.wav

Plays the recording once, in real time, in frames of --frame-ms, to a server that has the section
[feed.twilio], [feed.l16], [feed.audiosocket], [feed.rtp] or [feed.audiohook]; docs/feed.md has them. Meanwhile
  curl -N -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:8080/v1/events
shows what is heard. With --calls the calls begin within the first second of each other.";

/// `undertone call`.
#[derive(Debug, Args)]
pub struct Call {
    /// What every caller plays: a recording at 8000 Hz
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// Which media server's protocol is spoken
    #[arg(long = "as", value_enum, value_name = "PEER")]
    pub peer: Peer,
    /// The server: ws:// or wss:// and the rest, or host and port; without it where the documentation's
    /// configuration listens on this machine
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
    /// Certificates in PEM form to trust beside the system's own; for wss:// only
    #[arg(long, value_name = "FILE.pem")]
    pub ca: Option<PathBuf>,
    /// A token with the scope calls:write; over WebSocket only
    #[arg(long, value_name = "TOKEN", default_value = "")]
    pub token: String,
    /// The API key that signs, over AudioHook, as in feed.audiohook.keys; without it the token is shown
    #[arg(long, value_name = "KEY", requires = "secret")]
    pub key_id: Option<String>,
    /// The client secret to that key, base 64, or env:NAME or file:PATH
    #[arg(long, value_name = "SECRET", requires = "key_id")]
    pub secret: Option<String>,
    /// Calls at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), default_value_t = 1)]
    pub calls: u32,
    /// Milliseconds of sound in a frame
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(5..=200), default_value_t = 20)]
    pub frame_ms: u32,
    /// Leave out one frame in so many, as a bad network does; 0 for none
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub lose_one_in: u32,
    /// What calls are called, before their number; without it a name is drawn. Over AudioSocket and RTP
    /// calls have names of their own
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// A line to read, or one JSON object
    #[arg(long, value_enum, default_value_t)]
    pub format: BenchFormat,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Figures {
    calls: u32,
    seconds: f64,
    frames_sent: u64,
    /// More than a frame after their time.
    frames_late: u64,
    calls_cut: u64,
}

/// Plays the calls.
///
/// # Errors
/// The recording cannot be read, or the server cannot be reached.
pub fn run(args: &Call) -> Result<u8, ShellError> {
    let bytes = telephone(&args.input)?;
    let samples = bytes
        .as_chunks()
        .0
        .iter()
        .map(|two| i16::from_le_bytes(*two));
    let to = args.to.clone();
    let to = to.unwrap_or_else(|| args.peer.usual_address().to_owned());
    let secure = to.starts_with("wss://");
    if args.ca.is_some() && !secure {
        let mend = "--ca is for a server at wss://; name it with --to";
        return Err(ShellError::Usage(mend.to_owned()));
    }
    let tls = secure.then(|| trust(args.ca.as_deref())).transpose()?;
    let player = Arc::new(Player {
        peer: args.peer,
        to,
        tls,
        token: args.token.clone(),
        key: key(args)?,
        samples: samples.collect(),
        frame: args.frame_ms as usize * 8,
        lose_one_in: args.lose_one_in,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| ShellError::Usage(format!("no thread can be started: {error}")))?;
    let began = Instant::now();
    let tally = runtime.block_on(play(args, player))?;
    let figures = Figures {
        calls: args.calls,
        seconds: began.elapsed().as_secs_f64(),
        frames_sent: tally.sent.load(Relaxed),
        frames_late: tally.late.load(Relaxed),
        calls_cut: tally.cut.load(Relaxed),
    };
    let mut out = Destination::open(None)?;
    out.write(|out| match args.format {
        BenchFormat::Json => write_json_line(out, &figures, EVENT_DECIMALS),
        BenchFormat::Text => writeln!(
            out,
            "{} calls, {:.1} s: {} frames sent, {} late, {} calls cut",
            figures.calls,
            figures.seconds,
            figures.frames_sent,
            figures.frames_late,
            figures.calls_cut
        ),
    })?;
    Ok(0)
}

async fn play(args: &Call, player: Arc<Player>) -> Result<Arc<Tally>, ShellError> {
    let tally = Arc::new(Tally::default());
    let [a, b, c, d, ..] = drawn()?;
    let drawn_name = || format!("call-{a:02x}{b:02x}{c:02x}{d:02x}");
    let name = args.name.clone().unwrap_or_else(drawn_name);
    let mut calls = tokio::task::JoinSet::new();
    // Not all frames of all calls at the same instant, as calls are not either.
    let apart = Duration::from_secs(1) / args.calls;
    for number in 1..=args.calls {
        let name = if args.calls == 1 {
            name.clone()
        } else {
            format!("{name}-{number}")
        };
        let (player, tally) = (player.clone(), tally.clone());
        calls.spawn(player.play(name, drawn()?, tally));
        tokio::time::sleep(apart).await;
    }
    while let Some(played) = calls.join_next().await {
        match played {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let to = args.to.as_deref().unwrap_or(args.peer.usual_address());
                let mend = "is `undertone serve` there, with the feed in its configuration?";
                return Err(ShellError::Usage(format!("{to}: {error}; {mend}")));
            }
            // A panic was printed.
            Err(_) => {
                tally.cut.fetch_add(1, Relaxed);
            }
        }
    }
    Ok(tally)
}

/// What signs, where something does.
fn key(args: &Call) -> Result<Option<Key>, ShellError> {
    let (Some(id), Some(secret)) = (&args.key_id, &args.secret) else {
        return Ok(None);
    };
    if args.peer != Peer::Audiohook {
        let mend = "leave it out, or say --as audiohook";
        return Err(ShellError::Usage(format!(
            "--key-id is for AudioHook: {mend}"
        )));
    }
    let text = Secret::new(secret).reveal();
    let text = text.map_err(|reason| ShellError::Usage(format!("--secret: {reason}")))?;
    let secret = STANDARD.decode(text).map_err(|_| {
        let mend = "give the base 64 that Genesys shows";
        ShellError::Usage(format!("--secret is no base 64: {mend}"))
    })?;
    Ok(Some(Key {
        id: id.clone(),
        secret,
    }))
}

/// A UUID (version 4, RFC 9562) that names an AudioSocket call.
fn drawn() -> Result<[u8; 16], ShellError> {
    let no_randomness = || ShellError::Usage("the system gives no randomness".to_owned());
    let bytes = random().ok_or_else(no_randomness)?;
    // 32 bytes are drawn.
    let mut id: [u8; 16] = std::array::from_fn(|place| bytes[place]);
    id[6] = id[6] & 0x0F | 0x40;
    id[8] = id[8] & 0x3F | 0x80;
    Ok(id)
}
