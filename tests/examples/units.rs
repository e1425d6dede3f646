//! `examples/units`: units for systemd.

use std::path::Path;
use std::process::Command;

use jam_lock_tests::requirements::skip;

#[test]
fn systemd_accepts_them() {
    let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/units");
    for unit in ["nightly.service", "nightly.timer"] {
        let mut verify = Command::new("systemd-analyze");
        let Ok(output) = verify.args(["verify", "--man=no"]).arg(units.join(unit)).output() else {
            return skip("systemd-analyze is not installed");
        };
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !complaints.contains(unit), "{complaints}");
    }
}
