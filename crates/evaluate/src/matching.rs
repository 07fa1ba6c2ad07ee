//! Which prediction is for which photo, by their ids alone.

use std::cmp::Ordering;

use crate::names::{Found, Names, is_same_path};
use crate::texts::Texts;

/// Which predictions are for which photos. Ids that are equal to the byte belong together. Those that are left over
/// belong together when they are the only ones on both sides whose paths end alike.
#[derive(Clone, Debug)]
pub(crate) struct Matching {
    /// For each photo the number of its prediction, or [`NONE`].
    prediction_of: Vec<u32>,
    /// Predictions without a photo, ascending.
    pub(crate) left: Vec<u32>,
    /// Matched, though spelt differently: normal form, `./`, backslashes.
    pub(crate) respelt: Loose,
    /// Matched by the end of the path alone.
    pub(crate) by_end: Loose,
    /// A prediction, and two photos that it might be for; or a photo, and two such predictions.
    pub(crate) ambiguous: Option<Ambiguous>,
    /// How many predictions that was so for.
    pub(crate) ambiguous_count: usize,
}

const NONE: u32 = u32::MAX;

/// Pairs of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Loose {
    pub(crate) count: usize,
    /// The first: a prediction and a photo.
    pub(crate) example: Option<[u32; 2]>,
}

/// Why an id was not matched.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ambiguous {
    /// A prediction that several photos fit.
    Photos { prediction: u32, photos: [u32; 2] },
    /// A photo that several predictions fit.
    Predictions { photo: u32, predictions: [u32; 2] },
}

impl Loose {
    fn add(&mut self, prediction: u32, photo: u32) {
        self.count += 1;
        self.example.get_or_insert([prediction, photo]);
    }
}

impl Matching {
    /// Both lists ascend and have no id twice.
    pub(crate) fn new(photos: &Texts, predictions: &Texts) -> Self {
        let mut matching = Self {
            prediction_of: vec![NONE; photos.len()],
            left: Vec::new(),
            respelt: Loose::default(),
            by_end: Loose::default(),
            ambiguous: None,
            ambiguous_count: 0,
        };
        let matched = matching.match_equal(photos, predictions);
        if !matching.left.is_empty() && matched < photos.len() {
            matching.match_names(photos, predictions);
        }
        matching
    }

    /// The prediction for a photo.
    pub(crate) fn prediction_of(&self, photo: u32) -> Option<u32> {
        self.prediction_of.get(photo as usize).copied().filter(|prediction| *prediction != NONE)
    }

    /// Whether no prediction has a photo.
    pub(crate) fn is_empty(&self) -> bool {
        self.prediction_of.iter().all(|prediction| *prediction == NONE)
    }

    fn match_equal(&mut self, photos: &Texts, predictions: &Texts) -> usize {
        let (mut photo, mut prediction, mut matched) = (0, 0, 0);
        while prediction < predictions.len() {
            let order = if photo < photos.len() {
                photos.get(photo).cmp(predictions.get(prediction))
            } else {
                Ordering::Greater
            };
            match order {
                Ordering::Less => photo += 1,
                Ordering::Greater => {
                    self.left.push(prediction as u32);
                    prediction += 1;
                }
                Ordering::Equal => {
                    if let Some(slot) = self.prediction_of.get_mut(photo) {
                        *slot = prediction as u32;
                    }
                    (photo, prediction, matched) = (photo + 1, prediction + 1, matched + 1);
                }
            }
        }
        matched
    }

    /// All ids count as candidates, matched ones too: an id that could also be another one's is never guessed.
    fn match_names(&mut self, photos: &Texts, predictions: &Texts) {
        let (photo_names, prediction_names) = (Names::new(photos), Names::new(predictions));
        let mut left = Vec::new();
        for prediction in std::mem::take(&mut self.left) {
            let id = predictions.get(prediction as usize);
            match photo_names.find(id) {
                Found::One(photo) if self.prediction_of(photo).is_none() => {
                    let photo_id = photos.get(photo as usize);
                    match prediction_names.find(photo_id) {
                        Found::Several(predictions) => {
                            self.set_ambiguous(Ambiguous::Predictions { photo, predictions });
                        }
                        Found::One(_) | Found::Nothing => {
                            if let Some(slot) = self.prediction_of.get_mut(photo as usize) {
                                *slot = prediction;
                            }
                            let kind =
                                if is_same_path(id, photo_id) { &mut self.respelt } else { &mut self.by_end };
                            kind.add(prediction, photo);
                            continue;
                        }
                    }
                }
                Found::Several(photos) => self.set_ambiguous(Ambiguous::Photos { prediction, photos }),
                Found::One(_) | Found::Nothing => {}
            }
            left.push(prediction);
        }
        self.left = left;
    }

    fn set_ambiguous(&mut self, ambiguous: Ambiguous) {
        self.ambiguous_count += 1;
        self.ambiguous.get_or_insert(ambiguous);
    }
}
