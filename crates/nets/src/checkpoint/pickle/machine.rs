//! The part of Python's pickle machine that state dicts need.

use std::collections::HashMap;

use super::objects::{Class, Id, Object, call, storage};

/// The most objects that are believed. A tensor takes some 25, so that ten thousand fit; with no such bound a program
/// of a few megabytes could ask for a hundred times its size.
const MOST_OBJECTS: usize = 1 << 18;

/// Runs a program; all objects it made, and the index of its result.
///
/// # Errors
/// In words: an instruction or class beyond state dicts, by name; a program that is cut short or wrong.
pub(super) fn run(program: &[u8]) -> Result<(Vec<Object<'_>>, Id), String> {
    let mut machine = Machine {
        program,
        at: 0,
        objects: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        let [instruction] = machine.bytes()?;
        if instruction == b'.' {
            let result = machine.pop()?;
            return if machine.at == program.len() && machine.stack.is_empty() {
                Ok((machine.objects, result))
            } else {
                Err("its program continues after its end".into())
            };
        }
        machine.step(instruction)?;
        // An instruction makes one object at most.
        if machine.objects.len() > MOST_OBJECTS {
            return Err(format!(
                "its program makes more than {MOST_OBJECTS} objects, more than any state dict"
            ));
        }
    }
}

struct Machine<'a> {
    program: &'a [u8],
    at: usize,
    objects: Vec<Object<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack at the open marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    fn step(&mut self, instruction: u8) -> Result<(), String> {
        match instruction {
            0x80 => {
                let [version] = self.bytes()?;
                if !(2..=5).contains(&version) {
                    return Err(format!("its program is of pickle protocol {version}; known are 2 to 5"));
                }
            }
            // The length of a frame: only a hint for reading ahead.
            0x95 => drop(self.bytes::<8>()?),
            b'(' => self.marks.push(self.stack.len()),
            b')' => self.push(Object::Tuple(Vec::new())),
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Object::Tuple(items));
            }
            0x85..=0x87 => {
                let mut items = Vec::new();
                for _ in 0x84..instruction {
                    items.push(self.pop()?);
                }
                items.reverse();
                self.push(Object::Tuple(items));
            }
            b']' => self.push(Object::List(Vec::new())),
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.append(items)?;
            }
            b'}' => self.push(Object::Dict(Vec::new())),
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.insert(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.insert(&items)?;
            }
            b'q' => {
                let [index] = self.bytes()?;
                self.remember(index.into())?;
            }
            b'r' => {
                let index = u32::from_le_bytes(self.bytes()?);
                self.remember(index)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => {
                let [index] = self.bytes()?;
                self.recall(index.into())?;
            }
            b'j' => {
                let index = u32::from_le_bytes(self.bytes()?);
                self.recall(index)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.class(module, name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Object::Text(module), Object::Text(name)) = (&self.objects[module], &self.objects[name])
                else {
                    return Err("a class is named by something else than texts".into());
                };
                self.class(module, name)?;
            }
            b'Q' => {
                let reference = self.pop()?;
                let storage = storage(&self.objects, reference)?;
                self.push(storage);
            }
            b'R' => {
                let (arguments, class) = (self.pop()?, self.pop()?);
                let result = call(&self.objects, class, arguments)?;
                self.push(result);
            }
            b'b' => self.build()?,
            other => return self.plain_value(other),
        }
        Ok(())
    }

    /// Numbers, texts and the like: what an instruction names by itself.
    fn plain_value(&mut self, instruction: u8) -> Result<(), String> {
        match instruction {
            b'N' => self.push(Object::None),
            0x88 => self.push(Object::Flag(true)),
            0x89 => self.push(Object::Flag(false)),
            b'K' => {
                let [value] = self.bytes()?;
                self.push(Object::Number(value.into()));
            }
            b'M' => {
                let value = u16::from_le_bytes(self.bytes()?);
                self.push(Object::Number(value.into()));
            }
            b'J' => {
                let value = i32::from_le_bytes(self.bytes()?);
                self.push(Object::Number(value.into()));
            }
            0x8a => self.long()?,
            b'G' => {
                self.bytes::<8>()?;
                self.push(Object::Fraction);
            }
            b'X' => {
                let length = u32::from_le_bytes(self.bytes()?);
                self.text(length as usize)?;
            }
            0x8c => {
                let [length] = self.bytes()?;
                self.text(length.into())?;
            }
            other => return Err(unknown(other, self.at - 1)),
        }
        Ok(())
    }

    fn bytes<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], String> {
        let found = self.program.get(self.at..).and_then(<[u8]>::first_chunk).ok_or_else(cut_short)?;
        self.at += COUNT;
        Ok(*found)
    }

    fn text(&mut self, length: usize) -> Result<(), String> {
        let end = self.at.checked_add(length).ok_or_else(cut_short)?;
        let bytes = self.program.get(self.at..end).ok_or_else(cut_short)?;
        let text = std::str::from_utf8(bytes).map_err(|_| "a text of its program is no UTF-8")?;
        self.at = end;
        self.push(Object::Text(text));
        Ok(())
    }

    fn line(&mut self) -> Result<&'a str, String> {
        let rest = self.program.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|&byte| byte == b'\n').ok_or_else(cut_short)?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| "a name of its program is no UTF-8".into())
    }

    /// A whole number of any length, of which up to eight bytes are understood.
    fn long(&mut self) -> Result<(), String> {
        let [length] = self.bytes()?;
        let length = usize::from(length);
        let bytes = self.program.get(self.at..self.at + length).ok_or_else(cut_short)?;
        if length > size_of::<i64>() {
            return Err(format!("a number of its program has {length} bytes"));
        }
        let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
        let mut wide = [fill; size_of::<i64>()];
        wide[..length].copy_from_slice(bytes);
        self.at += length;
        self.push(Object::Number(i64::from_le_bytes(wide)));
        Ok(())
    }

    fn push(&mut self, object: Object<'a>) {
        self.stack.push(self.objects.len());
        self.objects.push(object);
    }

    /// The last object after the last mark.
    fn pop(&mut self) -> Result<Id, String> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err("its program takes from an empty stack".into());
        }
        self.stack.pop().ok_or_else(cut_short)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, String> {
        let height = self.marks.pop().ok_or("its program closes what it did not open")?;
        Ok(self.stack.split_off(height))
    }

    /// The object that a program goes on filling: the last one.
    fn last(&mut self) -> Result<Id, String> {
        let last = self.pop()?;
        self.stack.push(last);
        Ok(last)
    }

    fn append(&mut self, items: Vec<Id>) -> Result<(), String> {
        let list = self.last()?;
        match &mut self.objects[list] {
            Object::List(all) => all.extend(items),
            other => return Err(format!("its program appends to {}", other.kind())),
        }
        Ok(())
    }

    fn insert(&mut self, items: &[Id]) -> Result<(), String> {
        let (pairs, rest) = items.as_chunks::<2>();
        let dict = self.last()?;
        match &mut self.objects[dict] {
            Object::Dict(all) if rest.is_empty() => {
                all.extend(pairs.iter().map(|&[key, value]| (key, value)));
            }
            Object::Dict(_) => return Err("its program sets a key without a value".into()),
            other => return Err(format!("its program sets keys of {}", other.kind())),
        }
        Ok(())
    }

    /// Sets an object's attributes: a dictionary's, which carry the versions of its modules, are passed over.
    fn build(&mut self) -> Result<(), String> {
        let state = self.pop()?;
        let object = self.last()?;
        match (&self.objects[object], &self.objects[state]) {
            (Object::Dict(_), Object::Dict(_)) => Ok(()),
            (object, state) => {
                Err(format!("its program sets the state of {} to {}", object.kind(), state.kind()))
            }
        }
    }

    fn remember(&mut self, index: u32) -> Result<(), String> {
        let last = self.last()?;
        self.memo.insert(index, last);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), String> {
        let &object = self.memo.get(&index).ok_or("its program recalls what it never made")?;
        self.stack.push(object);
        Ok(())
    }

    fn class(&mut self, module: &str, name: &str) -> Result<(), String> {
        let class = Class::find(module, name).ok_or_else(|| {
            format!(
                "it asks for {}, which is not part of a state dict",
                printable(&format!("{module}.{name}"))
            )
        })?;
        self.push(Object::Class(class));
        Ok(())
    }
}

