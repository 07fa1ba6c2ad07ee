//! Running one inverted-residual block: expand, depthwise convolution, project, without its wide feature maps
//! ever going through memory as a whole.
//!
//! Early blocks are large in area: they are computed in strips of a few rows that stay in the cache, and
//! threads share the rows. Late blocks are small in area but wide: they are computed one panel of channels at a
//! time over the whole area, and threads share the panels. Both give the same bits (see
//! [`kernels::linear`]).

use std::ops::Range;

use rayon::prelude::*;

use super::layers::Block;
use super::scratch::{Pool, Scratch};
use super::stem;
use kernels::Instructions;
use kernels::depthwise::SamePadding;
use kernels::linear::{Activation, PanelOutput, PanelRows};
use kernels::panels::{AlignedBuffer, PANEL, padded_channels, panel_width};

/// Floats of a strip (512 KB): well within the second-level cache, which the weights pass through too.
const STRIP_FLOATS: usize = 128 * 1024;

/// Feature maps up to this many columns are computed panel by panel.
const SMALL_AREA: usize = 20;

/// Who does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Threads {
    /// The calling thread alone.
    One,
    /// The threads that the network was loaded with: the current rayon pool if there are none.
    #[default]
    Pool,
}

impl Threads {
    pub(super) fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Pool => rayon::current_num_threads(),
        }
    }

    pub(super) fn each<T: Send>(self, tasks: Vec<T>, work: impl Fn(T) + Sync + Send) {
        if self.count() == 1 {
            tasks.into_iter().for_each(work);
        } else {
            tasks.into_par_iter().for_each(work);
        }
    }
}

/// Where a block's input comes from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// The image itself `[size, size, 3]`: the first block expands by the stem.
    Image { pixels: &'a [f32], geometry: SamePadding },
    /// The feature map in panels.
    Map(&'a [f32]),
}

/// A block on an image of a certain size.
pub(super) struct Run<'a> {
    pub(super) block: &'a Block,
    pub(super) geometry: SamePadding,
    pub(super) instructions: Instructions,
    pub(super) threads: Threads,
    pub(super) scratch: &'a Pool<Scratch>,
}

