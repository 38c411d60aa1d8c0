"""Who may use an environment, and how many machines at once. Pure rules; who has how many is for others to count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def room(per_user: int, has: int, teams: Mapping[str, int] | None = None) -> int | None:
    """How many more executions of a user may be queued or run now; None: no limit.

    Parameters
    ----------
    per_user
        The environment's quota for each user; 0: no limit.
    has
        How many of the user's executions are queued or run there.
    teams
        For each of the user's teams that has a quota, how many more it may have (`team_room`). A user of several teams
        counts for the one with most room. None or empty: the user is in no team with a quota.
    """
    own = max(0, per_user - has) if per_user else None
    shared = max(teams.values()) if teams else None
    if own is None or shared is None:
        return own if shared is None else shared
    return min(own, shared)


def team_room(quota: int, has: int) -> int:
    """How many more executions of a team may be queued or run; a quota of 0 means that it may not use it at all."""
    return max(0, quota - has)


def refused(environment: str, teams: Sequence[str], quotas: Mapping[str, int]) -> str | None:
    """Why a user of these teams may not use the environment; None: the user may.

    Each team without a quota may use it without limit, one with a quota of 0 may not at all. Whoever is in no team is
    limited by the quota for each user only.
    """
    if not teams or any(quotas.get(team, 1) > 0 for team in teams):
        return None
    if len(teams) == 1:
        return f"The team {teams[0]} may not use the environment {environment}; an administrator can give it a quota."
    return (
        f"Your teams ({', '.join(teams)}) may not use the environment {environment}; an administrator can give a quota."
    )


def personal_refused(environment: str, allowed: bool, organization: bool) -> str | None:
    """Why a project may not use the environment, given whether it belongs to an organization; None: it may."""
    if allowed or organization:
        return None
    return f"The environment {environment} is for projects of the organization; this one is personal."
