"""From keys to lines."""

from cloudwright.twin.server.terminal import Echo, End, Line, Terminal


def test_a_terminal_echoes_erases_and_ends_lines() -> None:
    events = list(Terminal(tty=True).feed(b"lx\x7fs\r"))
    assert b"".join(each.data for each in events if isinstance(each, Echo)) == b"lx\b \bs\r\n"
    assert [each for each in events if isinstance(each, Line)] == [Line("ls")]


def test_an_interrupt_drops_the_line_and_the_end_comes_on_an_empty_one() -> None:
    terminal = Terminal(tty=True)
    assert list(terminal.feed(b"ab\x04\x03"))[-2:] == [Echo(b"^C\r\n"), Line("")]
    assert list(terminal.feed(b"\x04")) == [End()]


def test_a_pipe_gives_its_lines_and_its_rest() -> None:
    terminal = Terminal(tty=False)
    assert list(terminal.feed("ä\nb".encode())) == [Line("ä")]
    assert list(terminal.finish()) == [Line("b"), End()]


def test_letters_may_arrive_in_parts() -> None:
    terminal = Terminal(tty=False)
    data = "ü\n".encode()
    assert list(terminal.feed(data[:1])) == []
    assert list(terminal.feed(data[1:])) == [Line("ü")]
