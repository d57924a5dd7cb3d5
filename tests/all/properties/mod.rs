//! What holds of all numbers and all programs, not of examples: generated, from printed seeds.

mod calls;
mod numbers;
mod programs;
mod schemas;
mod soundness;
