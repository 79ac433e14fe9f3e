//! Clipping and loss, lately.
//!
//! Shares with a memory of ten seconds: a call that was clipped once is not clipped for ever.

/// Hops in ten seconds.
const MEMORY: u32 = 1_000;

/// The two shares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Damage {
    /// Of the samples that came, those at full scale, 0..1.
    pub clipped_share: f32,
    /// Of the hops, those that never came, 0..1.
    pub loss_share: f32,
    hops: u32,
    received: u32,
}

impl Damage {
    /// Takes a hop.
    pub fn push(&mut self, clipped: f32, lost: bool) {
        // Plain means until ten seconds were heard.
        self.hops = (self.hops + 1).min(MEMORY);
        let off = f32::from(u8::from(lost)) - self.loss_share;
        self.loss_share += off / self.hops as f32;
        if !lost {
            self.received = (self.received + 1).min(MEMORY);
            self.clipped_share += (clipped - self.clipped_share) / self.received as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_the_truth_and_are_forgotten() {
        let mut damage = Damage::default();
        for hop in 0..500 {
            damage.push(0.02, hop % 10 == 0);
        }
        assert!((damage.clipped_share - 0.02).abs() < 1e-5, "{damage:?}");
        assert!((damage.loss_share - 0.1).abs() < 1e-3, "{damage:?}");
        for _ in 0..3_000 {
            damage.push(0.0, false);
        }
        // Three time constants: a twentieth is left.
        assert!(damage.loss_share < 0.1 / 19.0, "{damage:?}");
    }
}
