//! Many inputs on all cores, their results in the order of the inputs.

use rayon::ThreadPool;
use std::collections::VecDeque;

/// Runs `work` on every input in `pool` and hands each result to `deliver`, in input order.
///
/// At most four inputs a thread are under way or waiting, so that memory does not grow with the
/// number of inputs. The first error of `deliver` ends the batch once the running work is done.
pub fn in_order<I, R, E>(
    pool: &ThreadPool,
    inputs: &[I],
    work: impl Fn(&I) -> R + Sync,
    mut deliver: impl FnMut(&I, R) -> Result<(), E>,
) -> Result<(), E>
where
    I: Sync,
    R: Send,
{
    let most = pool.current_num_threads() * 4;
    let work = &work;
    pool.in_place_scope_fifo(|scope| {
        let mut waiting = VecDeque::with_capacity(most);
        let mut started = inputs.iter();
        loop {
            while waiting.len() < most {
                let Some(input) = started.next() else { break };
                let (send, receive) = crossbeam_channel::bounded(1);
                // Nobody listens any more where an earlier delivery has failed.
                scope.spawn_fifo(move |_| drop(send.send(work(input))));
                waiting.push_back((input, receive));
            }
            let Some((input, receive)) = waiting.pop_front() else {
                return Ok(());
            };
            // The sender is gone only where the work panicked; the scope passes that on.
            let Ok(result) = receive.recv() else {
                return Ok(());
            };
            deliver(input, result)?;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn pool() -> ThreadPool {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(4);
        builder.build().unwrap()
    }

    #[test]
    fn results_keep_the_order_of_the_inputs() {
        let inputs: Vec<u64> = (0..50).collect();
        let mut seen = Vec::new();
        // The first inputs take the longest.
        let work = |n: &u64| {
            std::thread::sleep(Duration::from_micros(500 - n * 10));
            n * 2
        };
        let deliver = |n: &u64, twice: u64| {
            seen.push((*n, twice));
            Ok::<(), ()>(())
        };
        in_order(&pool(), &inputs, work, deliver).unwrap();
        assert_eq!(seen, (0..50).map(|n| (n, n * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn a_failed_delivery_ends_the_batch() {
        let inputs: Vec<u32> = (0..1000).collect();
        let mut delivered = 0;
        let deliver = |n: &u32, ()| {
            delivered += 1;
            if *n == 3 { Err("full") } else { Ok(()) }
        };
        assert_eq!(in_order(&pool(), &inputs, |_| (), deliver), Err("full"));
        assert_eq!(delivered, 4);
    }
}
