//! The data of a server that has not been started, which each new server gets a copy of: to initialize
//! them would take several times as long.

use std::path::Path;
use std::sync::OnceLock;

use super::programs::{as_nobody, new_folder, run};
use super::supervisor::Supervisor;

/// Copies the template into the empty `folder`.
pub(super) fn copy(programs: &Path, folder: &Path) {
    // Removes it when the tests end.
    static TEMPLATE: OnceLock<Supervisor> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let template = new_folder();
        initialize(programs, &template);
        Supervisor::new(programs, &template)
    });
    let mut copy = as_nobody(Path::new("cp"));
    run(copy.arg("-a").arg(template.folder().join(".")).arg(folder));
}

/// Initializes the data of a server in the empty `folder`.
pub(super) fn initialize(programs: &Path, folder: &Path) {
    let mut initialize = as_nobody(&programs.join("initdb"));
    initialize.arg("-D").arg(folder).args(["-U", "app", "-A", "trust", "-N"]);
    run(initialize.args(["--locale=C", "-E", "UTF8", "--wal-segsize=1"]));
}
