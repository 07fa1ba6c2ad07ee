//! Rotary position embedding.

use candle_core::{CpuStorage, CustomOp3, DType, Device, Layout, Result, Shape, Tensor};

use super::{Operators, floats, host_floats};

/// The angles of a run of tokens, as `[tokens, dimension / 2]` cosines and sines in f32.
#[derive(Clone, Debug)]
pub struct Rotation {
    cosines: Tensor,
    sines: Tensor,
}

/// The angles of [`Rotation`] on the host, `[tokens, dimension / 2]` each.
#[derive(Clone, Debug)]
pub(crate) struct Angles {
    pub(crate) cosines: Vec<f32>,
    pub(crate) sines: Vec<f32>,
}

impl Rotation {
    /// From angles in radians, `[tokens, half]` row-major.
    ///
    /// # Errors
    /// A length that is not a multiple of `half`; device errors.
    pub fn new(angles: &[f32], half: usize, device: &Device) -> Result<Self> {
        let shape = (angles.len() / half.max(1), half);
        let cosines: Vec<f32> = angles.iter().map(|angle| angle.cos()).collect();
        let sines: Vec<f32> = angles.iter().map(|angle| angle.sin()).collect();
        Ok(Self {
            cosines: Tensor::from_vec(cosines, shape, device)?,
            sines: Tensor::from_vec(sines, shape, device)?,
        })
    }

    /// The angles as slices, for kernels that turn numbers in place.
    pub(crate) fn on_host(&self) -> Result<Angles> {
        Ok(Angles { cosines: host_floats(&self.cosines)?, sines: host_floats(&self.sines)? })
    }

    /// The angles of some of the tokens, by row.
    ///
    /// # Errors
    /// A row that is not there; device errors.
    pub fn select(&self, rows: &Tensor) -> Result<Self> {
        Ok(Self { cosines: self.cosines.index_select(rows, 0)?, sines: self.sines.index_select(rows, 0)? })
    }
}

/// Rotates each head of each token of `[tokens, heads * dimension]`: component `i` pairs with `i + dimension / 2`.
///
/// # Errors
/// Shapes that disagree; device errors.
pub fn rotate(operators: Operators, input: &Tensor, rotation: &Rotation, heads: usize) -> Result<Tensor> {
    match operators {
        Operators::Fused => input.apply_op3_no_bwd(&rotation.cosines, &rotation.sines, &Rotate { heads }),
        Operators::Composed => {
            let (tokens, width) = input.dims2()?;
            let half = width / heads / 2;
            let wide = input.to_dtype(DType::F32)?.reshape((tokens, heads, 2, half))?;
            let (first, second) = (wide.narrow(2, 0, 1)?, wide.narrow(2, 1, 1)?);
            let cosines = rotation.cosines.reshape((tokens, 1, 1, half))?;
            let sines = rotation.sines.reshape((tokens, 1, 1, half))?;
            let turned_first = (first.broadcast_mul(&cosines)? - second.broadcast_mul(&sines)?)?;
            let turned_second = (second.broadcast_mul(&cosines)? + first.broadcast_mul(&sines)?)?;
            let turned = Tensor::cat(&[turned_first, turned_second], 2)?;
            turned.reshape((tokens, width))?.to_dtype(input.dtype())
        }
    }
}

struct Rotate {
    heads: usize,
}

impl CustomOp3 for Rotate {
    fn name(&self) -> &'static str {
        "rotate"
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        input_layout: &Layout,
        cosines: &CpuStorage,
        cosines_layout: &Layout,
        sines: &CpuStorage,
        sines_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (tokens, width) = input_layout.shape().dims2()?;
        let dimension = width / self.heads;
        let expected = (tokens, dimension / 2);
        if cosines_layout.shape().dims2()? != expected || sines_layout.shape().dims2()? != expected {
            candle_core::bail!("rotate: {:?} by {:?}", input_layout.shape(), cosines_layout.shape());
        }
        let mut output = floats(input, input_layout)?.to_vec();
        let (cosines, sines) = (floats(cosines, cosines_layout)?, floats(sines, sines_layout)?);
        kernels::rotary::rotate(&mut output, width, self.heads, dimension, cosines, sines);
        Ok((CpuStorage::F32(output), input_layout.shape().clone()))
    }
}
