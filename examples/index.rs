//! A search index in files, which is mended when its writer has died inside.
//!
//! ```text
//! echo "the quick brown fox" | cargo run --example index add
//! cargo run --example index find fox
//! ```
//!
//! Documents are written as they come, and their words when all of them are there: a writer that is
//! killed in between leaves documents that nobody finds. `recover = rebuild` is how the next writer
//! hears of it, before it writes anything of its own. A reader hears of it too, and says so.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use jam_lock::{Holder, locked};

jam_lock::lock_names! {
    /// Held while documents are added, or searched for.
    "index",
}

/// One document a line.
const DOCUMENTS: &str = "documents.txt";

/// A word, and the line of a document that has it, in each line.
const WORDS: &str = "words.txt";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["add"] => add(&mut io::stdin().lock()),
        ["find", word] => find(word),
        _ => Err(io::Error::other("say `add`, or `find` and a word")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("index: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Adds the documents, one a line; who fails at it, and lives, has the next one rebuild as well.
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
    // Whoever is killed up to here leaves documents without their words.
    OpenOptions::new().append(true).create(true).open(WORDS)?.write_all(words.as_bytes())
}

/// Runs first, and under the lock, where the last writer has died with it.
fn rebuild(died: &Holder) -> io::Result<()> {
    println!("rebuilding the index, which was left half-written by {died}");
    let documents = lines(DOCUMENTS)?;
    // The last one may lack its end.
    fs::write(
        DOCUMENTS,
        documents.iter().flat_map(|document| [document, "\n"]).collect::<String>(),
    )?;
    let words = documents.iter().enumerate().map(|(line, document)| words_of(line, document));
    fs::write(WORDS, words.collect::<String>())
}

/// Shows the documents that have `word` in them, together with others who search.
#[locked("index", timeout = 10, shared, guard = held)]
fn find(word: &str) -> io::Result<()> {
    if let Some(died) = held.abandoned() {
        // A reader changes nothing, so it cannot rebuild it.
        println!("the index may be incomplete: it was left half-written by {died}");
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

/// The lines of the index that the document at `line` makes.
fn words_of(line: usize, document: &str) -> String {
    let words: BTreeSet<&str> = document.split_whitespace().collect();
    words.into_iter().flat_map(|word| [word.to_owned(), format!(" {line}\n")]).collect()
}

/// All lines of a file; none where there is no file yet.
fn lines(path: &str) -> io::Result<Vec<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().map(ToOwned::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
