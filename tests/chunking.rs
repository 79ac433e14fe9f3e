//! How the stream is cut into blocks never matters: the events are equal bit for bit.

mod call;

use call::{PitchModel, events, voice};
use proptest::prelude::*;
use undertone::Event;

#[test]
fn the_usual_packet_sizes_agree_at_every_rate() {
    for rate in [8_000u32, 16_000, 44_100, 48_000] {
        let samples = voice(rate, 40.0, 22.0);
        let whole = events(rate, &samples, &[samples.len()], &mut PitchModel::new());
        let escalated = |e: &Event| matches!(e, Event::Escalation(_));
        assert!(whole.iter().any(escalated), "{rate}: the call escalates");
        for ms in [10, 20, 60] {
            let block = rate as usize * ms / 1_000;
            let cut = events(rate, &samples, &[block], &mut PitchModel::new());
            assert!(cut == whole, "{rate} Hz by {ms} ms");
        }
    }
}

#[test]
fn one_sample_at_a_time_agrees() {
    let samples = voice(8_000, 12.0, 6.0);
    let whole = events(8_000, &samples, &[samples.len()], &mut PitchModel::new());
    assert!(whole.len() > 20);
    assert!(events(8_000, &samples, &[1], &mut PitchModel::new()) == whole);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_split_agrees(blocks in prop::collection::vec(1usize..4_000, 1..20), wide in any::<bool>()) {
        let rate = if wide { 22_050 } else { 8_000 };
        let samples = voice(rate, 12.0, 6.0);
        let whole = events(rate, &samples, &[samples.len()], &mut PitchModel::new());
        prop_assert!(events(rate, &samples, &blocks, &mut PitchModel::new()) == whole);
    }
}
