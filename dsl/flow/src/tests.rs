//! Tests over whole folders, against two small systems.

mod catalog;
mod corpus;
mod documents;
mod flows;
mod folder;
mod planted;
mod systems;
