#!/usr/bin/env bash
# clap_complete: the bash completions of a command with a hyphen offer nothing after a subcommand.
#
# The generated function remembers which subcommand it has seen under one spelling of the command's name
# (`my__subcmd__tool`), and looks it up under another (`my__tool`). So `my-tool ru<TAB>` works, and
# `my-tool run --<TAB>` is silent; the same program without the hyphen completes both.
#
# Seen with clap 4.6.9, clap_complete 4.6.11 and bash 5.2:
#     mytool: run
#     mytool run: --verbose
#     my-tool: run
#     my-tool run: nothing
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat >"$folder/Cargo.toml" <<'MANIFEST'
[package]
name = "generate"
edition = "2024"

[dependencies]
clap = { version = "=4.6.9", default-features = false, features = ["std"] }
clap_complete = { version = "=4.6.11", default-features = false }
MANIFEST
cat >"$folder/src/main.rs" <<'PROGRAM'
use clap::{Arg, ArgAction, Command};

fn main() {
    let name: &str = std::env::args().nth(1).unwrap().leak();
    let verbose = Arg::new("verbose").long("verbose").action(ArgAction::SetTrue);
    let mut command = Command::new(name).subcommand(Command::new("run").arg(verbose));
    clap_complete::generate(clap_complete::Shell::Bash, &mut command, name, &mut std::io::stdout());
}
PROGRAM
cargo build --quiet --manifest-path "$folder/Cargo.toml"
bash --version | head -1

# The candidates that bash would offer for the last of these words, without `help` and `-h`.
complete_words() {
    bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
        function=$(complete -p "$1" | sed "s/.* -F \([^ ]*\) .*/\1/")
        "$function" "$1" "${@: -1}" "${@: -2:1}"; printf "%s\n" "${COMPREPLY[@]}"' \
        bash "$folder/$1.bash" "$@" | grep -vE '^(help|-h|--help)?$' | paste -sd' ' || true
}
for name in mytool my-tool; do
    "$folder/target/debug/generate" "$name" >"$folder/$name.bash"
    found=$(complete_words "$name" ru)
    echo "$name: ${found:-nothing}"
    found=$(complete_words "$name" run --)
    echo "$name run: ${found:-nothing}"
done | tee "$folder/seen"

diff - "$folder/seen" <<'EXPECTED'
mytool: run
mytool run: --verbose
my-tool: run
my-tool run: nothing
EXPECTED
echo "unchanged"
