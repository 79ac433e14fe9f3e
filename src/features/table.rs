//! The feature table as data: name, unit, window, source. What is documented is what is printed.

use super::frame::{FeatureFrame, MEL_BANDS};

/// How a column's numbers are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A real number.
    Real,
    /// 0 or 1.
    Flag,
    /// A whole number.
    Count,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in every output format.
    pub name: &'static str,
    /// Its unit; `1` for ratios.
    pub unit: &'static str,
    /// Milliseconds of sound behind one value.
    pub window_ms: u32,
    /// Real, flag or count.
    pub kind: Kind,
    /// Where the definition comes from.
    pub source: &'static str,
    /// One line for a reader.
    pub description: &'static str,
    /// The value.
    pub get: fn(&FeatureFrame) -> f64,
}

macro_rules! columns {
    ($($name:literal $unit:literal $window:literal $kind:ident $source:literal $text:literal $get:expr;)*) => {
        &[$(Column {
            name: $name,
            unit: $unit,
            window_ms: $window,
            kind: Kind::$kind,
            source: $source,
            description: $text,
            get: $get,
        }),*]
    };
}

/// All scalar columns, in the order in which they are printed.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = columns! {
    "time_s" "s" 0 Real "" "centre of the analysis windows" |f| f.at.seconds();
    "f0_hz" "Hz" 46 Real "Boersma 1993" "fundamental frequency, 0 where unvoiced" |f| f.f0_hz.into();
    "voiced" "1" 46 Flag "Boersma 1993" "decision of the path search" |f| f.voiced.into();
    "voicing" "1" 46 Real "Boersma 1993" "height of the autocorrelation peak: share of periodic power" |f| f.voicing.into();
    "speech" "1" 50 Flag "Martin 2001 (floor), Viterbi 1967" "speech rather than pause; bridges the closures of stops, has no hang-over" |f| f.speech.into();
    "level_db" "dBFS" 32 Real "" "RMS level below 4 kHz; a full-scale sine is -3.01" |f| f.level_db.into();
    "active_level_db" "dBFS" 0 Real "ITU-T P.56 method B" "active speech level since the stream began" |f| f.active_level_db.into();
    "snr_db" "dB" 50 Real "Martin 2001 (floor)" "level of 300-3400 Hz over the noise floor" |f| f.snr_db.into();
    "pace_sps" "1/s" 3000 Real "de Jong & Wempe 2009" "syllable nuclei per second of stream received" |f| f.pace_sps.into();
    "articulation_sps" "1/s" 3000 Real "de Jong & Wempe 2009" "syllable nuclei per second of speech" |f| f.articulation_sps.into();
    "syllables" "1" 150 Real "after de Jong & Wempe 2009" "syllable nuclei that ended here, by the mean of four counts; their peaks lie up to 150 ms before" |f| f.syllables.into();
    "nucleus" "1" 150 Flag "after de Jong & Wempe 2009" "the sum of the syllables reached the next whole number" |f| f.nucleus.into();
    "pause_s" "s" 0 Real "Goldman-Eisler 1968" "length of the silence so far, 0 in speech" |f| f.pause_s.into();
    "pauses" "1" 0 Count "Goldman-Eisler 1968" "completed pauses of 0.2 to 2 s so far" |f| f.pauses.into();
    "pause_share" "1" 10000 Real "" "share of silence" |f| f.pause_share.into();
    "lengthening_s" "s" 0 Real "after Shriberg 2001" "how long the present voiced sound has held pitch, timbre and level" |f| f.lengthening_s.into();
    "hnr_db" "dB" 46 Real "Boersma 1993" "harmonics-to-noise ratio, 0 where unvoiced" |f| f.hnr_db.into();
    "jitter" "1" 0 Real "Boersma & Weenink, local" "difference of consecutive periods over the mean period, last 20 pairs; absent unless jitter_ok" |f| carried(f.jitter, f.quality.jitter_ok);
    "shimmer" "1" 0 Real "Boersma & Weenink, local; RMS of a whole period" "difference of consecutive period RMS over the mean, last 20 pairs; absent unless shimmer_ok" |f| carried(f.shimmer, f.quality.shimmer_ok);
    "shimmer_db" "dB" 0 Real "Boersma & Weenink, local dB; RMS of a whole period" "level difference of consecutive periods, last 20 pairs; absent unless shimmer_ok" |f| carried(f.quality.shimmer_db, f.quality.shimmer_ok);
    "cpp_db" "dB" 64 Real "Hillenbrand 1994, 1996, in 300-3400 Hz" "smoothed cepstral peak prominence; absent unless cpp_ok" |f| carried(f.quality.cpp_db, f.quality.cpp_ok);
    "jitter_ok" "1" 500 Flag "" "jitter: 10 pairs of periods, F0 to 300 Hz, 15 dB over the noise, no loss, no clipping" |f| f.quality.jitter_ok.into();
    "shimmer_ok" "1" 500 Flag "" "shimmer: as jitter, 20 dB over the noise" |f| f.quality.shimmer_ok.into();
    "hnr_ok" "1" 46 Flag "" "hnr_db lies 6 dB and more under snr_db: it is the voice's, not the line's" |f| f.quality.hnr_ok.into();
    "cpp_ok" "1" 64 Flag "" "CPP: voiced, 15 dB over the noise, no loss, no clipping" |f| f.quality.cpp_ok.into();
    "spectral_tilt_db" "dB/octave" 32 Real "" "least-squares slope of log-mel, 300-3400 Hz" |f| f.spectral_tilt_db.into();
    "alpha_ratio_db" "dB" 32 Real "Eyben 2016, to 3.4 kHz" "1-3.4 kHz over 0.3-1 kHz" |f| f.alpha_ratio_db.into();
    "hammarberg_db" "dB" 32 Real "Hammarberg 1980, to 3.4 kHz" "strongest bin of 0.3-2 kHz over 2-3.4 kHz" |f| f.hammarberg_db.into();
    "slope_500_1500_db" "dB/kHz" 32 Real "Eyben 2016, per kHz" "least-squares slope of the spectrum, 500-1500 Hz; absent unless balance_ok" |f| carried(f.quality.slope_500_1500_db, f.quality.balance_ok);
    "balance_ok" "1" 32 Flag "" "tilt, alpha ratio, Hammarberg and slope: speech, 15 dB over the noise, no loss, no clipping" |f| f.quality.balance_ok.into();
    "flux_db" "dB" 42 Real "" "mean rise of the log-mel bands since the frame before" |f| f.flux_db.into();
    "cry" "1" 2000 Real "after Wasz-Hockert 1968" "evidence of crying aloud: a voice over 250 Hz that holds on" |f| f.sounds.cry.into();
    "sob" "1" 6000 Real "after Provine 2012" "evidence of sobbing: alike high bursts 0.3-1 s apart" |f| f.sounds.sob.into();
    "scream" "1" 1000 Real "after Anikin & Persson 2017" "evidence of screaming: a bright periodic sound of 500-2000 Hz" |f| f.sounds.scream.into();
    "sigh" "1" 1200 Real "after Vlemincx 2013" "evidence of sighing, a fifth of it until the sound has ended" |f| f.sounds.sigh.into();
    "laugh" "1" 2800 Real "after Bachorowski 2001, Provine & Yong 1991" "evidence of laughing: alike bursts 0.12-0.35 s apart" |f| f.sounds.laugh.into();
    "cough" "1" 600 Real "after Korpas 1996" "evidence of coughing, a fifth of it until the sound has ended" |f| f.sounds.cough.into();
    "breath" "1" 120 Real "after Ruinskiy & Lavner 2007" "evidence of breath noise" |f| f.sounds.breath.into();
    "clipped" "1" 10 Real "" "share of samples at full scale" |f| f.clipped.into();
    "lost" "1" 10 Flag "" "the hop was never received" |f| f.lost.into();
    "level_rel_db" "dB" 32 Real "ITU-T P.56 method B" "level over the caller's own active level" |f| f.level_rel_db.into();
    "dynamics_db" "dB" 10000 Real "" "spread of the level of voiced frames, tenth to ninetieth percentile, gain control taken out" |f| f.dynamics_db.into();
    "occupant" "1" 3000 Count "" "0 silence, 1 undecided, 2 voice, 3 music, 4 tone, 5 ringback, 6 DTMF, 7 noise" |f| f.line.occupant.code().into();
    "dtmf" "1" 42 Count "ITU-T Q.23, Q.24" "the key that is pressed, as its ASCII code; 0 for none" |f| f.line.occupant.key().into();
    "steadiness" "1" 178 Real "after Hawley 1993" "power and number of partials that hold still, 0 in silence" |f| f.line.steadiness.into();
    "music_evidence" "1" 0 Real "Page 1954" "sum of steadiness over 0.3: music above 5, a voice below -4" |f| f.line.music_evidence.into();
    "line_low_hz" "Hz" 10000 Real "" "lower edge of the band that speech fills: -25 dB" |f| f.line.low_hz.into();
    "line_band_hz" "Hz" 10000 Real "" "upper edge of the band that speech fills: -45 dB; 0 until known" |f| f.line.high_hz.into();
    "clipped_share" "1" 10000 Real "" "share of samples at full scale" |f| f.line.clipped_share.into();
    "loss_share" "1" 10000 Real "" "share of hops that were never received" |f| f.line.loss_share.into();
    "agc_db" "dB" 0 Real "" "rise of the noise in pauses and its fall after speech, last 4 pauses" |f| f.line.agc_db.into();
    "gated_share" "1" 10000 Real "RFC 3389" "share of the pauses that is digital silence" |f| f.line.gated_share.into();
    "floor_sd_db" "dB" 2000 Real "RFC 3389" "standard deviation of the level of pauses; comfort noise is under 1" |f| f.line.floor_sd_db.into();
};

/// The value, or NaN, which every output writes as absent, where the line could not carry it.
fn carried(value: f32, ok: bool) -> f64 {
    if ok { value.into() } else { f64::NAN }
}

/// Names of the log-mel columns, which follow the scalar ones.
pub fn mel_names() -> impl Iterator<Item = String> {
    (0..MEL_BANDS).map(|band| format!("mel_{band:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_the_contract_is_kept() {
        let names: Vec<_> = COLUMNS.iter().map(|c| c.name).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        for promised in "time_s,f0_hz,voiced,voicing,speech,level_db,pace_sps,hnr_db,jitter,shimmer,spectral_tilt_db".split(',') {
            assert!(names.contains(&promised), "{promised}");
        }
    }
}
