//! Nothing is built: a package with `links` has to have a build script.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
