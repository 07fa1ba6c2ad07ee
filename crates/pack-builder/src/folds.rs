//! Folds: which heads have not seen a photo, and which gallery it is asked against.

use contract::RADII_KM;
use serde::{Deserialize, Serialize};

use crate::BuildError;
use crate::config::FoldsConfig;
use crate::corpus::Corpus;
use crate::space::mixed;

/// How the gallery stands to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Regime {
    /// As the gallery is.
    Plain,
    /// Without photos by the query's author.
    OtherAuthors,
    /// Without photos near the truth: a region that the gallery lacks.
    Far,
}

impl Regime {
    pub(crate) const ALL: [Self; 3] = [Self::Plain, Self::OtherAuthors, Self::Far];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "as the gallery is",
            Self::OtherAuthors => "without the author's photos",
            Self::Far => "nothing near the truth",
        }
    }

    /// What photos are grouped by.
    const fn by(self) -> &'static str {
        match self {
            Self::Plain => "author and cell",
            Self::OtherAuthors => "author",
            Self::Far => "region",
        }
    }
}

/// The fold of each photo in one regime.
pub(crate) struct Folds {
    pub(crate) regime: Regime,
    of: Vec<usize>,
}

impl Folds {
    /// Divides all photos, validation and test ones too: the fold of an author is the same everywhere.
    ///
    /// Cells of the plain regime are some 100 m wide: with larger ones a training query's nearest gallery photo is farther
    /// than a test query's. Near-duplicates follow the first of them: a query's twin among its candidates would teach that
    /// there are twins.
    pub(crate) fn new(regime: Regime, corpus: &Corpus, config: &FoldsConfig) -> Result<Self, BuildError> {
        let cell = |photo: usize, degrees: f64| {
            let place = corpus.places[photo];
            let (row, column) = ((place.latitude() / degrees).floor(), (place.longitude() / degrees).floor());
            mixed(row as i64 as u64, column as i64 as u64)
        };
        let key = |photo: usize| {
            let author = u64::from(corpus.author(photo));
            match regime {
                Regime::Plain => mixed(author, cell(corpus.leader[photo], config.cell_degrees)),
                Regime::OtherAuthors => mixed(author, 1),
                Regime::Far => mixed(cell(photo, config.region_degrees), 2),
            }
        };
        let of: Vec<usize> =
            (0..corpus.len()).map(|photo| (key(photo) % config.count as u64) as usize).collect();
        let folds = Self { regime, of };
        for fold in 0..config.count {
            let own = corpus.gallery.iter().filter(|&&photo| folds.of[photo] == fold).count();
            if own == 0 || corpus.gallery.len() - own < corpus.gallery.len() / 4 {
                let why = format!(
                    "fold {} of {} holds {own} of the {} gallery photos; the groups are too few or too unequal",
                    fold + 1,
                    config.count,
                    corpus.gallery.len()
                );
                return Err(BuildError::Folds { by: regime.by(), why });
            }
        }
        Ok(folds)
    }

    pub(crate) fn of(&self, photo: usize) -> usize {
        self.of[photo]
    }

    /// The gallery photos outside a fold.
    pub(crate) fn others(&self, corpus: &Corpus, fold: usize) -> Vec<usize> {
        corpus.gallery.iter().copied().filter(|&photo| self.of[photo] != fold).collect()
    }
}

/// Radii at which a photo may be judged: those not below the precision of its place.
pub(crate) fn judged(precision_km: f64) -> impl Iterator<Item = usize> {
    (0..RADII_KM.len()).filter(move |&radius| RADII_KM[radius] >= precision_km)
}
