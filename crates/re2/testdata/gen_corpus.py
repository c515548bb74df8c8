#!/usr/bin/env python3
"""Writes corpus.tsv: expressions with RE2's verdict and program size.

Needs the google-re2 package, only to write the corpus anew:

    python3 gen_corpus.py [COUNT [SEED]] > corpus.tsv

Columns: the expression (JSON string), verdict and program size read as Latin-1 (as Envoy does), verdict and
program size read as UTF-8. A verdict is `ok` or RE2's message. Half of the random rows are kept for each verdict.
"""

import json
import random
import sys

import re2

FIXED = r"""
/foo/{id}
a{
a{,5}
a{1
a{1,
a{01}
a{1,02}
a{1000000000}
a{999999999}
a{2}{3}
(?:a{2}){3}
a**
a*?
a*??
a++
a?+
a{2}?
a{2}*
a{2}?*
(?:a*)*
(?:a*)+?
x{1001}
x{1000}
x{0}
x{0,0}
x{2,1}
x{1,1001}
x{1001,}
x{,1001}
((a{100}){100}){100}
(x{30}){40}
(x{30}){33}
(x{30}){34}
(x{10}){100}
((x{10}){10}){10}
((x{10}){10}){11}
(?:a{500}){3}
(?:a{1000}){0}
(?:a{1000}){1}
(?:a{1000}){0,1}
(?:a{1000}){1,}
(?:a{1000}){2,}
(?:a{1000,}){2}
(?:a{1000})*
(?:(?:a{1000}){0}){1000}
(?:(?:a{1,}){1,}){1000}
(?:a{0,1000}b{1000}|c{1000})
(?:a{33}|b{31}){31}
(?=a)
(?!a)
(?<=a)
(?<!a)
(?<=>a)
(?<=
(?<
(?P
(?P<
(?P<n
(?P<n>
(?
(?i
(a)\1
\d+
\C
\z
\Z
\A
\G
\E
\Q
\Qa.b\E
\Qa.b
\Qab\E*
\Q\E*
a\Q\E*
a*\Q\E*
a*\Q\E
\Q\\E
\Q\Q\E
[\Q]\E]
(?P<n>a)
(?<n>a)
(?'n'a)
(?P=n)
(?P>n)
(?P<n>a)(?P<n>b)
(?P<a.b>x)
(?P<1n>x)
(?P<>x)
(?<>x)
(?<n-a>x)
(?P<é>x)
\pN
\p
\P
\p{
\p{}
\p{^
\p{^Greek}
\p^
\p{Greek}
\P{Greek}
\p{Foo}
\p{greek}
\p{Letter}
\p{IsGreek}
\p{Script=Greek}
\p{Any}
\P{Any}
\pA
\pé
\p{é}
[\p
[\p]
[\pN]
[\p{Greek}-z]
[^\PN]
[^\p{Any}]
\u1234
\x{10FFFF}
\x{110000}
\x{FFFFFFFFFFFFFFFFFFFF}
\x{D800}
\x{100}
\x{ff}
\x{}
\x{
\x{4
\x{g}
\x{4g}
\x
\x4
\xzz
\x4g
\x41
\xé
[\x{100}-\x{200}]
[[:word:]]
[[:foo:]]
[[:^alpha:]]
[[:^^alpha:]]
[[:Alpha:]]
[[::]]
[[:]
[[:]]
[[:a]b:]
[[:alpha:]
[:alpha:]
[[:alpha:]-z]
[+-[:alpha:]]
[a-[:alpha:]]
[a&&b]
[a--b]
[a~~b]
[a[bc]]
[]a]
[^]a]
[]
[^]
[^
[a
[]-a]
[z-a]
[a-\d]
[\d-z]
[\d-]
[a-\x41]
[\x41-a]
[a-]
[-a]
[a-b-c]
[a-b-c-d]
[---]
[--/]
[\]]
[\-a]
[\b]
[\
[\z]
[\A]
[\C]
[\w\W]
[^\w\W]
[^\d\D]
[^\x00-\x{10FFFF}]
[^\x00-\xff]
[é]
[à-é]
[é-à]
[α-ω]
[é-a]
[a-é]
[\xe0-é]
[\xff-é]
[é-\xff]
[é-\xa0]
[Ā-\xff]
[日-本]
[本-日]
[\x80-日]
[\xf0-日]
[a-é-z]
[é-é]
[\xe9-é]
[é-é-a]
[a-é-ü]
[a-é-\d]
[a-é-\xff]
[a-é-]
[a-é--]
é*
é
(?i)é
(?i)K
(?i)[k-s]
(?i)\pL
(?i)\PL
(?i)[α-ω]
(?i)[^α-ω]
\<a\>
\b{start}a
(?x) a b
(?i)a
(?s).
(?U)a*
(?R)a
(?u)a
(?-u)a
(?m)^a$
\/
\_
\-
\%
\é
a|*
|*
(*)
(|*)
(?i)*
a(?i)*
a*(?i)*
a*(?i:b)*
|a
()
(?:)
a|
a||b
(
)
(()
())
[
]
}
\
a\
\\
\\\
\8
\9
\0
\08
\1
\7
\18
\17
\077
\377
\400
\777
\1234
\cA
\e
\a\f\t\n\r\v
\B
\h
\R
\K
(?#c)a
(?:a
(?i:a)
^*
$*
\b*
\b+?
.*
[\s\S]*
\d{3,2}
(?>a)
(?|a)
a*+
\N{DIGIT ONE}
\X
.{0,1000}
(?i-s)a
(?-)a
(?-i)a
(?--i)a
(?i--s)a
(?i-)a
(?i-s-m)a
(?)a
(?:)a
(?ii)a
(?i)(?-i)a
(?is-m:a)
(?imsU-imsU:a)
a#b
\ 
\#
[ #]
\w{1000}
\p{L}{100}
\p{L}{500}
.{1000}
[^/]{1000}
(?:.*.*){1000}
(?:(a*)*){500}
(?:a?){1000}
(?:^){1000}
(a|b|c)(a|b|c)(a|b|c)
/api/v[0-9]+/(?P<rest>.*)
^/foo(/.*)?$
""".strip("\n").split("\n")

