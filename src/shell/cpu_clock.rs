//! What work costs: CPU time, where the system counts it.

/// The clock's name in outputs.
pub const NAME: &str = if cfg!(unix) {
    "CPU time of the process"
} else {
    "wall time"
};

/// Milliseconds of CPU time that all threads of this process have used.
///
/// Not of the calling thread alone: a model's runtime may compute on a thread of its own.
#[cfg(unix)]
pub fn now_ms() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// Milliseconds since the first call: this system has no clock of CPU time that can be read here.
#[cfg(not(unix))]
pub fn now_ms() -> f64 {
    static FIRST: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let first = FIRST.get_or_init(std::time::Instant::now);
    first.elapsed().as_secs_f64() * 1e3
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn work_of_another_thread_counts() {
        let before = now_ms();
        let work = || (0..20_000_000_u64).fold(0, |sum, n| black_box(sum ^ n));
        std::thread::spawn(work).join().unwrap();
        assert!(now_ms() - before > 1.0);
    }
}
