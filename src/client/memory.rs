//! How much memory this process takes.

/// Resident memory in kB; 0 where the system does not tell.
pub(super) fn resident() -> i32 {
    read().resident
}

/// Memory in kB.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) resident: i32,
    pub(super) shared: i32,
}

/// Asks Linux's process file system, without allocating.
#[cfg(target_os = "linux")]
pub(super) fn read() -> Memory {
    use std::io::Read;

    let mut text = [0; 4096];
    let file = std::fs::File::open("/proc/self/status");
    let length = file.and_then(|mut file| file.read(&mut text)).unwrap_or(0);
    let value = |key: &str| {
        // The name of the program, in the first line, need not be UTF-8.
        let line = text[..length].split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(key.as_bytes()));
        line.and_then(|line| str::from_utf8(line).ok())
            .and_then(|line| line.trim().strip_suffix(" kB"))
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    };
    Memory { resident: value("VmRSS:"), shared: value("RssFile:") + value("RssShmem:") }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn read() -> Memory {
    Memory::default()
}
