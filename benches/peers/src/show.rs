//! What is done with a decoded message: every field is shown to a [`Sink`].

use std::borrow::Cow;

/// Takes the fields of messages, in ascending order.
pub trait Sink {
    /// A string or bytes.
    fn text(&mut self, number: u32, value: &[u8]);
    /// An integer, a bool or an enum.
    fn number(&mut self, number: u32, value: i64);
    /// An entry of a map; the order of entries does not matter.
    fn entry(&mut self, key: &[u8], value: &[u8]);
    /// A message begins: a frame's, with its type, or the one of a field.
    fn begin(&mut self, number: u32);
    /// The message that began last ends.
    fn end(&mut self);
}

/// What is measured: reads the length and the first byte of every string, and every number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touch(pub u64);

impl Sink for Touch {
    #[inline(always)]
    fn text(&mut self, _: u32, value: &[u8]) {
        let first = value.first().map_or(0, |byte| u64::from(*byte));
        self.0 = self.0.wrapping_add(value.len() as u64).wrapping_add(first);
    }

    #[inline(always)]
    fn number(&mut self, _: u32, value: i64) {
        self.0 = self.0.wrapping_add(value as u64);
    }

    #[inline(always)]
    fn entry(&mut self, key: &[u8], value: &[u8]) {
        self.text(1, key);
        self.text(2, value);
    }

    #[inline(always)]
    fn begin(&mut self, number: u32) {
        self.0 = self.0.wrapping_add(u64::from(number));
    }

    #[inline(always)]
    fn end(&mut self) {}
}

/// All fields, to be compared.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub fields: Vec<Field>,
}

/// A call of a [`Sink`].
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Text(u32, Vec<u8>),
    Number(u32, i64),
    Entry(Vec<u8>, Vec<u8>),
    Begin(u32),
    End,
}

impl Sink for Record {
    fn text(&mut self, number: u32, value: &[u8]) {
        self.fields.push(Field::Text(number, value.to_vec()));
    }

    fn number(&mut self, number: u32, value: i64) {
        self.fields.push(Field::Number(number, value));
    }

    fn entry(&mut self, key: &[u8], value: &[u8]) {
        self.fields.push(Field::Entry(key.to_vec(), value.to_vec()));
    }

    fn begin(&mut self, number: u32) {
        self.fields.push(Field::Begin(number));
    }

    fn end(&mut self) {
        let is_entry = |field: &Field| matches!(field, Field::Entry(..));
        let entries = self.fields.iter().rev().take_while(|field| is_entry(field)).count();
        let start = self.fields.len() - entries;
        self.fields[start..].sort();
        self.fields.push(Field::End);
    }
}

/// A value of a field, in any peer's type for it.
pub trait Show {
    fn show(&self, number: u32, sink: &mut impl Sink);
}

macro_rules! texts {
    ($($text:ty),*) => {$(
        impl Show for $text {
            #[inline(always)]
            fn show(&self, number: u32, sink: &mut impl Sink) {
                sink.text(number, self.as_ref());
            }
        }
    )*};
}

texts!(str, String, [u8], Vec<u8>, bytes::Bytes);

impl<T: ?Sized + Show> Show for &T {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        (**self).show(number, sink);
    }
}

impl<T: ?Sized + Show + ToOwned> Show for Cow<'_, T> {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        (**self).show(number, sink);
    }
}

impl Show for i32 {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        sink.number(number, i64::from(*self));
    }
}

impl Show for bool {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        sink.number(number, i64::from(*self));
    }
}

impl<T: Show> Show for Option<T> {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        if let Some(value) = self {
            value.show(number, sink);
        }
    }
}

impl<T: Show> Show for Vec<T> {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        for value in self {
            value.show(number, sink);
        }
    }
}

macro_rules! maps {
    ($($map:ident<$($parameter:ident),*>),*) => {$(
        impl<$($parameter),*> Show for std::collections::$map<$($parameter),*>
        where
            K: AsRef<str>,
            V: AsRef<str>,
        {
            #[inline(always)]
            fn show(&self, _: u32, sink: &mut impl Sink) {
                for (key, value) in self {
                    sink.entry(key.as_ref().as_bytes(), value.as_ref().as_bytes());
                }
            }
        }
    )*};
}

maps!(HashMap<K, V, H>, BTreeMap<K, V>);
