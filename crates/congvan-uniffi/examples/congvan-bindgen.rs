//! Writes the modules for other languages from the built library.
//!
//! ```sh
//! target/release/examples/congvan-bindgen target/release/libcongvan_uniffi.so target/bindings
//! ```
//!
//! makes `target/bindings/python` and `target/bindings/kotlin`, each with what a program there needs.

use std::error::Error;
use std::path::Path;

use uniffi::{GenerateOptions, TargetLanguage};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(library), Some(out)) = (words.next(), words.next()) else {
        return Err("usage: congvan-bindgen LIBRARY DIRECTORY".into());
    };
    for (language, name) in [(TargetLanguage::Python, "python"), (TargetLanguage::Kotlin, "kotlin")] {
        let dir = format!("{out}/{name}");
        uniffi::generate(GenerateOptions {
            languages: vec![language],
            source: library.as_str().into(),
            out_dir: dir.as_str().into(),
            config_override: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/bindgen.toml").into()),
            ..GenerateOptions::default()
        })?;
        // Python's module looks for the library beside itself; for Java it is a folder like any other.
        let name = Path::new(&library).file_name().ok_or("LIBRARY is no file")?;
        std::fs::copy(&library, Path::new(&dir).join(name))?;
        println!("{dir}");
    }
    Ok(())
}
