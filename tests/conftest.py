"""Options and fixtures for all tests."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")  # before any test imports Keras


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update",
        action="store_true",
        help="rewrite the expected texts that the tests compare with",
    )
    parser.addoption(
        "--slow",
        action="store_true",
        help="run the tests that are marked as slow, and only these",
    )
    parser.addoption(
        "--part",
        type=part,
        default=(1, 1),
        metavar="K/N",
        help="run the K-th of N parts of the tests, such as 1/4",
    )


def part(text: str) -> tuple[int, int]:
    """Return (1, 4) for `1/4`."""
    k, n = map(int, text.split("/"))
    if not 1 <= k <= n:
        raise ValueError(text)
    return k, n


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes a minute or a gigabyte; `--slow` runs these")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the slow tests or the others, and of these a part.

    The parts take every n-th test: neighbours, such as the sizes of one architecture, take
    about as long.
    """
    slow = config.getoption("--slow")
    k, n = config.getoption("--part")
    chosen = [i for i in items if (i.get_closest_marker("slow") is not None) == slow][k - 1 :: n]
    kept = set(chosen)
    config.hook.pytest_deselected(items=[i for i in items if i not in kept])
    items[:] = chosen


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether to rewrite expected texts instead of comparing with them."""
    return bool(request.config.getoption("--update"))
