//! The backend in C++: its program, built by the bench.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use spectrum2::host::BackendCommand;

pub struct Plugin {
    program: PathBuf,
}

impl Plugin {
    /// Generates the code of the messages, and compiles `plugin.cc` with it.
    pub fn build() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("loopback");
        std::fs::create_dir_all(&directory)?;
        let program = directory.join("plugin");
        run(Command::new("protoc")
            .arg(format!("--proto_path={}", root.join("proto").display()))
            .arg(format!("--cpp_out={}", directory.display()))
            .arg("protocol.proto"))?;
        run(Command::new("g++")
            .args(["-O3", "-DNDEBUG", "-std=c++17", "-I"])
            .args([&directory, &root.join("benches/loopback/plugin.cc"), &directory.join("protocol.pb.cc")])
            .args(["-lprotobuf", "-pthread", "-o"])
            .arg(&program))?;
        Ok(Self { program })
    }

    pub fn command(&self, frames: usize, answers: bool) -> BackendCommand {
        let command = BackendCommand::new(&self.program).arg(frames.to_string());
        if answers { command.arg("answers") } else { command }
    }
}

fn run(command: &mut Command) -> io::Result<()> {
    let program = command.get_program().display().to_string();
    let output = command.output().map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{program}: {}", String::from_utf8_lossy(&output.stderr))))
}
