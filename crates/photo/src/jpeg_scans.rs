//! Sequential JPEG photos whose colours come in several passes, rewritten with one pass.
//!
//! Own code, because the decoder gives a wrong picture, and no error, where such passes meet colours that are shared by
//! several rows. Nothing is decoded: the bits of each block are copied, and only the differences between neighbouring
//! blocks are written anew, because their neighbours change.

use super::jpeg_bits::{Reader, Table, Writer, difference_table};
use super::{Limits, PhotoError};

/// Baseline and extended sequential frames with Huffman codes.
const SEQUENTIAL: [u8; 2] = [0xc0, 0xc1];
const MOST_COMPONENTS: usize = 4;

/// One colour.
struct Component {
    id: u8,
    across: usize,
    down: usize,
    /// Which quantisation table the frame names.
    quantisation_id: usize,
    /// What was valid when its pass began: quantisation and AC codes, as in the file.
    tables: Option<(Vec<u8>, Vec<u8>)>,
    blocks: Vec<Block>,
}

/// Where the bits of a block are, without its first coefficient.
#[derive(Clone, Copy, Default)]
struct Block {
    pass: u8,
    /// 0 where the file has no block: behind the right and the lower edge.
    length: u16,
    first: i32,
    at: usize,
}

/// The file with one pass; `None` if it is not sequential, or if a pass is missing, damaged, or there twice.
///
/// # Errors
/// [`PhotoError::TooManyPixels`].
pub(super) fn joined(file: &[u8], limits: &Limits) -> Result<Option<Vec<u8>>, PhotoError> {
    let mut scans = Scans::default();
    let mut at = 2;
    while scans.read_segment(file, &mut at, limits)?.is_some() {}
    Ok(scans.write())
}

#[derive(Default)]
struct Scans<'a> {
    /// Application segments: EXIF, and what says which colours these are.
    others: Vec<&'a [u8]>,
    quantisation: [Option<Vec<u8>>; 4],
    first_codes: [Option<Vec<u8>>; 4],
    other_codes: [Option<Vec<u8>>; 4],
    restart_interval: usize,
    frame_marker: u8,
    width: usize,
    height: usize,
    components: Vec<Component>,
    /// The data of each pass, without stuffing.
    passes: Vec<Vec<u8>>,
}

impl<'a> Scans<'a> {
    /// Reads up to the next marker. `None` at the end, or at what cannot be read.
    fn read_segment(
        &mut self,
        file: &'a [u8],
        at: &mut usize,
        limits: &Limits,
    ) -> Result<Option<()>, PhotoError> {
        let Some((marker, whole, body)) = segment(file, at) else { return Ok(None) };
        Ok(match marker {
            0xdb => self.note_quantisation(body),
            0xc4 => self.note_codes(body),
            0xdd => body.first_chunk().map(|field| {
                self.restart_interval = usize::from(u16::from_be_bytes(*field));
            }),
            0xe0..=0xef => {
                self.others.push(whole);
                Some(())
            }
            0xda => self.read_pass(file, at, body),
            0xc0..=0xcf => {
                let read = self.note_frame(marker, body);
                limits.check_pixels(self.width as u32, self.height as u32)?;
                read.map(|()| self.make_room())
            }
            _ => Some(()),
        })
    }

    fn note_quantisation(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = body.split_first() {
            let (table, rest) = rest.split_at_checked(if head >> 4 == 0 { 64 } else { 128 })?;
            *self.quantisation.get_mut(usize::from(head & 15))? = Some([&[head & 0xf0], table].concat());
            body = rest;
        }
        Some(())
    }

    fn note_codes(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = body.split_first() {
            let counts = rest.get(..16)?;
            let symbols = counts.iter().map(|&count| usize::from(count)).sum::<usize>();
            let (table, rest) = rest.split_at_checked(16 + symbols)?;
            let id = usize::from(head & 15);
            if head >> 4 == 0 {
                *self.first_codes.get_mut(id)? = Some(table.to_vec());
            } else {
                *self.other_codes.get_mut(id)? = Some(table.to_vec());
            }
            body = rest;
        }
        Some(())
    }

