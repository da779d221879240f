"""OSM tags of what stops a trip: barrier nodes per mode, and lines that nobody walks across.

Pure, like `geodata.osm_tags`. Gates are taken as open unless locked or tagged otherwise: the gates
of an estate that keeps others out are tagged ``access=private``.
"""

import math

from geodata import osm_units
from geodata.osm_tags import MODES, Rules, Tags, access, truck_fits

_RAILWAYS = frozenset({"rail", "light_rail", "narrow_gauge", "subway", "preserved", "funicular"})
_MOTORWAYS = frozenset({"motorway", "motorway_link"})
_LOW_KERBS = frozenset({"lowered", "flush", "rolled", "no"})


def node_closed(tags: Tags, rules: Rules) -> frozenset[str]:
    """Return the modes that cannot pass a node.

    Parameters
    ----------
    tags : mapping
        Tags of the node. Its access tags decide first, then ``locked=yes`` closes it to all, then
        the kind of barrier does (OSM wiki Key:barrier).
    rules : Rules
        Holds the kinds of barriers.

    Returns
    -------
    frozenset of str
        Codes of modes; empty for nodes that are no barrier.
    """
    barrier = tags.get("barrier", "no")
    if barrier == "no":
        return frozenset()
    if barrier == "kerb" and tags.get("kerb") in _LOW_KERBS:
        barrier = "entrance"
    return frozenset(mode for mode in MODES if not _passes(tags, mode, barrier, rules))


def _passes(tags: Tags, mode: str, barrier: str, rules: Rules) -> bool:
    """Return whether a mode passes a barrier."""
    if mode == "truck" and not truck_fits(tags, rules):
        return False
    said, _ = access(tags, mode, rules)
    if said is None and mode == "truck" and barrier == "height_restrictor":
        return not math.isnan(osm_units.metres(tags.get("maxheight", "")))
    if said is None:
        kinds = rules.barriers
        return tags.get("locked") != "yes" and mode in kinds.get(barrier, kinds["*"])
    return said


def is_water(tags: Tags) -> bool:
    """Return whether a way or relation is the outline of water.

    Parameters
    ----------
    tags : mapping
        Tags of a way or a multipolygon relation.

    Returns
    -------
    bool
        True for ``natural=water|coastline``, ``waterway=riverbank|dock``, ``landuse=reservoir``.
    """
    return (
        tags.get("natural") in {"water", "coastline"}
        or tags.get("waterway") in {"riverbank", "dock"}
        or tags.get("landuse") == "reservoir"
    )


def barrier_kind(tags: Tags) -> str:
    """Return what an access leg on foot should not cross here.

    Parameters
    ----------
    tags : mapping
        Tags of a way: shores, rivers, canals, railways, motorways. What runs in a tunnel is
        crossed above it; what runs on a bridge is crossed below it.

    Returns
    -------
    str
        ``water``, ``railway`` or ``motorway``; ``""`` for all else.
    """
    covered = tags.get("covered") == "yes" or tags.get("location") == "underground"
    if covered or tags.get("tunnel", "no") != "no" or tags.get("bridge", "no") != "no":
        return ""
    if tags.get("highway") in _MOTORWAYS:
        return "motorway"
    if tags.get("railway") in _RAILWAYS:
        return "railway"
    return "water" if is_water(tags) or flows(tags) else ""


def flows(tags: Tags) -> bool:
    """Return whether a way is the middle of a river or a canal.

    Parameters
    ----------
    tags : mapping
        Tags of a way.

    Returns
    -------
    bool
        True for ``waterway=river|canal``.
    """
    return tags.get("waterway") in {"river", "canal"}
