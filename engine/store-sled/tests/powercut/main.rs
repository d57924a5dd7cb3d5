//! Power cut: a child writes through the store while every file operation is recorded; from the
//! record, disks are rebuilt as a power cut would have left them, and each is opened.
//!
//! At every cut point three images are made: only what completed syncs cover; that plus all later
//! writes in place, but no growth; that plus a random half of the later 4 KiB blocks. In each,
//! everything acknowledged before the cut must be there, and nothing half of a commit.
//!
//! Needs `strace`. The seed is printed; `TENON_POWERCUT_SEED` and `TENON_POWERCUT_POINTS` set
//! others, `TENON_POWERCUT_KEEP` names a directory that the records are kept in.

mod child;
mod disk;
mod record;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Mutex, mpsc};
use std::thread;

use tenon_store::conformance::Dice;

use crate::disk::{Disk, Image};
use crate::record::{Process, Record};

/// What every fallible step gives: the message is for a person.
pub type Outcome<T> = Result<T, String>;

const CALLS: &str = "trace=open,openat,creat,close,dup,lseek,write,pwrite64,writev,pwritev,\
                     pwritev2,ftruncate,truncate,fallocate,copy_file_range,fsync,fdatasync,rename,\
                     renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat";

/// Threads that open images.
const OPENERS: usize = 3;

/// Half of one of sled's segments: a whole one is where its recovery stops being sure.
const MOST_UNSYNCED: usize = 1024 * 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--phase", directory, acks, seed, phase] => {
            child::write(Path::new(directory), Path::new(acks), (seed, phase))
        }
        ["--list", ..] => Ok(()),
        _ => judge(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("powercut: {message}");
            ExitCode::FAILURE
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(otherwise)
}

fn judge() -> Outcome<()> {
    let seed = number("TENON_POWERCUT_SEED", 1);
    let points = number("TENON_POWERCUT_POINTS", 200);
    let work = tempfile::tempdir().map_err(|e| e.to_string())?;
    let data = work.path().join("data");
    fs::create_dir(&data).map_err(|e| e.to_string())?;
    let record = observe(work.path(), &data, seed)?;
    let mut dice = Dice::new(seed);
    let mut cuts: Vec<usize> =
        (0..points).map(|_| pick(&mut dice, record.lines)).collect::<Outcome<_>>()?;
    cuts.sort_unstable();
    println!(
        "powercut: seed {seed}, {points} cut points in {} recorded calls, {} syncs, {} MiB written, \
         at most {} KiB of the database between two syncs",
        record.calls.len(),
        record.syncs(),
        record.written() >> 20,
        record.most_unsynced() >> 10
    );
    if record.most_unsynced() > MOST_UNSYNCED {
        return Err("too much of the database was written between two syncs".into());
    }
    let tally = open_images(&record, cuts, (seed, &data, work.path()))?;
    println!("powercut: {}", tally.text());
    tally.worth_something()
}

/// A disk as a power cut left it, and what it must hold.
struct Cut {
    place: PathBuf,
    kind: Image,
    acked: u64,
    /// For the message.
    name: String,
}

/// Makes the images of every cut, one after another, and opens them on several threads.
fn open_images(
    record: &Record,
    cuts: Vec<usize>,
    (seed, data, work): (u64, &Path, &Path),
) -> Outcome<Tally> {
    let (hand_out, taken) = mpsc::sync_channel::<Cut>(OPENERS);
    let taken = Mutex::new(taken);
    let tally: Mutex<Outcome<Tally>> = Mutex::new(Ok(Tally::default()));
    thread::scope(|scope| {
        for _ in 0..OPENERS {
            scope.spawn(|| {
                loop {
                    let next = taken.lock().map(|taken| taken.recv());
                    let Ok(Ok(cut)) = next else { return };
                    let opened = open_image(&cut);
                    if let Ok(mut tally) = tally.lock() {
                        match (tally.as_mut(), opened) {
                            (Ok(tally), Ok(found)) => tally.add(cut.kind, cut.acked, found),
                            (Ok(_), Err(error)) => *tally = Err(error),
                            (Err(_), _) => {}
                        }
                    }
                }
            });
        }
        let made = make_images(record, cuts, (seed, data, work), &hand_out);
        drop(hand_out);
        made
    })?;
    tally.into_inner().map_err(|_| "an opener panicked".to_owned())?
}

