//! Where the programs are that tests need and Cargo does not build.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The directory this test binary was built into: `target/debug` or its like.
fn build_directory() -> Result<PathBuf> {
    let test = std::env::current_exe().context("a running test has a file")?;
    // target/debug/deps/clients-0123456789abcdef
    let directory = test.ancestors().nth(2).context("test binaries lie in target/*/deps")?;
    Ok(directory.to_path_buf())
}

/// The `hearth` binary: HEARTH_BIN, or what was last built into the directory of this test.
pub fn hearth() -> Result<PathBuf> {
    let path = match std::env::var_os("HEARTH_BIN") {
        Some(path) => PathBuf::from(path),
        None => build_directory()?.join("hearth"),
    };
    present(path, "run `cargo build -p hearth`, or everything by `cargo xtask test`")
}

/// An example of this package, built beside its tests.
pub fn example(name: &str) -> Result<PathBuf> {
    let path = build_directory()?.join("examples").join(name);
    present(
        path,
        &format!("run `cargo build -p tests --example {name}`, or everything by `cargo xtask test`"),
    )
}

/// A file among what `cargo xtask test` installs: below HEARTH_TEST_TOOLS, or `target/tools`.
pub fn installed(name: impl AsRef<Path>) -> Result<PathBuf> {
    let tools = match std::env::var_os("HEARTH_TEST_TOOLS") {
        Some(path) => PathBuf::from(path),
        None => build_directory()?
            .parent()
            .context("target/debug has a parent")?
            .join("tools"),
    };
    present(tools.join(name), "run `cargo xtask test`, which installs it")
}

/// A file of this package.
pub fn source(name: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn present(path: PathBuf, what_to_do: &str) -> Result<PathBuf> {
    ensure!(path.exists(), "{} is not there: {what_to_do}", path.display());
    Ok(path)
}
