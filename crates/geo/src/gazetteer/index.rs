//! Towns by their folded names.

use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::prelude::*;

use crate::region::fold;
use crate::towns::{Town, TownTable, Window};

const WORLD: Window = Window { south: -90.0, west: -180.0, north: 90.0, east: 180.0 };

/// All towns, ordered by the hashes of their names.
#[derive(Debug)]
pub(super) struct NameIndex {
    towns: Vec<(u64, Town)>,
}

impl NameIndex {
    pub(super) fn new(table: &TownTable) -> Self {
        let mut all = Vec::new();
        table.visit(WORLD, |town| all.push(town));
        let mut towns: Vec<(u64, Town)> =
            all.into_par_iter().map(|town| (hash(&fold(table.name(town))), town)).collect();
        towns.par_sort_by_key(|(hash, _)| *hash);
        Self { towns }
    }

    /// The towns of a folded name, in no order.
    pub(super) fn towns(&self, table: &TownTable, name: &str) -> Vec<Town> {
        let wanted = hash(name);
        let start = self.towns.partition_point(|(hash, _)| *hash < wanted);
        let alike =
            self.towns.get(start..).unwrap_or_default().iter().take_while(|(hash, _)| *hash == wanted);
        // Hashes may be equal by chance.
        alike
            .map(|(_, town)| *town)
            .filter(|town| !name.is_empty() && fold(table.name(*town)) == name)
            .collect()
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
