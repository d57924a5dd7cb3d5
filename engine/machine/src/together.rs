//! Lists of steps side by side. One that waits holds up no other.

use tenon_value::Value;

use crate::frame::{Branches, Frame, Inner};
use crate::work::{Run, Stop, Work};

impl Work<'_> {
    /// Walks every branch as far as it goes. What the branches named stands in scope afterwards.
    pub(crate) fn together(
        &mut self,
        (at, branches): (u32, &[(String, Option<u32>)]),
        frame: &mut Frame,
    ) -> Run<Value> {
        let mut place = match frame.inner.take() {
            Some(Inner::Together(place)) => place,
            _ => {
                let begin = |first: &Option<u32>| {
                    (Frame::new(*first, frame.scope.clone(), frame.suffix.clone()), false)
                };
                let all = branches.iter().map(|(_, first)| begin(first)).collect();
                Box::new(Branches { all, failing: None })
            }
        };
        self.around.push(at);
        let result = self.branches(&mut place);
        self.around.pop();
        if let Err(stop) = result {
            frame.inner = Some(Inner::Together(place));
            return Err(stop);
        }
        self.none_inside_is_lost(at, &frame.suffix)?;
        let known = frame.scope.entries().count();
        for (branch, _) in &place.all {
            for (name, value) in branch.scope.entries().skip(known) {
                frame.scope.set(name, value.clone());
            }
        }
        Ok(Value::Missing)
    }

    fn branches(&mut self, place: &mut Branches) -> Run<()> {
        if let Some((step, fault)) = place.failing.clone() {
            return self.failing(&step, fault);
        }
        for (branch, ended) in place.all.iter_mut().filter(|(_, ended)| !ended) {
            match self.walk_list(branch) {
                Ok(()) => *ended = true,
                Err(Stop::Wait | Stop::Need) => {}
                Err(Stop::Failed(step, fault)) => {
                    place.failing = Some((step.clone(), fault.clone()));
                    return self.failing(&step, fault);
                }
                Err(stop) => return Err(stop),
            }
        }
        match place.all.iter().all(|(_, ended)| *ended) {
            true => Ok(()),
            false => Err(Stop::Wait),
        }
    }
}
