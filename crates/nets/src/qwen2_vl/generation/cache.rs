//! Keys and values of what has been written so far.

use std::ops::Range;

use candle_core::{DType, Device, Result, Tensor};

/// Tokens that a new cache has room for.
const FIRST_ROOM: usize = 32;

/// Keys and values of several texts' own tokens, layer by layer. All texts are equally long: they are written in step, and
/// one that has ended is no longer asked for. Room doubles when it is used up, so a token is copied twice at most on
/// average; until then adding to it copies nothing but the new rows.
#[derive(Debug)]
pub(in crate::qwen2_vl) struct Cache {
    /// `[texts * room, width]` of keys and of values.
    layers: Vec<(Tensor, Tensor)>,
    texts: usize,
    room: usize,
    length: usize,
    width: usize,
    kind: DType,
    device: Device,
}

impl Cache {
    /// Room for so many texts in so many layers; `width` numbers a key.
    pub(in crate::qwen2_vl) fn new(
        texts: usize,
        layers: usize,
        width: usize,
        (kind, device): (DType, &Device),
    ) -> Result<Self> {
        let mut cache = Self {
            layers: Vec::with_capacity(layers),
            texts,
            room: FIRST_ROOM,
            length: 0,
            width,
            kind,
            device: device.clone(),
        };
        for _ in 0..layers {
            cache.layers.push((cache.empty()?, cache.empty()?));
        }
        Ok(cache)
    }

    /// Sees to it that one more token fits.
    pub(in crate::qwen2_vl) fn reserve_one(&mut self) -> Result<()> {
        if self.length < self.room {
            return Ok(());
        }
        let before = self.room;
        self.room *= 2;
        for index in 0..self.layers.len() {
            let (keys, values) = (self.empty()?, self.empty()?);
            let (old_keys, old_values) = &self.layers[index];
            for text in 0..self.texts {
                for (new, old) in [(&keys, old_keys), (&values, old_values)] {
                    new.slice_set(&old.narrow(0, text * before, self.length)?, 0, text * self.room)?;
                }
            }
            self.layers[index] = (keys, values);
        }
        Ok(())
    }

    /// The rows of a text with the token that is being added.
    pub(in crate::qwen2_vl) const fn rows_with_next(&self, text: usize) -> Range<usize> {
        text * self.room..text * self.room + self.length + 1
    }

    /// Writes a layer's keys and values of the token that is being added, `[texts given, width]`, and returns all of
    /// that layer's.
    pub(in crate::qwen2_vl) fn write(
        &mut self,
        layer: usize,
        texts: &[usize],
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<(&Tensor, &Tensor)> {
        let Some((all_keys, all_values)) = self.layers.get(layer) else {
            candle_core::bail!("the cache has {} layers, not {}", self.layers.len(), layer + 1);
        };
        for (row, &text) in texts.iter().enumerate() {
            for (all, new) in [(all_keys, keys), (all_values, values)] {
                all.slice_set(&new.narrow(0, row, 1)?, 0, text * self.room + self.length)?;
            }
        }
        Ok((all_keys, all_values))
    }

    /// All layers hold the token that was being added.
    pub(in crate::qwen2_vl) const fn next_token(&mut self) {
        self.length += 1;
    }

    fn empty(&self) -> Result<Tensor> {
        Tensor::zeros((self.texts * self.room, self.width), self.kind, &self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_still_there_when_the_room_has_grown() {
        let mut cache = Cache::new(3, 2, 1, (DType::F32, &Device::Cpu)).unwrap();
        for token in 0..FIRST_ROOM + 9 {
            // The second text ends early.
            let texts = if token < 5 { &[0, 1, 2][..] } else { &[0, 2] };
            cache.reserve_one().unwrap();
            for layer in 0..2 {
                let values: Vec<f32> =
                    texts.iter().map(|text| (1000 * layer + 100 * text + token) as f32).collect();
                let keys = Tensor::from_vec(values, (texts.len(), 1), &Device::Cpu).unwrap();
                cache.write(layer, texts, &keys, &keys.neg().unwrap()).unwrap();
            }
            cache.next_token();
        }
        for (layer, (keys, values)) in cache.layers.iter().enumerate() {
            let (keys, values) =
                (keys.flatten_all().unwrap().to_vec1::<f32>().unwrap(), values.flatten_all().unwrap());
            let values = values.to_vec1::<f32>().unwrap();
            for text in [0, 2] {
                let rows = cache.rows_with_next(text);
                for (token, row) in (rows.start..rows.end - 1).enumerate() {
                    assert_eq!(keys[row], (1000 * layer + 100 * text + token) as f32);
                    assert_eq!(values[row], -keys[row]);
                }
            }
        }
    }
}
