//! The lines that a child writes.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// How long to wait for the last lines of a child that has ended. Only a grandchild that kept the
/// pipe open makes this matter.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// One output of a child and who is told its lines.
pub(crate) struct Source {
    pipe: Box<dyn Read + Send>,
    on_line: Box<dyn FnMut(&str) + Send>,
}

impl Source {
    pub(crate) fn new(pipe: impl Read + Send + 'static, on_line: impl FnMut(&str) + Send + 'static) -> Self {
        Self { pipe: Box::new(pipe), on_line: Box::new(on_line) }
    }
}

/// Readers that are still at work; dropped or waited for.
pub(crate) struct Readers(Receiver<()>);

impl Readers {
    /// Starts one reader thread for each source.
    pub(crate) fn start(sources: Vec<Source>) -> Self {
        let (done, readers) = mpsc::channel();
        for source in sources {
            let done = done.clone();
            thread::spawn(move || {
                read_lines(source.pipe, source.on_line);
                drop(done);
            });
        }
        Self(readers)
    }

    /// Returns when all sources have ended, or a second later.
    pub(crate) fn finish(self) {
        // Nothing is ever sent: the channel closes when the last reader drops its end.
        let _ = self.0.recv_timeout(LAST_WORDS);
    }
}

fn read_lines(source: impl Read, mut on_line: impl FnMut(&str)) {
    let mut source = BufReader::new(source);
    let mut line = Vec::new();
    while let Ok(1..) = source.read_until(b'\n', &mut line) {
        on_line(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        read_lines(text, |line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn each_line_is_given_once_without_its_end() {
        assert_eq!(lines(b"one\r\n\ntwo\nlast"), ["one", "", "two", "last"]);
    }

    #[test]
    fn bytes_that_are_no_text_do_not_stop_the_reader() {
        assert_eq!(lines(b"a\xffb\nc\n"), ["a\u{fffd}b", "c"]);
    }
}
