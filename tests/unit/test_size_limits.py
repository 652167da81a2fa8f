"""The ratchet on the length of functions and classes counts what it says it counts."""

from __future__ import annotations

from pathlib import Path

from check_sizes import MAX_CLASS_LINES, MAX_FUNCTION_LINES, violations

HERE = Path("module.py")


def test_a_function_of_just_the_allowed_length_passes() -> None:
    body = "    x = 1\n" * (MAX_FUNCTION_LINES - 1)

    assert list(violations(HERE, f"def f():\n{body}")) == []


def test_a_longer_function_is_named_with_its_line_and_length() -> None:
    body = "    x = 1\n" * MAX_FUNCTION_LINES

    assert list(violations(HERE, f"\n\ndef f():\n{body}")) == [
        f"module.py:3: function f has {MAX_FUNCTION_LINES + 1} lines, "
        f"allowed are {MAX_FUNCTION_LINES}"
    ]


def test_docstrings_do_not_count() -> None:
    docstring = '    """One.\n' + "    more\n" * MAX_FUNCTION_LINES + '    """\n'

    assert list(violations(HERE, f"def f():\n{docstring}    return 1\n")) == []


def test_methods_and_nested_functions_count_too() -> None:
    body = "            x = 1\n" * MAX_FUNCTION_LINES

    found = list(violations(HERE, f"class C:\n    def m(self):\n        async def g():\n{body}"))

    assert [line.partition(" has ")[0] for line in found] == [
        "module.py:2: function m",
        "module.py:3: function g",
    ]


def test_a_class_that_is_too_long_is_named() -> None:
    body = "    x = 1\n" * MAX_CLASS_LINES

    assert [line.split()[1:3] for line in violations(HERE, f"class C:\n{body}")] == [["class", "C"]]


def test_docstrings_of_methods_do_not_count_for_their_class() -> None:
    method = '    def m(self):\n        """One.\n\n        More.\n        """\n        return 1\n'

    assert list(violations(HERE, "class C:\n" + method * (MAX_CLASS_LINES // 3))) == []
