"""From text to the tokens that the grammar sees.

`scan` cuts the text by the terminals of the grammar. `lay_out` then decides what depends on the
surroundings: which newlines end a statement, which braces hold statements, and where a word such
as `model` is a keyword. Brackets are matched here, before parsing, because a bracket that is
never closed is best reported at its opener.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lark import Token

from kgen.diagnostics import Diagnostic
from kgen.frontends.kdsl import literals
from kgen.source import Span

MAX_DEPTH = 100

CLOSER_OF = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
OPENER_OF = {closer: opener for opener, closer in CLOSER_OF.items()}
CLOSING_TEXT = {"(": ")", "[": "]", "{": "}"}

# A value may end, or start, with one of these.
VALUE_ENDS = frozenset({"NAME", "INT", "FLOAT", "STRING", "RPAR", "RSQB", "RBRACE"})
VALUE_STARTS = frozenset({"NAME", "INT", "FLOAT", "STRING", "LPAR", "LSQB", "LBRACE", "LAMBDA"})

_KEYWORDS = {"model": "MODEL", "block": "BLOCK", "def": "DEF", "data": "DATA"}
_DECODERS: dict[str, Callable[[str], object]] = {
    "INT": literals.integer,
    "FLOAT": literals.floating,
    "STRING": literals.string,
}


def span_of(token: Token) -> Span:
    """Return the place of a token."""
    return Span(token.start_pos or 0, token.end_pos or 0)


@dataclass
class Layout:
    """The tokens of a file as the grammar sees them.

    Where the text is wrong already, a token of type PROBLEM stands, which no rule accepts;
    `problems` holds its diagnostic under its index.
    """

    tokens: list[Token] = field(default_factory=list)
    problems: dict[int, Diagnostic] = field(default_factory=dict)


def lay_out(scanned: list[Token]) -> Layout:
    """Turn the tokens of `scan` into those of the grammar."""
    tokens: list[Token] = []
    for token in scanned:
        blank = token.type == "NEWLINE" and (not tokens or tokens[-1].type == "NEWLINE")
        if token.type != "COMMENT" and not blank:
            tokens.append(token)
    return _LayOut(tokens).run()


@dataclass(frozen=True)
class _Frame:
    """An open bracket."""

    index: int
    token: Token
    is_body: bool


class _LayOut:
    """One pass over the tokens, with the brackets that are open."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.partner = _pair(tokens)
        self.result = Layout()
        self.frames: list[_Frame] = []
        self.at_start = True  # of a statement
        self.in_header = False  # of a model or a block, before its `=` or `{`
        self.loop_words: set[int] = set()

    def run(self) -> Layout:
        for index, token in enumerate(self.tokens):
            if token.type in ("NEWLINE", "SEMICOLON"):
                self.separator(index, token)
            elif token.type in CLOSER_OF:
                self.opener(index, token)
            elif token.type in OPENER_OF:
                self.closer(index, token)
            elif token.type == "NAME":
                self.emit(token, self.keyword(index, token))
            else:
                self.other(token)
        self.end_of_file()
        return self.result

    # ------------------------------------------------------------------ writing tokens

    def emit(self, token: Token, type_: str) -> None:
        if type_ != token.type:
            token = Token.new_borrow_pos(type_, token.value, token)
        self.result.tokens.append(token)
        self.at_start = type_ in ("END", "BODY_OPEN")
        if type_ in ("MODEL", "BLOCK"):
            self.in_header = True
        elif self.at_start or (type_ == "EQUAL" and self.in_statements):
            self.in_header = False

    def end_statement(self) -> None:
        if not self.at_start:
            self.emit(Token.new_borrow_pos("END", "", self.result.tokens[-1]), "END")

    def problem(self, token: Token, diagnostic: Diagnostic) -> None:
        self.result.problems[len(self.result.tokens)] = diagnostic
        self.emit(token, "PROBLEM")

    # ---------------------------------------------------------------------- each token

    @property
    def in_statements(self) -> bool:
        """Whether the next newline may end a statement."""
        return not self.frames or self.frames[-1].is_body

    def type_at(self, index: int) -> str:
        return self.tokens[index].type if index < len(self.tokens) else "END"

    def text_at(self, index: int) -> str:
        return self.tokens[index].value if index < len(self.tokens) else ""

    def separator(self, index: int, token: Token) -> None:
        if self.in_statements:
            if token.type == "SEMICOLON" or not self.continues(index):
                self.end_statement()
        elif self.is_lost(index, token):
            self.problem(token, _never_closed(self.frames[-1].token))
            self.end_statement()
            while not self.in_statements:
                self.frames.pop()
        elif token.type == "SEMICOLON":
            self.emit(token, "SEMICOLON")

    def continues(self, index: int) -> bool:
        """Whether the statement goes on after the newline at `index`."""
        if self.at_start:
            return False
        last = self.result.tokens[-1].type
        following = self.type_at(index + 1)
        if last in ("ARROW", "EQUAL"):
            # `x =` above `y = 3` is a slip; joining the lines would hide it.
            return not (
                following == "NAME"
                and (self.type_at(index + 2) == "EQUAL" or self.is_keyword(index + 1))
            )
        opens_body = following == "LBRACE" and self.in_header and last in ("NAME", "RPAR")
        return opens_body or following in ("ARROW", "WRONG_ARROW")

    def is_lost(self, index: int, token: Token) -> bool:
        """Whether a statement ends here although brackets are open that nothing closes."""
        for frame in reversed(self.frames):
            if frame.is_body:
                break
            if frame.index in self.partner:
                return False
        if token.type == "SEMICOLON" or self.is_keyword(index + 1):
            return True
        last = self.result.tokens[-1].type
        return last in VALUE_ENDS and self.type_at(index + 1) in VALUE_STARTS

    def opener(self, index: int, token: Token) -> None:
        last = self.result.tokens[-1].type if self.result.tokens else "END"
        is_body = (
            token.type == "LBRACE"
            and self.in_statements
            and last in ("NAME", "RPAR", "MODEL", "BLOCK")
        )
        self.frames.append(_Frame(index, token, is_body))
        if len(self.frames) == MAX_DEPTH + 1:
            self.problem(token, too_deep(span_of(token)))
        self.emit(token, "BODY_OPEN" if is_body else token.type)

    def closer(self, index: int, token: Token) -> None:
        partner = self.partner.get(index)
        if partner is None:
            self.problem(token, _closes_nothing(token))
            return
        if self.frames[-1].index != partner:
            self.problem(token, _never_closed(self.frames[-1].token, before=token))
        while self.frames[-1].index != partner:
            self.frames.pop()
        frame = self.frames.pop()
        if CLOSER_OF[frame.token.type] != token.type:
            self.problem(token, _wrong_closer(frame.token, token))
        if frame.is_body:
            self.end_statement()
        self.emit(token, "BODY_CLOSE" if frame.is_body else token.type)

    def is_keyword(self, index: int) -> bool:
        """Whether a statement keyword such as `model` would stand at `index`."""
        if self.type_at(index) != "NAME" or self.tokens[index].value not in _KEYWORDS:
            return False
        following = self.type_at(index + 1)
        # The openers catch definitions without a name; `model(x)` is a call.
        misses_name = {"def": "LPAR", "data": ""}.get(self.tokens[index].value, "LBRACE")
        return following in ("NAME", misses_name)

    def keyword(self, index: int, token: Token) -> str:
        """Return the type of a word: NAME, or a keyword where its neighbours make it one."""
        word = token.value
        if index in self.loop_words:
            return "IN"
        if self.at_start and word in _KEYWORDS and self.is_keyword(index):
            return _KEYWORDS[word]
        following = self.type_at(index + 1)
        if word == "lambda" and following in ("NAME", "COLON"):
            return "LAMBDA"
        if word == "for" and following == "NAME" and self.text_at(index + 2) == "in":
            self.loop_words.add(index + 2)
            return "FOR"
        return "NAME"

    def other(self, token: Token) -> None:
        if decode := _DECODERS.get(token.type):
            try:
                decode(token.value)
            except literals.BadLiteral as bad:
                self.problem(token, _bad_literal(token, bad))
                return
        self.emit(token, token.type)

    def end_of_file(self) -> None:
        if not self.in_statements:
            last = self.tokens[-1]
            self.problem(last, _never_closed(self.frames[-1].token))
            while not self.in_statements:
                self.frames.pop()
        self.end_statement()
        if self.frames:
            self.problem(self.tokens[-1], _never_closed(self.frames[-1].token))
            self.end_statement()


