//! A disk as the record tells it: what is surely there, and what may be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};

use tenon_store::conformance::Dice;

use crate::Outcome;
use crate::record::{Act, Call};

const BLOCK: usize = 4096;

/// Which of the later writes reached the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Image {
    /// None.
    Synced = 0,
    /// All, but no file grew and no name changed.
    InPlace = 1,
    /// Each block and each change of a name with even odds.
    Half = 2,
}

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
    Name { name: String, node: Option<usize> },
}

/// A file or a directory: what completed syncs cover, and the changes since, each with the line
/// where it ended.
#[derive(Debug, Default)]
struct Node {
    directory: bool,
    bytes: Vec<u8>,
    names: BTreeMap<String, usize>,
    /// Names as a running program sees them.
    names_now: BTreeMap<String, usize>,
    later: Vec<(usize, Change)>,
}

impl Node {
    /// The bytes as a running program sees them.
    fn now(&self) -> Vec<u8> {
        let mut out = self.bytes.clone();
        for (_, change) in &self.later {
            match change {
                Change::Write { at, bytes } => put(&mut out, *at, bytes),
                Change::Length(length) => out.resize(*length, 0),
                Change::Name { .. } => {}
            }
        }
        out
    }
}

/// The disk.
#[derive(Debug)]
pub struct Disk {
    root: std::path::PathBuf,
    nodes: Vec<Node>,
    /// Open files: node and place.
    open: BTreeMap<i64, (usize, usize)>,
}

impl Disk {
    /// An empty directory at `root`.
    pub fn new(root: &Path) -> Self {
        let top = Node { directory: true, ..Node::default() };
        Self { root: root.to_path_buf(), nodes: vec![top], open: BTreeMap::new() }
    }

    /// Takes the moment `line` of a call: writes count from their beginning on, names and syncs
    /// from their end.
    pub fn step(&mut self, line: usize, call: &Call) -> Outcome<()> {
        if line == call.start
            && let Act::Write { .. } | Act::SetLength { .. } = call.act
        {
            return self.write(call);
        }
        if line != call.end {
            return Ok(());
        }
        match &call.act {
            Act::Open { path, fd, create, truncate } => {
                self.open.remove(fd);
                let Some((parent, name)) = self.parent(path) else {
                    if *path == self.root {
                        self.open.insert(*fd, (0, 0));
                    }
                    return Ok(());
                };
                let node = match self.nodes.get(parent).and_then(|p| p.names_now.get(&name)) {
                    Some(node) => *node,
                    None if *create => self.add(call.end, parent, name, false)?,
                    None => return Err(format!("{} was never made", path.display())),
                };
                if *truncate {
                    let file = self.nodes.get_mut(node).ok_or("no such node")?;
                    file.later.push((call.end, Change::Length(0)));
                }
                self.open.insert(*fd, (node, 0));
            }
            Act::Close { fd } => {
                self.open.remove(fd);
            }
            Act::Seek { fd, to } => {
                if let Some(file) = self.open.get_mut(fd) {
                    file.1 = usize::try_from(*to).map_err(|e| e.to_string())?;
                }
            }
            Act::Sync { fd, .. } => self.sync(*fd, call.start),
            Act::Rename { from, to } => {
                let Some((parent, name)) = self.parent(from) else { return Ok(()) };
                let node = self.name_of(parent, &name).ok_or("renamed what is not there")?;
                self.change_name(call.end, parent, name, None)?;
                let (parent, name) = self.parent(to).ok_or("renamed to outside")?;
                self.change_name(call.end, parent, name, Some(node))?;
            }
            Act::Remove { path } => {
                if let Some((parent, name)) = self.parent(path) {
                    self.change_name(call.end, parent, name, None)?;
                }
            }
            Act::MakeDirectory { path } => {
                if let Some((parent, name)) = self.parent(path) {
                    self.add(call.end, parent, name, true)?;
                }
            }
            Act::Ended { copy, killed } => {
                self.open.clear();
                self.compare(0, copy, (call.end, *killed))?;
            }
            Act::Write { .. } | Act::SetLength { .. } | Act::Unknown { .. } => {}
        }
        Ok(())
    }

