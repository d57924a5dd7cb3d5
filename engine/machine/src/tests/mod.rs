//! Histories of tasks against a small outside world with its own books.

mod again;
mod cut;
mod faults;
mod flows;
mod histories;
mod items;
mod journal;
mod moves;
mod outside;
mod pages;
mod people;
mod process;
mod repairs;
mod schedules;
mod undo;
mod waits;
mod writes;