def _pair(tokens: list[Token]) -> dict[int, int]:
    """Return which bracket belongs to which, by index and both ways.

    A closing bracket belongs to the nearest opener of its kind, so `f([1, 2)` leaves `[` alone;
    without one it is taken for a wrong spelling of the innermost bracket's.
    """
    partner: dict[int, int] = {}
    pending: list[int] = []
    for index, token in enumerate(tokens):
        if token.type in CLOSER_OF:
            pending.append(index)
        elif token.type in OPENER_OF and pending:
            wanted = OPENER_OF[token.type]
            near = range(len(pending) - 1, max(-1, len(pending) - 1 - MAX_DEPTH), -1)
            depth = next((d for d in near if tokens[pending[d]].type == wanted), None)
            if depth is None and tokens[pending[-1]].type != "LBRACE":
                depth = len(pending) - 1
            if depth is not None:
                partner[index] = pending[depth]
                partner[pending[depth]] = index
                del pending[depth:]
    return partner


def _bad_literal(token: Token, bad: literals.BadLiteral) -> Diagnostic:
    start = span_of(token).start
    place = Span(start + bad.start, start + bad.end)
    helps = (bad.hint,) if bad.hint else ()
    return Diagnostic("K008", bad.message, place, bad.label, helps=helps)


def _never_closed(opener: Token, before: Token | None = None) -> Diagnostic:
    closing = CLOSING_TEXT[opener.value]
    also = (
        () if before is None else ((span_of(before), f"`{before}` comes before its `{closing}`"),)
    )
    return Diagnostic(
        "K002",
        f"`{opener}` is never closed",
        span_of(opener),
        f"needs a `{closing}`",
        also=also,
    )


def _wrong_closer(opener: Token, closer: Token) -> Diagnostic:
    return Diagnostic(
        "K003",
        f"`{opener}` is closed by `{closer}`",
        span_of(closer),
        f"expected `{CLOSING_TEXT[opener.value]}`",
        also=((span_of(opener), "opened here"),),
    )


def _closes_nothing(closer: Token) -> Diagnostic:
    return Diagnostic(
        "K003", f"`{closer}` closes nothing", span_of(closer), "no bracket is open here"
    )


def too_deep(span: Span) -> Diagnostic:
    return Diagnostic(
        "K012",
        f"an expression may nest {MAX_DEPTH} levels deep, this one goes deeper",
        span,
        f"level {MAX_DEPTH + 1}",
        helps=("give an inner part a name, and use the name",),
    )