impl Run<'_> {
    /// Computes the whole block. `output` is the feature map after it, in panels; `depthwise` is a buffer.
    pub(super) fn run(&self, source: Source<'_>, depthwise: &mut AlignedBuffer, output: &mut [f32]) {
        match source {
            Source::Map(map) if self.geometry.input <= SMALL_AREA => self.panels(map, depthwise, output),
            _ => self.rows(source, output),
        }
    }

    /// Threads share the rows.
    fn rows(&self, source: Source<'_>, output: &mut [f32]) {
        let side = self.geometry.output;
        let count = match self.threads.count() {
            1 => 1,
            threads => (2 * threads).min(side),
        };
        let mut tasks: Vec<(Range<usize>, Vec<&mut [f32]>)> =
            (0..count).map(|task| (task * side / count..(task + 1) * side / count, Vec::new())).collect();
        for (panel, mut floats) in output.chunks_mut(side * side * PANEL).enumerate() {
            let width = self.block.project.width(panel);
            for (rows, outputs) in &mut tasks {
                let (mine, rest) = floats.split_at_mut(rows.len() * side * width);
                outputs.push(mine);
                floats = rest;
            }
        }
        self.threads.each(tasks, |(rows, mut outputs)| {
            self.strips(source, &rows, &mut outputs, &mut self.scratch.take());
        });
    }

    /// Computes some output rows, strip by strip. `outputs` has those rows of each panel.
    fn strips(
        &self,
        source: Source<'_>,
        rows: &Range<usize>,
        outputs: &mut [&mut [f32]],
        scratch: &mut Scratch,
    ) {
        let (block, geometry) = (self.block, &self.geometry);
        let inner = padded_channels(block.depthwise.channels());
        let columns = geometry.padded_columns();
        let (height, capacity) = strip_rows(geometry, inner, rows.len());
        let Scratch { patches, expanded, depthwise } = scratch;
        expanded.reserve(capacity * columns * inner);
        depthwise.reserve(height * geometry.output * inner);
        let panels = block.depthwise.panels();
        for (panel, floats) in expanded.chunks_mut(capacity * columns * PANEL).enumerate().take(panels) {
            zero_padding(floats, geometry, panel_width(inner, panel));
        }
        // The input rows that are in the buffer.
        let mut held = 0..0;
        for first in rows.clone().step_by(height) {
            let strip = first..(first + height).min(rows.end);
            let needed = geometry.input_rows(strip.start, strip.end);
            let new = needed.start.max(held.end)..needed.end;
            let input = match source {
                Source::Image { pixels, geometry } => stem::patches(pixels, &geometry, new.clone(), patches),
                Source::Map(map) => PanelRows {
                    panels: map,
                    rows: geometry.input * geometry.input,
                    first: new.start * geometry.input,
                    count: new.len() * geometry.input,
                },
            };
            let pixels = strip.len() * geometry.output;
            let floats = expanded.chunks_mut(capacity * columns * PANEL);
            let buffers = floats.zip(depthwise.chunks_mut(pixels * PANEL));
            for (panel, (floats, output)) in buffers.enumerate().take(panels) {
                let row = columns * block.depthwise.width(panel);
                if held.end > needed.start {
                    floats.copy_within((needed.start - held.start) * row..(held.end - held.start) * row, 0);
                }
                self.expand(panel, input, &mut floats[(new.start - needed.start) * row..]);
                block.depthwise.panel(
                    self.instructions,
                    panel,
                    geometry,
                    floats,
                    needed.start,
                    strip.clone(),
                    output,
                    Activation::Relu6,
                );
            }
            held = needed;
            for (panel, output) in outputs.iter_mut().enumerate() {
                let width = block.project.width(panel);
                let start = (strip.start - rows.start) * geometry.output * width;
                let output = &mut output[start..start + pixels * width];
                let input = PanelRows::all(depthwise, pixels);
                self.project(panel, input, source, strip.start * geometry.output, output);
            }
        }
    }

    /// Threads share the panels: first those of inner channels, then those of output channels.
    fn panels(&self, map: &[f32], depthwise: &mut AlignedBuffer, output: &mut [f32]) {
        let (block, geometry) = (self.block, &self.geometry);
        let (before, after) = (geometry.input * geometry.input, geometry.output * geometry.output);
        depthwise.reserve(after * padded_channels(block.depthwise.channels()));
        let tasks: Vec<_> =
            depthwise.chunks_mut(after * PANEL).enumerate().take(block.depthwise.panels()).collect();
        self.threads.each(tasks, |(panel, floats)| {
            let width = block.depthwise.width(panel);
            let mut scratch = self.scratch.take();
            let expanded = &mut scratch.expanded;
            expanded.reserve(geometry.input * geometry.padded_columns() * PANEL);
            zero_padding(expanded, geometry, width);
            self.expand(panel, PanelRows::all(map, before), expanded);
            block.depthwise.panel(
                self.instructions,
                panel,
                geometry,
                expanded,
                0,
                0..geometry.output,
                floats,
                Activation::Relu6,
            );
        });
        // Halves of panels, so that threads finish together.
        let halves = self.threads.count().min(2);
        let mut tasks = Vec::new();
        for (panel, mut floats) in output.chunks_mut(after * PANEL).enumerate() {
            for half in 0..halves {
                let rows = half * after / halves..(half + 1) * after / halves;
                let (mine, rest) = floats.split_at_mut(rows.len() * block.project.width(panel));
                tasks.push((panel, rows, mine));
                floats = rest;
            }
        }
        let depthwise = &*depthwise;
        self.threads.each(tasks, |(panel, rows, output)| {
            let input = PanelRows { panels: depthwise, rows: after, first: rows.start, count: rows.len() };
            self.project(panel, input, Source::Map(map), rows.start, output);
        });
    }

    /// One panel of expanded channels into rows of padded columns.
    fn expand(&self, panel: usize, input: PanelRows<'_>, rows: &mut [f32]) {
        let width = self.block.expand.width(panel);
        let floats = &mut rows[self.geometry.before * width..];
        let output = PanelOutput { floats, columns: self.geometry.input, gap: self.geometry.total * width };
        self.block.expand.panel(self.instructions, panel, input, output, None, Activation::Relu6);
    }

    /// One panel of outputs, for pixels from `first` on.
    fn project(
        &self,
        panel: usize,
        input: PanelRows<'_>,
        source: Source<'_>,
        first: usize,
        output: &mut [f32],
    ) {
        let residual = match source {
            Source::Map(map) if self.block.residual => {
                let pixels = self.geometry.input * self.geometry.input;
                let start = panel * PANEL * pixels + first * self.block.project.width(panel);
                Some(&map[start..start + output.len()])
            }
            _ => None,
        };
        let output = PanelOutput::dense(output);
        self.block.project.panel(self.instructions, panel, input, output, residual, Activation::Identity);
    }
}

/// Output rows of a strip, and the input rows that they need, such that both fit the budget.
fn strip_rows(geometry: &SamePadding, inner: usize, most: usize) -> (usize, usize) {
    let needs = |rows: usize| (rows - 1) * geometry.stride + geometry.kernel;
    let floats = |rows: usize| inner * (needs(rows) * geometry.padded_columns() + rows * geometry.output);
    let mut rows = 1;
    while rows < most && floats(rows + 1) <= STRIP_FLOATS {
        rows += 1;
    }
    (rows, needs(rows))
}

/// Zeros in the columns left and right of the image.
fn zero_padding(rows: &mut [f32], geometry: &SamePadding, width: usize) {
    for row in rows.chunks_exact_mut(geometry.padded_columns() * width) {
        row[..geometry.before * width].fill(0.0);
        row[(geometry.before + geometry.input) * width..].fill(0.0);
    }
}
