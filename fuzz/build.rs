//! Makes prost's messages of the schema, and what prost does not know about them: which fields are
//! required, and which enums are closed.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};

const SCHEMA: &str = "protocol.proto";
const SCHEMA_DIRECTORY: &str = "../proto";

fn main() -> Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={SCHEMA_DIRECTORY}/{SCHEMA}");
    let output = PathBuf::from(env::var_os("OUT_DIR").context("Cargo sets OUT_DIR")?);
    prost(&output)?;
    #[cfg(feature = "cpp")]
    cpp::build(&output)?;
    Ok(())
}

fn prost(output: &Path) -> Result<()> {
    let mut schema = protox::compile([SCHEMA], [SCHEMA_DIRECTORY])?;
    fs::write(output.join("settled.rs"), settled(&schema)?)?;
    // prost takes a message without its required fields, which then have defaults. As optional ones
    // they tell whether they came.
    for message in schema.file.iter_mut().flat_map(|file| &mut file.message_type) {
        loosen(message);
    }
    let mut generator = prost_build::Config::new();
    generator.btree_map(["."]).enable_type_names().out_dir(output).compile_fds(schema)?;
    Ok(())
}

fn loosen(message: &mut DescriptorProto) {
    for field in message.field.iter_mut().filter(|field| field.label() == Label::Required) {
        field.set_label(Label::Optional);
    }
    message.nested_type.iter_mut().for_each(loosen);
}

/// An implementation of `Settled` for each message but the wrapper.
fn settled(schema: &FileDescriptorSet) -> Result<String> {
    let mut code = String::new();
    for message in schema.file.iter().flat_map(|file| &file.message_type) {
        if message.name() != "WrapperMessage" {
            settled_message(message, "", &mut code)?;
        }
    }
    Ok(code)
}

fn settled_message(message: &DescriptorProto, module: &str, code: &mut String) -> Result<()> {
    let is_map = |message: &DescriptorProto| message.options.as_ref().is_some_and(|options| options.map_entry());
    let name = message.name().to_upper_camel_case();
    let mut complete = Vec::new();
    let mut settle = String::new();
    for field in &message.field {
        let name = field.name().to_snake_case();
        let is_required = field.label() == Label::Required;
        match field.r#type() {
            Type::Enum => {
                let known = format!("{}::try_from", path_of(field));
                if is_required {
                    complete.push(format!("self.{name}.is_some_and(|value| {known}(value).is_ok())"));
                }
                writeln!(settle, "settle_enum(&mut self.{name}, ours.{name}, |value| {known}(value).is_ok());")?;
            }
            Type::Message => {
                let entry = message.nested_type.iter().find(|nested| field.type_name().ends_with(nested.name()));
                if !entry.is_some_and(is_map) {
                    complete.push(format!("self.{name}.iter().all(Settled::is_complete)"));
                    writeln!(settle, "settle_all(&mut self.{name}, &ours.{name});")?;
                }
            }
            _ if is_required => complete.push(format!("self.{name}.is_some()")),
            _ => {}
        }
    }
    let complete = if complete.is_empty() { "true".into() } else { complete.join(" && ") };
    writeln!(
        code,
        "impl Settled for {module}{name} {{
            fn is_complete(&self) -> bool {{ {complete} }}
            #[allow(unused_variables)]
            fn settle(&mut self, ours: &Self) {{ {settle} }}
        }}"
    )?;
    let module = format!("{module}{}::", message.name().to_snake_case());
    let nested = message.nested_type.iter().filter(|nested| !is_map(nested));
    nested.into_iter().try_for_each(|nested| settled_message(nested, &module, code))
}

/// The type of a field, by prost's name: all enums of fields stand at the top of the schema.
fn path_of(field: &FieldDescriptorProto) -> String {
    field.type_name().rsplit('.').next().unwrap_or_default().to_upper_camel_case()
}

/// Google's library for C++; its generator and its headers have to be of the same version.
#[cfg(feature = "cpp")]
mod cpp {
    use std::path::Path;
    use std::process::Command;

    use anyhow::{Context, Result, ensure};

    pub fn build(output: &Path) -> Result<()> {
        println!("cargo:rerun-if-changed=native");
        let mut protoc = Command::new("protoc");
        protoc.arg(format!("--cpp_out={}", output.display()));
        let status = protoc.arg(format!("--proto_path={}", super::SCHEMA_DIRECTORY)).arg(super::SCHEMA).status();
        ensure!(status.context("protoc")?.success(), "protoc fails");
        let mut compiler = cc::Build::new();
        // As distributions build it: with assertions, the library logs strings that are not UTF-8.
        compiler.define("NDEBUG", None);
        compiler.cpp(true).std("c++17").opt_level(2).warnings(false).include(output);
        compiler.file("native/google.cc").file(output.join("protocol.pb.cc"));
        compiler.try_compile("google")?;
        println!("cargo:rustc-link-lib=protobuf");
        Ok(())
    }
}
