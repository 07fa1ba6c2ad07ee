//! Many short texts in one piece of memory: a `String` each would take three times as much.

/// Texts by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    bytes: String,
    ends: Vec<usize>,
}

impl Texts {
    pub(crate) fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text with a number; empty past the end.
    pub(crate) fn get(&self, number: usize) -> &str {
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(number).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|number| self.get(number))
    }

    /// The numbers in the order of the texts; equal texts in the order of their numbers.
    pub(crate) fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0_u32..).take(self.len()).collect();
        order.sort_by(|a, b| self.get(*a as usize).cmp(self.get(*b as usize)));
        order
    }

    /// The texts of some numbers, in the order of these.
    pub(crate) fn in_order(mut self, order: &[u32]) -> Self {
        if is_all(order, self.len()) {
            // Memory that was reserved for more texts goes back.
            self.bytes.shrink_to_fit();
            self.ends.shrink_to_fit();
            return self;
        }
        let mut texts =
            Self { bytes: String::with_capacity(self.bytes.len()), ends: Vec::with_capacity(order.len()) };
        for number in order {
            texts.push(self.get(*number as usize));
        }
        texts
    }
}

/// The values of some numbers, in the order of these.
pub(crate) fn in_order<T: Copy>(mut values: Vec<T>, order: &[u32]) -> Vec<T> {
    if is_all(order, values.len()) {
        values.shrink_to_fit();
        return values;
    }
    order.iter().filter_map(|number| values.get(*number as usize).copied()).collect()
}

/// Whether an order changes nothing, as in tables that are sorted.
fn is_all(order: &[u32], count: usize) -> bool {
    order.len() == count && order.is_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_texts_and_sorts_them() {
        let mut texts = Texts::default();
        for text in ["b", "", "日本", "b", "a"] {
            texts.push(text);
        }
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["b", "", "日本", "b", "a"]);
        let order = texts.order();
        assert_eq!(order, [1, 4, 0, 3, 2]);
        assert_eq!((texts.len(), texts.get(9)), (5, ""));
        let sorted = texts.in_order(&order);
        assert_eq!(sorted.iter().collect::<Vec<_>>(), ["", "a", "b", "b", "日本"]);
        let some = sorted.in_order(&[0, 2]);
        assert_eq!(some.in_order(&[0, 1]).iter().collect::<Vec<_>>(), ["", "b"]);
        assert_eq!(in_order(vec![7, 8, 9], &[2, 0]), [9, 7]);
    }
}
