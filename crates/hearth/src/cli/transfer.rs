//! `hearth account export` and `import`: accounts as lines of JSON, and as XEP-0227 documents.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    num::NonZeroUsize,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    thread,
};

use clap::Args;
use ops::{Imported, PORTABLE_MAX_BYTES, Record, Refused};

use super::{
    Failure, Output, Reach,
    account::{Selection, localpart},
};
use crate::{
    control::{Answer, Request},
    properties::ITERATIONS,
};

#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// The file to read; without one, standard input.
    file: Option<PathBuf>,
    /// Stretch passwords this many times instead of as often as new passwords are. Fewer are faster
    /// to make, and to guess for whoever steals the database.
    #[arg(long, value_parser = clap::value_parser!(u32).range(4096..=1_000_000))]
    iterations: Option<u32>,
    /// Do not mind accounts that are there already; they stay as they are in any case.
    #[arg(long)]
    skip_existing: bool,
    /// Make accounts even where their names look like those of others of the host.
    #[arg(long)]
    allow_lookalikes: bool,
}

/// Accounts sent at a time.
const BATCH: usize = 500;

/// Far above any record.
const LINE_MAX: u64 = 64 * 1024;

/// Lines that are no records: a file with more of them is none of accounts, and nobody reads a longer list.
const BAD_LINES_MAX: usize = 1000;
/// Refused records that are told of one by one; of others it is only said that there are more.
const REFUSED_TOLD_MAX: usize = 10_000;

/// A line that was read, or why it cannot be used.
type Line = Result<Record, Refused>;

/// One account, whole, as a document.
pub(super) async fn export_portable(address: String, file: Option<PathBuf>, reach: &mut Reach) -> Result<(), Failure> {
    let xml = match reach.ask(Request::AccountExportPortable { address }).await? {
        Answer::Document(xml) => xml,
        other => return Err(other.into()),
    };
    let mut to = destination(file.as_deref())?;
    to.write_all(xml.as_bytes())
        .and_then(|()| to.flush())
        .map_err(|error| failed(&error))
}

fn destination(file: Option<&Path>) -> Result<Box<dyn Write>, Failure> {
    Ok(match file {
        Some(path) => Box::new(io::BufWriter::new(private(path)?)),
        None => Box::new(io::BufWriter::new(io::stdout())),
    })
}

fn failed(error: &io::Error) -> Failure {
    Failure::Act(format!("the accounts could not be written: {error}"))
}

pub(super) async fn export(selection: &Selection, file: Option<PathBuf>, reach: &mut Reach) -> Result<(), Failure> {
    let mut to = destination(file.as_deref())?;
    for mut page in selection.pages(reach).await? {
        while let Answer::Records(records) = reach.ask(Request::AccountExport { page: page.clone() }).await? {
            let Some(last) = records.last() else { break };
            page.after = localpart(&last.jid);
            for record in &records {
                let line = serde_json::to_string(record).expect("a record has string keys only");
                writeln!(to, "{line}").map_err(|error| failed(&error))?;
            }
        }
    }
    to.flush().map_err(|error| failed(&error))
}

/// A new file that only its owner can read.
fn private(path: &Path) -> Result<File, Failure> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.map_err(|error| Failure::Act(format!("{} cannot be made: {error}", path.display())))
}

pub(super) async fn import(options: &ImportOptions, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let mut source = source(options.file.as_deref())?;
    let allow_lookalikes = options.allow_lookalikes;
    let cannot_read = |error: io::Error| Failure::Act(format!("cannot read: {error}"));
    if begins_with_markup(&mut source).map_err(cannot_read)? {
        let mut xml = String::new();
        let limit = PORTABLE_MAX_BYTES as u64 + 1;
        source.take(limit).read_to_string(&mut xml).map_err(cannot_read)?;
        return match reach
            .ask(Request::AccountImportPortable { xml, allow_lookalikes })
            .await?
        {
            Answer::Imported(imported) => tell(&imported, options, output),
            other => Err(other.into()),
        };
    }
    let mut lines = Lines {
        source,
        number: 0,
        bad: 0,
    };
    let iterations = match options.iterations {
        Some(iterations) => iterations,
        None => iterations_in_force(reach).await?,
    };
    let mut all = Imported::default();
    while lines.bad <= BAD_LINES_MAX {
        let mut batch = lines.batch().map_err(cannot_read)?;
        if batch.is_empty() {
            return tell(&all, options, output);
        }
        derive(&mut batch, iterations);
        let (records, refused) = sort(batch);
        refuse(&mut all, refused);
        let request = Request::AccountImport {
            records,
            allow_lookalikes,
        };
        match reach.ask(request).await? {
            Answer::Imported(some) => add(&mut all, some),
            other => return Err(other.into()),
        }
    }
    Err(Failure::Act(format!(
        "more than {BAD_LINES_MAX} lines are no records, so this is no file of accounts: stopped at line {}, {} accounts \
         were made",
        lines.number, all.created
    )))
}