    fn note_frame(&mut self, marker: u8, body: &[u8]) -> Option<()> {
        let &[precision, high, low, left, right, count, ref components @ ..] = body else { return None };
        let is_new = self.components.is_empty() && usize::from(count) <= MOST_COMPONENTS;
        if !SEQUENTIAL.contains(&marker) || precision != 8 || !is_new {
            return None;
        }
        self.frame_marker = marker;
        self.height = usize::from(u16::from_be_bytes([high, low]));
        self.width = usize::from(u16::from_be_bytes([left, right]));
        for &[id, sides, quantisation_id] in components.as_chunks().0.iter().take(usize::from(count)) {
            let (across, down) = (usize::from(sides >> 4), usize::from(sides & 15));
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
                return None;
            }
            let quantisation_id = usize::from(quantisation_id);
            let (tables, blocks) = (None, Vec::new());
            self.components.push(Component { id, across, down, quantisation_id, tables, blocks });
        }
        (self.width > 0 && self.height > 0 && !self.components.is_empty()).then_some(())
    }

    /// The greatest factors.
    fn greatest(&self) -> (usize, usize) {
        let across = self.components.iter().map(|component| component.across).max();
        let down = self.components.iter().map(|component| component.down).max();
        (across.unwrap_or(1), down.unwrap_or(1))
    }

    /// Columns and rows of units: what holds all colours of some pixels.
    fn units(&self) -> (usize, usize) {
        let (across, down) = self.greatest();
        (self.width.div_ceil(8 * across), self.height.div_ceil(8 * down))
    }

    fn make_room(&mut self) {
        let (columns, rows) = self.units();
        for component in &mut self.components {
            let count = columns * component.across * rows * component.down;
            component.blocks = vec![Block::default(); count];
        }
    }

    fn read_pass(&mut self, file: &[u8], at: &mut usize, body: &[u8]) -> Option<()> {
        let (&count, rest) = body.split_first()?;
        let names = rest.as_chunks::<2>().0.get(..usize::from(count))?;
        let pass = u8::try_from(self.passes.len()).ok()?;
        let (data, starts) = unstuffed(file.get(*at..)?, at);
        let mut parts: Vec<(usize, Table, Table)> = Vec::new();
        let mut tables = Vec::new();
        for &[id, codes] in names {
            let index = self.components.iter().position(|component| component.id == id)?;
            let component = self.components.get(index)?;
            if component.tables.is_some() || parts.iter().any(|(other, ..)| *other == index) {
                return None;
            }
            let quantisation = self.quantisation.get(component.quantisation_id)?.clone()?;
            let other_codes = self.other_codes.get(usize::from(codes & 15))?.clone()?;
            let first_codes = Table::new(self.first_codes.get(usize::from(codes >> 4))?.as_ref()?)?;
            parts.push((index, first_codes, Table::new(&other_codes)?));
            tables.push((index, quantisation, other_codes));
        }
        let (columns, rows) = self.units();
        let (greatest_across, greatest_down) = self.greatest();
        let alone = parts.len() == 1;
        let (mut units_across, mut units_down) = (columns, rows);
        if let (true, Some(component)) = (alone, self.components.get(parts.first()?.0)) {
            units_across = (self.width * component.across).div_ceil(8 * greatest_across);
            units_down = (self.height * component.down).div_ceil(8 * greatest_down);
        }
        let mut reader = Reader::new(&data);
        let mut starts = starts.into_iter();
        let mut last = [0_i32; MOST_COMPONENTS];
        for unit in 0..units_across * units_down {
            if self.restart_interval > 0 && unit > 0 && unit % self.restart_interval == 0 {
                reader.jump(starts.next()?);
                last = [0; MOST_COMPONENTS];
            }
            let (column, row) = (unit % units_across, unit / units_across);
            for (index, first_codes, other_codes) in &parts {
                let component = self.components.get_mut(*index)?;
                let (across, down) = if alone { (1, 1) } else { (component.across, component.down) };
                for inner in 0..across * down {
                    let (x, y) = (column * across + inner % across, row * down + inner / across);
                    let last = last.get_mut(*index)?;
                    *last = last.wrapping_add(reader.number(first_codes)?);
                    let start = reader.at();
                    reader.pass_over_block(other_codes)?;
                    let length = u16::try_from(reader.at() - start).ok()?;
                    let block = component.blocks.get_mut(y * columns * component.across + x)?;
                    *block = Block { pass, length, first: *last, at: start };
                }
            }
        }
        for (index, quantisation, other_codes) in tables {
            self.components.get_mut(index)?.tables = Some((quantisation, other_codes));
        }
        self.passes.push(data);
        Some(())
    }

    fn write(&self) -> Option<Vec<u8>> {
        if self.components.is_empty() {
            return None;
        }
        let mut file = vec![0xff, 0xd8];
        file.extend(self.others.concat());
        let mut frame = vec![8];
        frame.extend((self.height as u16).to_be_bytes());
        frame.extend((self.width as u16).to_be_bytes());
        frame.push(self.components.len() as u8);
        let mut scan = vec![self.components.len() as u8];
        put(&mut file, 0xc4, &[&[0], difference_table().as_slice()].concat());
        for (index, component) in (0_u8..).zip(&self.components) {
            let (quantisation, codes) = component.tables.as_ref()?;
            let (head, values) = quantisation.split_first()?;
            put(&mut file, 0xdb, &[&[head | index], values].concat());
            put(&mut file, 0xc4, &[&[0x10 | index], codes.as_slice()].concat());
            frame.extend([component.id, (component.across << 4 | component.down) as u8, index]);
            scan.extend([component.id, index]);
        }
        scan.extend([0, 63, 0]);
        put(&mut file, self.frame_marker, &frame);
        put(&mut file, 0xda, &scan);
        let mut writer = Writer::new(file);
        self.write_blocks(&mut writer)?;
        let mut file = writer.finish();
        file.extend([0xff, 0xd9]);
        Some(file)
    }

    fn write_blocks(&self, writer: &mut Writer) -> Option<()> {
        // Only padding needs the code of an empty block, and a table may lack it.
        let end = |component: &Component| Table::new(&component.tables.as_ref()?.1)?.code(0);
        let ends: Vec<Option<(u32, u32)>> = self.components.iter().map(end).collect();
        let readers: Vec<Reader<'_>> = self.passes.iter().map(|data| Reader::new(data)).collect();
        let (columns, rows) = self.units();
        let mut last = [0_i32; MOST_COMPONENTS];
        for unit in 0..columns * rows {
            let (column, row) = (unit % columns, unit / columns);
            for ((component, end), last) in self.components.iter().zip(&ends).zip(&mut last) {
                for inner in 0..component.across * component.down {
                    let x = column * component.across + inner % component.across;
                    let y = row * component.down + inner / component.across;
                    let block = component.blocks.get(y * columns * component.across + x)?;
                    if block.length == 0 {
                        let (end, end_bits) = (*end)?;
                        writer.difference(0)?;
                        writer.bits(end, end_bits);
                    } else {
                        writer.difference(block.first.wrapping_sub(*last))?;
                        *last = block.first;
                        readers.get(usize::from(block.pass))?.copy(
                            block.at,
                            usize::from(block.length),
                            writer,
                        );
                    }
                }
            }
        }
        Some(())
    }
}

