//! From bytes to the numbers a network wants.

use contract::Image;

/// `(sample * scale - mean) / deviation`, per channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// Applied to the 8-bit sample first: 1 or 1/255.
    pub scale: f64,
    /// Subtracted after that.
    pub mean: [f64; 3],
    /// Divides the difference.
    pub deviation: [f64; 3],
}

impl Normalisation {
    /// EfficientNet-Lite: `(sample - 127) / 128`.
    pub const EFFICIENTNET_LITE: Self = Self { scale: 1.0, mean: [127.0; 3], deviation: [128.0; 3] };

    /// CLIP and Qwen2-VL: samples in 0..=1, statistics of CLIP's training photos.
    pub const CLIP: Self = Self {
        scale: 1.0 / 255.0,
        mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
        deviation: [0.268_629_54, 0.261_302_58, 0.275_777_11],
    };

    /// Whether every normalised sample is a number.
    pub fn is_finite(&self) -> bool {
        (0..3).all(|channel| self.table(channel).iter().all(|value| value.is_finite()))
    }

    /// The normalised value of each of the 256 samples, rounded where the reference rounds.
    fn table(&self, channel: usize) -> [f32; 256] {
        std::array::from_fn(|sample| {
            let scaled = (sample as f64 * self.scale) as f32;
            (scaled - self.mean[channel] as f32) / self.deviation[channel] as f32
        })
    }
}

/// The order of the values of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `[channel, height, width]`, one image of a batch `[batch, channel, height, width]`.
    Nchw,
    /// `[height, width, channel]`, one image of a batch `[batch, height, width, channel]`.
    Nhwc,
}

/// The image as `3 * height * width` floats in the given order. Images of a batch are these, one after another.
pub fn normalise(image: &Image, normalisation: &Normalisation, layout: Layout) -> Vec<f32> {
    let tables = [0, 1, 2].map(|channel| normalisation.table(channel));
    let (pixels, _) = image.rgb().as_chunks::<3>();
    match layout {
        Layout::Nhwc => pixels
            .iter()
            .flat_map(|pixel| [0, 1, 2].map(|channel| tables[channel][usize::from(pixel[channel])]))
            .collect(),
        Layout::Nchw => (0..3)
            .flat_map(|channel| {
                let table = &tables[channel];
                pixels.iter().map(move |pixel| table[usize::from(pixel[channel])])
            })
            .collect(),
    }
}
