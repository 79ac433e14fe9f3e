use std::io::{Read, Write};
use undertone::{audio::PcmBlock, features::{FeatureStream, table}};
fn main() {
    let rate: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let mut b = Vec::new();
    std::io::stdin().read_to_end(&mut b).unwrap();
    let x: Vec<f32> = b.chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect();
    let mut s = FeatureStream::new(rate).unwrap();
    let mut frames = Vec::new();
    for c in x.chunks(rate as usize/50) { s.push(PcmBlock::Samples(c), |f| frames.push(f)); }
    s.finish(|f| frames.push(f));
    let mut o = std::io::BufWriter::new(std::io::stdout());
    let mut names: Vec<String> = table::COLUMNS.iter().map(|c| c.name.to_string()).collect();
    names.extend(table::mel_names());
    writeln!(o, "{}", names.join(",")).unwrap();
    for f in &frames { for c in table::COLUMNS { o.write_all(&((c.get)(f) as f32).to_le_bytes()).unwrap(); } for m in f.log_mel_db { o.write_all(&m.to_le_bytes()).unwrap(); } }
}
