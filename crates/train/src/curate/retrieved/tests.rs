use contract::Query;
use contract::search_suite::{Ability, Backend, KnownQueries, SuiteItem, run_with_known_queries};

use super::*;

/// A matrix as numpy writes it, its numbers as `N` bytes each.
fn write_npy<const N: usize>(path: &Path, descr: &str, columns: usize, rows: &[Vec<[u8; N]>]) {
    let shape = format!("({}, {columns})", rows.len());
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    // Magic, length and header end at a multiple of 64.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    bytes.extend_from_slice(&u16::try_from(length).unwrap().to_le_bytes());
    bytes.extend_from_slice(format!("{header:<width$}\n", width = length - 1).as_bytes());
    bytes.extend(rows.iter().flatten().flatten());
    std::fs::write(path, bytes).unwrap();
}

/// Two queries, each with a list of three of the four photos of a collection.
fn lists(folder: &Path) -> RetrievedLists {
    let path = |name: &str| folder.join(name);
    let collection =
        "IMG_ID,LAT,LON,author\na.jpg,10,20,Ann\nb.jpg,11,21,Ben\nc.jpg,12,22,Ann\nd.jpg,13,23,\n";
    std::fs::write(path("collection.csv"), collection).unwrap();
    std::fs::write(path("queries.csv"), "IMG_ID,LAT,LON\nq.jpg,1,2\nr.jpg,3,4\n").unwrap();
    let rows = [vec![2, 1, 0], vec![0, 2, -1]].map(|row| row.into_iter().map(i64::to_le_bytes).collect());
    write_npy(&path("I.npy"), "<i8", 3, &rows);
    let files = RetrievedFiles {
        indices: &path("I.npy"),
        similarities: None,
        collection: &path("collection.csv"),
        queries: &path("queries.csv"),
    };
    RetrievedLists::open(files, "lists".to_owned(), Sample::default()).unwrap().0
}

fn found(lists: &RetrievedLists, query: u64, top: usize) -> Vec<u64> {
    let channels = [(Channel::photo(), 1.0)];
    let embedding = QueryEmbedding { vectors: vec![(Channel::photo(), vector_of(query))] };
    let filter = Filter::default();
    let queries = vec![Query { embedding: &embedding, filter: &filter }];
    let found = lists.search(&SearchRequest { channels: &channels, top, queries }).unwrap();
    found[0].iter().map(|neighbour| neighbour.item.0).collect()
}

#[test]
fn a_list_ends_where_the_matrix_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let lists = lists(folder.path());
    assert_eq!(found(&lists, 0, 2), [2, 1]);
    assert_eq!(found(&lists, 1, 9), [0, 2]);
    for part in [FilterPart::Region, FilterPart::Authors, FilterPart::Ids] {
        assert_eq!(lists.filtering(part), Filtering::Exact);
    }
}

#[test]
fn holdings_are_the_photos_that_lists_name() {
    let folder = tempfile::tempdir().unwrap();
    let lists = lists(folder.path());
    assert_eq!((lists.holdings().photos, lists.holdings().coordinates), (3, 0));
    assert_eq!((lists.len(&Channel::photo()), lists.len(&Channel::location())), (3, 0));
    let records = lists.records(&[ItemId(2), ItemId(3)]).unwrap();
    let ids: Vec<Option<&str>> =
        records.iter().map(|record| record.as_ref().map(|record| record.id.0.as_str())).collect();
    assert_eq!(ids, [Some("c.jpg"), None]);
}

#[test]
fn an_unknown_channel_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lists = lists(folder.path());
    let channels = [(Channel::photo(), 1.0), (Channel::location(), 1.0)];
    let request = SearchRequest { channels: &channels, top: 1, queries: Vec::new() };
    let error = lists.search(&request).unwrap_err();
    assert_eq!(error.kind, ErrorKind::BrokenGallery);
    assert!(error.message.contains("no channel `location`; they have photo"), "{}", error.message);
}

