//! Tells the linker the shared object's name and its symbol versions.

fn main() {
    let map = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("symbols.map");
    println!("cargo::rerun-if-changed=symbols.map");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libsctp.so.1");
    println!("cargo::rustc-cdylib-link-arg=-Wl,--version-script={}", map.display());
    // Calls stay with this object until the process ends, and its threads run in it.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // A name of ours that calls another means ours, not one that the program has put in front: that one calls the next,
    // which is ours, and so on for ever.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-Bsymbolic-functions");
}
