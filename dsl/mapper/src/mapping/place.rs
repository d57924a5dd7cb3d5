//! Where in the target record a mapping stands, as text only when somebody asks.

use std::fmt;

/// A field or an item of the record being made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    above: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Field(&'p str),
    Item(usize),
}

impl<'p> Place<'p> {
    /// A field of what stands above; of the record itself where nothing does.
    pub(crate) fn field(above: Option<&'p Place<'p>>, name: &'p str) -> Place<'p> {
        Place { above, step: Step::Field(name) }
    }

    /// An item of this list.
    pub(crate) fn item(&'p self, index: usize) -> Place<'p> {
        Place { above: Some(self), step: Step::Item(index) }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(f)?;
        }
        match self.step {
            Step::Field(name) if self.above.is_some() => write!(f, ".{name}"),
            Step::Field(name) => f.write_str(name),
            Step::Item(index) => write!(f, "[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_place_reads_like_the_path_to_it() {
        let rows = Place::field(None, "OrderRows");
        let row = rows.item(2);
        assert_eq!(Place::field(Some(&row), "Price").to_string(), "OrderRows[2].Price");
    }
}