    /// Holds what running programs see against what is really there. They must agree; after a
    /// kill, what differs was in flight, and counts as written at `line`.
    fn compare(&mut self, at: usize, real: &Path, (line, killed): (usize, bool)) -> Outcome<()> {
        let differs = || {
            let name = real.display();
            if killed { Ok(()) } else { Err(format!("{name} is not what the record tells")) }
        };
        let node = self.nodes.get_mut(at).ok_or("no such node")?;
        if !node.directory {
            let (seen, real) = (node.now(), fs::read(real).map_err(|e| e.to_string())?);
            if seen != real {
                differs()?;
                let same = seen.iter().zip(&real).take_while(|(a, b)| a == b).count();
                let bytes = real.get(same..).unwrap_or_default().to_vec();
                node.later.push((line, Change::Write { at: same, bytes }));
                if real.len() < seen.len() {
                    node.later.push((line, Change::Length(real.len())));
                }
            }
            return Ok(());
        }
        let seen = node.names_now.clone();
        for name in seen.keys().filter(|name| !real.join(name).exists()) {
            differs()?;
            self.change_name(line, at, name.clone(), None)?;
        }
        for entry in fs::read_dir(real).map_err(|e| e.to_string())? {
            let entry = entry.map_err(|e| e.to_string())?;
            let name = entry.file_name().into_string().map_err(|_| "a name is no text")?;
            let below = match seen.get(&name) {
                Some(below) => *below,
                None => {
                    differs()?;
                    self.add(line, at, name, entry.path().is_dir())?
                }
            };
            self.compare(below, &entry.path(), (line, killed))?;
        }
        Ok(())
    }

    fn write(&mut self, call: &Call) -> Outcome<()> {
        let (fd, change, place) = match &call.act {
            Act::Write { fd, offset, bytes } => {
                let Some((_, at)) = self.open.get(fd) else { return Ok(()) };
                let at = match offset {
                    Some(offset) => usize::try_from(*offset).map_err(|e| e.to_string())?,
                    None => *at,
                };
                let end = at + bytes.len();
                let place = if offset.is_none() { Some(end) } else { None };
                (fd, Change::Write { at, bytes: bytes.clone() }, place)
            }
            Act::SetLength { fd, length } => {
                let length = usize::try_from(*length).map_err(|e| e.to_string())?;
                (fd, Change::Length(length), None)
            }
            _ => return Ok(()),
        };
        let Some(file) = self.open.get_mut(fd) else { return Ok(()) };
        if let Some(place) = place {
            file.1 = place;
        }
        let node = self.nodes.get_mut(file.0).ok_or("no such node")?;
        node.later.push((call.end, change));
        Ok(())
    }

    /// A completed sync covers what had ended when it began.
    fn sync(&mut self, fd: i64, start: usize) {
        let Some((node, _)) = self.open.get(&fd) else { return };
        let Some(node) = self.nodes.get_mut(*node) else { return };
        for (end, change) in std::mem::take(&mut node.later) {
            if end >= start {
                node.later.push((end, change));
                continue;
            }
            match change {
                Change::Write { at, bytes } => put(&mut node.bytes, at, &bytes),
                Change::Length(length) => node.bytes.resize(length, 0),
                Change::Name { name, node: to } => set(&mut node.names, name, to),
            }
        }
    }

    fn name_of(&self, parent: usize, name: &str) -> Option<usize> {
        self.nodes.get(parent)?.names_now.get(name).copied()
    }

    fn add(&mut self, end: usize, parent: usize, name: String, dir: bool) -> Outcome<usize> {
        let node = self.nodes.len();
        self.nodes.push(Node { directory: dir, ..Node::default() });
        self.change_name(end, parent, name, Some(node))?;
        Ok(node)
    }