/// The next segment: marker, whole, and body. Passes over bytes that belong to none.
fn segment<'a>(file: &'a [u8], at: &mut usize) -> Option<(u8, &'a [u8], &'a [u8])> {
    loop {
        *at += file.get(*at..)?.iter().position(|&byte| byte == 0xff)?;
        let start = *at;
        match *file.get(start + 1)? {
            0xff => *at += 1,
            0x00 | 0x01 | 0xd0..=0xd8 => *at += 2,
            0xd9 => return None,
            marker => {
                let length = file.get(start + 2..)?.first_chunk()?;
                *at = start + 2 + usize::from(u16::from_be_bytes(*length));
                return Some((marker, file.get(start..*at)?, file.get(start + 4..*at)?));
            }
        }
    }
}

fn put(file: &mut Vec<u8>, marker: u8, body: &[u8]) {
    file.extend([0xff, marker]);
    file.extend(((body.len() + 2) as u16).to_be_bytes());
    file.extend(body);
}

/// The data of a pass without stuffing, and where it goes on after each restart. Moves on to the next segment.
fn unstuffed(rest: &[u8], at: &mut usize) -> (Vec<u8>, Vec<usize>) {
    let (mut data, mut starts) = (Vec::new(), Vec::new());
    let mut bytes = rest.iter().enumerate().peekable();
    let mut length = rest.len();
    while let Some((index, &byte)) = bytes.next() {
        match (byte, bytes.peek().map(|(_, next)| **next)) {
            (0xff, Some(0x00)) => {
                data.push(0xff);
                bytes.next();
            }
            (0xff, Some(0xd0..=0xd7)) => {
                starts.push(data.len());
                bytes.next();
            }
            (0xff, Some(0xff)) => {}
            (0xff, _) => {
                length = index;
                break;
            }
            _ => data.push(byte),
        }
    }
    *at += length;
    (data, starts)
}

