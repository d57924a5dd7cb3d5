//! `tenon-sim`: plays seeds of the simulator, says which rule was broken and how, and makes the
//! plan of a failing seed smaller.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Parser;
use tenon_tests::simulation::{CrashPoint, Mutation, Plan, Report, Rule, play, shrink};

/// Plays the whole engine in a simulated world: crashes, faults, a clock that is set back.
#[derive(Parser)]
#[command(name = "tenon-sim")]
struct Arguments {
    /// The seed to play.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seeds to play instead, the last one not included: `0..300`.
    #[arg(long, value_parser = range)]
    seeds: Option<(u64, u64)>,
    /// Prints the whole trace of a seed.
    #[arg(long)]
    trace: bool,
    /// Makes the plan of a failing seed as small as it gets, and prints it with its trace.
    #[arg(long)]
    shrink: bool,
    /// Plays a build that is broken on purpose.
    #[arg(long, value_parser = mutation)]
    broken: Option<Mutation>,
}

fn range(text: &str) -> Result<(u64, u64), String> {
    let (from, to) = text.split_once("..").ok_or("two numbers with `..` between them")?;
    let number = |text: &str| text.parse::<u64>().map_err(|e| e.to_string());
    Ok((number(from)?, number(to)?))
}

fn mutation(text: &str) -> Result<Mutation, String> {
    let found = Mutation::ALL.iter().find(|(name, _)| *name == text);
    let names: Vec<&str> = Mutation::ALL.iter().map(|(name, _)| *name).collect();
    found.map(|(_, mutation)| *mutation).ok_or_else(|| format!("one of {}", names.join(", ")))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (from, to) = arguments.seeds.unwrap_or((arguments.seed, arguments.seed + 1));
    let mut failed = 0_u64;
    let (mut nodes, mut tasks, mut writes) = (0, 0, 0);
    let mut reached = BTreeSet::new();
    for seed in from..to {
        let plan = Plan::draw(seed);
        let mut report = play(&plan, arguments.broken, 0);
        if arguments.trace || report.broken.is_some() {
            let keep = if arguments.trace { usize::MAX } else { 40 };
            report = play(&plan, arguments.broken, keep);
        }
        nodes += report.nodes;
        tasks += report.tasks;
        writes += report.writes;
        reached.extend(report.reached.iter().copied());
        if arguments.trace || report.broken.is_some() {
            show(&plan, &report);
        }
        if let Some((rule, _)) = &report.broken {
            failed += 1;
            if arguments.shrink {
                smaller(&plan, arguments.broken, *rule);
            }
        }
    }
    println!("{} seeds, {failed} broken; {nodes} nodes, {tasks} tasks, {writes} writes", to - from);
    println!("nodes died at {} of {} points", reached.len(), CrashPoint::all().len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(plan: &Plan, report: &Report) {
    println!("{plan:#?}");
    for line in &report.trace {
        println!("{line}");
    }
    println!("seed {}: {} lines, hash {:016x}", report.seed, report.lines, report.hash);
    if let Some((rule, how)) = &report.broken {
        let sentence = Rule::ALL.iter().find(|(known, _)| known == rule).map_or("", |(_, s)| s);
        println!("seed {}: rule {}: {sentence}\n{how}", report.seed, *rule as u8);
    }
}

fn smaller(plan: &Plan, broken: Option<Mutation>, rule: Rule) {
    let (plan, tried) = shrink(plan, broken, rule);
    println!("the smallest of {tried} plans:");
    show(&plan, &play(&plan, broken, usize::MAX));
}
