"""The demo's parts: its pictures, its way of finding a port, and what it takes for arrived."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from runwake.demo.arrivals import Arrival, missing
from runwake.demo.configurations import CONFIGURATIONS, find
from runwake.demo.pictures import confusion_matrix, magnified_digit
from runwake.demo.server_process import DemoError, free_port
from runwake.demo.trainers import Report

REPORT = Report("digits", "abc", rows=10, val_accuracy=0.9, duration_s=1.0)
ARRIVAL = Arrival("finished", 10, {"best_val_accuracy": 0.9})


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_there_are_at_least_six_configurations_on_both_data_sets_with_names_of_their_own() -> None:
    assert len({configuration.name for configuration in CONFIGURATIONS}) >= 6
    assert {configuration.dataset for configuration in CONFIGURATIONS} == {
        "digits",
        "breast-cancer",
    }


def test_an_unknown_configuration_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="no configuration 'x': there are digits-mlp-64, "):
        find("x")


def test_only_a_network_has_hidden_layers_in_its_config() -> None:
    assert find("digits-mlp-64").as_config()["model"]["hidden"] == [64]
    assert "hidden" not in find("digits-linear").as_config()["model"]


def test_a_digit_is_magnified_without_blur_dark_on_light() -> None:
    pixels = np.zeros(64)
    pixels[0] = 16

    picture = magnified_digit(pixels, scale=3)

    assert picture.shape == (24, 24)
    assert picture[:3, :3].tolist() == [[0, 0, 0]] * 3
    assert (picture[:, 3:] == 255).all()


def test_a_confusion_matrix_shows_right_in_blue_wrong_in_red_and_nothing_in_white() -> None:
    counts = np.array([[8, 2], [0, 10]])

    picture = np.asarray(confusion_matrix(counts, ["no", "yes"])).astype(int)

    height, width, _ = picture.shape
    cell = 40
    left, top = width - 16 - 2 * cell, height - 16 - 2 * cell
    corner = 4  # clear of the grid and of the number in the middle

    def colour(row: int, column: int) -> list[int]:
        pixel: list[int] = picture[
            top + row * cell + corner, left + column * cell + corner
        ].tolist()
        return pixel

    assert colour(1, 1) == [37, 99, 235]
    assert colour(1, 0) == [255, 255, 255]
    red, green, blue = colour(0, 1)
    assert red > green
    assert red > blue
    red, green, blue = colour(0, 0)
    assert blue > red


def test_a_taken_port_gives_way_to_the_next_free_one(taken_port: int) -> None:
    found = free_port("127.0.0.1", taken_port)

    assert taken_port < found < taken_port + 50


def test_a_host_that_is_not_this_machine_is_refused() -> None:
    with pytest.raises(DemoError, match=r"203\.0\.113\.1"):
        free_port("203.0.113.1", 8080)


def test_nothing_is_missing_when_all_rows_the_end_and_the_summary_are_there() -> None:
    assert missing([REPORT], {"abc": ARRIVAL}) == []


@pytest.mark.parametrize(
    ("arrival", "line"),
    [
        (None, "digits: the server knows no run abc"),
        (replace(ARRIVAL, num_rows=9), "digits: 10 rows logged, 9 arrived"),
        (replace(ARRIVAL, num_rows=11), "digits: 10 rows logged, 11 arrived"),
        (replace(ARRIVAL, state="running"), "digits: it has ended, and the server says running"),
        (
            replace(ARRIVAL, summary={}),
            "digits: best_val_accuracy is 0.9, the server has None",
        ),
    ],
)
def test_whatever_differs_from_what_was_logged_is_said(arrival: Arrival | None, line: str) -> None:
    assert missing([REPORT], {"abc": arrival} if arrival else {}) == [line]
