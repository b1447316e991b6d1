//! The simplest allocator: it hands out memory from front to back, and takes none back.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicUsize, Ordering};

const SIZE: usize = 1 << 20;

struct BumpAllocator {
    memory: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
}

// SAFETY: each byte is handed out once, which the atomic counter guards.
unsafe impl Sync for BumpAllocator {}

#[global_allocator]
static ALLOCATOR: BumpAllocator = BumpAllocator { memory: UnsafeCell::new([0; SIZE]), used: AtomicUsize::new(0) };

// SAFETY: the memory handed out lies in `memory`, is aligned, and overlaps nothing handed out before.
unsafe impl GlobalAlloc for BumpAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let memory = self.memory.get().cast::<u8>();
        // The length asked for, and as much as aligning may take.
        let length = layout.size() + layout.align();
        let start = self.used.fetch_add(length, Ordering::Relaxed);
        if start + length > SIZE {
            return core::ptr::null_mut();
        }
        let start = memory.wrapping_add(start);
        start.wrapping_add(start.align_offset(layout.align()))
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
