//! Writes `crates/envoy-protos/src/generated` from the descriptors inside an Envoy binary.
//!
//! An Envoy binary holds the serialized descriptor of every protobuf file that it was linked with. Types
//! made from those are exactly the API of that Envoy: no field too many, none too few, and no copy of
//! the `.proto` files to keep in step.
//!
//! Usage: `cargo run -- ENVOY ROOTS OUT`, where ROOTS is a file with one `.proto` name a line.

mod scan;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

type Files = BTreeMap<String, FileDescriptorProto>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [envoy, roots, out] = arguments.as_slice() else {
        return Err("usage: protogen ENVOY ROOTS OUT".into());
    };
    let all = scan::descriptors(&std::fs::read(envoy)?);
    let roots = std::fs::read_to_string(roots)?;
    let set = FileDescriptorSet { file: closure(&all, roots.lines().filter(|line| !line.is_empty()))? };
    println!("{} files of {}", set.file.len(), all.len());
    generate(set, Path::new(out))
}

/// The files of `roots` and all that they import; imports first.
fn closure<'a>(
    all: &'a Files,
    roots: impl Iterator<Item = &'a str>,
) -> Result<Vec<FileDescriptorProto>, String> {
    let mut done = BTreeSet::new();
    let mut ordered = Vec::new();
    for root in roots {
        visit(all, root, &mut done, &mut ordered)?;
    }
    Ok(ordered)
}

fn visit<'a>(
    all: &'a Files,
    name: &'a str,
    done: &mut BTreeSet<&'a str>,
    ordered: &mut Vec<FileDescriptorProto>,
) -> Result<(), String> {
    if !done.insert(name) {
        return Ok(());
    }
    let file = all.get(name).ok_or_else(|| format!("{name} is not in this Envoy"))?;
    for import in &file.dependency {
        visit(all, import, done, ordered)?;
    }
    ordered.push(file.clone());
    Ok(())
}

fn generate(set: FileDescriptorSet, out: &Path) -> Result<(), Box<dyn std::error::Error>> {
    if out.exists() {
        std::fs::remove_dir_all(out)?;
    }
    std::fs::create_dir_all(out)?;
    std::fs::write(out.join("descriptors.bin"), set.encode_to_vec())?;
    prost_build::Config::new()
        // Maps in order and bodies by reference: equal messages have equal bytes, and are never copied.
        .btree_map(["."])
        .bytes(["."])
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com")
        .compile_well_known_types()
        .include_file("packages.rs")
        .out_dir(out)
        .compile_fds(set)?;
    Ok(())
}
