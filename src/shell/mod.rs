//! Takes: files, standard input, a command line.
//! Gives: text, tables, plots and exit codes; the only room with files, threads and a clock.
//! Remembers: nothing between two files.
//! Source: the output contract in `ARCHITECTURE.md`.

pub mod bins;
pub mod output;
