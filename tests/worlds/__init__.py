"""Simulated service panels with known effects, to judge estimates by; knows nothing of how effects are estimated.

A world has what real service desks have: weekday profiles, holidays, shared and own annual seasons, common factors
that services follow more or less, shared shocks, own noise with memory, drift, trends, unrecorded incidents and level
shifts, and counts that vary more than Poisson. ``rough`` worlds have all of it; calm ones the same noise x 0.4.
Worlds with ``noise=OTHER`` are made by other rules, so that nothing is tuned to one kind of world.

A change can be a lasting step, a ramp (gradual rollout), a jump that fades, or both; it can partly reach other
services, and its date can follow a spike of tickets. ``oracle`` says what could at best be known of a change.
"""

from tests.worlds.noise import CALM, DEPARTMENT, FIRST_ON, USUAL, Noise, holidays
from tests.worlds.oracle import Told, oracle
from tests.worlds.other import OTHER
from tests.worlds.plans import Planned, plan_changes, plan_one_each
from tests.worlds.world import Family, World, after_spikes, simulate

__all__ = [
    "CALM",
    "DEPARTMENT",
    "FIRST_ON",
    "OTHER",
    "USUAL",
    "Family",
    "Noise",
    "Planned",
    "Told",
    "World",
    "after_spikes",
    "holidays",
    "oracle",
    "plan_changes",
    "plan_one_each",
    "simulate",
]
