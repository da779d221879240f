"""OSM tags to access, direction and speed per mode, for ways and for barrier nodes.

Pure: takes tags and a table of rules (``geodata/data/highways.csv`` and ``driving.csv``, which
`geodata.osm` reads) and returns numbers. What was decided where the OSM wiki leaves room:

- Closed are ``no``, ``private``, ``permit``, ``residents``, ``agricultural``, ``forestry``,
  ``military``, ``emergency`` and the like; ``destination``, ``customers`` and ``delivery`` are
  open, because a worker's trip ends where it leads. Through traffic is not kept off them.
- An e-bike is a non-motor vehicle (China, GB 17761-2018): it follows ``bicycle``, unless
  ``electric_bicycle`` says otherwise. ``moped`` and ``mofa`` are motor vehicles and do not bind it.
- A truck follows ``hgv``, then ``goods``, then ``motor_vehicle``.
- People on foot ignore ``oneway``; ``oneway:foot``, ``foot:forward``, ``foot:backward`` and
  ``conveying`` (escalators) bind them. Nobody walks on a motorway.
- ``oneway=reversible`` is closed to vehicles, as nobody knows the direction at the time;
  ``alternating`` is open both ways.
- ``bus``, ``psv``, ``taxi`` and lane tags open nothing. ``*:conditional`` is not read.
- Ways tagged ``area=yes`` are walked along their outline and closed to vehicles.
- ``indoor`` and ``level`` do not matter: ways meet where they share a node.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: Codes of the modes, in the order of every table.
MODES = ("walk", "ebike", "bicycle", "drive", "truck")

#: Tag keys from the specific to the general, per mode; the first that is set decides.
ACCESS_KEYS: Mapping[str, tuple[str, ...]] = {
    "walk": ("foot", "access"),
    "ebike": ("electric_bicycle", "bicycle", "vehicle", "access"),
    "bicycle": ("bicycle", "vehicle", "access"),
    "drive": ("motorcar", "motor_vehicle", "vehicle", "access"),
    "truck": ("hgv", "goods", "motor_vehicle", "vehicle", "access"),
}

_OPEN = frozenset(
    "yes permissive designated official destination customers delivery public allowed "
    "discouraged unknown variable true 1 loading".split()
)
_CLOSED = frozenset(
    "no private permit residents agricultural forestry military emergency restricted use_sidepath "
    "employees staff authorised psv bus taxi hov none false 0 official_only no_entry".split()
)
_YES = frozenset({"yes", "true", "1"})
_NO = frozenset({"no", "false", "0"})
_BACK = frozenset({"-1", "reverse"})
_WHEELS = ("ebike", "bicycle")
_MOTORS = ("drive", "truck")
_GONE = ("abandoned", "disused", "razed", "demolished", "proposed", "planned", "removed")
_DIRECTIONS = ("forward", "backward")
_SLOW_SERVICE = frozenset({"driveway", "parking_aisle", "drive-through", "alley", "parking"})

#: Barriers that a mode cannot pass where no access tag on the node says otherwise
#: (OSM wiki Key:barrier; gates and lift gates are taken as open, as OSRM does).
CLOSED_BARRIERS: Mapping[str, frozenset[str]] = {
    "walk": frozenset("wall fence city_wall hedge retaining_wall".split()),
    "bicycle": frozenset(
        "wall fence city_wall hedge retaining_wall stile turnstile full-height_turnstile "
        "kissing_gate horse_stile log debris jersey_barrier hampshire_gate".split()
    ),
    "drive": frozenset(
        "wall fence city_wall hedge retaining_wall stile turnstile full-height_turnstile "
        "kissing_gate horse_stile log debris jersey_barrier hampshire_gate bollard block "
        "cycle_barrier motorcycle_barrier chain bar planter kerb chicane sump_buster bus_trap "
        "wedge tyres rope rock boulder ditch yes".split()
    ),
}

#: Keys of ways that are read at all.
WAY_KEYS = frozenset(
    (
        "highway route railway waterway natural water landuse area junction oneway motorroad "
        "cycleway cycleway:left cycleway:right cycleway:both cycleway:left:oneway "
        "cycleway:right:oneway conveying ramp ramp:bicycle service duration sidewalk "
        "impassable status tunnel bridge covered location "
        "maxspeed maxspeed:forward maxspeed:backward maxspeed:type zone:traffic source:maxspeed "
        "maxspeed:motorcar maxspeed:hgv maxheight maxheight:physical maxwidth maxwidth:physical "
        "maxlength maxweight maxweight:hgv maxweightrating maxweightrating:hgv maxaxleload"
    ).split()
    + list(_GONE)
    + [key for keys in ACCESS_KEYS.values() for key in keys]
    + [f"{key}:{d}" for keys in ACCESS_KEYS.values() for key in keys for d in _DIRECTIONS]
    + [
        f"oneway:{key}"
        for key in "foot bicycle electric_bicycle vehicle motor_vehicle motorcar hgv goods".split()
    ]
)

#: Keys of nodes that are read at all.
NODE_KEYS = frozenset(
    {"barrier", "locked", "maxwidth", "maxheight"}
    | {key for keys in ACCESS_KEYS.values() for key in keys}
)

Tags = Mapping[str, str]
Speeds = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Rules:
    """The tables that the rules stand on.

    Attributes
    ----------
    highways : mapping of str to mapping of str to float
        Speed (km/h) per highway class (and ``ferry``) and mode; 0 where closed by default.
    values : mapping of str to float
        Single numbers by name: factors, ceilings, the default lorry, limits of speed zones.
    """

    highways: Mapping[str, Mapping[str, float]]
    values: Mapping[str, float]

    @classmethod
    def of(cls, highways: Iterable[Tags], values: Iterable[Tags]) -> "Rules":
        """Return the rules from the rows of the two tables.

        Parameters
        ----------
        highways : iterable of mapping
            Rows ``highway, walk, ebike, bicycle, drive, truck, source``.
        values : iterable of mapping
            Rows ``name, value, unit, source``.

        Returns
        -------
        Rules
            Ready to be asked.
        """
        return cls(
            {row["highway"]: {mode: float(row[mode]) for mode in MODES} for row in highways},
            {row["name"]: float(row["value"]) for row in values},
        )


def parse_kph(text: str, rules: Rules) -> float:
    """Return a speed limit in km/h, NaN where the text does not say one.

    Parameters
    ----------
    text : str
        Value of ``maxspeed`` (OSM wiki Key:maxspeed): ``60``, ``40 mph``, ``10 knots``, ``none``,
        ``walk``, ``CN:urban``, ``50;30`` (the lowest counts).
    rules : Rules
        Holds the limits of zones.

    Returns
    -------
    float
        Limit in km/h, or NaN.
    """
    parts = [_one_kph(part.strip(), rules) for part in re.split(r"[;|,]", _plain(text))]
    known = [kph for kph in parts if not math.isnan(kph)]
    return min(known, default=math.nan)


def _plain(text: str) -> str:
    """Return text with full-width digits and letters made plain."""
    return unicodedata.normalize("NFKC", text).strip()


_UNITS_KPH = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}


def _one_kph(text: str, rules: Rules) -> float:
    """Return one limit in km/h, NaN if it is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z/]*)", text.lower())
    if match:
        kph = float(match[1]) * _UNITS_KPH.get(match[2], math.nan)
        return kph if kph > 0 else math.nan
    if text in {"none", "unlimited"}:
        return rules.values["no_limit_kph"]
    if text == "walk":
        return rules.values["walk_limit_kph"]
    country, colon, zone = text.partition(":")
    if not colon:
        return math.nan
    if re.fullmatch(r"zone:?\d+", zone):
        return float(zone.removeprefix("zone").removeprefix(":"))
    if zone.isdigit():
        return float(zone)
    general = rules.values.get(f"zone_{zone}_kph", math.nan)
    return rules.values.get(f"zone_{country}:{zone}_kph", general)


