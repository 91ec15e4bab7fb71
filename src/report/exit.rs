use std::process::ExitCode;

/// What the program came to, as its exit code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Everything asked was kept.
    Conforms,
    /// Something that fails the run was found.
    Findings,
    /// The input or the command line is wrong; nothing was sent.
    Input,
    /// We could not run: no exchange succeeded at all, or we could not do our own part.
    CouldNotRun,
    /// Nothing was selected, or all that was selected was skipped.
    NothingRan,
    /// Interrupted; cleanup was done and the report written.
    Interrupted,
}

/// Every code with its meaning, the one that wins over all later ones first.
const TABLE: [(Exit, u8, &str); 6] = [
    (
        Exit::Input,
        2,
        "the input or the command line is wrong; nothing was sent",
    ),
    (
        Exit::Interrupted,
        130,
        "interrupted; what had been made was cleaned up",
    ),
    (
        Exit::CouldNotRun,
        3,
        "could not run: no exchange succeeded, or we could not do our own part",
    ),
    (
        Exit::Findings,
        1,
        "findings: a promise or an expectation was broken",
    ),
    (
        Exit::NothingRan,
        4,
        "nothing ran: nothing was selected, or all of it was skipped",
    ),
    (Exit::Conforms, 0, "conforms: everything asked was kept"),
];

impl Exit {
    /// The code itself.
    #[must_use]
    pub fn code(self) -> u8 {
        self.row().1
    }

    /// What it means, a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.row().2
    }

    /// The one with that code, where there is one.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        TABLE
            .iter()
            .find(|(_, c, _)| *c == code)
            .map(|(exit, ..)| *exit)
    }

    /// The one that wins: 2 before 130 before 3 before 1 before 4 before 0.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let rank = |exit| TABLE.iter().position(|(e, ..)| *e == exit);
        if rank(self) <= rank(other) {
            self
        } else {
            other
        }
    }

    fn row(self) -> &'static (Self, u8, &'static str) {
        TABLE
            .iter()
            .find(|(exit, ..)| *exit == self)
            .expect("the table has a row for every exit")
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::{Exit, TABLE};

    #[test]
    fn the_precedence_is_that_of_the_command_line_s_contract() {
        let codes: Vec<u8> = TABLE.iter().map(|(_, code, _)| *code).collect();
        assert_eq!(codes, [2, 130, 3, 1, 4, 0]);
        for (at, (strong, ..)) in TABLE.iter().enumerate() {
            for (weak, ..) in &TABLE[at..] {
                assert_eq!(strong.or(*weak), *strong);
                assert_eq!(weak.or(*strong), *strong);
            }
        }
    }

    #[test]
    fn a_code_names_its_exit_and_back() {
        for (exit, code, _) in TABLE {
            assert_eq!(Exit::of_code(code), Some(exit));
            assert_eq!(exit.code(), code);
        }
        assert_eq!(Exit::of_code(5), None);
    }
}
