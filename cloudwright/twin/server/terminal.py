"""From a client's keys to the lines that a shell reads."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

_RETURN, _INTERRUPT, _END, _ERASE = "\r\n", "\x03", "\x04", "\x7f\b"


@dataclass(frozen=True)
class Echo:
    """What the terminal shows of the keys."""

    data: bytes


@dataclass(frozen=True)
class Line:
    """A line of input."""

    text: str


@dataclass(frozen=True)
class End:
    """No input is left."""


class Terminal:
    """Collects keys; with `tty` it echoes them and knows erase (backspace), interrupt (^C) and end (^D)."""

    def __init__(self, tty: bool) -> None:
        self._tty = tty
        self._text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> Iterator[Echo | Line | End]:
        """What a piece of input means."""
        for letter in self._decoder.decode(data):
            yield from self._key(letter) if self._tty else self._plain(letter)

    def finish(self) -> Iterator[Echo | Line | End]:
        """What the end of the input means: a last line without its end is one."""
        if self._text:
            yield self._line()
        yield End()

    def _line(self) -> Line:
        text, self._text = self._text, ""
        return Line(text)

    def _plain(self, letter: str) -> Iterator[Echo | Line | End]:
        if letter == "\n":
            yield self._line()
        else:
            self._text += letter

    def _key(self, letter: str) -> Iterator[Echo | Line | End]:
        if letter in _RETURN:
            yield Echo(b"\r\n")
            yield self._line()
        elif letter == _INTERRUPT:
            self._text = ""
            yield Echo(b"^C\r\n")
            yield Line("")
        elif letter == _END:
            if not self._text:
                yield End()
        elif letter in _ERASE:
            if self._text:
                self._text = self._text[:-1]
                yield Echo(b"\b \b")
        else:
            self._text += letter
            yield Echo(letter.encode())