fn make_images(
    record: &Record,
    cuts: Vec<usize>,
    (seed, data, work): (u64, &Path, &Path),
    hand_out: &mpsc::SyncSender<Cut>,
) -> Outcome<()> {
    let mut disk = Disk::new(data);
    let mut done = 0;
    for (n, cut) in cuts.into_iter().enumerate() {
        for (line, call) in record.between(done, cut) {
            disk.step(line, call)?;
        }
        done = cut;
        let acked = record.acked(cut);
        for kind in [Image::Synced, Image::InPlace, Image::Half] {
            let place = work.join(format!("image-{n}-{kind:?}"));
            let image_seed = seed.wrapping_mul(1_000_003).wrapping_add(cut as u64);
            disk.image(kind, &place, &mut Dice::new(image_seed))?;
            let name = format!("seed {seed}, cut {n} at line {cut}, {kind:?}");
            let sent = hand_out.send(Cut { place, kind, acked, name });
            sent.map_err(|_| "nobody opens images any more".to_owned())?;
        }
    }
    Ok(())
}

fn open_image(cut: &Cut) -> Outcome<child::Found> {
    let found = child::check(&cut.place, cut.acked).map_err(|e| format!("{}: {e}", cut.name))?;
    fs::remove_dir_all(&cut.place).map_err(|e| e.to_string())?;
    Ok(found)
}

fn pick(dice: &mut Dice, lines: usize) -> Outcome<usize> {
    usize::try_from(dice.below(lines as u64)).map_err(|e| e.to_string())
}

/// Runs one child after another on the same store under the recorder.
fn observe(work: &Path, data: &Path, seed: u64) -> Outcome<Record> {
    let acks = work.join("acks");
    let mut processes = Vec::new();
    for phase in 0..child::PHASES {
        let trace = work.join(format!("trace-{phase}"));
        let own = std::env::current_exe().map_err(|e| e.to_string())?;
        let status = Command::new("strace")
            .args(["-f", "-y", "-xx", "-s", "33554432", "-e", CALLS, "-o"])
            .arg(&trace)
            .arg(own)
            .arg("--phase")
            .args([data, &acks])
            .args([seed, phase].map(|n| n.to_string()))
            .status()
            .map_err(|e| {
                format!("strace can't be run ({e}): install it (apt-get install strace)")
            })?;
        let killed = !phase.is_multiple_of(2);
        if status.success() == killed {
            return Err(format!("phase {phase} under strace ended with {status}"));
        }
        let copy = work.join(format!("left-{phase}"));
        copy_below(data, &copy)?;
        processes.push(Process { trace, copy, killed });
    }
    let record = Record::read(&processes, &acks)?;
    for process in processes {
        match std::env::var_os("TENON_POWERCUT_KEEP") {
            Some(keep) => keep_trace(&process.trace, Path::new(&keep))?,
            None => fs::remove_file(process.trace).map_err(|e| e.to_string())?,
        }
    }
    if record.acks.is_empty() {
        return Err("the record holds no acknowledged commit: does strace work here?".into());
    }
    let left: Vec<PathBuf> = record.unknown_calls();
    if left.is_empty() { Ok(record) } else { Err(format!("calls not understood: {left:?}")) }
}

fn copy_below(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir(to).map_err(|e| e.to_string())?;
    for entry in fs::read_dir(from).map_err(|e| e.to_string())? {
        let entry = entry.map_err(|e| e.to_string())?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_below(&from, &to)?;
        } else {
            fs::copy(&from, &to).map_err(|e| format!("{}: {e}", from.display()))?;
        }
    }
    Ok(())
}

fn keep_trace(trace: &Path, keep: &Path) -> Outcome<()> {
    let name = trace.file_name().ok_or("the trace has no name")?;
    fs::create_dir_all(keep)
        .and_then(|()| fs::copy(trace, keep.join(name)).map(drop))
        .map_err(|e| format!("{}: {e}", keep.display()))
}

/// What was opened and found.
#[derive(Default)]
struct Tally {
    images: [u64; 3],
    replayed: usize,
    acked: u64,
    beyond: u64,
    empty: u64,
}

impl Tally {
    fn add(&mut self, kind: Image, acked: u64, found: child::Found) {
        if let Some(count) = self.images.get_mut(kind as usize) {
            *count += 1;
        }
        self.replayed = self.replayed.max(found.replayed);
        self.acked = self.acked.max(acked);
        self.beyond += u64::from(found.last > acked);
        self.empty += u64::from(found.last == 0);
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let [synced, in_place, half] = self.images;
        // Writing into a text can't fail.
        let _ = write!(
            text,
            "{synced} images with synced bytes only, {in_place} with later writes in place, {half} \
             with half of the later blocks: all opened, nothing acknowledged is missing; up to {} \
             commits acknowledged, up to {} groups read from the log, {} images hold more than was \
             acknowledged, {} were cut before the first commit",
            self.acked, self.replayed, self.beyond, self.empty
        );
        text
    }

    /// A run that proved nothing is a failure too.
    fn worth_something(&self) -> Outcome<()> {
        if self.replayed == 0 || self.acked < 100 || self.empty * 2 > self.images.iter().sum() {
            return Err("the cut points missed the work: choose another seed".into());
        }
        Ok(())
    }
}