_LENGTHS_M = {"": 1.0, "m": 1.0, "cm": 0.01, "ft": 0.3048, "'": 0.3048}
_WEIGHTS_T = {"": 1.0, "t": 1.0, "kg": 0.001, "st": 0.90718474, "lbs": 0.00045359237, "lt": 1.016}


def parse_metres(text: str) -> float:
    """Return a length limit in metres, NaN where the text does not say one.

    Parameters
    ----------
    text : str
        ``3.5``, ``3.5 m``, ``11'6"``, ``12 ft`` (OSM wiki Map features/Units).

    Returns
    -------
    float
        Metres, or NaN (``default``, ``none``, ``below_default`` …).
    """
    text = _plain(text).lower().replace("\u2032", "'").replace("\u2033", '"').replace(" ", "")
    feet = re.fullmatch(r"(\d+)'(?:(\d+(?:\.\d+)?)(?:\"|''))?", text)
    if feet:
        return (int(feet[1]) + float(feet[2] or 0) / 12) * 0.3048
    return _quantity(text, _LENGTHS_M)


def parse_tonnes(text: str) -> float:
    """Return a weight limit in metric tonnes, NaN where the text does not say one.

    Parameters
    ----------
    text : str
        ``7.5``, ``7.5 t``, ``8000 kg``, ``10 st`` (OSM wiki Key:maxweight).

    Returns
    -------
    float
        Tonnes, or NaN.
    """
    return _quantity(_plain(text).lower().replace(" ", ""), _WEIGHTS_T)


