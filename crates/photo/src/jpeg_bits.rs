//! Huffman codes of JPEG data, read and written bit by bit.

/// The codes of a table by their first 16 bits: length and symbol; length 0 for none.
pub(super) struct Table {
    entries: Vec<(u8, u8)>,
}

impl Table {
    /// From a table as in the file: how many codes there are of 1 to 16 bits, then the symbols.
    pub(super) fn new(table: &[u8]) -> Option<Self> {
        let (counts, mut symbols) = table.split_at_checked(16)?;
        let mut entries = Vec::with_capacity(1 << 16);
        for (bits, &count) in (1_u8..).zip(counts) {
            let (these, rest) = symbols.split_at_checked(usize::from(count))?;
            symbols = rest;
            for &symbol in these {
                entries.resize(entries.len() + (1 << (16 - bits)), (bits, symbol));
            }
            if entries.len() > 1 << 16 {
                return None;
            }
        }
        entries.resize(1 << 16, (0, 0));
        Some(Self { entries })
    }

    /// A symbol's code and its bits.
    pub(super) fn code(&self, symbol: u8) -> Option<(u32, u32)> {
        let at = self.entries.iter().position(|&entry| entry.0 > 0 && entry.1 == symbol)?;
        let bits = u32::from(self.entries.get(at)?.0);
        Some((at as u32 >> (16 - bits), bits))
    }
}

/// A table for the differences of first coefficients: sizes 0 to 15, five bits for each.
pub(super) fn difference_table() -> Vec<u8> {
    let mut table = vec![0; 16];
    table[4] = 16;
    table.extend(0..16);
    table
}

/// Reads bits of data without stuffing.
pub(super) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// Bits that were read.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// Goes on with this byte.
    pub(super) const fn jump(&mut self, byte: usize) {
        self.at = byte * 8;
    }

    /// The next 16 bits, with zeros behind the end.
    fn look(&self, at: usize) -> u32 {
        let byte = |index: usize| u32::from(self.data.get(at / 8 + index).copied().unwrap_or(0));
        (byte(0) << 16 | byte(1) << 8 | byte(2)) << (at % 8) >> 8 & 0xffff
    }

    fn skip(&mut self, bits: u32) -> Option<()> {
        self.at += bits as usize;
        (self.at <= self.data.len() * 8).then_some(())
    }

    fn symbol(&mut self, table: &Table) -> Option<u8> {
        let &(bits, symbol) = table.entries.get(self.look(self.at) as usize)?;
        self.skip(u32::from(bits))?;
        (bits > 0).then_some(symbol)
    }

    /// A number that is written as its size and its bits; negative ones have a zero first.
    pub(super) fn number(&mut self, table: &Table) -> Option<i32> {
        let bits = u32::from(self.symbol(table)?);
        if bits == 0 || bits > 15 {
            return (bits == 0).then_some(0);
        }
        let value = (self.look(self.at) >> (16 - bits)) as i32;
        self.skip(bits)?;
        Some(if value >> (bits - 1) == 0 { value + 1 - (1 << bits) } else { value })
    }

    /// Passes over all coefficients of a block but the first.
    pub(super) fn pass_over_block(&mut self, table: &Table) -> Option<()> {
        let mut coefficient = 1;
        while coefficient < 64 {
            let symbol = self.symbol(table)?;
            let (zeros, bits) = (symbol >> 4, symbol & 15);
            if symbol == 0 {
                return Some(());
            }
            coefficient += zeros + 1;
            self.skip(u32::from(bits))?;
        }
        (coefficient == 64).then_some(())
    }

    /// Writes some of the bits.
    pub(super) fn copy(&self, from: usize, length: usize, writer: &mut Writer) {
        for start in (0..length).step_by(16) {
            let bits = (length - start).min(16) as u32;
            writer.bits(self.look(from + start) >> (16 - bits), bits);
        }
    }
}

/// Writes bits behind the segments of a file, with stuffing.
pub(super) struct Writer {
    file: Vec<u8>,
    waiting: u32,
    count: u32,
}

impl Writer {
    pub(super) const fn new(file: Vec<u8>) -> Self {
        Self { file, waiting: 0, count: 0 }
    }

    /// The lowest bits of a number, at most 16.
    pub(super) fn bits(&mut self, value: u32, count: u32) {
        self.waiting = self.waiting << count | value & ((1 << count) - 1);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.waiting >> self.count) as u8;
            self.file.push(byte);
            if byte == 0xff {
                self.file.push(0);
            }
        }
    }

    /// A number in the codes of [`difference_table`]; `None` if it is too large.
    pub(super) fn difference(&mut self, value: i32) -> Option<()> {
        let bits = u32::BITS - value.unsigned_abs().leading_zeros();
        if bits > 15 {
            return None;
        }
        self.bits(bits, 5);
        self.bits((if value < 0 { value - 1 } else { value }) as u32, bits);
        Some(())
    }

    /// The file, its last byte filled with ones.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bits(0x7f, 7);
        self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_come_back_as_they_were_written() {
        let table = Table::new(&difference_table()).unwrap();
        let values = [0, 1, -1, 2, -3, 255, -256, 2047, -2048, 32767, -32767];
        let mut writer = Writer::new(Vec::new());
        for value in values {
            writer.difference(value).unwrap();
        }
        assert_eq!(writer.difference(32768), None);
        let mut data = writer.finish();
        data.dedup_by(|next, before| *next == 0 && *before == 0xff);
        let mut reader = Reader::new(&data);
        for value in values {
            assert_eq!(reader.number(&table), Some(value));
        }
    }

    #[test]
    fn tables_with_too_many_codes_or_too_few_symbols_are_refused() {
        let table = |counts: &[u8], symbols: &[u8]| {
            let mut table = counts.to_vec();
            table.resize(16, 0);
            table.extend(symbols);
            Table::new(&table)
        };
        assert!(table(&[1, 2], &[1, 2, 3]).is_some_and(|table| table.code(3) == Some((0b11, 2))));
        assert!(table(&[3], &[1, 2, 3]).is_none());
        assert!(table(&[1, 1], &[1]).is_none());
        assert!(Table::new(&[0; 15]).is_none());
    }
}
