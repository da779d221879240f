/* Our own base map: vector tiles of /tiles/basemap, drawn on canvas by Leaflet.
 * unionBasemap.layer({url, version, minzoom, maxzoom, dark, bounds, pane, labelPane, avoid})
 *   url       with {z}, {x} and {y}
 *   bounds    [west, south, east, north] in degrees: nothing is asked for beyond
 *   avoid     function returning [x, y, half width, half height] of what no name may cover (px)
 *   omit      function telling whether a place's name is written already by somebody else
 * A tile that cannot be had stays empty. Names stand on a canvas of their own, so that they are
 * neither cut at the borders of tiles nor written over one another. */
(function () {
  'use strict';

  /* ---- Mapbox Vector Tile 2.1: a small reader ---- */

  function Reader(bytes, at, end) { this.bytes = bytes; this.at = at; this.end = end; }

  Reader.prototype.varint = function () {
    var value = 0, scale = 1, byte;
    do {
      if (this.at >= this.end || scale > 1e19) { throw new Error('broken tile'); }
      byte = this.bytes[this.at++];
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte > 127);
    return value;
  };

  /* A whole number that may be negative: ten bytes, of which small values come by complement. */
  Reader.prototype.signed = function () {
    var from = this.at, value = this.varint(), rest = 1, scale = 1;
    if (this.at - from < 10) { return value; }
    for (var i = from; i < this.at; i++) {
      rest += (i < this.at - 1 ? 127 - (this.bytes[i] & 127) : 1 - (this.bytes[i] & 1)) * scale;
      scale *= 128;
    }
    return -rest;
  };

  /* A length, and the bytes that have it. */
  Reader.prototype.part = function () {
    var length = this.varint(), from = this.at;
    this.at += length;
    if (this.at > this.end) { throw new Error('broken tile'); }
    return new Reader(this.bytes, from, this.at);
  };

  Reader.prototype.text = function () {
    var part = this.part();
    return new TextDecoder('utf-8').decode(this.bytes.subarray(part.at, part.end));
  };

  Reader.prototype.skip = function (type) {
    if (type === 0) { this.varint(); } else if (type === 2) { this.part(); } else
    if (type === 1) { this.at += 8; } else if (type === 5) { this.at += 4; } else { throw new Error('broken tile'); }
  };

  /* Calls back with (field, type, reader) for each field; what is not taken (true) is skipped. */
  Reader.prototype.each = function (take) {
    while (this.at < this.end) {
      var tag = this.varint(), field = Math.floor(tag / 8), type = tag % 8;
      if (!take(field, type, this)) { this.skip(type); }
    }
  };

  function unzigzag(n) { return n % 2 ? -(n + 1) / 2 : n / 2; }

  function valueOf(part) {
    var view = new DataView(part.bytes.buffer, part.bytes.byteOffset), value = null;
    part.each(function (field, type, r) {
      if (field === 1 && type === 2) { value = r.text(); return true; }
      if (field === 2 && type === 5) { value = view.getFloat32(r.at, true); r.at += 4; return true; }
      if (field === 3 && type === 1) { value = view.getFloat64(r.at, true); r.at += 8; return true; }
      if (type !== 0) { return false; }
      value = field === 4 ? r.signed() : r.varint();
      if (field === 6) { value = unzigzag(value); }
      if (field === 7) { value = value !== 0; }
      return true;
    });
    return value;
  }

  /* Geometry commands to parts: flat arrays of x and y; a ring repeats its first point. */
  function partsOf(part, kind) {
    var parts = [], now = null, x = 0, y = 0;
    while (part.at < part.end) {
      var command = part.varint(), times = Math.floor(command / 8);
      command %= 8;
      if (command === 7) {
        if (now) { now.push(now[0], now[1]); }
        continue;
      }
      if ((command !== 1 && command !== 2) || times > part.end - part.at) { throw new Error('broken tile'); }
      for (; times > 0; times--) {
        x += unzigzag(part.varint());
        y += unzigzag(part.varint());
        if (command === 1 || !now) { now = []; parts.push(now); }
        now.push(x, y);
      }
    }
    return kind === 1 ? parts : parts.filter(function (p) { return p.length > 3; });
  }

  function boxOf(parts) {
    var box = [Infinity, Infinity, -Infinity, -Infinity];
    parts.forEach(function (p) {
      for (var i = 0; i < p.length; i += 2) {
        if (p[i] < box[0]) { box[0] = p[i]; }
        if (p[i] > box[2]) { box[2] = p[i]; }
        if (p[i + 1] < box[1]) { box[1] = p[i + 1]; }
        if (p[i + 1] > box[3]) { box[3] = p[i + 1]; }
      }
    });
    return box;
  }

  function featureOf(part) {
    var feature = { type: 0, tags: [], parts: [] }, geometry = null;
    part.each(function (field, type, r) {
      if (field === 3 && type === 0) { feature.type = r.varint(); return true; }
      if (field === 4 && type === 2) { geometry = r.part(); return true; }
      if (field !== 2 || type !== 2) { return false; }
      var tags = r.part();
      while (tags.at < tags.end) { feature.tags.push(tags.varint()); }
      return true;
    });
    if (geometry) { feature.parts = partsOf(geometry, feature.type); }
    feature.box = boxOf(feature.parts);
    return feature;
  }

  function layerOf(part) {
    var layer = { name: '', extent: 4096, features: [] }, keys = [], values = [];
    part.each(function (field, type, r) {
      if (field === 1 && type === 2) { layer.name = r.text(); return true; }
      if (field === 2 && type === 2) { layer.features.push(featureOf(r.part())); return true; }
      if (field === 3 && type === 2) { keys.push(r.text()); return true; }
      if (field === 4 && type === 2) { values.push(valueOf(r.part())); return true; }
      if (field === 5 && type === 0) { layer.extent = r.varint() || 4096; return true; }
      return false;
    });
    layer.features.forEach(function (feature) {
      feature.properties = {};
      for (var i = 0; i + 1 < feature.tags.length; i += 2) {
        feature.properties[keys[feature.tags[i]]] = values[feature.tags[i + 1]];
      }
      delete feature.tags;
    });
    return layer;
  }

  /* Bytes of a tile to layers by name: {extent, features: [{type, parts, box, properties}]}. */
  function decode(bytes) {
    var layers = {};
    new Reader(bytes, 0, bytes.length).each(function (field, type, r) {
      if (field !== 3 || type !== 2) { return false; }
      var layer = layerOf(r.part());
      layers[layer.name] = layer;
      return true;
    });
    return layers;
  }

  /* ---- how it looks ---- */

  var LOOKS = {
    light: { water: '#c3d9e6', river: '#a9c8da', park: '#d9e6cf', rail: '#a9a4ad',
      road: ['#b3ac9d', '#bdb8ab', '#c6c2b7', '#cdc9bf', '#d3cfc6'], lane: '#ffffff',
      ink: '#343c43', soft: '#59646d', halo: 'rgba(255,255,255,.92)' },
    dark: { water: '#203443', river: '#294356', park: '#1e2f25', rail: '#5a5760',
      road: ['#747c83', '#62696f', '#525a60', '#474e54', '#3f464b'], lane: '#2b3237',
      ink: '#e3e7ea', soft: '#b4bec6', halo: 'rgba(18,23,27,.9)' }
  };
  var WIDTHS = [7, 5.4, 4.4, 3.4, 1.3];
  var PLACES = { city: [17, 700], town: [15, 600], county: [15, 600], district: [15, 600], borough: [14, 600],
    suburb: [13, 600], quarter: [12, 600], village: [12, 500] };
  var FONT = 'system-ui, -apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif';

  function roadWidth(level, zoom) {
    var width = WIDTHS[level] * Math.pow(zoom < 15 ? 1.36 : 1.5, zoom - 15);
    return Math.max(level < 2 ? 0.9 : 0.6, Math.min(width, 34 - 5 * level));
  }

  function levelOf(feature) { return Math.max(0, Math.min(4, Math.round(+feature.properties.level) || 0)); }

  function trace(context, features, box) {
    context.beginPath();
    features.forEach(function (feature) {
      var b = feature.box;
      if (b[2] < box[0] || b[0] > box[2] || b[3] < box[1] || b[1] > box[3]) { return; }
      feature.parts.forEach(function (p) {
        context.moveTo(p[0], p[1]);
        for (var i = 2; i < p.length; i += 2) { context.lineTo(p[i], p[i + 1]); }
      });
    });
  }

  function featuresOf(tile, name) { return tile[name] ? tile[name].features : []; }

  /* Draws one tile of the map out of the source tile that holds it. */
  function paint(canvas, tile, view, look) {
    var context = canvas.getContext('2d');
    Object.keys(tile).forEach(function (name) { tile[name].scale = view.size / tile[name].extent; });
    function ready(name) {
      var scale = tile[name] ? tile[name].scale : 1, edge = 40 / scale;
      context.setTransform(view.ratio * scale, 0, 0, view.ratio * scale, view.ratio * view.x, view.ratio * view.y);
      return { scale: scale, box: [-view.x / scale - edge, -view.y / scale - edge,
        (256 - view.x) / scale + edge, (256 - view.y) / scale + edge] };
    }
    function area(name, features, colour) {
      var frame = ready(name);
      trace(context, features, frame.box);
      context.fillStyle = colour;
      context.fill();
    }
    function line(name, features, colour, width, dash) {
      if (!features.length) { return; }
      var frame = ready(name);
      trace(context, features, frame.box);
      context.strokeStyle = colour;
      context.lineWidth = width / frame.scale;
      context.setLineDash((dash || []).map(function (n) { return n / frame.scale; }));
      context.stroke();
      context.setLineDash([]);
    }
    context.lineJoin = 'round';
    context.lineCap = 'round';
    area('green', featuresOf(tile, 'green'), look.park);
    area('water', featuresOf(tile, 'water'), look.water);
    var rivers = featuresOf(tile, 'waterway').filter(function (f) { return f.properties['class'] === 'river'; });
    var streams = featuresOf(tile, 'waterway').filter(function (f) { return f.properties['class'] !== 'river'; });
    line('waterway', streams, look.river, view.zoom < 14 ? 0.7 : 1.4);
    line('waterway', rivers, look.river, view.zoom < 12 ? 1 : 2.4);
    context.lineCap = 'butt';
    line('railway', featuresOf(tile, 'railway'), look.rail, view.zoom < 14 ? 0.8 : 1.6);
    if (view.zoom > 13) { line('railway', featuresOf(tile, 'railway'), look.lane, 0.8, [6, 6]); }
    paintRoads(view, look, featuresOf(tile, 'roads'), line, context);
  }

  function paintRoads(view, look, roads, line, context) {
    var levels = [[], [], [], [], []];
    roads.forEach(function (f) { levels[levelOf(f)].push(f); });
    var open = view.zoom >= 15;
    line('roads', levels[4], look.road[4], Math.max(0.7, roadWidth(4, view.zoom) * 0.8), open ? [4, 3] : []);
    context.lineCap = 'round';
    for (var i = 3; i >= 0; i--) {
      line('roads', levels[i], look.road[i], roadWidth(i, view.zoom) + (open ? 1.6 : 0));
    }
    if (!open) { return; }
    for (i = 3; i >= 0; i--) { line('roads', levels[i], look.lane, roadWidth(i, view.zoom) - 0.6); }
  }

  /* ---- names ---- */

  /* Lines of one name that meet are joined, so that a street of many short ways gets its name. */
  function joined(lines) {
    var ends = {}, done = [];
    function key(line, last) {
      var i = last ? line.length - 2 : 0;
      return Math.round(line[i]) + ' ' + Math.round(line[i + 1]);
    }
    function forget(line) {
      [key(line, false), key(line, true)].forEach(function (k) { if (ends[k] === line) { delete ends[k]; } });
      var at = done.indexOf(line);
      if (at >= 0) { done.splice(at, 1); }
    }
    function turned(line) {
      var back = [];
      for (var i = line.length - 2; i >= 0; i -= 2) { back.push(line[i], line[i + 1]); }
      return back;
    }
    lines.forEach(function (line) {
      var before = ends[key(line, false)];
      if (before) {
        forget(before);
        line = (key(before, true) === key(line, false) ? before : turned(before)).concat(line.slice(2));
      }
      var after = ends[key(line, true)];
      if (after && after !== line) {
        forget(after);
        line = line.concat((key(after, false) === key(line, true) ? after : turned(after)).slice(2));
      }
      done.push(line);
      ends[key(line, false)] = ends[key(line, true)] = line;
    });
    return done;
  }

  /* The straightest stretch of a line (px) that is long enough: [x, y, angle] of its middle. */
  function stretch(line, wanted) {
    var along = [0], best = null;
    for (var i = 2; i < line.length; i += 2) {
      along.push(along[along.length - 1] + Math.hypot(line[i] - line[i - 2], line[i + 1] - line[i - 1]));
    }
    var whole = along[along.length - 1];
    if (whole < wanted) { return null; }
    function at(s) {
      var k = 1;
      while (k < along.length - 1 && along[k] < s) { k++; }
      var f = (s - along[k - 1]) / (along[k] - along[k - 1] || 1);
      return [line[2 * k - 2] + f * (line[2 * k] - line[2 * k - 2]), line[2 * k - 1] + f * (line[2 * k + 1] - line[2 * k - 1])];
    }
    var tries = Math.min(12, Math.max(1, Math.ceil((whole - wanted) / 40)));
    for (var n = 0; n <= tries; n++) {
      var from = (whole - wanted) * n / tries, a = at(from), b = at(from + wanted), m = at(from + wanted / 2);
      var straight = Math.hypot(b[0] - a[0], b[1] - a[1]) / wanted;
      var off = Math.hypot(m[0] - (a[0] + b[0]) / 2, m[1] - (a[1] + b[1]) / 2);
      var score = straight - Math.abs(n / tries - 0.5) * 0.02;
      if (straight > 0.97 && off < 5 && (!best || score > best.score)) {
        best = { score: score, x: (m[0] + (a[0] + b[0]) / 2) / 2, y: (m[1] + (a[1] + b[1]) / 2) / 2,
          angle: Math.atan2(b[1] - a[1], b[0] - a[0]) };
      }
    }
    return best;
  }

  var HAN = /^[\u2e80-\u9fff\uf900-\ufaff\ud840-\ud88f\udc00-\udfff]+$/;

  function Names(look) {
    this.look = look;
    this.taken = [];
    this.seen = {};
    this.widths = {};
    this.owners = [];
    this.count = 0;
  }

  Names.prototype.width = function (context, text) {
    var key = context.font + text;
    if (this.widths[key] === undefined) { this.widths[key] = context.measureText(text).width; }
    return this.widths[key];
  };

  Names.prototype.free = function (boxes) {
    return !this.taken.some(function (t) {
      return boxes.some(function (b) {
        return Math.abs(t[0] - b[0]) < t[2] + b[2] && Math.abs(t[1] - b[1]) < t[3] + b[3];
      });
    });
  };

  /* Whether the same name stands within so many pixels already; if not, it is noted. */
  Names.prototype.repeated = function (name, x, y, apart) {
    var places = this.seen[name] || [];
    return places.some(function (p) { return Math.hypot(p[0] - x, p[1] - y) < apart; });
  };

  Names.prototype.note = function (name, x, y, boxes) {
    (this.seen[name] = this.seen[name] || []).push([x, y]);
    this.taken.push.apply(this.taken, boxes);
    this.count++;
    boxes.forEach(function () { this.owners.push(this.count); }, this);
  };

  Names.prototype.write = function (context, text, x, y, colour) {
    context.strokeText(text, x, y);
    context.fillStyle = colour;
    context.fillText(text, x, y);
  };

  Names.prototype.place = function (context, place) {
    var look = PLACES[place.kind] || [12, 500];
    context.font = look[1] + ' ' + look[0] + 'px ' + FONT;
    var half = this.width(context, place.name) / 2 + 3, boxes = [[place.x, place.y, half, look[0] * 0.7]];
    if (this.repeated(place.name, place.x, place.y, 80) || !this.free(boxes)) { return; }
    this.note(place.name, place.x, place.y, boxes);
    this.write(context, place.name, place.x, place.y, this.look.ink);
  };

  Names.prototype.street = function (context, street) {
    var size = street.level < 2 ? 12 : 11, han = HAN.test(street.name);
    context.font = '500 ' + size + 'px ' + FONT;
    var long = this.width(context, street.name), found = stretch(street.line, long + 12);
    if (!found) { return; }
    var angle = found.angle;
    if (angle > Math.PI / 2) { angle -= Math.PI; }
    if (angle <= -Math.PI / 2) { angle += Math.PI; }
    var steep = han && Math.abs(angle) > Math.PI / 4, count = Math.max(1, Math.round(long / size)), boxes = [];
    for (var i = 0; i < count; i++) {
      var s = long * ((i + 0.5) / count - 0.5);
      boxes.push([found.x + Math.cos(angle) * s, found.y + Math.sin(angle) * s, size * 0.7, size * 0.7]);
    }
    if (this.repeated(street.name, found.x, found.y, 260) || !this.free(boxes)) { return; }
    this.note(street.name, found.x, found.y, boxes);
    context.save();
    context.translate(found.x, found.y);
    context.rotate(steep ? angle - Math.PI / 2 * (angle > 0 ? 1 : -1) : angle);
    if (steep) {
      Array.from(street.name).forEach(function (sign, k, all) {
        this.write(context, sign, 0, (k + 0.5) * size - all.length * size / 2, this.look.soft);
      }, this);
    } else {
      this.write(context, street.name, 0, 0, this.look.soft);
    }
    context.restore();
  };

  /* ---- the layer ---- */

  /* Tiles kept, edge of the canvas of names (px), zooms drawn beyond the farthest of the tiles. */
  var KEPT = 64, EDGE = 96, FARTHER = 2;

  var Basemap = L.GridLayer.extend({
    options: { minZoom: 0, maxZoom: 19, minzoom: 8, maxzoom: 15, updateWhenZooming: false,
      dark: false, names: true },

    initialize: function (options) {
      L.GridLayer.prototype.initialize.call(this, options);
      var o = this.options;
      o.minZoom = Math.max(o.minZoom, o.minzoom - FARTHER);
      if (Array.isArray(o.bounds)) { o.bounds = L.latLngBounds([[o.bounds[1], o.bounds[0]], [o.bounds[3], o.bounds[2]]]); }
      this._held = {};
      this._order = [];
      this.on('tileunload', function (event) { event.tile.unionKeys.forEach(this._release, this); }, this);
      this.on('load', this._later, this);
    },

    onAdd: function (map) {
      L.GridLayer.prototype.onAdd.call(this, map);
      if (!this.options.names) { return; }
      this._paper = L.DomUtil.create('canvas', 'union-names');
      this._paper.setAttribute('aria-hidden', 'true');
      this._paper.style.pointerEvents = 'none';
      map.getPane(this.options.labelPane || this.options.pane).appendChild(this._paper);
      map.on('moveend resize', this._later, this);
      map.on('zoomstart', this._hide, this);
    },

    onRemove: function (map) {
      map.off('moveend resize', this._later, this);
      map.off('zoomstart', this._hide, this);
      if (this._paper) { L.DomUtil.remove(this._paper); }
      this._paper = null;
      L.GridLayer.prototype.onRemove.call(this, map);
    },

    /* Light or dark; drawn anew at once, as paper does not wait. */
    setDark: function (dark) {
      if (this.options.dark === dark) { return this; }
      this.options.dark = dark;
      if (!this._map) { return this; }
      Object.keys(this._tiles).forEach(function (key) { this._repaint(this._tiles[key]); }, this);
      if (this._paper) { this._names(); }
      return this;
    },

    _repaint: function (tile) {
      var canvas = tile.el, ratio = canvas.width / 256, coords = this._wrapCoords(tile.coords);
      var context = canvas.getContext('2d');
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      this._sources(coords).forEach(function (source) {
        var held = this._held[source.key];
        if (held && held.tile) { paint(canvas, held.tile, this._view(source, coords, ratio), this._look()); }
      }, this);
    },

    /* Draws the names anew, when what they must avoid has moved. */
    refreshNames: function () { this._later(); return this; },

    createTile: function (coords, done) {
      var canvas = L.DomUtil.create('canvas', 'union-tile'), self = this;
      var ratio = Math.min(window.devicePixelRatio || 1, 3), sources = this._sources(coords);
      canvas.width = canvas.height = Math.round(256 * ratio);
      canvas.setAttribute('aria-hidden', 'true');
      canvas.unionKeys = sources.map(function (source) { return source.key; });
      Promise.all(sources.map(function (source) {
        return self._fetch(source).then(function (tile) {
          if (tile) { paint(canvas, tile, self._view(source, coords, ratio), self._look()); }
        });
      })).then(function () { done(null, canvas); });
      return canvas;
    },

    _look: function () { return LOOKS[this.options.dark ? 'dark' : 'light']; },

    /* The tile of the server that holds a tile of the map; several where the map is farther. */
    _sources: function (coords) {
      var o = this.options, z = Math.max(o.minzoom, Math.min(o.maxzoom, coords.z)), found = [];
      var times = Math.pow(2, coords.z - z), many = Math.max(1, Math.round(1 / times));
      var x = Math.floor(coords.x / times), y = Math.floor(coords.y / times);
      for (var i = 0; i < many * many; i++) {
        var source = { z: z, x: x + i % many, y: y + Math.floor(i / many) };
        source.key = z + '/' + source.x + '/' + source.y;
        if (this._within(source)) { found.push(source); }
      }
      return found;
    },

    _within: function (source) {
      var bounds = this.options.bounds;
      if (!bounds) { return true; }
      var point = L.point(source.x * 256, source.y * 256);
      var a = this._map.unproject(point, source.z), b = this._map.unproject(point.add([256, 256]), source.z);
      return bounds.intersects(L.latLngBounds(a, b));
    },

    _view: function (source, coords, ratio) {
      var times = Math.pow(2, coords.z - source.z);
      return { zoom: coords.z, ratio: ratio, size: 256 * times,
        x: (source.x * times - coords.x) * 256, y: (source.y * times - coords.y) * 256 };
    },

    /* Resolves to the layers of a tile, or to null; never fails. */
    _fetch: function (source) {
      var held = this._held[source.key], self = this;
      if (held) {
        held.users++;
        this._order.splice(this._order.indexOf(source.key), 1);
        this._order.push(source.key);
        return held.promise;
      }
      held = this._held[source.key] = { users: 1, tile: null, source: source,
        stop: window.AbortController ? new AbortController() : null };
      this._order.push(source.key);
      var url = L.Util.template(this.options.url, source);
      if (this.options.version) { url += (url.indexOf('?') < 0 ? '?v=' : '&v=') + encodeURIComponent(this.options.version); }
      held.promise = window.fetch(url, { credentials: 'same-origin', signal: held.stop ? held.stop.signal : undefined })
        .then(function (answer) { return answer.status === 200 ? answer.arrayBuffer() : answer.status === 204 ? null : Promise.reject(new Error(answer.status)); })
        .then(function (buffer) {
          held.tile = buffer && buffer.byteLength ? decode(new Uint8Array(buffer)) : {};
          return held.tile;
        })
        .catch(function () { self._forget(source.key, held); return null; });
      this._trim();
      return held.promise;
    },

    _forget: function (key, held) {
      if (this._held[key] !== held) { return; }
      delete this._held[key];
      this._order.splice(this._order.indexOf(key), 1);
    },

    _release: function (key) {
      var held = this._held[key];
      if (!held || --held.users > 0) { return; }
      if (!held.tile) {
        this._forget(key, held);
        if (held.stop) { held.stop.abort(); }
      }
    },

    _trim: function () {
      for (var i = 0; i < this._order.length && this._order.length > KEPT; i++) {
        var held = this._held[this._order[i]];
        if (held.users <= 0) { this._forget(this._order[i--], held); }
      }
    },

    _hide: function () { if (this._paper) { this._paper.style.visibility = 'hidden'; } },

    _later: function () {
      if (this._waiting || !this._paper) { return; }
      var self = this;
      this._waiting = window.requestAnimationFrame(function () {
        self._waiting = 0;
        if (self._paper && self._map) { self._names(); }
      });
    },

    /* The tiles whose names may be seen now, each once. */
    _shown: function () {
      var keys = {}, zoom = this._tileZoom;
      Object.keys(this._tiles).forEach(function (k) {
        var tile = this._tiles[k];
        if (tile.coords.z !== zoom) { return; }
        tile.el.unionKeys.forEach(function (key) { if (this._held[key]) { keys[key] = true; } }, this);
      }, this);
      return Object.keys(keys).map(function (key) { return this._held[key]; }, this)
        .filter(function (held) { return held.tile; });
    },

    _names: function () {
      var map = this._map, size = map.getSize(), paper = this._paper, ratio = Math.min(window.devicePixelRatio || 1, 3);
      paper.width = Math.round((size.x + 2 * EDGE) * ratio);
      paper.height = Math.round((size.y + 2 * EDGE) * ratio);
      paper.style.width = size.x + 2 * EDGE + 'px';
      paper.style.height = size.y + 2 * EDGE + 'px';
      paper.style.visibility = '';
      L.DomUtil.setPosition(paper, map.containerPointToLayerPoint([-EDGE, -EDGE]));
      var context = paper.getContext('2d'), names = new Names(this._look());
      context.setTransform(ratio, 0, 0, ratio, EDGE * ratio, EDGE * ratio);
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      context.lineJoin = 'round';
      context.lineWidth = 3.2;
      context.strokeStyle = names.look.halo;
      if (this.options.avoid) { names.taken = this.options.avoid().slice(); }
      names.owners = names.taken.map(function () { return -1; });
      var shown = this._shown();
      this._places(shown, size).forEach(function (p) { names.place(context, p); });
      this._streets(shown, size).forEach(function (s) { names.street(context, s); });
      /* What stands where, for tests. */
      this.named = names.seen;
      this.boxes = names.taken;
      this.owners = names.owners;
    },

    /* From a source tile to pixels of the map's frame: [scale, x, y]. */
    _frame: function (held, extent) {
      var zoom = this._map.getZoom(), times = 256 * Math.pow(2, zoom - held.source.z);
      var origin = this._map.getPixelOrigin().subtract(this._map._getMapPanePos());
      return [times / extent, held.source.x * times - origin.x, held.source.y * times - origin.y];
    },

    _places: function (shown, size) {
      var found = [], omit = this.options.omit;
      shown.forEach(function (held) {
        if (!held.tile.places) { return; }
        var f = this._frame(held, held.tile.places.extent);
        held.tile.places.features.forEach(function (feature) {
          var p = feature.properties, at = feature.parts[0], name = String(p.name || '').trim();
          if (!at || !name || name.length > 24 || (omit && omit(name))) { return; }
          var x = at[0] * f[0] + f[1], y = at[1] * f[0] + f[2];
          if (x < -EDGE || y < -EDGE || x > size.x + EDGE || y > size.y + EDGE) { return; }
          found.push({ name: name, kind: p['class'], rank: +p.rank || 0, x: x, y: y });
        });
      }, this);
      return found.sort(function (a, b) { return a.rank - b.rank || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0); });
    },

    _streets: function (shown, size) {
      var named = {}, found = [];
      if (this._map.getZoom() < 14) { return found; }
      shown.forEach(function (held) {
        if (!held.tile.roads) { return; }
        var f = this._frame(held, held.tile.roads.extent);
        held.tile.roads.features.forEach(function (feature) {
          var name = String(feature.properties.name || '').trim(), b = feature.box;
          if (!name || name.length > 40) { return; }
          if (b[2] * f[0] + f[1] < -EDGE || b[0] * f[0] + f[1] > size.x + EDGE) { return; }
          if (b[3] * f[0] + f[2] < -EDGE || b[1] * f[0] + f[2] > size.y + EDGE) { return; }
          var entry = named['_' + name] || (named['_' + name] = { name: name, level: 4, lines: [] });
          entry.level = Math.min(entry.level, levelOf(feature));
          feature.parts.forEach(function (p) {
            entry.lines.push(p.map(function (v, i) { return v * f[0] + f[1 + i % 2]; }));
          });
        });
      }, this);
      Object.keys(named).forEach(function (key) {
        var entry = named[key];
        joined(entry.lines).forEach(function (line) { found.push({ name: entry.name, level: entry.level, line: line }); });
      });
      return found.sort(function (a, b) { return a.level - b.level || b.line.length - a.line.length; });
    }
  });

  window.unionBasemap = {
    decode: decode,
    layer: function (options) { return new Basemap(options); }
  };
})();
