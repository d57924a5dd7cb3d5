//! What a process has used, as the system tells it.

/// Processor time and memory of a process; zeros where the system does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, in milliseconds. The kernel counts it in hundredths of a second.
    pub cpu_ms: u64,
    /// Memory now, in KiB.
    pub rss_kib: u64,
    /// The most memory it ever had, in KiB.
    pub most_rss_kib: u64,
}

impl Usage {
    /// Of this process.
    #[must_use]
    pub fn own() -> Usage {
        Usage::of(std::process::id())
    }

    /// Of a process by its id.
    #[must_use]
    pub fn of(pid: u32) -> Usage {
        let read =
            |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let (stat, status) = (read("stat"), read("status"));
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let digits = line.and_then(|line| line.split_whitespace().next());
            digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
        };
        Usage {
            cpu_ms: ticks(11).saturating_add(ticks(12)).saturating_mul(10),
            rss_kib: kib("VmRSS:"),
            most_rss_kib: kib("VmHWM:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_none_has_none() {
        let own = Usage::own();
        assert!(own.rss_kib > 0 && own.most_rss_kib >= own.rss_kib, "{own:?}");
        assert_eq!(Usage::of(0), Usage::default());
    }
}
