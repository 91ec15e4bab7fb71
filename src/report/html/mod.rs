//! A report as one HTML file that needs nothing else: no network, no other file, no script to be read.
//!
//! In: a [`Report`](super::Report). Out: the text of the file. What stands on the page is `view`, which parts of a text differ
//! is `mark`; how it looks is `report.html`, `style.css` and `script.js`, which are put into the program and into the page.
//!
//! # Why
//! What a server sent stands on this page. Three things keep it inert: the template escapes all it is given, the policy in the
//! head lets run and load only what stands in the program, and control characters are shown instead of obeyed.

mod build;
mod exchange;
mod mark;
mod page;
mod view;

pub use page::html;

#[cfg(test)]
mod tests;
