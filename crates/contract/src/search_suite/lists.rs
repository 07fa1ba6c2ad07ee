//! Checks of the lists that a search returns.

use std::collections::BTreeSet;

use super::filters::some_filters;
use super::fixture::pair_near;
use super::subject::{Found, Subject, TOP, Verdict, ensure, shown};
use crate::{Channel, Filter, QueryEmbedding};

pub(super) fn an_empty_backend_gives_empty_lists(subject: &Subject<'_>) -> Verdict {
    for filter in [Filter::default(), some_filters(subject).swap_remove(0)] {
        for channels in subject.all_searches() {
            let lists = subject.find_all(&channels, TOP, &filter)?;
            ensure!(lists.iter().all(Vec::is_empty), "{}: something is found", shown(&channels));
        }
    }
    Ok(())
}

pub(super) fn lists_are_sorted_and_hold_no_item_twice(subject: &Subject<'_>) -> Verdict {
    let mut filters = some_filters(subject);
    filters.push(Filter::default());
    for channels in subject.all_searches() {
        for filter in &filters {
            for (query, list) in subject.find_all(&channels, TOP, filter)?.iter().enumerate() {
                let of = || format!("query {query} in {} with {filter:?}", shown(&channels));
                ensure!(list.len() <= TOP, "{}: {} results for top {TOP}", of(), list.len());
                let finite = list.iter().all(|found| found.similarity.is_finite());
                ensure!(finite, "{}: a similarity is not finite", of());
                let sorted = list.is_sorted_by(|one, next| one.similarity >= next.similarity);
                ensure!(sorted, "{}: the list is not sorted by similarity", of());
                let items: BTreeSet<_> = list.iter().map(|found| found.item).collect();
                let numbers: BTreeSet<_> = list.iter().map(|found| found.number).collect();
                let distinct = items.len().min(numbers.len());
                ensure!(distinct == list.len(), "{}: an item is in the list twice", of());
            }
        }
    }
    Ok(())
}

pub(super) fn similarities_are_cosines(subject: &Subject<'_>) -> Verdict {
    for channels in subject.single_channels() {
        let lists = subject.find_all(&channels, TOP, &Filter::default())?;
        for (query, list) in lists.iter().enumerate() {
            subject.check_similarities(&channels, query, list)?;
        }
    }
    Ok(())
}

pub(super) fn true_neighbours_are_found(subject: &Subject<'_>) -> Verdict {
    for channels in subject.single_channels() {
        for top in [1, TOP, 5 * TOP] {
            subject.compare(&channels, top, &Filter::default())?;
        }
    }
    Ok(())
}

pub(super) fn items_with_equal_vectors_are_all_found(subject: &Subject<'_>) -> Verdict {
    let filter = Filter::default();
    for channels in subject.all_searches() {
        let (mut wanted, mut hits) = (0, 0);
        for (query, list) in subject.find_all(&channels, TOP, &filter)?.iter().enumerate() {
            let Some(pair) = pair_near(query) else { continue };
            let mut nearest = subject.expected(&channels, query, &filter);
            nearest.truncate(TOP);
            if pair.iter().all(|one| nearest.iter().any(|(number, _)| number == one)) {
                wanted += pair.len();
                hits += pair.iter().filter(|one| list.iter().any(|found| found.number == **one)).count();
            }
        }
        let least = subject.least(wanted);
        ensure!(
            hits >= least,
            "{}: {hits} of {wanted} items that share their vectors found, {least} expected",
            shown(&channels)
        );
    }
    Ok(())
}

pub(super) fn a_batch_equals_single_searches(subject: &Subject<'_>) -> Verdict {
    let mut filters = some_filters(subject);
    filters.insert(0, Filter::default());
    for channels in subject.all_searches() {
        let queries: Vec<(usize, &Filter)> = (0..4 * subject.asked.len())
            .map(|number| (number % subject.asked.len(), &filters[number % filters.len()]))
            .collect();
        let batch = subject.find(&channels, TOP, &queries)?;
        for (query, list) in queries.iter().zip(&batch) {
            let alone = subject.find(&channels, TOP, std::slice::from_ref(query))?;
            let of = format!("query {} in {} with {:?}", query.0, shown(&channels), query.1);
            subject.agree(list, &alone[0]).map_err(|why| format!("{of}, in a batch and alone: {why}"))?;
        }
    }
    Ok(())
}

pub(super) fn top_limits_the_lists(subject: &Subject<'_>) -> Verdict {
    let items = subject.items.len();
    for channels in subject.all_searches() {
        let none = subject.find_all(&channels, 0, &Filter::default())?;
        ensure!(none.iter().all(Vec::is_empty), "{}: results for top 0", shown(&channels));
        for top in [items + TOP, usize::MAX] {
            subject.compare(&channels, top, &Filter::default())?;
        }
    }
    Ok(())
}

pub(super) fn no_queries_give_no_lists(subject: &Subject<'_>) -> Verdict {
    for channels in subject.all_searches() {
        let lists = subject.find(&channels, TOP, &[])?;
        ensure!(lists.is_empty(), "{} lists", lists.len());
    }
    Ok(())
}

pub(super) fn other_channels_of_a_query_are_ignored(subject: &Subject<'_>) -> Verdict {
    let filter = Filter::default();
    for channels in subject.all_searches() {
        let lists = subject.find_all(&channels, TOP, &filter)?;
        for (query, list) in lists.iter().enumerate() {
            let mut vectors = vec![(Channel::new("unheard-of"), vec![f32::NAN; 3])];
            // The order of a query's channels has no meaning either.
            vectors.extend(subject.asked[query].vectors.iter().rev().cloned());
            let more = QueryEmbedding { vectors };
            let found = subject.find_embeddings(&channels, TOP, &[(&more, &filter)])?;
            subject
                .agree(list, &found[0])
                .map_err(|why| format!("query {query}, without and with another channel: {why}"))?;
        }
    }
    Ok(())
}

pub(super) fn threads_share_a_backend(subject: &Subject<'_>) -> Verdict {
    const THREADS: usize = 4;
    let channels = subject.first_channel();
    let mut filters = some_filters(subject);
    filters.push(Filter::default());
    let expected: Vec<Vec<Vec<Found>>> = filters
        .iter()
        .map(|filter| subject.find_all(&channels, TOP, filter))
        .collect::<Result<_, String>>()?;
    let work = |thread: usize| -> Verdict {
        for at in 0..2 * filters.len() {
            let at = (at + thread) % filters.len();
            let lists = subject.find_all(&channels, TOP, &filters[at])?;
            for (one, other) in lists.iter().zip(&expected[at]) {
                subject.agree(one, other).map_err(|why| format!("thread {thread} differs: {why}"))?;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || work(thread))).collect();
        let joined =
            threads.into_iter().map(|thread| thread.join().unwrap_or(Err("a thread panicked".into())));
        joined.collect()
    })
}

pub(super) fn items_without_a_vector_are_not_found(subject: &Subject<'_>) -> Verdict {
    for channels in subject.all_searches() {
        for top in [TOP, subject.items.len()] {
            subject.compare(&channels, top, &Filter::default())?;
        }
    }
    Ok(())
}
