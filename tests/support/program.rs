//! The program `child`.

use std::env;
use std::path::PathBuf;

/// The path of the program that carries out orders.
pub fn program() -> PathBuf {
    let test = env::current_exe().expect("a running test is a file");
    // Tests are in a folder of their own, beside the programs.
    let folder = test.ancestors().nth(2).expect("it is in a folder");
    folder.join(format!("child{}", env::consts::EXE_SUFFIX))
}
