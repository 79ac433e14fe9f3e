use std::io::{Read, Write};
use undertone::{audio::PcmBlock, features::{FeatureStream, table}};
fn main() {
    let rate: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let mut b = Vec::new();
    std::io::stdin().read_to_end(&mut b).unwrap();
    let x: Vec<f32> = b.chunks_exact(2).map(|c| f32::from(i16::from_le_bytes([c[0], c[1]])) / 32768.0).collect();
    let t = std::time::Instant::now();
    let mut s = FeatureStream::new(rate).unwrap();
    let mut frames = Vec::new();
    for c in x.chunks(rate as usize/50) { s.push(PcmBlock::Samples(c), |f| frames.push(f)); }
    s.finish(|f| frames.push(f));
    eprintln!("{:.3} ms per s", t.elapsed().as_secs_f64()*1e3/(x.len() as f64/rate as f64));
    let mut o = std::io::BufWriter::new(std::io::stdout());
    let names: Vec<_> = table::COLUMNS.iter().map(|c| c.name).collect();
    writeln!(o, "{}", names.join(",")).unwrap();
    for f in &frames { let v: Vec<_> = table::COLUMNS.iter().map(|c| format!("{:.5}", (c.get)(f))).collect(); writeln!(o, "{}", v.join(",")).unwrap(); }
}
