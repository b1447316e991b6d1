//! Writes what the fuzz targets start from: the recorded frames of tests/vectors, frames that the
//! tests make by hand, and lines of msncd.
//!
//!     spectrum2-seeds DIRECTORY
//!
//! makes a directory in it for each target.

#[path = "../../../tests/common/recorded.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod recorded;
#[path = "../../../tests/common/wire.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod wire;

use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

use spectrum2::Type;

/// Longer ones slow the fuzzer down, and have nothing that short ones have not.
const LONGEST: usize = 4096;

/// Targets whose input is the body of a frame.
const OF_BODIES: [&str; 4] = ["decode", "decode_encode_decode", "differential", "differential_cpp"];

fn main() -> io::Result<()> {
    let Some(directory) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: spectrum2-seeds DIRECTORY");
        process::exit(2);
    };
    let bodies = bodies();
    for target in OF_BODIES {
        write(&directory, target, &bodies)?;
    }
    let with_limit = bodies.iter().map(|body| [&[200], &**body].concat());
    write(&directory, "capi", &with_limit.collect::<Vec<_>>())?;
    write(&directory, "frames", &streams(&bodies))?;
    for target in ["msncd", "capi_msncd"] {
        write(&directory, target, &conversations())?;
    }
    // Its input is what it makes frames of.
    write(&directory, "generated", &[vec![0; 64], (0..=255).collect()])
}

fn write(directory: &Path, target: &str, seeds: &[Vec<u8>]) -> io::Result<()> {
    let directory = directory.join(target);
    fs::create_dir_all(&directory)?;
    for (number, seed) in seeds.iter().enumerate().filter(|(_, seed)| seed.len() <= LONGEST) {
        fs::write(directory.join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}

/// Recorded bodies; every field of every message; unknown fields and groups at every level.
fn bodies() -> Vec<Vec<u8>> {
    let mut bodies = recorded::bodies();
    for of in Type::DESCRIPTOR.values.iter().filter_map(|(_, number)| Type::from_number(*number)) {
        let payload = of.message().map(|message| wire::samples(message).concat());
        bodies.push(wire::body(of, &payload.unwrap_or_default()));
    }
    for level in wire::LEVELS {
        let odd = wire::of_each_wire_type(15).map(|(_, field)| field).concat();
        bodies.push((level.body_with)(&odd));
        bodies.push((level.body_with)(&wire::groups(15, 100)));
    }
    bodies
}

/// A script, a limit and a stream, as the target takes them apart.
fn streams(bodies: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let script = [8, 1, 3, 0xf0, 0x80, 0xf6, 2, 0xfb, 7];
    let limit = 1000_u16.to_be_bytes();
    let mut streams: Vec<_> =
        bodies.chunks(3).map(|bodies| bodies.iter().flat_map(|body| wire::frame(body)).collect::<Vec<_>>()).collect();
    streams.push([&wire::frame(&bodies[0]), &[0, 0, 4, 0][..]].concat());
    streams.into_iter().map(|stream| [&script[..], &limit, &stream].concat()).collect()
}

/// What both sides of msncd say, behind a script.
fn conversations() -> Vec<Vec<u8>> {
    let lines = [
        "LOGIN alice@example.org a password\nSTATUS online\nGETCL\nPOLL\n",
        "ADD Bob%20B. bob@example.org\nDEL bob@example.org\nNICK %C5%BDofie\nPRIV 1 0\nGETRCL\nLOGOFF\n",
        "SENDMSG 2 bob\nHello,\nBob\nSENDMSG 0 bob@example.org\nINFO bob@example.org\nTYPING bob\n",
        "OK\nOK\nERR no such user\nOK\n",
        "CL 2\nonline bob@example.org Bob%20B.\naway carol@example.org\nOK\nCL 0\n",
        "nick = Bob\nphone =\nurl = http://example.org/ = x\n\nOK\n",
        "MSG 3 1 bob@example.org\nX-Font: Arial\nHello,\n\nPOLLEND\n",
        "STCH bob@example.org away\nSTCH bob@example.org offline 3\nUADD c@example.org\nPOLLEND\n",
        "UDEL c@example.org\nADDFL c@example.org\nDELFL c@example.org\nMFLUSH c@example.org\nTYPING b@example.org\n",
        "SCLOSE MAIN\nSCLOSE USER bob@example.org 2\nERR 5 something\nERR nothing\nNEW thing\nPOLLEND\n",
    ];
    let scripts: [&[u8]; 3] = [&[0], &[7, 0, 1, 2, 3, 4, 7, 0xf6], &[6, 7, 1, 0xf6, 2, 0xf0, 8]];
    let conversations = lines.iter().flat_map(|lines| scripts.map(|script| [script, lines.as_bytes()].concat()));
    conversations.collect()
}
