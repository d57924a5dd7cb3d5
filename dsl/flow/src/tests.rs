//! Tests over whole folders, against two small systems.

mod catalog;
mod corpus;
mod documents;
mod flows;
mod folder;
mod inner_steps;
mod pages;
mod planted;
mod schedules;
pub(crate) mod systems;
mod test_documents;
