//! `push` and `poll` allocate nothing outside the model. Counted by an allocator of our own, which
//! first proves that it counts.
//!
//! One test in this file: the counters belong to the process.

mod call;

use call::{PitchModel, voice};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use undertone::dialogue::DialogueMessage;
use undertone::{Event, PcmBlock};

struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ON.load(Relaxed) {
            ALLOCATED.fetch_add(1, Relaxed);
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if ON.load(Relaxed) {
            FREED.fetch_add(1, Relaxed);
        }
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted<T>(work: impl FnOnce() -> T) -> (T, u64, u64) {
    ALLOCATED.store(0, Relaxed);
    FREED.store(0, Relaxed);
    ON.store(true, Relaxed);
    let result = work();
    ON.store(false, Relaxed);
    (result, ALLOCATED.load(Relaxed), FREED.load(Relaxed))
}

/// `work` may allocate.
fn uncounted<T>(work: impl FnOnce() -> T) -> T {
    ON.store(false, Relaxed);
    let result = work();
    ON.store(true, Relaxed);
    result
}

#[test]
fn push_and_poll_allocate_nothing() {
    let (kept, allocated, _) = counted(|| Box::new(std::hint::black_box(7u64)));
    assert_eq!(allocated, 1, "the counter counts");
    let ((), _, freed) = counted(|| drop(kept));
    assert_eq!(freed, 1, "the counter counts what is freed");

    for rate in [8_000u32, 16_000, 44_100, 48_000] {
        let samples = voice(rate, 40.0, 22.0);
        let mut engine = call::engine(rate);
        engine.attach_agent().unwrap();
        let mut model = PitchModel::new();
        let mut seen = [0u32; 6];
        let message = |json| serde_json::from_str::<DialogueMessage>(json).unwrap();
        let mourns =
            message(r#"{"type":"turn","speaker":"caller","text":"my husband passed away"}"#);
        let failed = message(r#"{"type":"failed_turn"}"#);
        let (outcome, allocated, freed) = counted(|| {
            for (i, block) in samples.chunks(rate as usize / 50).enumerate() {
                engine.push(PcmBlock::Samples(block), &mut model)?;
                while let Some(event) = engine.poll() {
                    seen[match event {
                        Event::Affect(_) => 0,
                        Event::Point(_) => 1,
                        Event::Escalation(_) => 2,
                        Event::Gap { .. } => 3,
                        Event::Marker(_) => 4,
                        Event::Line(_) => 5,
                    }] += 1;
                }
                engine.push_agent(PcmBlock::Samples(block))?;
                if i == 900 {
                    engine.push(PcmBlock::Gap { samples: 500 }, &mut model)?;
                    while engine.poll().is_some() {
                        seen[3] += 1;
                    }
                    // Words allocate; what they leave behind costs the audio path nothing.
                    uncounted(|| {
                        engine.say(&mourns)?;
                        engine.poll();
                        engine.say(&failed)
                    })?;
                }
            }
            engine.finish(&mut model)
        });
        assert_eq!(outcome, Ok(()));
        assert!(
            seen[0] > 50 && seen[1] > 50 && seen[2] > 0 && seen[3] > 0,
            "{rate}: {seen:?}"
        );
        assert_eq!((allocated, freed), (0, 0), "{rate} Hz");
    }
}
