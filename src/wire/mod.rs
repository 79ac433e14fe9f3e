//! Takes: bytes, in blocks of any size, and no trust in them.
//! Gives: the sample format they are in, and interleaved `f32` samples in −1..1.
//! Remembers: at most one WAV chunk header, 40 bytes; of a live stream what `feed` says.
//! Source: ITU-T G.711 (11/88); IBM/Microsoft RIFF 1.0 (1991) and its extensible format; EBU Tech 3306 (RF64).

pub mod feed;
pub mod g711;
pub mod g722;
pub mod pcm;
pub mod raw;
pub mod wav;
mod wav_format;
