//! What it takes to compile a crate with one locked function.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::contender::Outcome;
use crate::statistics::Sample;
use crate::table::{self, ratio};

const ROUNDS: usize = 5;

/// A crate to compile.
struct Package {
    name: &'static str,
    folder: PathBuf,
    times: Vec<Duration>,
    /// In seconds.
    processor_times: Vec<f64>,
}

const WITH_JAM_LOCK: &str = r#"
jam_lock::lock_names! { "invoice_saved" }

#[jam_lock::locked("invoice_saved", timeout = 10)]
pub fn save() -> Result<(), jam_lock::LockError> {
    Ok(())
}
"#;

/// What jam-lock depends on, without itself: no build of it can be faster than this.
const DEPENDENCIES: &str = r#"fs2 = "0.4"
proc-macro2 = "1"
quote = "1"
strsim = "0.11"
thiserror = "2"

[dependencies.syn]
version = "3"
default-features = false
features = ["parsing", "printing", "proc-macro", "full", "clone-impls"]

# So that all are built once, as for the macros.
[lib]
proc-macro = true
"#;

const WITH_SERIAL_TEST: &str = "#[serial_test::file_serial]\npub fn save() {}\n";

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let folder = tempfile::tempdir()?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the package has a parent")?;
    let ours = format!("jam-lock = {{ path = {:?} }}", here.display().to_string());
    let theirs = r#"serial_test = { version = "4", features = ["file_locks"] }"#;
    let mut packages = [
        Package::new(folder.path(), "jam-lock", &ours, WITH_JAM_LOCK)?,
        Package::new(folder.path(), "serial_test", theirs, WITH_SERIAL_TEST)?,
        Package::new(folder.path(), "the dependencies of jam-lock alone", DEPENDENCIES, "")?,
        Package::new(
            folder.path(),
            "serial_test, file locks only",
            r#"serial_test = { version = "4", default-features = false, features = ["file_locks"] }"#,
            WITH_SERIAL_TEST,
        )?,
    ];
    for package in &packages {
        // Downloads happen before anything is measured.
        cargo(&package.folder, &["fetch", "--quiet"])?;
    }
    for _ in 0..ROUNDS {
        for package in &mut packages {
            package.build()?;
        }
    }
    let reference = Sample::from_times(&packages[1].times).median();
    let rows =
        packages.iter().map(|package| package.row(reference)).collect::<Outcome<Vec<_>>>()?;
    table::print(
        &format!("A clean debug build of a crate with one locked function, {ROUNDS} rounds"),
        &["with", "crates", "seconds", "relative to serial_test", "seconds of processor time"],
        &rows,
    );
    Ok(())
}

impl Package {
    fn new(folder: &Path, name: &'static str, dependency: &str, code: &str) -> Outcome<Self> {
        let folder = folder.join(name.replace([' ', ','], "-"));
        fs::create_dir_all(folder.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"one-lock\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [workspace]\n\n[dependencies]\n{dependency}\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::write(folder.join("src/lib.rs"), code)?;
        Ok(Self { name, folder, times: Vec::new(), processor_times: Vec::new() })
    }

    fn build(&mut self) -> Outcome {
        let target = self.folder.join("target");
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        let (start, before) = (Instant::now(), processor_time_of_children()?);
        cargo(&self.folder, &["build", "--quiet", "--offline"])?;
        self.times.push(start.elapsed());
        self.processor_times.push(processor_time_of_children()? - before);
        Ok(())
    }

    /// How many crates are compiled, without the package itself.
    fn crates(&self) -> Outcome<usize> {
        let tree = cargo(&self.folder, &["tree", "--prefix=none", "--offline"])?;
        let text = String::from_utf8(tree.stdout)?;
        let mut crates: Vec<_> =
            text.lines().filter_map(|line| line.split(" (").next()).map(str::trim).collect();
        crates.sort_unstable();
        crates.dedup();
        Ok(crates.len() - 1)
    }

    fn row(&self, reference: f64) -> Outcome<Vec<String>> {
        let times = Sample::from_times(&self.times);
        let seconds = Sample::new(self.times.iter().map(Duration::as_secs_f64).collect());
        Ok(vec![
            self.name.to_owned(),
            self.crates()?.to_string(),
            seconds.with_spread(1),
            ratio(times.median(), reference),
            Sample::new(self.processor_times.clone()).with_spread(1),
        ])
    }
}

/// The processor time of all children that have exited, in seconds, from `proc_pid_stat(5)`.
fn processor_time_of_children() -> Outcome<f64> {
    const TICKS_IN_A_SECOND: f64 = 100.0;
    let statistics = fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may contain spaces; the 16th and 17th field are those of the children.
    let (_, fields) = statistics.rsplit_once(") ").ok_or("stat has a name")?;
    let ticks = fields.split(' ').skip(13).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / TICKS_IN_A_SECOND)
}

fn cargo(folder: &Path, arguments: &[&str]) -> Outcome<Output> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // Each package has a target directory of its own, and jam-lock is built as it would be from a
    // registry.
    command.current_dir(folder).args(arguments);
    command.env_remove("CARGO_TARGET_DIR").env("CARGO_INCREMENTAL", "0");
    let output = command.output()?;
    if output.status.success() {
        Ok(output)
    } else {
        Err(format!("cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}