#[cfg(test)]
mod tests {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    use super::*;

    fn jpeg(size: (u16, u16), factor: SamplingFactor, restarts: u16, separate: bool) -> Vec<u8> {
        let (width, height) = size;
        let rgb: Vec<u8> = (0..u32::from(width) * u32::from(height))
            .flat_map(|i| [i * 7, i / u32::from(width) * 9, i * i / 50].map(|value| value as u8))
            .collect();
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 90);
        encoder.set_sampling_factor(factor);
        encoder.set_optimized_huffman_tables(separate);
        encoder.set_restart_interval(restarts);
        encoder.encode(&rgb, width, height, ColorType::Rgb).unwrap();
        file
    }

    fn pixels(file: &[u8]) -> contract::Image {
        crate::decode(file, &Limits::default(), crate::DecodeOptions::default()).unwrap()
    }

    #[test]
    fn colours_in_passes_of_their_own_give_the_picture_of_one_pass() {
        use SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2, F_4_1};
        for factor in [F_1_1, F_2_1, F_1_2, F_2_2, F_4_1] {
            for size in [(70, 41), (64, 48), (5, 90)] {
                let together = jpeg(size, factor, 0, false);
                let separate = jpeg(size, factor, 0, true);
                assert_ne!(together.len(), separate.len());
                assert_eq!(pixels(&separate), pixels(&together), "{factor:?}, {size:?}");
                // One pass is a kind of several. The encoder's own passes are wrong with restarts.
                for restarts in [0, 1, 3] {
                    let together = jpeg(size, factor, restarts, false);
                    let rewritten = joined(&together, &Limits::default()).unwrap().unwrap();
                    assert_eq!(pixels(&rewritten), pixels(&together), "{factor:?}, {size:?}, {restarts}");
                }
            }
        }
    }

    #[test]
    fn what_is_cut_or_damaged_or_too_large_is_not_rewritten() {
        let file = jpeg((70, 41), SamplingFactor::F_2_2, 0, true);
        for length in (0..file.len() - 8).step_by(7) {
            assert_eq!(joined(&file[..length], &Limits::default()), Ok(None), "{length}");
        }
        for at in 2..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0x5a;
            let _ = joined(&damaged, &Limits::default());
        }
        let small = Limits { max_pixels: 100, ..Limits::default() };
        assert!(matches!(joined(&file, &small), Err(PhotoError::TooManyPixels { .. })));
    }
}
