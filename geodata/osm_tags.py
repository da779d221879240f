"""OSM tags of a way to access, direction and speed per mode.

Pure: takes tags and tables (``geodata/data``: ``highways``, ``access``, ``barriers``, ``driving``;
`geodata.osm` reads them) and returns numbers. What was decided where the OSM wiki leaves room:

- The most specific access tag decides. ``private``, ``no``, ``permit`` … close; ``destination``,
  ``customers`` and ``delivery`` are open, because a trip to a station ends there; through traffic
  is not kept off. ``access`` alone never opens a class that is closed by default to a mode
  (a footway to cars), its own tags do (``bicycle=yes`` on a footway).
- An e-bike is a non-motor vehicle (China, GB 17761): it follows ``bicycle``, unless
  ``electric_bicycle`` says otherwise. ``moped`` and ``mofa`` are motor vehicles and do not bind it.
- A truck follows ``hgv``, then ``goods``, then ``motor_vehicle``; it must fit under ``maxheight``,
  ``maxweight`` and the like, its measures being in ``driving.csv``.
- People on foot ignore ``oneway``; ``oneway:foot``, ``foot:forward``, ``foot:backward`` and
  ``conveying`` (escalators) bind them. Nobody walks on a motorway, whatever it is tagged.
- ``oneway=reversible`` is closed to vehicles, as nobody knows the direction at the time;
  ``alternating`` is open both ways. Roundabouts and motorways are one-way unless tagged.
- A bicycle is pushed where ``bicycle=dismount``, and on steps that have a ramp; no other steps.
- ``bus``, ``psv``, ``taxi`` and lane tags open nothing. ``*:conditional``, ``surface``,
  ``smoothness`` and ``sidewalk`` are not read; nor ``indoor`` and ``level``: ways meet where they
  share a node.
- Ways tagged ``area=yes`` are walked along their outline and closed to vehicles.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from geodata import osm_units

#: Codes of the modes, in the order of every table.
MODES = ("walk", "ebike", "bicycle", "drive", "truck")

#: Access keys from the specific to the general, per mode; the first that is understood decides.
ACCESS_KEYS: Mapping[str, tuple[str, ...]] = {
    "walk": ("foot", "access"),
    "ebike": ("electric_bicycle", "bicycle", "vehicle", "access"),
    "bicycle": ("bicycle", "vehicle", "access"),
    "drive": ("motorcar", "motor_vehicle", "vehicle", "access"),
    "truck": ("hgv", "goods", "motor_vehicle", "vehicle", "access"),
}

_ONEWAY_KEYS: Mapping[str, tuple[str, ...]] = {
    "walk": ("oneway:foot",),
    "ebike": ("oneway:electric_bicycle", "oneway:bicycle"),
    "bicycle": ("oneway:bicycle",),
    "drive": ("oneway:motorcar", "oneway:motor_vehicle"),
    "truck": ("oneway:hgv", "oneway:goods", "oneway:motor_vehicle"),
}
_CYCLEWAYS = ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")
_LANES = ("cycleway:left:oneway", "cycleway:right:oneway", "cycleway:both:oneway")
_LIMIT_KEYS: Mapping[str, tuple[str, ...]] = {
    "drive": ("maxspeed:motorcar", "maxspeed:motor_vehicle"),
    "truck": ("maxspeed:hgv", "maxspeed:goods", "maxspeed:motor_vehicle"),
}
_ZONE_KEYS = ("maxspeed:type", "source:maxspeed", "zone:maxspeed", "zone:traffic")
_METRE_LIMITS = {
    "maxheight": "truck_height_m",
    "maxheight:physical": "truck_height_m",
    "maxheight:signed": "truck_height_m",
    "maxwidth": "truck_width_m",
    "maxwidth:physical": "truck_width_m",
    "maxlength": "truck_length_m",
}
_TONNE_LIMITS = {
    "maxweight": "truck_weight_t",
    "maxweight:signed": "truck_weight_t",
    "maxweight:hgv": "truck_weight_t",
    "maxweightrating": "truck_weight_t",
    "maxweightrating:hgv": "truck_weight_t",
    "maxaxleload": "truck_axle_t",
}
_GONE = ("abandoned", "disused", "razed", "demolished", "proposed", "planned", "removed")
_DIRECTIONS = ("forward", "backward")
_PEDALS = frozenset({"ebike", "bicycle"})
_MOTORS = frozenset({"drive", "truck"})
_NO_MOTORS = frozenset({"steps", "elevator", "corridor", "platform"})
_YES = frozenset({"yes", "true", "1"})
_NO = frozenset({"no", "false", "0"})
_BACK = frozenset({"-1", "reverse"})
_SLOW_SERVICE = frozenset({"driveway", "parking_aisle", "drive-through", "alley", "parking"})
_MOTORWAYS = frozenset({"motorway", "motorway_link"})

_ACCESS_NAMES = frozenset(key for keys in ACCESS_KEYS.values() for key in keys)

#: Keys of ways that the rules read.
WAY_KEYS = frozenset(
    {
        "highway",
        "route",
        "railway",
        "public_transport",
        "man_made",
        "waterway",
        "natural",
        "landuse",
    }
    | {"area", "junction", "oneway", "oneway:vehicle", "motorroad", "conveying", "service"}
    | {"ramp", "ramp:bicycle", "duration", "impassable", "status", "maxspeed"}
    | {"tunnel", "bridge", "covered", "location", *_GONE, *_CYCLEWAYS, *_LANES, *_ZONE_KEYS}
    | {f"maxspeed:{direction}" for direction in _DIRECTIONS}
    | {key for keys in (*_ONEWAY_KEYS.values(), *_LIMIT_KEYS.values()) for key in keys}
    | {*_METRE_LIMITS, *_TONNE_LIMITS, *_ACCESS_NAMES}
    | {f"{key}:{direction}" for key in _ACCESS_NAMES for direction in _DIRECTIONS}
)

Tags = Mapping[str, str]
Speeds = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Rules:
    """The tables that the rules stand on.

    Attributes
    ----------
    highways : mapping of str to mapping of str to float
        Speed (km/h) per class (and ``ferry``, ``pier``) and mode; 0 where closed by default.
    access, barriers : mapping of str to frozenset of str
        Modes that an access value opens, and modes that pass a kind of barrier (``*`` for the
        kinds without a row). Access values without a row say nothing.
    values, limits : mapping of str to float
        Single numbers by name, and speed limits (km/h) that words stand for.
    """

    highways: Mapping[str, Mapping[str, float]]
    access: Mapping[str, frozenset[str]]
    barriers: Mapping[str, frozenset[str]]
    values: Mapping[str, float]
    limits: Mapping[str, float]

    @classmethod
    def of(cls, tables: Mapping[str, Iterable[Tags]]) -> "Rules":
        """Return the rules from the rows of their tables.

        Parameters
        ----------
        tables : mapping of str to iterable of mapping
            Rows of ``highways``, ``access``, ``barriers`` (a column a mode) and ``driving``
            (``name``, ``value``).

        Returns
        -------
        Rules
            Ready to be asked.
        """
        modes = {
            table: {
                row[key]: frozenset(mode for mode in MODES if row[mode] == "1")
                for row in tables[table]
            }
            for table, key in (("access", "value"), ("barriers", "barrier"))
        }
        numbers = {row["name"]: float(row["value"]) for row in tables["driving"]}
        words = {k.removeprefix("limit_"): v for k, v in numbers.items() if k.startswith("limit_")}
        speeds = {
            row["highway"]: {mode: float(row[mode]) for mode in MODES} for row in tables["highways"]
        }
        return cls(speeds, modes["access"], modes["barriers"], numbers, words)


def access(tags: Tags, mode: str, rules: Rules, direction: str = "") -> tuple[bool | None, str]:
    """Return what the access tags say to a mode, and the key that decided.

    Parameters
    ----------
    tags : mapping
        Tags of a way or a node.
    mode : str
        Code of the mode.
    rules : Rules
        Holds the meaning of values; of a list (``a;b``) the first known one counts.
    direction : str
        ``forward``, ``backward``, or empty.

    Returns
    -------
    (bool or None, str)
        Open, closed, or None where no tag speaks; the key, ``""`` for none.
    """
    for key in ACCESS_KEYS[mode]:
        for name in (f"{key}:{direction}", key):
            for value in tags.get(name, "").lower().split(";"):
                if value.strip() in rules.access:
                    return mode in rules.access[value.strip()], key
    return None, ""


def way_class(tags: Tags, rules: Rules) -> str:
    """Return the class of a way in the table of highways.

    Parameters
    ----------
    tags : mapping
        Tags of a way.
    rules : Rules
        The table.

    Returns
    -------
    str
        Value of ``highway`` (the first known one of a list); without that tag ``ferry``, ``pier``
        or ``platform``; ``""`` if the way is no street.
    """
    if "highway" in tags:
        parts = (part.strip() for part in tags["highway"].split(";"))
        return next((part for part in parts if part in rules.highways and part != "ferry"), "")
    if tags.get("route") == "ferry":
        return "ferry"
    if tags.get("man_made") == "pier":
        return "pier"
    return "platform" if "platform" in (tags.get("railway"), tags.get("public_transport")) else ""


def way_speeds(tags: Tags, rules: Rules) -> Speeds:
    """Return the speed along and against a way for every mode.

    Parameters
    ----------
    tags : mapping
        Tags of a way.
    rules : Rules
        The tables.

    Returns
    -------
    dict of str to (float, float)
        Per mode the speed in km/h along and against the way; 0 where closed. A ferry's speed is
        the table's, unless the caller knows its length and `osm_units.hours` reads its duration.
    """
    name = way_class(tags, rules)
    if not name or _gone(tags):
        return dict.fromkeys(MODES, (0.0, 0.0))
    speeds = {}
    for mode in MODES:
        along, against = _directions(tags, mode, name)
        speeds[mode] = (
            _speed(tags, mode, name, "forward", rules) if along else 0.0,
            _speed(tags, mode, name, "backward", rules) if against else 0.0,
        )
    return speeds


def _gone(tags: Tags) -> bool:
    """Return whether a way is not there, not yet there, or not passable."""
    if tags.get("impassable") == "yes" or tags.get("status") == "impassable":
        return True
    return any(tags.get(key) == "yes" for key in _GONE)


def _speed(tags: Tags, mode: str, name: str, direction: str, rules: Rules) -> float:
    """Return the speed of a mode in a direction that is not against the traffic; 0 if closed."""
    base = _class_speed(tags, mode, name, direction, rules)
    if base == 0 or mode == "walk" or name == "ferry":
        return base
    limit = _limit(tags, mode, direction, rules)
    if mode in _PEDALS:
        return base if math.isnan(limit) else min(base, limit)
    speed = base if math.isnan(limit) else limit * rules.values["maxspeed_factor"]
    if tags.get("service") in _SLOW_SERVICE:
        speed = min(speed, rules.values["slow_service_kph"])
    return min(speed, rules.values[f"{mode}_ceiling_kph"])


def _class_speed(tags: Tags, mode: str, name: str, direction: str, rules: Rules) -> float:
    """Return the speed of a class as the access tags open or close it; 0 if closed."""
    said, key = access(tags, mode, rules, direction)
    if said is False or _never(tags, mode, name, rules):
        return 0.0
    if mode in _PEDALS and _pushed(tags, name):
        return rules.values["push_kph"]
    default = rules.highways[name][mode]
    if said and key != "access":
        return default or rules.values[f"opened_{mode}_kph"]
    barred = tags.get("motorroad") == "yes" and mode not in _MOTORS
    return 0.0 if barred else default


def _never(tags: Tags, mode: str, name: str, rules: Rules) -> bool:
    """Return whether no access tag opens this to the mode."""
    if mode == "walk":
        return name in _MOTORWAYS
    if tags.get("area") == "yes":
        return True
    if mode in _PEDALS:
        return name == "steps" and not _pushed(tags, name)
    return name in _NO_MOTORS or (mode == "truck" and not truck_fits(tags, rules))


def _pushed(tags: Tags, name: str) -> bool:
    """Return whether a bicycle is pushed: where told to, and up a ramp beside steps."""
    if tags.get("bicycle") == "dismount":
        return True
    ramp = tags.get("ramp:bicycle", tags.get("ramp", "no"))
    return name == "steps" and (ramp not in _NO or tags.get("bicycle") in _YES)


def _limit(tags: Tags, mode: str, direction: str, rules: Rules) -> float:
    """Return the speed limit for a mode and direction (km/h), NaN where none is known."""
    own = _LIMIT_KEYS.get(mode, ())
    for key in (*own, f"maxspeed:{direction}", "maxspeed", *_ZONE_KEYS):
        limit = osm_units.kph(tags[key], rules.limits) if key in tags else math.nan
        if not math.isnan(limit):
            return limit
    return math.nan


def truck_fits(tags: Tags, rules: Rules) -> bool:
    """Return whether the default lorry is small and light enough.

    Parameters
    ----------
    tags : mapping
        Tags of a way or a node.
    rules : Rules
        Holds the lorry's measures.

    Returns
    -------
    bool
        False where a limit that can be read is below the lorry's measure.
    """
    values = rules.values
    return not (
        any(osm_units.metres(tags[k]) < values[v] for k, v in _METRE_LIMITS.items() if k in tags)
        or any(osm_units.tonnes(tags[k]) < values[v] for k, v in _TONNE_LIMITS.items() if k in tags)
    )


def _directions(tags: Tags, mode: str, name: str) -> tuple[bool, bool]:
    """Return whether a mode may go along and against the way."""
    said = _first_oneway(tags, _ONEWAY_KEYS[mode])
    if said is None and mode == "walk":
        moving = tags.get("conveying", "")
        said = moving != "backward", moving != "forward"
    if said is None and mode in _PEDALS and _contraflow(tags):
        said = True, True
    if said is None:
        said = _first_oneway(tags, ("oneway:vehicle", "oneway"))
    if said is None:
        implied = tags.get("junction") in {"roundabout", "circular"} or name == "motorway"
        said = True, not implied
    return said


_ONEWAYS = (
    dict.fromkeys(_YES, (True, False))
    | dict.fromkeys((*_NO, "alternating"), (True, True))
    | dict.fromkeys(_BACK, (False, True))
    | {"reversible": (False, False)}
)


def _first_oneway(tags: Tags, keys: tuple[str, ...]) -> tuple[bool, bool] | None:
    """Return the directions that the first readable one of these keys states."""
    values = (tags.get(key, "").strip().lower() for key in keys)
    return next((_ONEWAYS[value] for value in values if value in _ONEWAYS), None)


def _contraflow(tags: Tags) -> bool:
    """Return whether a cycle lane or track runs against the one-way traffic."""
    if any(tags.get(key, "").startswith("opposite") for key in _CYCLEWAYS):
        return True
    return any(tags.get(key, "") in _NO | _BACK for key in _LANES)