/// Whether this is a document; lines of JSON begin with braces.
fn begins_with_markup(source: &mut Box<dyn BufRead>) -> io::Result<bool> {
    let bytes = source.fill_buf()?;
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    Ok(bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<'))
}

/// What came of it; a failure where not all accounts were made.
fn tell(all: &Imported, options: &ImportOptions, output: Output) -> Result<(), Failure> {
    output.one(all, report);
    let is_done = all.refused.is_empty() && (options.skip_existing || all.existing == 0);
    if is_done {
        Ok(())
    } else {
        Err(Failure::Act("not all accounts were made".to_owned()))
    }
}

/// How often new passwords are stretched.
async fn iterations_in_force(reach: &mut Reach) -> Result<u32, Failure> {
    match reach
        .ask(Request::PropertyGet {
            name: ITERATIONS.to_owned(),
        })
        .await?
    {
        Answer::Property(property) => Ok(property
            .value
            .as_int()
            .and_then(|count| u32::try_from(count).ok())
            .expect("the property's range fits")),
        other => Err(other.into()),
    }
}

fn source(file: Option<&Path>) -> Result<Box<dyn BufRead>, Failure> {
    let Some(path) = file.filter(|path| path.as_os_str() != "-") else {
        return Ok(Box::new(io::stdin().lock()));
    };
    let file =
        File::open(path).map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", path.display())))?;
    Ok(Box::new(BufReader::new(file)))
}

/// Lines of a source, counted.
struct Lines {
    source: Box<dyn BufRead>,
    number: usize,
    /// Those that are no records.
    bad: usize,
}

impl Lines {
    fn batch(&mut self) -> io::Result<Vec<Line>> {
        let mut batch = Vec::new();
        while batch.len() < BATCH && self.bad <= BAD_LINES_MAX {
            let mut line = String::new();
            if self.source.by_ref().take(LINE_MAX).read_line(&mut line)? == 0 {
                break;
            }
            self.number += 1;
            if !line.trim().is_empty() {
                let record = self.record(&line);
                self.bad += usize::from(record.is_err());
                batch.push(record);
            }
        }
        Ok(batch)
    }

    /// What is wrong must not repeat the line: it may hold a password.
    fn record(&self, line: &str) -> Line {
        serde_json::from_str(line).map_err(|error| Refused {
            jid: format!("line {}", self.number),
            reason: format!("is not a record: see column {}", error.column()),
        })
    }
}

/// Makes keys of passwords, on every processor there is.
fn derive(batch: &mut [Line], iterations: u32) {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = batch.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        for part in batch.chunks_mut(share) {
            scope.spawn(move || part.iter_mut().for_each(|line| derive_one(line, iterations)));
        }
    });
}

fn derive_one(line: &mut Line, iterations: u32) {
    let Ok(record) = line else { return };
    if let Err(error) = record.derive(iterations) {
        *line = Err(Refused {
            jid: record.jid.clone(),
            reason: error.to_string(),
        });
    }
}

fn sort(batch: Vec<Line>) -> (Vec<Record>, Vec<Refused>) {
    let (mut records, mut refused) = (Vec::new(), Vec::new());
    for line in batch {
        match line {
            Ok(record) => records.push(record),
            Err(why) => refused.push(why),
        }
    }
    (records, refused)
}

fn add(all: &mut Imported, some: Imported) {
    all.created += some.created;
    all.existing += some.existing;
    refuse(all, some.refused);
}

fn refuse(all: &mut Imported, refused: Vec<Refused>) {
    let room = REFUSED_TOLD_MAX.saturating_sub(all.refused.len());
    all.refused.extend(refused.into_iter().take(room));
}

fn report(imported: &Imported) -> String {
    let mut text = format!("added: {}; there already: {}", imported.created, imported.existing);
    for Refused { jid, reason } in &imported.refused {
        text.push_str(&format!("\nrefused: {jid} {reason}"));
    }
    if imported.refused.len() >= REFUSED_TOLD_MAX {
        text.push_str("\nrefused: more than can be told here");
    }
    text
}