fn cut_short() -> String {
    "its program is cut short".into()
}

/// A name from a file, safe to print.
fn printable(name: &str) -> String {
    const SHOWN: usize = 80;
    name.chars().take(SHOWN).flat_map(char::escape_default).collect()
}

/// Refuses an instruction, by the name that Python has for it where that is telling.
fn unknown(instruction: u8, at: usize) -> String {
    let name = match instruction {
        b'0' => "POP",
        b'1' => "POP_MARK",
        b'2' => "DUP",
        b'i' => "INST",
        b'o' => "OBJ",
        0x81 => "NEWOBJ",
        0x92 => "NEWOBJ_EX",
        0x82..=0x84 => "EXT",
        b'P' => "PERSID",
        b'B' | b'C' | 0x8e | 0x96 => "BYTES",
        b'I' | b'L' => "INT",
        b'F' => "FLOAT",
        b'S' | b'T' | b'U' => "STRING",
        b'V' | 0x8d => "UNICODE",
        b'd' => "DICT",
        b'l' => "LIST",
        0x8b => "LONG4",
        0x8f..=0x91 => "SET",
        0x97 | 0x98 => "BUFFER",
        _ => "no instruction of pickle",
    };
    format!("instruction {instruction:#04x} ({name}) at byte {at} of its program is none of a state dict")
}
