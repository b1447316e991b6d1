//! Lists of elements that somebody keeps in a form of their own. A Rust program has none: there
//! [`Foreign`] has no values, and costs nothing.

#[cfg(feature = "capi")]
pub(super) use present::Foreign;

#[cfg(not(feature = "capi"))]
pub(super) use absent::Foreign;

#[cfg(feature = "capi")]
mod present {
    use core::marker::PhantomData;

    use crate::list::{List, Source};

    /// Elements that are made when they are wanted.
    pub(in crate::list) struct Foreign<'a, T> {
        address: usize,
        count: usize,
        /// Makes the element with an index below the count, of what stands at the address.
        element: fn(usize, usize) -> Option<T>,
        lifetime: PhantomData<&'a ()>,
    }

    impl<T> Clone for Foreign<'_, T> {
        fn clone(&self) -> Self {
            *self
        }
    }

    impl<T> Copy for Foreign<'_, T> {}

    impl<T> Foreign<'_, T> {
        pub(in crate::list) fn len(&self) -> usize {
            self.count
        }

        #[inline(always)]
        pub(in crate::list) fn get(&self, index: usize) -> Option<T> {
            if index < self.count { (self.element)(self.address, index) } else { None }
        }
    }

    impl<'a, T> List<'a, T> {
        /// A list of `count` elements, for each of which `element` is called with `address` and the element's
        /// index. Nothing else calls it.
        pub(crate) fn foreign(address: usize, count: usize, element: fn(usize, usize) -> Option<T>) -> Self {
            Self { source: Source::Foreign(Foreign { address, count, element, lifetime: PhantomData }) }
        }
    }
}

#[cfg(not(feature = "capi"))]
mod absent {
    use core::convert::Infallible;
    use core::marker::PhantomData;

    #[derive(Clone, Copy)]
    pub(in crate::list) struct Foreign<'a, T> {
        never: Infallible,
        element: PhantomData<&'a T>,
    }

    impl<T> Foreign<'_, T> {
        pub(in crate::list) fn len(&self) -> usize {
            match self.never {}
        }

        pub(in crate::list) fn get(&self, _: usize) -> Option<T> {
            match self.never {}
        }
    }
}
