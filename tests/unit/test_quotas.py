"""Who may use an environment, and how much of it."""

from __future__ import annotations

import pytest

from valo_jupyter.domain.quotas import personal_refused, refused, room, team_room


@pytest.mark.parametrize(
    ("per_user", "has", "teams", "expected"),
    [
        (0, 100, {}, None),
        (0, 100, None, None),
        (2, 0, {}, 2),
        (2, 1, {}, 1),
        (2, 2, {}, 0),
        # lowered while they run
        (2, 5, {}, 0),
        (0, 7, {"vision": 3}, 3),
        (2, 0, {"vision": 1}, 1),
        (1, 0, {"vision": 4}, 1),
        (0, 0, {"vision": 0}, 0),
        # of several teams the one with most room
        (0, 0, {"vision": 0, "speech": 2}, 2),
    ],
)
def test_room(per_user: int, has: int, teams: dict[str, int] | None, expected: int | None) -> None:
    assert room(per_user, has, teams) == expected


def test_room_of_a_team() -> None:
    assert [team_room(2, has) for has in (0, 1, 2, 3)] == [2, 1, 0, 0]
    assert team_room(0, 0) == 0


def test_teams_that_may_not_use_it() -> None:
    quotas = {"vision": 0, "speech": 2}
    assert refused("gpu", [], quotas) is None
    assert refused("gpu", ["speech"], quotas) is None
    assert refused("gpu", ["others"], quotas) is None
    assert refused("gpu", ["vision", "speech"], quotas) is None
    assert "The team vision may not use the environment gpu" in (refused("gpu", ["vision"], quotas) or "")
    assert "vision, sound" in (refused("gpu", ["vision", "sound"], {"vision": 0, "sound": 0}) or "")


def test_personal_projects_may_be_kept_off() -> None:
    assert personal_refused("gpu", allowed=True, organization=False) is None
    assert personal_refused("gpu", allowed=False, organization=True) is None
    assert "personal" in (personal_refused("gpu", allowed=False, organization=False) or "")
