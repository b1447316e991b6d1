//! Plain values become the fields of a peer's message.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

/// Makes a peer's value.
pub trait Build<T> {
    fn build(&self) -> T;
}

impl Build<i32> for i32 {
    #[inline(always)]
    fn build(&self) -> i32 {
        *self
    }
}

impl Build<bool> for bool {
    #[inline(always)]
    fn build(&self) -> bool {
        *self
    }
}

impl Build<String> for &'static str {
    #[inline(always)]
    fn build(&self) -> String {
        (*self).to_owned()
    }
}

impl Build<&'static str> for &'static str {
    #[inline(always)]
    fn build(&self) -> &'static str {
        self
    }
}

impl Build<Cow<'static, str>> for &'static str {
    #[inline(always)]
    fn build(&self) -> Cow<'static, str> {
        Cow::Borrowed(self)
    }
}

impl Build<Vec<u8>> for &'static [u8] {
    #[inline(always)]
    fn build(&self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Build<&'static [u8]> for &'static [u8] {
    #[inline(always)]
    fn build(&self) -> &'static [u8] {
        self
    }
}

impl Build<Cow<'static, [u8]>> for &'static [u8] {
    #[inline(always)]
    fn build(&self) -> Cow<'static, [u8]> {
        Cow::Borrowed(self)
    }
}

/// Copies, since a sender's bytes are not static outside of a benchmark.
impl Build<bytes::Bytes> for &'static [u8] {
    #[inline(always)]
    fn build(&self) -> bytes::Bytes {
        bytes::Bytes::copy_from_slice(self)
    }
}

impl<T, P: Build<T>> Build<Option<T>> for Option<P> {
    #[inline(always)]
    fn build(&self) -> Option<T> {
        self.as_ref().map(Build::build)
    }
}

impl<T, P: Build<T>> Build<Vec<T>> for Vec<P> {
    #[inline(always)]
    fn build(&self) -> Vec<T> {
        self.iter().map(Build::build).collect()
    }
}

impl<T: Eq + Hash, S: BuildHasher + Default> Build<HashMap<T, T, S>> for Vec<(&'static str, &'static str)>
where
    &'static str: Build<T>,
{
    #[inline(always)]
    fn build(&self) -> HashMap<T, T, S> {
        self.iter().map(|(key, value)| (key.build(), value.build())).collect()
    }
}

impl Build<BTreeMap<String, String>> for Vec<(&'static str, &'static str)> {
    #[inline(always)]
    fn build(&self) -> BTreeMap<String, String> {
        self.iter().map(|(key, value)| (key.build(), value.build())).collect()
    }
}
