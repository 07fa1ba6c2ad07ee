//! The learned parts on top of a frozen network: photo space, location head, location space.

use std::collections::HashMap;

use kernels::vectors::add_product;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// Names and shapes in a heads file, where `features`, `photo`, `hidden`, `encoded` and `location` are lengths.
const TENSORS: [(&str, &[&str]); 7] = [
    ("photo.mean", &["features"]),
    ("photo.projection", &["features", "photo"]),
    ("location.first", &["photo", "hidden"]),
    ("location.first_bias", &["hidden"]),
    ("location.second", &["hidden", "location"]),
    ("location.second_bias", &["location"]),
    ("location_space.projection", &["encoded", "location"]),
];

/// Heads that cannot be read or do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HeadsError(pub(crate) String);

impl From<String> for HeadsError {
    fn from(why: String) -> Self {
        Self(why)
    }
}

/// The heads of a pack; all matrices row-major `[inputs, outputs]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Heads {
    /// `[features]`: subtracted before the projection.
    pub photo_mean: Vec<f32>,
    /// `[features, photo]`.
    pub photo_projection: Matrix,
    /// `[photo, hidden]`.
    pub location_first: Matrix,
    /// `[hidden]`.
    pub location_first_bias: Vec<f32>,
    /// `[hidden, location]`.
    pub location_second: Matrix,
    /// `[location]`.
    pub location_second_bias: Vec<f32>,
    /// `[encoded, location]`: from the location encoder's unit vectors to the location space.
    pub location_space: Matrix,
}

/// A dense matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// `[inputs, outputs]`, row-major.
    pub values: Vec<f32>,
    /// Rows.
    pub inputs: usize,
    /// Columns.
    pub outputs: usize,
}

impl Matrix {
    /// Wraps values; `None` if their number is not `inputs * outputs`.
    pub fn new(values: Vec<f32>, inputs: usize, outputs: usize) -> Option<Self> {
        (values.len() == inputs * outputs).then_some(Self { values, inputs, outputs })
    }

    fn view(&self) -> (&[f32], Vec<usize>) {
        (&self.values, vec![self.inputs, self.outputs])
    }

    /// `x * matrix + bias`: `[inputs]` to `[outputs]`.
    fn apply(&self, input: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let mut result = bias.map_or_else(|| vec![0.0; self.outputs], <[f32]>::to_vec);
        add_product(input, &self.values, &mut result);
        result
    }
}

