//! Diagnostics in the look of the Rust compiler.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Excerpt, Severity};
use crate::source::Location;

/// Whether escape codes for colours are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// For files and pipes.
    Plain,
    /// For terminals.
    Coloured,
}

/// Lines shown above and below the one that is meant.
const AROUND: usize = 2;

/// Bytes of source that are shown at most; minified JSON is not worth reading.
const LONGEST: usize = 8192;

/// The diagnostic as text, without a line break at the end: one line for a note, else message, place, source
/// excerpt with caret, object and way out.
pub fn render(diagnostic: &Diagnostic, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let title = clean(&diagnostic.title());
    if diagnostic.severity == Severity::Note {
        return format!("note: {title} ({})", clean(&diagnostic.place()));
    }
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning | Severity::Note => Level::WARNING,
    };
    let path = clean(&diagnostic.file.display().to_string());
    let mut group = Group::with_title(level.primary_title(title.as_str()));
    let shown = diagnostic.location.as_ref().filter(|_| diagnostic.excerpt == Excerpt::Shown);
    let excerpt = shown.map(excerpt).filter(|excerpt| excerpt.text.len() <= LONGEST);
    group = match (&excerpt, &diagnostic.location) {
        (Some(excerpt), _) => group.element(
            Snippet::source(excerpt.text)
                .path(path.as_str())
                .line_start(excerpt.first_line)
                .fold(false)
                .annotation(AnnotationKind::Primary.span(excerpt.span.clone())),
        ),
        (None, Some(location)) => {
            group.element(Origin::path(path.as_str()).line(location.line).char_column(location.column))
        }
        (None, None) => group.element(Origin::path(path.as_str())),
    };
    let object = diagnostic.object.as_ref().map(|object| clean(&format!("in {object}")));
    if let Some(object) = &object {
        group = group.element(Level::NOTE.message(object.as_str()));
    }
    let help = diagnostic.help.as_deref().map(clean);
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    // The renderer shows the other control characters as pictures.
    renderer.render(&[group]).replace(|c| matches!(c, '\u{80}'..='\u{9f}'), "\u{fffd}")
}

/// Without characters that a terminal would obey; names and keys may hold any.
fn clean(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// A few lines of a document, and the caret in them.
struct Lines<'a> {
    text: &'a str,
    first_line: usize,
    span: std::ops::Range<usize>,
}

/// The lines around a place, none of them outside the document.
fn excerpt(location: &Location) -> Lines<'_> {
    let text = &location.file.text;
    let first = line_starts_before(text, location);
    let end = line_ends_after(text, location);
    Lines {
        text: &text[first..end],
        first_line: location.line - text[first..location.span.start].matches('\n').count(),
        span: location.span.start - first..location.span.end.min(end) - first,
    }
}

/// Start of the first line shown.
fn line_starts_before(text: &str, location: &Location) -> usize {
    let mut start = location.span.start;
    for lines in 0..=AROUND {
        let before = &text[location.document.start..start];
        let Some(newline) = before.rfind('\n') else { return location.document.start };
        start = location.document.start + newline + usize::from(lines == AROUND);
    }
    start
}

/// End of the last line shown.
fn line_ends_after(text: &str, location: &Location) -> usize {
    let mut end = location.span.end;
    for _ in 0..=AROUND {
        let after = &text[end..location.document.end.max(end)];
        let Some(newline) = after.find('\n') else { return location.document.end.max(end) };
        end += newline + 1;
    }
    end
}