    fn change_name(
        &mut self,
        end: usize,
        parent: usize,
        name: String,
        node: Option<usize>,
    ) -> Outcome<()> {
        let parent = self.nodes.get_mut(parent).ok_or("no such directory")?;
        set(&mut parent.names_now, name.clone(), node);
        parent.later.push((end, Change::Name { name, node }));
        Ok(())
    }

    /// The directory a path lies in, and its name there; none outside of the root.
    fn parent(&self, path: &Path) -> Option<(usize, String)> {
        let below = path.strip_prefix(&self.root).ok()?;
        let mut names: Vec<String> = below
            .components()
            .filter_map(|c| match c {
                Component::Normal(name) => name.to_str().map(String::from),
                _ => None,
            })
            .collect();
        let name = names.pop()?;
        let mut at = 0;
        for step in names {
            at = *self.nodes.get(at)?.names_now.get(&step)?;
        }
        Some((at, name))
    }

    /// Writes the disk of a power cut now to `place`.
    pub fn image(&self, kind: Image, place: &Path, dice: &mut Dice) -> Outcome<()> {
        // Names reach the disk in their order, up to some moment.
        let ends = self.nodes.iter().flat_map(|n| &n.later);
        let mut name_ends: Vec<usize> = ends
            .filter(|(_, change)| matches!(change, Change::Name { .. }))
            .map(|(end, _)| *end)
            .collect();
        name_ends.sort_unstable();
        let kept = usize::try_from(dice.below(name_ends.len() as u64 + 1)).unwrap_or(0);
        let names_until = match kind {
            Image::Half => kept.checked_sub(1).and_then(|n| name_ends.get(n)).copied(),
            _ => None,
        };
        self.put_node(0, kind, place, (names_until, dice))
    }

    fn put_node(
        &self,
        node: usize,
        kind: Image,
        place: &Path,
        (names_until, dice): (Option<usize>, &mut Dice),
    ) -> Outcome<()> {
        let node = self.nodes.get(node).ok_or("no such node")?;
        if !node.directory {
            let bytes = file_bytes(node, kind, dice);
            return fs::write(place, bytes).map_err(|e| e.to_string());
        }
        fs::create_dir(place).map_err(|e| format!("{}: {e}", place.display()))?;
        let mut names = node.names.clone();
        for (end, change) in &node.later {
            if let Change::Name { name, node } = change
                && names_until.is_some_and(|until| *end <= until)
            {
                set(&mut names, name.clone(), *node);
            }
        }
        for (name, node) in names {
            self.put_node(node, kind, &place.join(name), (names_until, dice))?;
        }
        Ok(())
    }
}

fn file_bytes(node: &Node, kind: Image, dice: &mut Dice) -> Vec<u8> {
    let mut out = node.bytes.clone();
    for (_, change) in &node.later {
        match (kind, change) {
            (Image::InPlace, Change::Write { at, bytes }) => {
                let room = out.len().saturating_sub(*at).min(bytes.len());
                put(&mut out, *at.min(&node.bytes.len()), bytes.get(..room).unwrap_or_default());
            }
            (Image::Half, Change::Write { at, bytes }) => {
                let mut from = 0;
                while from < bytes.len() {
                    let to_block_end = BLOCK - (at + from) % BLOCK;
                    let to = (from + to_block_end).min(bytes.len());
                    if dice.below(2) == 0 {
                        put(&mut out, at + from, bytes.get(from..to).unwrap_or_default());
                    }
                    from = to;
                }
            }
            (Image::Half, Change::Length(length)) if dice.below(2) == 0 => out.resize(*length, 0),
            _ => {}
        }
    }
    out
}

fn put(out: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = at + bytes.len();
    if out.len() < end {
        out.resize(end, 0);
    }
    if let Some(place) = out.get_mut(at..end) {
        place.copy_from_slice(bytes);
    }
}

fn set(names: &mut BTreeMap<String, usize>, name: String, node: Option<usize>) {
    match node {
        Some(node) => names.insert(name, node),
        None => names.remove(&name),
    };
}
