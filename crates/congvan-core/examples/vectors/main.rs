//! Writes the test vectors of `docs/format.md`: `cargo run --release -p congvan-core --example vectors`.
//!
//! Everything comes from seeds, so that two runs write the same bytes; `tests/vectors.rs` compares
//! them with what is in the repository, and verifies each vector from its own hexadecimal digits.

mod generate;

fn main() -> std::io::Result<()> {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors");
    std::fs::create_dir_all(&directory)?;
    for (name, text) in generate::files() {
        std::fs::write(directory.join(name), &text)?;
        println!("docs/vectors/{name}: {} bytes", text.len());
    }
    Ok(())
}