impl Heads {
    /// Reads a heads file.
    ///
    /// # Errors
    /// In words: a missing, extra, misshapen or non-finite tensor.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HeadsError> {
        let file =
            SafeTensors::deserialize(bytes).map_err(|error| format!("no safetensors file: {error}"))?;
        if let Some(extra) = file.names().iter().find(|name| !TENSORS.iter().any(|(known, _)| known == *name))
        {
            return Err(format!("unknown tensor `{extra}`").into());
        }
        let mut lengths: Vec<(&str, usize)> = Vec::new();
        let mut tensors = HashMap::with_capacity(TENSORS.len());
        for (name, axes) in TENSORS {
            let view = file.tensor(name).map_err(|_| format!("tensor `{name}` is missing"))?;
            if view.dtype() != Dtype::F32 || view.shape().len() != axes.len() {
                return Err(format!(
                    "tensor `{name}` is {:?} {:?}, expected F32 {axes:?}",
                    view.dtype(),
                    view.shape()
                )
                .into());
            }
            for (axis, length) in axes.iter().zip(view.shape()) {
                if *length == 0 {
                    return Err(format!("tensor `{name}`: {axis} is 0").into());
                }
                match lengths.iter().find(|(known, _)| known == axis) {
                    Some((_, expected)) if expected != length => {
                        return Err(format!(
                            "tensor `{name}`: {axis} is {length}, elsewhere it is {expected}"
                        )
                        .into());
                    }
                    Some(_) => {}
                    None => lengths.push((axis, *length)),
                }
            }
            let values: Vec<f32> =
                view.data().as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
            if values.iter().any(|value| !value.is_finite()) {
                return Err(format!("tensor `{name}` holds a value that is not finite").into());
            }
            tensors.insert(
                name,
                Matrix { values, inputs: view.shape()[0], outputs: *view.shape().last().unwrap_or(&0) },
            );
        }
        let mut take = |name: &str| tensors.remove(name).ok_or_else(|| format!("tensor `{name}` is missing"));
        Ok(Self {
            photo_mean: take("photo.mean")?.values,
            photo_projection: take("photo.projection")?,
            location_first: take("location.first")?,
            location_first_bias: take("location.first_bias")?.values,
            location_second: take("location.second")?,
            location_second_bias: take("location.second_bias")?.values,
            location_space: take("location_space.projection")?,
        })
    }

    /// The file's content; [`Heads::from_bytes`] reads it back.
    ///
    /// # Errors
    /// In words, if a matrix does not have the size it says.
    pub fn to_bytes(&self) -> Result<Vec<u8>, HeadsError> {
        let whole: [(&[f32], Vec<usize>); 7] = [
            (&self.photo_mean, vec![self.photo_mean.len()]),
            self.photo_projection.view(),
            self.location_first.view(),
            (&self.location_first_bias, vec![self.location_first_bias.len()]),
            self.location_second.view(),
            (&self.location_second_bias, vec![self.location_second_bias.len()]),
            self.location_space.view(),
        ];
        let bytes: Vec<(Vec<u8>, Vec<usize>)> = whole
            .into_iter()
            .map(|(values, shape)| (values.iter().flat_map(|value| value.to_le_bytes()).collect(), shape))
            .collect();
        let mut views = Vec::with_capacity(TENSORS.len());
        for ((name, _), (data, shape)) in TENSORS.iter().zip(&bytes) {
            let view = TensorView::new(Dtype::F32, shape.clone(), data)
                .map_err(|error| format!("{name}: {error}"))?;
            views.push((*name, view));
        }
        safetensors::serialize(views, None).map_err(|error| HeadsError(error.to_string()))
    }

    /// A photo's unit vector in photo space, from its features `[features]`.
    pub fn photo_vector(&self, features: &[f32]) -> Vec<f32> {
        let centred: Vec<f32> =
            features.iter().zip(&self.photo_mean).map(|(value, mean)| value - mean).collect();
        unit(self.photo_projection.apply(&centred, None))
    }

    /// A photo's unit vector in location space, from its photo vector `[photo]`.
    pub fn location_query(&self, photo: &[f32]) -> Vec<f32> {
        let mut hidden = self.location_first.apply(photo, Some(&self.location_first_bias));
        for value in &mut hidden {
            *value = value.max(0.0);
        }
        unit(self.location_second.apply(&hidden, Some(&self.location_second_bias)))
    }

    /// A coordinate's unit vector in location space, from the location encoder's output `[encoded]`.
    pub fn location_vector(&self, encoded: &[f32]) -> Vec<f32> {
        unit(self.location_space.apply(&unit(encoded.to_vec()), None))
    }
}

/// The vector with L2 norm 1; a zero vector stays zero.
fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    if norm > 0.0 {
        for value in &mut vector {
            *value = (f64::from(*value) / norm) as f32;
        }
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(inputs: usize, outputs: usize) -> Matrix {
        let values = (0..inputs * outputs).map(|index| (index as f32 * 0.37).sin()).collect();
        Matrix::new(values, inputs, outputs).unwrap()
    }

    fn heads() -> Heads {
        Heads {
            photo_mean: vec![0.5; 6],
            photo_projection: matrix(6, 4),
            location_first: matrix(4, 5),
            location_first_bias: vec![0.1; 5],
            location_second: matrix(5, 3),
            location_second_bias: vec![0.0; 3],
            location_space: matrix(7, 3),
        }
    }

    #[test]
    fn round_trips_and_makes_unit_vectors() {
        let heads = heads();
        assert_eq!(Heads::from_bytes(&heads.to_bytes().unwrap()).unwrap(), heads);
        let photo = heads.photo_vector(&[1.0, -2.0, 0.5, 3.0, 0.0, 1.0]);
        for vector in [heads.location_query(&photo), heads.location_vector(&[1.0; 7]), photo] {
            let norm: f32 = vector.iter().map(|value| value * value).sum();
            assert!((norm - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn refuses_tensors_that_do_not_fit() {
        let misshapen = Heads { location_second: matrix(4, 3), ..heads() };
        let message = Heads::from_bytes(&misshapen.to_bytes().unwrap()).unwrap_err().to_string();
        assert!(message.contains("location.second") && message.contains("hidden"), "{message}");
        let infinite = Heads { photo_mean: vec![f32::INFINITY; 6], ..heads() };
        assert!(
            Heads::from_bytes(&infinite.to_bytes().unwrap()).unwrap_err().to_string().contains("not finite")
        );
        assert!(Heads::from_bytes(b"junk").unwrap_err().to_string().contains("safetensors"));
    }
}
