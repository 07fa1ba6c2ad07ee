//! Several items at once, results in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// Runs `work` on items in `threads` threads and hands the results to `sink` in the items' order, each as soon as it
/// and all before it are done. No new item is begun once `stop` says so; items that were begun are finished, so what
/// `sink` gets is always a whole beginning of the list. Returns whether all items were done.
///
/// # Errors
/// The first error of `sink`, which also ends the run.
pub fn in_order<T: Sync, R: Send, E>(
    items: &[T],
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
    work: impl Fn(&T) -> R + Sync,
    mut sink: impl FnMut(usize, R) -> Result<(), E>,
) -> Result<bool, E> {
    let next = AtomicUsize::new(0);
    let broken = AtomicBool::new(false);
    let (sender, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, items.len().max(1)) {
            let (sender, next, broken, work) = (sender.clone(), &next, &broken, &work);
            scope.spawn(move || {
                while !stop() && !broken.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    if sender.send((index, work(item))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        for (index, result) in results {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&due) {
                if let Err(error) = sink(due, result) {
                    broken.store(true, Ordering::Relaxed);
                    return Err(error);
                }
                due += 1;
            }
        }
        Ok(due == items.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_a_stop_leaves_a_whole_beginning() {
        let items: Vec<u64> = (0..40).collect();
        let slow = |item: &u64| {
            std::thread::sleep(std::time::Duration::from_millis((item * 7) % 5));
            *item
        };
        let mut seen = Vec::new();
        let all = in_order(&items, 4, &|| false, slow, |_, item| {
            seen.push(item);
            Ok::<(), ()>(())
        });
        assert_eq!((all, &seen), (Ok(true), &items));
        let stop = AtomicBool::new(false);
        seen.clear();
        let all = in_order(&items, 4, &|| stop.load(Ordering::Relaxed), slow, |index, item| {
            stop.store(index >= 5, Ordering::Relaxed);
            seen.push(item);
            Ok::<(), ()>(())
        });
        assert_eq!(all, Ok(false));
        assert!(seen.len() < 40 && seen[..] == items[..seen.len()]);
        let failed =
            in_order(&items, 3, &|| false, slow, |index, _| if index == 3 { Err("full") } else { Ok(()) });
        assert_eq!(failed, Err("full"));
        assert_eq!(in_order(&[] as &[u64], 3, &|| false, slow, |_, _| Ok::<(), ()>(())), Ok(true));
    }
}
