//! A search index in files, which is rebuilt after its writer has died.
//!
//! ```text
//! echo "the quick brown fox" | cargo run --example index add
//! cargo run --example index find fox
//! ```
//!
//! A writer stores each document as it reads it, and the words of all documents at the end. If it is
//! killed in between, some documents cannot be found. Because of `recover = rebuild`, the next writer
//! then rebuilds the index before it adds anything. A reader prints a warning until then.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use jam_lock::{Holder, locked};

jam_lock::lock_names! {
    /// Held while documents are added or searched.
    "index",
}

/// One document per line.
const DOCUMENTS: &str = "documents.txt";

/// In each line a word, and the number of a line in [`DOCUMENTS`] that contains it, from 0.
const WORDS: &str = "words.txt";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["add"] => add(&mut io::stdin().lock()),
        ["find", word] => find(word),
        _ => Err(io::Error::other("invalid arguments: use `add` or `find WORD`")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("index: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Adds documents, one per line. If it fails, the next writer rebuilds the index, as after a crash.
#[locked("index", timeout = 10, recover = rebuild, guard = held)]
fn add(documents: &mut impl BufRead) -> io::Result<()> {
    append(documents).inspect_err(|_| held.mark_abandoned())
}

fn append(documents: &mut impl BufRead) -> io::Result<()> {
    let before = lines(DOCUMENTS)?.len();
    let mut file = OpenOptions::new().append(true).create(true).open(DOCUMENTS)?;
    let mut words = String::new();
    for (number, document) in documents.lines().enumerate() {
        let document = document?;
        file.write_all(format!("{document}\n").as_bytes())?;
        words += &words_of(before + number, &document);
        println!("added {document}");
    }
    // A writer that is killed before this line leaves documents without their words.
    OpenOptions::new().append(true).create(true).open(WORDS)?.write_all(words.as_bytes())
}

/// Rebuilds the index. Runs under the lock, before the body of a writer, if the last writer died.
fn rebuild(dead: &Holder) -> io::Result<()> {
    println!("rebuilding the index, which was left half-written by {dead}");
    let documents = lines(DOCUMENTS)?;
    // The last document may lack its line break.
    fs::write(
        DOCUMENTS,
        documents.iter().flat_map(|document| [document, "\n"]).collect::<String>(),
    )?;
    let words = documents.iter().enumerate().map(|(line, document)| words_of(line, document));
    fs::write(WORDS, words.collect::<String>())
}

/// Prints the documents that contain `word`; several processes can search at the same time.
#[locked("index", timeout = 10, shared, guard = held)]
fn find(word: &str) -> io::Result<()> {
    if let Some(dead) = held.abandoned() {
        // A reader may not change the index, so it cannot rebuild it.
        println!("the index may be incomplete: it was left half-written by {dead}");
    }
    let documents = lines(DOCUMENTS)?;
    for entry in lines(WORDS)? {
        let Some((found, line)) = entry.split_once(' ') else { continue };
        let document = line.parse().ok().and_then(|line: usize| documents.get(line));
        if let Some(document) = document.filter(|_| found == word) {
            println!("{document}");
        }
    }
    Ok(())
}

/// The lines of [`WORDS`] for the document at `line`.
fn words_of(line: usize, document: &str) -> String {
    let words: BTreeSet<&str> = document.split_whitespace().collect();
    words.into_iter().flat_map(|word| [word.to_owned(), format!(" {line}\n")]).collect()
}

/// All lines of a file; none if it does not exist yet.
fn lines(path: &str) -> io::Result<Vec<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().map(ToOwned::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