def _quantity(text: str, units: Mapping[str, float]) -> float:
    """Return a number with a unit, in the base unit; NaN if it is none."""
    match = re.fullmatch(r"(\d+(?:[.,]\d+)?)([a-z']*)", text)
    if not match:
        return math.nan
    return float(match[1].replace(",", ".")) * units.get(match[2], math.nan)


def parse_hours(text: str) -> float:
    """Return a duration in hours, NaN where the text does not say one.

    Parameters
    ----------
    text : str
        ``HH:MM``, ``HH:MM:SS``, minutes, or ISO 8601 (OSM wiki Key:duration).

    Returns
    -------
    float
        Hours, or NaN.
    """
    text = _plain(text)
    clock = re.fullmatch(r"(?:(\d+):)?(\d+)(?::(\d+))?", text)
    if clock:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return hours + minutes / 60 + seconds / 3600 or math.nan
    iso = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text.upper())
    if not iso:
        return math.nan
    days, hours, minutes, seconds = (int(part or 0) for part in iso.groups())
    return days * 24 + hours + minutes / 60 + seconds / 3600 or math.nan


def _reading(value: str) -> bool | None:
    """Return whether an access value opens, closes, or says nothing that we know."""
    for part in value.split(";"):
        word = part.strip().lower()
        if word in _OPEN:
            return True
        if word in _CLOSED:
            return False
    return None


def access(tags: Tags, mode: str, direction: str = "") -> tuple[bool | None, str]:
    """Return what the access tags say to a mode, and the key that decided.

    Parameters
    ----------
    tags : mapping
        Tags of a way or a node.
    mode : str
        Code of the mode.
    direction : str
        ``forward``, ``backward`` or empty.

    Returns
    -------
    (bool or None, str)
        Open, closed or None where no tag speaks; the key, ``""`` for none.
    """
    for key in ACCESS_KEYS[mode]:
        for name in (f"{key}:{direction}", key):
            said = _reading(tags[name]) if name in tags else None
            if said is not None:
                return said, key
    return None, ""