/// Lists of all items, most similar first, as another program would write them.
fn lists_of(folder: &Path, items: &[SuiteItem], queries: &[QueryEmbedding]) -> RetrievedLists {
    let path = |name: &str| folder.join(name);
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut collection = vec!["IMG_ID,LAT,LON,city,author".to_owned()];
    for SuiteItem { record, .. } in items {
        let (latitude, longitude) = (record.location.latitude(), record.location.longitude());
        let city = record.place.city.as_deref().unwrap_or_default();
        let author = quoted(record.attribution.author.as_deref().unwrap_or_default());
        let id = quoted(&record.id.0);
        collection.push(format!("{id},{latitude},{longitude},{city},{author}"));
    }
    std::fs::write(path("collection.csv"), collection.join("\n")).unwrap();
    let rows = (0..queries.len()).map(|number| format!("{number}.jpg,1,2"));
    let rows: Vec<String> = std::iter::once("IMG_ID,LAT,LON".to_owned()).chain(rows).collect();
    std::fs::write(path("queries.csv"), rows.join("\n")).unwrap();
    let (mut indices, mut similarities) = (Vec::new(), Vec::new());
    for query in queries {
        let dot = |item: &SuiteItem| -> f64 {
            let pairs = query.vectors[0].1.iter().zip(&item.vectors.vectors[0].1);
            pairs.map(|(&one, &other)| f64::from(one) * f64::from(other)).sum()
        };
        let mut list: Vec<(f64, i64)> = items.iter().map(dot).zip(0..).collect();
        list.sort_by(|one, other| other.0.total_cmp(&one.0));
        indices.push(list.iter().map(|(_, row)| row.to_le_bytes()).collect());
        similarities.push(list.iter().map(|(similarity, _)| (*similarity as f32).to_le_bytes()).collect());
    }
    write_npy(&path("I.npy"), "<i8", items.len(), &indices);
    write_npy(&path("D.npy"), "<f4", items.len(), &similarities);
    let files = RetrievedFiles {
        indices: &path("I.npy"),
        similarities: Some(&path("D.npy")),
        collection: &path("collection.csv"),
        queries: &path("queries.csv"),
    };
    RetrievedLists::open(files, "lists".to_owned(), Sample::default()).unwrap().0
}

#[test]
fn lists_pass_the_search_suite() {
    let backend = Backend::photos(vec![ChannelSpec { channel: Channel::photo(), dimension: 16 }])
        .without(Ability::Vectors)
        .without(Ability::PhotoBytes)
        .without(Ability::PartialItems)
        .without(Ability::Countries)
        .without(Ability::NegativeWeights);
    let mut folders = Vec::new();
    run_with_known_queries(&backend, |items, queries| {
        let folder = tempfile::tempdir().unwrap();
        let lists = lists_of(folder.path(), items, queries);
        folders.push(folder);
        let numbered = (0..queries.len() as u64)
            .map(|number| QueryEmbedding { vectors: vec![(Channel::photo(), vector_of(number))] });
        KnownQueries { search: Box::new(lists), embeddings: numbered.collect() }
    });
}

#[test]
fn numbers_survive_as_vectors() {
    for number in [0, 1, 2996, (1 << 20) - 1, 1 << 20, 4_123_456, (1 << 40) + 12_345] {
        assert_eq!(number_of(&vector_of(number)), Some(number));
    }
    let limits = [(1_u64 << f32::MANTISSA_DIGITS) as f32, (1_u64 << LOW_BITS) as f32];
    let wrong = [[-1.0, 0.0], [0.5, 0.0], [0.0, 0.5], [limits[0], 0.0], [0.0, limits[1]]];
    for vector in wrong.iter().chain(&[[f32::INFINITY, f32::INFINITY], [0.0, f32::NAN]]) {
        assert_eq!(number_of(vector), None, "{vector:?}");
    }
    assert_eq!(number_of(&[1.0]), None);
}