TEXTS = [
    "a", "b", "z", "k", "S", "A", "Z", "0", "1", "9", "/", ".", "-", "_", "~", " ", ",", ":", "=", "!", "<", ">", "#",
    "é", "ω", "日", "😀", "\n", "\t", "\0",
]
PIECES = [
    "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B", "\\.", "\\/", "\\-", "\\_", "\\]", "\\", "\\\\", "\\n",
    "\\x41", "\\x{e9}", "\\x{100}", "\\xe0", "\\x", "\\0", "\\1", "\\12", "\\377", "\\p{L}", "\\pN", "\\P{Lu}", "\\p{Greek}",
    "\\p{^Han}", "\\p", "\\p{", "\\P", "\\Q", "\\E", "\\z", "\\A", "\\Z", "\\C", "\\u",
    "[a-z]", "[^/]", "[^a]", "[[:alpha:]]", "[[:^digit:]]", "[[:", ":]]", "[:x:]", "[\\d]", "[\\D", "[^\\S", "[a-", "[", "]", "[]", "[^", "^]", "-z]",
    "-\\d]", "&&", "--", "[é-ω]", "[\\x80-", "[é-", "-é-", "[a-日-",
    "(", ")", "(?:", "(?P<n>", "(?<n>", "(?P<", "(?i)", "(?s)", "(?i:", "(?-i:", "(?is-U:", "(?=", "(?!", "(?<=", "(?", "?)", "|",
    "*", "+", "?", "*?", "{2}", "{2,}", "{2,5}", "{0}", "{30}", "{40}", "{100}", "{0,1}", "{1000}", "{1001}", "{", "}", "{,3}", "{3", "{01}",
    "^", "$", ".", ".*", ".+",
]


def generate(rng):
    """A few tokens, sometimes in a group, sometimes characters that were deleted or swapped."""
    tokens = TEXTS if rng.random() < 0.1 else TEXTS + PIECES * 2
    text = "".join(rng.choice(tokens) for _ in range(rng.randint(1, rng.choice((4, 7, 12, 25)))))
    if rng.random() < 0.25:
        text = rng.choice(("(", "(?:", "(?i:", "(?s:")) + text + ")" + rng.choice(("", "*", "{3}", "{40}", "|b"))
    if rng.random() < 0.2:
        text = "[" + rng.choice(("", "^")) + text + "]"
    if rng.random() < 0.1:
        text = "(?i)" + text
    if rng.random() < 0.1:
        at = rng.randrange(len(text))
        text = text[:at] + text[at + 1:]
    return text


def judge(pattern, encoding):
    options = re2.Options()
    options.log_errors = False
    options.encoding = encoding
    text = pattern.encode() if encoding == re2.Options.Encoding.LATIN1 else pattern
    try:
        return "ok", re2.compile(text, options=options).programsize
    except re2.error as error:
        words = error.args[0]
        return (words.decode(errors="replace") if isinstance(words, bytes) else str(words)), 0


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    seen = set()
    kept = {True: 0, False: 0}

    def row(pattern, always):
        if not pattern or pattern in seen:
            return
        latin, latin_size = judge(pattern, re2.Options.Encoding.LATIN1)
        utf, utf_size = judge(pattern, re2.Options.Encoding.UTF8)
        good = latin == "ok" and utf == "ok"
        if not always and kept[good] > count // 2:
            return
        kept[good] += 1
        seen.add(pattern)
        cells = (json.dumps(pattern), json.dumps(latin), str(latin_size), json.dumps(utf), str(utf_size))
        print("\t".join(cells))

    for pattern in FIXED:
        row(pattern, True)
    while len(seen) < count:
        row(generate(rng), False)


if __name__ == "__main__":
    main()