def way_class(tags: Tags, rules: Rules) -> str:
    """Return the class of a way in the table of highways, ``""`` if it is no street.

    Parameters
    ----------
    tags : mapping
        Tags of a way.
    rules : Rules
        The table.

    Returns
    -------
    str
        Value of ``highway`` (the first known one of a list), ``ferry``, or ``""``.
    """
    for part in tags.get("highway", "").split(";"):
        if part.strip() in rules.highways and part.strip() != "ferry":
            return part.strip()
    return "ferry" if tags.get("route") == "ferry" and "highway" not in tags else ""


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
        the table's; its duration is `parse_hours` of its tag.
    """
    name = way_class(tags, rules)
    if not name or _gone(tags):
        return dict.fromkeys(MODES, (0.0, 0.0))
    speeds = {}
    for mode in MODES:
        allowed = _directions(tags, mode, name)
        both = [
            _speed(tags, mode, name, direction, rules) if open_ else 0.0
            for direction, open_ in zip(_DIRECTIONS, allowed, strict=True)
        ]
        speeds[mode] = (both[0], both[1])
    return speeds


def _gone(tags: Tags) -> bool:
    """Return whether a way is not there, or not yet, or not passable."""
    if tags.get("impassable") == "yes" or tags.get("status") == "impassable":
        return True
    return any(tags.get(key) == "yes" for key in _GONE)


def _speed(tags: Tags, mode: str, name: str, direction: str, rules: Rules) -> float:
    """Return the speed of a mode in a direction that is not against the traffic; 0 if closed."""
    if mode not in ("walk", *_WHEELS) and _too_small(tags, mode, rules):
        return 0.0
    base = _open_speed(tags, mode, name, direction, rules)
    if base == 0.0 or mode == "walk" or name == "ferry":
        return base
    if mode in _WHEELS:
        limit = _limit(tags, mode, direction, rules)
        return base if math.isnan(limit) else min(base, limit)
    return _motor_speed(tags, mode, base, _limit(tags, mode, direction, rules), rules)


def _open_speed(tags: Tags, mode: str, name: str, direction: str, rules: Rules) -> float:
    """Return the speed of a class as its access tags open or close it."""
    said, key = access(tags, mode, direction)
    default = rules.highways[name][mode]
    if _never(tags, mode, name) or said is False:
        return 0.0
    if mode in _WHEELS and _pushed(tags, name, said=said):
        return rules.values["push_kph"]
    if said and key != "access":
        return default or rules.values[f"opened_{mode}_kph"]
    if tags.get("motorroad") == "yes" and mode not in _MOTORS:
        return 0.0
    return default


def _never(tags: Tags, mode: str, name: str) -> bool:
    """Return whether no access tag can open this to the mode."""
    if mode == "walk":
        return name in {"motorway", "motorway_link"}
    if mode in _MOTORS and name in {"steps", "elevator", "corridor", "platform"}:
        return True
    return tags.get("area") == "yes"


def _pushed(tags: Tags, name: str, *, said: bool | None) -> bool:
    """Return whether a bicycle is pushed here: told to, or up a ramp beside steps."""
    if tags.get("bicycle") == "dismount":
        return True
    if name != "steps":
        return False
    ramp = tags.get("ramp:bicycle", "no") not in _NO or tags.get("ramp") in _YES
    return ramp or said is True


def _motor_speed(tags: Tags, mode: str, base: float, limit: float, rules: Rules) -> float:
    """Return the travel speed of a motor vehicle from the class and the limit."""
    values = rules.values
    speed = base if math.isnan(limit) else limit * values["maxspeed_factor"]
    if tags.get("service") in _SLOW_SERVICE:
        speed = min(speed, values["slow_service_kph"])
    return min(speed, values[f"{mode}_ceiling_kph"])


def _limit(tags: Tags, mode: str, direction: str, rules: Rules) -> float:
    """Return the speed limit for a mode and direction, NaN where none is known."""
    own = {"truck": ("maxspeed:hgv",), "drive": ("maxspeed:motorcar",)}.get(mode, ())
    rest = (f"maxspeed:{direction}", "maxspeed", "zone:traffic", "maxspeed:type", "source:maxspeed")
    for key in own + rest:
        kph = parse_kph(tags[key], rules) if key in tags else math.nan
        if not math.isnan(kph):
            return kph
    return math.nan


def _too_small(tags: Tags, mode: str, rules: Rules) -> bool:
    """Return whether the default lorry is too high, wide, long or heavy for the way."""
    if mode != "truck":
        return False
    values = rules.values
    metres = {
        "maxheight": "truck_height_m",
        "maxheight:physical": "truck_height_m",
        "maxwidth": "truck_width_m",
        "maxwidth:physical": "truck_width_m",
        "maxlength": "truck_length_m",
    }
    tonnes = {
        "maxweight": "truck_weight_t",
        "maxweight:hgv": "truck_weight_t",
        "maxweightrating": "truck_weight_t",
        "maxweightrating:hgv": "truck_weight_t",
        "maxaxleload": "truck_axle_t",
    }
    low = any(parse_metres(tags[k]) < values[v] for k, v in metres.items() if k in tags)
    return low or any(parse_tonnes(tags[k]) < values[v] for k, v in tonnes.items() if k in tags)


def _directions(tags: Tags, mode: str, name: str) -> tuple[bool, bool]:
    """Return whether a mode may go along and against the way."""
    if mode == "walk":
        return _foot_directions(tags, name)
    if mode in _WHEELS:
        own = ("oneway:electric_bicycle",) if mode == "ebike" else ()
        said = _first_oneway(tags, (*own, "oneway:bicycle"))
        if said is not None:
            return said
        if _contraflow(tags):
            return True, True
        return _vehicle_directions(tags, name, ("oneway:vehicle",))
    own = ("oneway:hgv", "oneway:goods") if mode == "truck" else ("oneway:motorcar",)
    return _vehicle_directions(tags, name, (*own, "oneway:motor_vehicle", "oneway:vehicle"))


def _foot_directions(tags: Tags, name: str) -> tuple[bool, bool]:
    """Return the directions open on foot: only its own tags and escalators bind."""
    said = _first_oneway(tags, ("oneway:foot",))
    if said is not None:
        return said
    moving = tags.get("conveying", "") if name in {"steps", "footway", "corridor"} else ""
    return moving != "backward", moving != "forward"


def _vehicle_directions(tags: Tags, name: str, keys: tuple[str, ...]) -> tuple[bool, bool]:
    """Return the directions open to vehicles; roundabouts and motorways imply one."""
    said = _first_oneway(tags, (*keys, "oneway"))
    if said is not None:
        return said
    implied = tags.get("junction") in {"roundabout", "circular"} or name == "motorway"
    return True, not implied


def _first_oneway(tags: Tags, keys: tuple[str, ...]) -> tuple[bool, bool] | None:
    """Return the directions that the first readable one of these keys states."""
    for key in keys:
        value = tags.get(key, "").strip().lower()
        if value in _YES:
            return True, False
        if value in _NO or value == "alternating":
            return True, True
        if value in _BACK:
            return False, True
        if value == "reversible":
            return False, False
    return None


def _contraflow(tags: Tags) -> bool:
    """Return whether a cycle lane or track runs against the one-way traffic."""
    sides = ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")
    if any(tags.get(side, "").startswith("opposite") for side in sides):
        return True
    lanes = (tags.get("cycleway:left:oneway", ""), tags.get("cycleway:right:oneway", ""))
    return any(lane in _NO or lane in _BACK for lane in lanes)


def node_closed(tags: Tags) -> frozenset[str]:
    """Return the modes that cannot pass a node.

    Parameters
    ----------
    tags : mapping
        Tags of the node. Access tags on it decide first; ``locked=yes`` closes a gate to all;
        else the kind of barrier does (OSM wiki Key:barrier).

    Returns
    -------
    frozenset of str
        Codes of modes; empty for nodes that are no barrier.
    """
    barrier = tags.get("barrier", "")
    if barrier in {"", "no", "entrance", "border_control"}:
        return frozenset()
    return frozenset(mode for mode in MODES if _node_stops(tags, mode, barrier))


def _node_stops(tags: Tags, mode: str, barrier: str) -> bool:
    """Return whether a barrier stops a mode."""
    said, _ = access(tags, mode)
    if mode in _WHEELS and tags.get("bicycle") == "dismount":
        return False
    if said is not None:
        return not said
    if tags.get("locked") == "yes":
        return True
    kind = {"ebike": "bicycle", "truck": "drive"}.get(mode, mode)
    return barrier in CLOSED_BARRIERS[kind]


_RAILWAYS = frozenset({"rail", "light_rail", "narrow_gauge", "subway", "preserved", "funicular"})


def is_barrier_line(tags: Tags) -> bool:
    """Return whether an access leg on foot should not cross this way.

    Parameters
    ----------
    tags : mapping
        Tags of a way: shores of water, rivers, canals, railways, motorways. What runs through a
        tunnel is crossed above it; a railway or motorway on a bridge is crossed below it.

    Returns
    -------
    bool
        True for barriers.
    """
    if tags.get("tunnel", "no") != "no" or tags.get("covered") == "yes":
        return False
    if tags.get("location") == "underground":
        return False
    if is_water(tags) or tags.get("waterway") in {"river", "canal"}:
        return tags.get("bridge", "no") == "no"
    line = tags.get("railway") in _RAILWAYS or tags.get("highway") in {"motorway", "motorway_link"}
    return line and tags.get("bridge", "no") == "no"


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
