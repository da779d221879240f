/* The map page: reads the JSON block #um-data and fills the layers that Folium has made.
 * Text from the data is only ever written as text nodes, never as HTML. */
(function () {
  'use strict';

  var decode = window.unionStreets.decode, points = window.unionStreets.points;

  function polygons(shapes) {
    var xy = points(shapes.xy, shapes.grid || 1e-5), rings = decode(shapes.rings);
    var parts = decode(shapes.parts), counts = decode(shapes.shapes);
    var p = 0, r = 0, q = 0;
    return counts.map(function (count) {
      var shape = [];
      for (; count > 0; count--) {
        var part = [];
        for (var k = parts[q++]; k > 0; k--) {
          part.push(xy.slice(p, p + rings[r]));
          p += rings[r++];
        }
        shape.push(part);
      }
      return shape;
    });
  }

  function column(packed) {
    return decode(packed.at).map(function (i) { return packed.of[i]; });
  }

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, function (all, key) {
      return values && values[key] !== undefined ? String(values[key]) : all;
    });
  }

  function el(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text !== undefined && text !== '') { node.textContent = text; }
    return node;
  }

  function whole(value) {
    return Math.round(value).toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  }

  /* WGS-84 to GCJ-02 by the public formula, as geodata.datum has it. */
  function toGcj02(lon, lat) {
    var x = lon - 105, y = lat - 35, pi = Math.PI, root = Math.sqrt(Math.abs(x));
    var common = (20 * Math.sin(6 * x * pi) + 20 * Math.sin(2 * x * pi)) * 2 / 3;
    var dLat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common +
      (20 * Math.sin(y * pi) + 40 * Math.sin(y / 3 * pi)) * 2 / 3 +
      (160 * Math.sin(y / 12 * pi) + 320 * Math.sin(y * pi / 30)) * 2 / 3;
    var dLon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common +
      (20 * Math.sin(x * pi) + 40 * Math.sin(x / 3 * pi)) * 2 / 3 +
      (150 * Math.sin(x / 12 * pi) + 300 * Math.sin(x / 30 * pi)) * 2 / 3;
    var a = 6378245, ee = 0.00669342162296594323, sin = Math.sin(lat / 180 * pi);
    var magic = 1 - ee * sin * sin, rootMagic = Math.sqrt(magic);
    dLat = dLat * 180 / (a * (1 - ee) / (magic * rootMagic) * pi);
    dLon = dLon * 180 / (a / rootMagic * Math.cos(lat / 180 * pi) * pi);
    return [lon + dLon, lat + dLat];
  }

  function metresBetween(a, b) {
    return L.CRS.Earth.distance(L.latLng(a[0], a[1]), L.latLng(b[0], b[1]));
  }

  /* Colours of shapes, light and dark; those of the page stand in map.css. */
  var LOOKS = {
    light: {
      bands: [null,
        { fillColor: '#fdae61', fillOpacity: 0.65, color: '#b35806' },
        { fillColor: '#e8601c', fillOpacity: 0.65, color: '#8c3a00' },
        { fillColor: '#b2182b', fillOpacity: 0.66, color: '#67000d' },
        { fillColor: '#4d3b52', fillOpacity: 0.60, color: '#2d2131' }],
      covered: { fillColor: '#9fd0c7', fillOpacity: 0.62 },
      region: '#55606b', chosen: '#0b3c46', veil: { fillColor: '#efede8', fillOpacity: 0.6 } },
    dark: {
      bands: [null,
        { fillColor: '#f0a860', fillOpacity: 0.50, color: '#ffd3a3' },
        { fillColor: '#e8703a', fillOpacity: 0.55, color: '#ffc0a0' },
        { fillColor: '#d8384f', fillOpacity: 0.55, color: '#ffb3bd' },
        { fillColor: '#9a86a3', fillOpacity: 0.55, color: '#dccbe3' }],
      covered: { fillColor: '#2b7f75', fillOpacity: 0.42 },
      region: '#9fabb4', chosen: '#8fdbe6', veil: { fillColor: '#14181c', fillOpacity: 0.6 } }
  };
  /* What can be printed of A4 with margins of 12 mm (CSS px), and the most districts listed there. */
  var SHEET = { width: 703, height: 1031, districts: 16 };
  var STATES = ['closed', 'open', 'unknown'];

  function start(map, layers, control) {
    var data = JSON.parse(document.getElementById('um-data').textContent);
    var app = { map: map, layers: layers, data: data, t: data.text, minutesById: {}, me: null, restyles: [],
      renderers: [] };
    if (window.parent !== window) { document.documentElement.classList.add('um-framed'); }  // printed with an article
    theme(app);
    map.getContainer().setAttribute('role', 'region');
    map.getContainer().setAttribute('aria-label', app.t.map_label);
    frame(app, control);
    first(app);
    app.stations = readStations(app);
    app.gaps = readGaps(app);
    app.regions = readRegions(app);
    choose(app);
    drawStreets(app);
    drawCovered(app);
    drawGaps(app);
    drawRegions(app);
    drawStations(app);
    if (app.layers.regions) { thin(app); }

    legend(app, control);
    search(app);
    gapList(app);
    regionList(app);
    form();
    reading(app);
    window.unionMap.app = app;
    document.documentElement.setAttribute('data-ready', 'true');
  }

  /* ---- light and dark ---- */

  function theme(app) {
    var wish = window.matchMedia('(prefers-color-scheme: dark)');
    var paper = window.matchMedia('print'), opened = [];
    function set() {
      app.dark = !paper.matches && (app.data.theme === 'dark' || (app.data.theme === 'auto' && wish.matches));
      app.look = LOOKS[app.dark ? 'dark' : 'light'];
      app.restyles.forEach(function (restyle) { restyle(); });
    }
    /* Paper is light, shows what is folded, and is printed before the next frame is drawn. */
    function print() {
      set();
      app.renderers.forEach(function (renderer) { if (renderer._map && renderer._ctx) { renderer._redraw(); } });
      if (paper.matches) {
        opened = Array.prototype.filter.call(document.querySelectorAll('#um-districts'), function (part) { return !part.open; });
      }
      opened.forEach(function (part) { part.open = paper.matches; });
      if (paper.matches && app.shown) { room(app); }
    }
    set();
    listen(wish, set);
    listen(paper, print);
  }

  function listen(query, change) {
    if (query.addEventListener) { query.addEventListener('change', change); } else { query.addListener(change); }
  }

  /* A canvas for the shapes of a pane. */
  function canvas(app, pane) {
    var renderer = L.canvas({ pane: pane, padding: 0.3 });
    app.renderers.push(renderer);
    return renderer;
  }

  /* Does something now and whenever light changes to dark or back. */
  function styled(app, restyle) {
    app.restyles.push(restyle);
    restyle();
  }

  /* Layers that the page was not asked to show are there to be switched on. */
  function choose(app) {
    if (!app.data.show.length) { return; }
    Object.keys(app.layers).forEach(function (key) {
      if (app.data.show.indexOf(key) < 0) { app.map.removeLayer(app.layers[key]); }
    });
  }

  /* ---- frame: panes, controls, bounds ---- */

  function frame(app, control) {
    var map = app.map, t = app.t;
    [['um-covered', 310], ['um-gaps', 320], ['um-streets', 330], ['um-names', 335], ['um-veil', 337],
     ['um-regions', 340], ['um-me', 640]].forEach(function (pane) { map.createPane(pane[0]).style.zIndex = pane[1]; });
    ['um-streets', 'um-names', 'um-veil', 'um-regions', 'um-covered'].forEach(function (name) {
      map.getPane(name).style.pointerEvents = 'none';
    });
    L.control.zoom({ position: 'topright', zoomInTitle: t.zoom_in, zoomOutTitle: t.zoom_out })
      .addTo(map);
    if (!app.data.embed) { locateControl(app).addTo(map); }
    var foot = document.querySelector('.um-foot') || sourcesOn(app);
    L.control.scale({ position: 'bottomright', imperial: false, maxWidth: 120 }).addTo(map);
    document.getElementById('um-layers').appendChild(control.getContainer());
    var panel = document.getElementById('um-panel');
    fit(app, foot);
    window.addEventListener('resize', function () { fit(app, foot); });
    if (window.ResizeObserver) { new ResizeObserver(function () { fit(app, foot); }).observe(document.querySelector('.um-head')); }
    map.on('resize', function () { fit(app, foot); });
    map.on('popupopen', function () { document.body.classList.add('um-reading'); });
    map.on('popupclose', function () { document.body.classList.remove('um-reading'); });
    L.DomEvent.disableClickPropagation(panel);
    L.DomEvent.disableScrollPropagation(panel);
  }

  /* Where the data come from, as a control of the map; an embed has a line below it. */
  function sourcesOn(app) {
    var attribution = L.control.attribution({ position: 'bottomright', prefix: false });
    app.data.sources.forEach(function (line) {
      attribution.addAttribution(escapeHtml(line).replace('OpenStreetMap',
        '<a href="https://www.openstreetmap.org/copyright" target="_blank" rel="noopener">OpenStreetMap</a>'));
    });
    return attribution.addTo(app.map).getContainer();
  }

  function escapeHtml(text) {
    return text.replace(/[&<>"'`]/g, function (c) { return '&#' + c.charCodeAt(0) + ';'; });
  }

  function phone() { return window.matchMedia('(max-width: 700px)').matches; }

  /* On a phone the buttons stand below the title, and the legend above the sources. On paper the
     map keeps its pixels and is scaled to the width of the sheet, so that nothing is drawn anew. */
  function fit(app, foot) {
    if (window.matchMedia('print').matches) { return; }
    var style = document.documentElement.style, size = app.map.getSize();
    style.setProperty('--um-top', Math.round(document.querySelector('.um-head').getBoundingClientRect().bottom) + 'px');
    style.setProperty('--um-foot', Math.round(foot.getBoundingClientRect().height) + 'px');
    style.setProperty('--um-wide', size.x);
    style.setProperty('--um-high', size.y);
    app.shown = { size: size, pad: padding() };
    paper(app, 480);
  }

  /* How the map lies on a sheet of A4: what the panel covers and what is beyond the room is cut. */
  function paper(app, room) {
    var style = document.documentElement.style, size = app.shown.size, pad = app.shown.pad;
    var left = pad.paddingTopLeft[0] > 300 ? pad.paddingTopLeft[0] - 12 : 0, high = size.y;
    var above = pad.paddingTopLeft[1], below = pad.paddingBottomRight[1];
    var scale = Math.min(SHEET.width / (size.x - left), room / Math.max(200, high - above - below));
    var kept = Math.min(high, room / scale);
    var over = Math.max(0, Math.min(high - kept, (above + high - below - kept) / 2));
    style.setProperty('--um-left', left);
    style.setProperty('--um-scale', scale.toFixed(4));
    style.setProperty('--um-over', Math.round(over));
    style.setProperty('--um-under', Math.round(high - kept - over));
  }

  /* The map gets what title and legend leave of the sheet, once they are laid out for paper. */
  function room(app) {
    var rest = 0;
    ['.um-head', '.um-legend', '.um-foot'].forEach(function (name) {
      var part = document.querySelector(name);
      if (part) { rest += part.getBoundingClientRect().height; }
    });
    paper(app, Math.max(220, Math.min(700, SHEET.height - 12 - rest)));
  }

  /* What the panel leaves free: [left, top], [right, bottom] in pixels. */
  function padding() {
    if (document.documentElement.classList.contains('um-embed')) {
      return window.innerWidth < 640 ? { paddingTopLeft: [8, 52], paddingBottomRight: [8, 12] } :
        { paddingTopLeft: [8, 12], paddingBottomRight: [8, 12] };
    }
    if (!phone()) { return { paddingTopLeft: [380, 24], paddingBottomRight: [64, 40] }; }
    var head = document.querySelector('.um-head').getBoundingClientRect();
    return { paddingTopLeft: [16, head.bottom + 8], paddingBottomRight: [16, 84] };
  }

  function first(app) {
    var b = app.data.view.bounds, all = app.data.view.limits;
    var box = L.latLngBounds([[all[1], all[0]], [all[3], all[2]]]);
    var snap = app.map.options.zoomSnap;
    if (app.data.embed && app.data.tiles) { app.map.options.zoomSnap = 0.05; }  // fill the frame
    app.map.fitBounds([[b[1], b[0]], [b[3], b[2]]], Object.assign({ animate: false, maxZoom: 16 }, padding()));
    app.map.options.zoomSnap = snap;
    app.map.setMaxBounds(box.pad(1.5));
    app.map.options.maxBoundsViscosity = 0.8;
    app.box = box;
  }

  /* ---- reading ---- */

  function readStations(app) {
    var s = app.data.stations, xy = points(s.xy, 1e-6), kind = decode(s.kind);
    var until = column(s.until), status = column(s.status), hours = column(s.hours);
    var facilities = column(s.facilities), access = column(s.access);
    var shift = s.shift && s.shift !== 'gcj02' ? decode(s.shift) : null;
    return xy.map(function (wgs, i) {
      var gcj = shift ? [wgs[0] + shift[2 * i + 1] * 1e-6, wgs[1] + shift[2 * i] * 1e-6] : wgs;
      if (s.shift === 'gcj02') {
        gcj = toGcj02(wgs[1], wgs[0]).reverse();
      }
      return { index: i, id: s.id[i], name: s.name[i], wgs: wgs, gcj: gcj,
        at: app.data.view.gcj02 ? gcj : wgs, kind: s.kinds[kind[i]],
        state: STATES[+s.state[i]], until: until[i], status: status[i], hours: hours[i],
        facilities: facilities[i], access: access[i], address: s.address ? s.address[i] : null,
        phone: s.phone ? s.phone[i] : null };
    });
  }

  /* A gap is drawn as pieces, each of one band of travel time. */
  function readGaps(app) {
    var g = app.data.gaps, shapes = polygons(g.shapes), steps = decode(g.owner), owner = 0;
    var region = column(g.region), station = column(g.station);
    var cause = column(g.cause), also = column(g.also), barrier = column(g.barrier);
    var near = g.near ? column(g.near) : [];
    var gaps = g.seconds.map(function (seconds, i) {
      return { index: i, pieces: [], band: +g.severity[i], seconds: seconds, workers: g.workers[i],
        suppressed: g.suppressed[i] === '1', area: g.area[i], detour: g.detour[i],
        region: region[i], station: station[i], cause: cause[i], also: also[i], barrier: barrier[i],
        near: near[i] || '' };
    });
    shapes.forEach(function (shape, i) {
      owner += steps[i];
      if (gaps[owner] && shape.length) { gaps[owner].pieces.push({ band: +g.band[i], shape: shape }); }
    });
    return gaps;
  }

  function readRegions(app) {
    var r = app.data.regions, at = points(r.xy, 1e-6);
    return polygons(r.shapes).map(function (shape, i) {
      return { shape: shape, name: r.name[i], share: r.share[i], at: at[i] };
    });
  }

  /* ---- drawing ---- */

  function drawStreets(app) {
    var note = document.getElementById('um-streets-note'), s = app.data.streets, t = app.t;
    note.textContent = !s.drawn ? '' : s.drawn < s.present ? t.streets_left : t.streets_all;
    if (!app.layers.streets) { return; }
    if (app.data.tiles) { drawTiles(app); return; }
    var lines = window.unionStreets.lines(s.levels, { renderer: canvas(app, 'um-streets'), pane: 'um-streets' });
    function zoomed() { window.unionStreets.fit(lines, app.layers.streets, app.map.getZoom(), app.dark); }
    app.map.on('zoomend', zoomed);
    styled(app, zoomed);
  }

  /* Our own vector tiles, with their names above the shapes and beside stations and districts. */
  function drawTiles(app) {
    var base = window.unionBasemap.layer(Object.assign({ pane: 'um-streets', labelPane: 'um-names',
      dark: app.dark, avoid: function () { return crowds(app, '.um-cluster span, .um-dot, .um-region:not([hidden])'); },
      omit: function (name) { return nameShown(app, name); } }, app.data.tiles));
    base.on('load', function () { document.documentElement.setAttribute('data-tiles', 'true'); });
    styled(app, function () { base.setDark(app.dark); });
    app.map.on('overlayadd overlayremove', function () { base.refreshNames(); });
    app.base = base;
    app.layers.streets.addLayer(base);
  }

  /* Whether a district of ours bears the name of a place and is shown. */
  function nameShown(app, name) {
    return !!app.layers.regions && app.map.hasLayer(app.layers.regions) &&
      app.regions.some(function (region) { return region.name.indexOf(name) === 0; });
  }

  /* Does something now and whenever the zoom has changed. */
  function zooming(app, change) {
    app.map.on('zoomend', function () { change(app.map.getZoom()); });
    change(app.map.getZoom());
  }

  function drawCovered(app) {
    var all = [].concat.apply([], polygons(app.data.covered.shapes));
    var layer = L.polygon(all, { renderer: canvas(app, 'um-covered'), pane: 'um-covered',
      interactive: false, stroke: false, smoothFactor: 0.6 });
    styled(app, function () { layer.setStyle(app.look.covered); });
    layer.addTo(app.layers.covered);
  }

  /* One shape for each band of travel time, however many gaps there are. */
  function drawGaps(app) {
    var renderer = canvas(app, 'um-gaps');
    [1, 2, 3, 4].forEach(function (band) {
      var parts = [];
      app.gaps.forEach(function (gap) {
        gap.pieces.forEach(function (piece) { if (piece.band === band) { parts.push.apply(parts, piece.shape); } });
      });
      if (!parts.length) { return; }
      var layer = L.polygon(parts, { renderer: renderer, pane: 'um-gaps', weight: 0.6, opacity: 0.6, smoothFactor: 0.6 });
      styled(app, function () { layer.setStyle(app.look.bands[band]); });
      /* From afar the rims would hide the areas. */
      zooming(app, function (zoom) { layer.setStyle({ weight: zoom < 9 ? 0.2 : 0.6 }); });
      layer.on('click', function (event) {
        var gap = gapAt(app, [event.latlng.lat, event.latlng.lng]);
        if (gap) { openGap(app, gap, event.latlng); }
      });
      layer.addTo(app.layers.gaps);
    });
  }

  function boxOf(rings) {
    var b = [90, 180, -90, -180];
    rings[0].forEach(function (p) {
      b = [Math.min(b[0], p[0]), Math.min(b[1], p[1]), Math.max(b[2], p[0]), Math.max(b[3], p[1])];
    });
    return b;
  }

  /* Where a parallel crosses the rings of a polygon, from west to east. */
  function crossings(rings, lat) {
    var found = [];
    rings.forEach(function (ring) {
      for (var i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        var a = ring[i], b = ring[j];
        if ((a[0] > lat) !== (b[0] > lat)) { found.push(a[1] + (lat - a[0]) / (b[0] - a[0]) * (b[1] - a[1])); }
      }
    });
    return found.sort(function (a, b) { return a - b; });
  }

  function within(rings, at) {
    return crossings(rings, at[0]).filter(function (x) { return x > at[1]; }).length % 2 === 1;
  }

  function eachPart(gap, visit) {
    gap.pieces.forEach(function (piece) { piece.shape.forEach(visit); });
  }

  function gapAt(app, at) {
    return app.gaps.filter(function (gap) {
      if (!gap.box) { gap.box = boundsOf(gap).pad(0.01); }
      if (!gap.box.contains(at)) { return false; }
      var hit = false;
      eachPart(gap, function (rings) { hit = hit || within(rings, at); });
      return hit;
    })[0];
  }

  function boundsOf(gap) {
    var box = L.latLngBounds([]);
    eachPart(gap, function (rings) {
      var b = boxOf(rings);
      box.extend([b[0], b[1]]).extend([b[2], b[3]]);
    });
    return box;
  }

  /* A place inside the largest part of a gap. */
  function insideOf(gap) {
    var best = null, size = -1;
    eachPart(gap, function (rings) {
      var b = boxOf(rings), area = (b[2] - b[0]) * (b[3] - b[1]);
      if (area > size) { size = area; best = rings; }
    });
    var box = boxOf(best), lat = (box[0] + box[2]) / 2 + 1e-7, x = crossings(best, lat), at = null;
    for (var i = 0; i + 1 < x.length; i += 2) {
      if (!at || x[i + 1] - x[i] > at[1]) { at = [(x[i] + x[i + 1]) / 2, x[i + 1] - x[i]]; }
    }
    return at ? [lat, at[0]] : best[0][0];
  }

  function openGap(app, gap, at) {
    app.map.closePopup();
    var edge = L.polygon(gap.pieces.map(function (piece) { return piece.shape; }), { pane: 'um-gaps',
      renderer: canvas(app, 'um-gaps'), fill: false, interactive: false, weight: 2.5,
      color: app.look.bands[gap.band].color }).addTo(app.map);
    var popup = L.popup(popupOptions(app)).setLatLng(at).setContent(gapPopup(app, gap));
    popup.on('remove', function () { edge.remove(); });
    popup.openOn(app.map);
  }

  function drawRegions(app) {
    if (!app.layers.regions) { return; }
    var renderer = canvas(app, 'um-regions');
    app.regions.forEach(function (region, i) {
      var chosen = i === app.data.regions.chosen;
      region.layer = L.polygon(region.shape, Object.assign({ renderer: renderer, pane: 'um-regions',
        interactive: false, fill: false }, chosen ? { weight: 3 } : { weight: 1.2, dashArray: '5 4' }));
      if (!chosen) {
        zooming(app, function (zoom) { region.layer.setStyle(zoom < 9 ? { weight: 0.7, dashArray: null } : { weight: 1.2, dashArray: '5 4' }); });
      }
      styled(app, function () { region.layer.setStyle({ color: chosen ? app.look.chosen : app.look.region }); });
      region.layer.addTo(app.layers.regions);
      var label = el('span', 'um-region' + (chosen ? ' um-chosen' : ''));
      label.appendChild(el('b', '', region.name));
      if (region.share) { label.appendChild(el('span', '', region.share)); }
      region.label = label;
      var icon = L.divIcon({ className: 'um-region-icon', html: label, iconSize: [0, 0] });
      L.marker(region.at, { icon: icon, interactive: false, keyboard: false, pane: 'um-regions' })
        .addTo(app.layers.regions);
      if (chosen) { veil(app, region); }
    });
    app.map.on('zoomend moveend', function () { thin(app); });
    app.map.on('overlayadd overlayremove', function () { thin(app); });
  }

  /* Dims what lies outside the chosen region. */
  function veil(app, region) {
    var world = [[[85, -180], [85, 180], [-85, 180], [-85, -180]]];
    var rings = region.shape.map(function (part) { return part[0]; });
    if (!rings.length) { return; }
    var layer = L.polygon([world[0]].concat(rings), { pane: 'um-veil', renderer: canvas(app, 'um-veil'),
      stroke: false, interactive: false });
    styled(app, function () { layer.setStyle(app.look.veil); });
    layer.addTo(app.layers.regions);
  }

  /* Where signs stand: [x, y, half width, half height] in pixels of the map. */
  function crowds(app, which) {
    var box = app.map.getContainer(), frame = box.getBoundingClientRect(), scale = frame.width / box.offsetWidth || 1;
    return Array.prototype.map.call(box.querySelectorAll(which), function (sign) {
      var r = sign.getBoundingClientRect();
      return [((r.left + r.right) / 2 - frame.left) / scale, ((r.top + r.bottom) / 2 - frame.top) / scale,
        r.width / 2 / scale - 4, r.height / 2 / scale - 4];
    }).filter(function (box) { return box[2] > 0; });
  }

  /* Sizes of all labels, measured once and together: each measure makes the browser lay out. */
  function measured(app) {
    if (app.sizes) { return app.sizes; }
    app.regions.forEach(function (region) { region.label.hidden = false; });
    var sizes = app.regions.map(function (region) {
      return [region.label.offsetWidth / 2 + 3, region.label.offsetHeight / 2 + 2];
    });
    if (sizes.some(function (size) { return size[0] > 3; })) { app.sizes = sizes; }
    return sizes;
  }

  /* Names that would lie on one another wait for a closer view; wide regions come first. */
  function thin(app) {
    if (!app.map.hasLayer(app.layers.regions)) { return; }
    var taken = crowds(app, '.um-cluster span'), sizes = measured(app);
    if (!app.order) {
      var wide = app.regions.map(function (region, i) {
        var b = region.layer.getBounds();
        return i === app.data.regions.chosen ? Infinity :
          b.isValid() ? (b.getEast() - b.getWest()) * (b.getNorth() - b.getSouth()) : 0;
      });
      app.order = app.regions.map(function (_, i) { return i; })
        .sort(function (a, b) { return wide[b] - wide[a] || a - b; });
    }
    app.order.forEach(function (i) {
      var region = app.regions[i], at = app.map.latLngToContainerPoint(region.at), w = sizes[i][0], h = sizes[i][1];
      var clash = taken.some(function (t) {
        return Math.abs(t[0] - at.x) < t[2] + w && Math.abs(t[1] - at.y) < t[3] + h;
      });
      region.label.hidden = clash;
      if (!clash) { taken.push([at.x, at.y, w, h]); }
    });
  }

  /* One sign for all stations of a kind and state: 4,200 stations make some twenty. */
  var Sign = L.DivIcon.extend({
    createIcon: function (old) {
      var box = L.DivIcon.prototype.createIcon.call(this, old);
      box.appendChild(el('span', 'um-dot um-' + this.options.state, this.options.sign));
      return box;
    }
  });

  function signs(app) {
    var known = {};
    return function (station) {
      var state = station.status ? 'inactive' : station.state, key = station.kind.sign + state;
      if (!known[key]) {
        known[key] = new Sign({ className: 'um-marker', html: false, iconSize: [44, 44], popupAnchor: [0, -10],
          sign: station.kind.sign, state: state });
      }
      return known[key];
    };
  }

  /* A marker that gets its popup when it is first shown. */
  var Pin = L.Marker.extend({
    onAdd: function (map) {
      this.prepare();
      return L.Marker.prototype.onAdd.call(this, map);
    },
    prepare: function () {
      var app = this.options.app, station = this.options.station;
      if (!this.getPopup()) { this.bindPopup(function () { return stationPopup(app, station); }, popupOptions(app)); }
      return this;
    },
    openPopup: function (at) { return L.Marker.prototype.openPopup.call(this.prepare(), at); }
  });

  function drawStations(app) {
    var cluster = app.layers.stations, sign = signs(app);
    cluster.options.iconCreateFunction = function (group) {
      var n = group.getChildCount();
      var size = n < 10 ? 'small' : n < 100 ? 'middle' : n < 1000 ? 'large' : 'huge';
      return L.divIcon({ className: 'um-cluster um-cluster-' + size, html: el('span', '', whole(n)), iconSize: [48, 48] });
    };
    app.stations.forEach(function (station) {
      station.marker = new Pin(station.at, { icon: sign(station), title: station.name, alt: station.name,
        riseOnHover: true, app: app, station: station });
    });
    cluster.addLayers(app.stations.map(function (station) { return station.marker; }));
    /* A cluster is a button: it has a name, and the keyboard opens it as a click does. */
    cluster.on('clusterkeypress', function (event) {
      if (event.originalEvent && event.originalEvent.key === 'Enter') { event.layer.zoomToBounds(); }
    });
  }

  function popupOptions(app) {
    if (!app.popup) {
      var size = app.map.getSize(), above = app.data.embed ? [8, 8] : padding().paddingTopLeft;
      app.popup = { minWidth: 232, maxWidth: Math.min(320, size.x - 72), autoPanPaddingTopLeft: above,
        autoPanPaddingBottomRight: app.data.embed ? [8, 8] : [20, 104],  // above the legend's button
        maxHeight: Math.max(160, size.y - (app.data.embed ? 70 : above[1] + 160)) };
    }
    return app.popup;
  }

  /* ---- popups ---- */

  function row(list, name, value) {
    if (value === '' || value === null || value === undefined) { return; }
    list.appendChild(el('dt', '', name));
    list.appendChild(el('dd', '', value));
  }

  /* "2026-11-22T20:00:00+08:00" as a day seen from the day of the states. */
  function day(app, iso) {
    var m = /^(\d+)-(\d+)-(\d+)T(\d+:\d+)/.exec(iso), now = /^(\d+)-(\d+)-(\d+)/.exec(app.data.states_at);
    if (!m) { return iso; }
    var days = now ? (Date.UTC(m[1], m[2] - 1, m[3]) - Date.UTC(now[1], now[2] - 1, now[3])) / 864e5 : 9;
    var key = days === 0 ? 'today' : days === 1 ? 'tomorrow' : 'on_day';
    return fill(app.t[key], { clock: m[4], month: +m[2], day: +m[3] });
  }

  function stateText(app, station) {
    var t = app.t;
    if (station.status) { return fill(t.state_inactive, { status: station.status }); }
    if (station.state === 'unknown') { return t.state_unknown; }
    var key = 'until_' + station.state;
    return station.until ? fill(t[key], { time: day(app, station.until) }) : t[key + '_long'];
  }

  function stationPopup(app, station) {
    var t = app.t, box = el('div', 'um-popup');
    box.appendChild(el('h3', '', station.name));
    box.appendChild(el('p', 'um-kind', station.kind.name));
    var state = station.status ? 'inactive' : station.state;
    box.appendChild(el('p', 'um-state um-state-' + state, stateText(app, station)));
    var list = el('dl', 'um-rows');
    row(list, t.hours, station.hours || t.hours_unknown);
    row(list, t.facilities, station.facilities);
    row(list, t.access, station.access);
    row(list, t.address, station.address);
    phoneRow(list, t.phone, station.phone);
    box.appendChild(list);
    if (station.address === null) { box.appendChild(details(app, station)); }
    if (!app.data.embed) { box.appendChild(minutesLine(app, station)); }
    box.appendChild(links(app, station));
    return box;
  }

  /* Address and phone of a light page come when they are asked for, and are kept. */
  function details(app, station) {
    var note = el('p', 'um-small', app.t.details_loading);
    note.setAttribute('role', 'status');
    window.fetch(fill(app.data.details_url, { id: encodeURIComponent(station.id) }), { credentials: 'same-origin' })
      .then(function (answer) { if (!answer.ok) { throw new Error(answer.status); } return answer.json(); })
      .then(function (answer) {
        var facts = answer.properties || answer.station || answer;
        station.address = String(facts.address || '');
        station.phone = String(facts.phone || '');
        reopen(station);
      })
      .catch(function () { note.textContent = app.t.details_failed; });
    return note;
  }

  function phoneRow(list, name, number) {
    if (!number) { return; }
    list.appendChild(el('dt', '', name));
    var cell = el('dd'), digits = number.replace(/[^\d+]/g, '');
    var link = el(digits.length >= 5 ? 'a' : 'span', 'um-phone', number);
    if (digits.length >= 5) { link.href = 'tel:' + digits; }
    cell.appendChild(link);
    list.appendChild(cell);
  }

  function minutesLine(app, station) {
    if (!app.me) {
      var ask = el('button', 'um-ask', app.t.walk_time);
      ask.type = 'button';
      ask.addEventListener('click', function () { locate(app, function () { reopen(station); }); });
      return ask;
    }
    var straight = metresBetween(app.me.wgs, station.wgs), known = app.minutesById[station.id];
    var text, values = { mode: app.data.mode, metres: whole(straight) };
    if (known) {
      values.minutes = Math.ceil(known.seconds / 60);
      values.metres = whole(known.metres);
      text = fill(app.t.minutes_exact, values);
    } else if (app.answered && app.answered.all) {
      values.minutes = app.answered.limit;
      text = fill(app.t.minutes_beyond, values);
    } else {
      values.minutes = Math.max(1, Math.ceil(straight / (app.data.speed_kph / 3.6) / 60));
      text = fill(app.t.minutes_bound, values);
    }
    return el('p', 'um-minutes', text);
  }

  function reopen(station) {
    var popup = station.marker.getPopup();
    if (popup && popup.isOpen()) { popup.update(); }
  }

  function links(app, station) {
    var nav = el('nav', 'um-nav'), values = { name: encodeURIComponent(station.name),
      lat: station.wgs[0].toFixed(6), lon: station.wgs[1].toFixed(6),
      glat: station.gcj[0].toFixed(6), glon: station.gcj[1].toFixed(6) };
    nav.setAttribute('aria-label', app.t.navigate);
    ['amap', 'baidu', 'tencent', 'apple'].forEach(function (name) {
      var link = el('a', '', app.t[name]);
      link.href = fill(app.data.links[name], values);
      link.target = '_blank';
      link.rel = 'noopener noreferrer';
      nav.appendChild(link);
    });
    return nav;
  }

  function gapPopup(app, gap) {
    var t = app.t, box = el('div', 'um-popup');
    box.appendChild(el('h3', '', gap.region ? gap.region + ' · ' + t.gap : t.gap));
    var list = el('dl', 'um-rows');
    var peopled = gap.suppressed || gap.workers !== null;
    var time = gap.seconds === null ? t.gap_no_path :
      fill(peopled ? t.gap_time_people : t.gap_time, { mode: app.data.mode, minutes: Math.ceil(gap.seconds / 60) });
    row(list, t.gap_where, gap.near ? fill(t.gap_near, { near: gap.near }) : '');
    row(list, t.gap_cause, gap.cause);
    row(list, t.gap_also, gap.also);
    row(list, t.gap_barrier, gap.barrier);
    row(list, t.gap_nearest, gap.station && gap.seconds !== null ? gap.station + t.colon + time : time);
    row(list, t.gap_workers, workers(app, gap));
    row(list, t.gap_area, gap.area === null ? '' : fill(t.km2, { value: gap.area }));
    row(list, t.gap_detour, gap.detour && gap.detour >= 1.5 ? fill(t.gap_detour_times, { ratio: gap.detour }) : '');
    box.appendChild(list);
    return box;
  }

  function workers(app, gap) {
    if (gap.suppressed) { return app.t.gap_suppressed; }
    return gap.workers === null ? '' : fill(app.t.people, { count: whole(gap.workers) });
  }

  /* ---- legend ---- */

  function legend(app) {
    var box = document.getElementById('um-legend'), button = document.getElementById('um-toggle');
    var body = document.getElementById('um-body');
    function set(open) {
      box.classList.toggle('um-folded', !open);
      button.setAttribute('aria-expanded', String(open));
      button.title = open ? app.t.legend_close : app.t.legend_open;
      body.hidden = !open;
    }
    button.addEventListener('click', function () {
      set(button.getAttribute('aria-expanded') !== 'true');
    });
    set(!phone() && !app.data.embed);
  }

  function gapList(app) {
    var order = app.gaps.filter(function (gap) { return gap.pieces.length; });
    order.sort(function (a, b) {
      return (b.workers || 0) - (a.workers || 0) || (b.area || 0) - (a.area || 0) ||
        a.index - b.index;
    });
    var list = document.getElementById('um-gap-list');
    order.slice(0, 8).forEach(function (gap) {
      var item = el('li'), button = el('button');
      button.type = 'button';
      button.appendChild(el('i', 'um-swatch um-band-' + gap.band));
      var near = gap.near ? fill(app.t.gap_near, { near: gap.near }) : '';
      var parts = [gap.region, near, workers(app, gap), gap.cause].filter(Boolean);
      if (!gap.region && gap.area !== null) { parts.unshift(fill(app.t.km2, { value: gap.area })); }
      button.appendChild(el('span', '', parts.join(' · ')));
      button.addEventListener('click', function () { showGap(app, gap); });
      item.appendChild(button);
      list.appendChild(item);
    });
    document.getElementById('um-gaps').hidden = !order.length;
  }

  function regionList(app) {
    var list = document.getElementById('um-region-list');
    var rows = app.regions.filter(function (region) { return region.share; });
    rows.sort(function (a, b) { return parseFloat(a.share) - parseFloat(b.share); });
    rows.forEach(function (region) {
      var item = el('li'), button = el('button');
      button.type = 'button';
      button.appendChild(el('span', '', region.name));
      button.appendChild(el('b', '', region.share));
      button.addEventListener('click', function () { showRegion(app, region); });
      item.appendChild(button);
      list.appendChild(item);
    });
    document.getElementById('um-districts').hidden = !rows.length;
    document.getElementById('um-districts').classList.toggle('um-many', rows.length > SHEET.districts);
  }

  function fold() {
    var button = document.getElementById('um-toggle');
    if ((phone() || document.documentElement.classList.contains('um-embed')) && button.getAttribute('aria-expanded') === 'true') { button.click(); }
  }

  function showGap(app, gap) {
    fold();
    app.map.addLayer(app.layers.gaps);
    app.map.closePopup();
    app.map.fitBounds(boundsOf(gap), Object.assign({ animate: false, maxZoom: 15 }, padding()));
    openGap(app, gap, insideOf(gap));
  }

  function showStation(app, station) {
    fold();
    app.map.addLayer(app.layers.stations);
    app.map.setView(station.at, Math.max(app.map.getZoom(), 16), { animate: false });
    app.layers.stations.zoomToShowLayer(station.marker, function () { station.marker.openPopup(); });
  }

  function showRegion(app, region) {
    fold();
    if (region.shape.length) {
      app.map.fitBounds(region.layer.getBounds(), Object.assign({ animate: false }, padding()));
    } else {
      app.map.setView(region.at, 13, { animate: false });
    }
  }

  /* ---- search ---- */

  function plain(text) { return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ''); }

  function search(app) {
    var input = document.getElementById('um-search'), list = document.getElementById('um-found');
    var entries = null, active = -1;

    /* Made with the first letter: thousands of names are not read before somebody looks for one. */
    function all() {
      return app.regions.map(function (region) {
        return { key: plain(region.name), name: region.name, kind: app.t.search_region,
          go: function () { showRegion(app, region); } };
      }).concat(app.stations.map(function (station) {
        return { key: plain(station.name), more: plain((station.address || '') + ' ' + station.id), name: station.name,
          address: station.address, kind: station.kind.name, go: function () { showStation(app, station); } };
      }));
    }

    function close() {
      list.hidden = true;
      active = -1;
      input.setAttribute('aria-expanded', 'false');
      input.removeAttribute('aria-activedescendant');
    }

    function rank(entry, query) {
      if (entry.key === query) { return 0; }
      var at = entry.key.indexOf(query);
      if (at >= 0) { return at === 0 ? 1 : 2; }
      return entry.more && entry.more.indexOf(query) >= 0 ? 3 : 9;
    }

    function show() {
      var query = plain(input.value), most = 50;
      list.textContent = '';
      if (!query) { close(); return; }
      entries = entries || all();
      var found = entries.map(function (entry, i) { return [rank(entry, query), i, entry]; })
        .filter(function (hit) { return hit[0] < 9; })
        .sort(function (a, b) { return a[0] - b[0] || a[1] - b[1]; });
      found.slice(0, most).forEach(function (hit, i) {
        var item = el('li');
        item.id = 'um-found-' + i;
        item.setAttribute('role', 'option');
        item.appendChild(el('span', '', hit[2].name));
        if (hit[2].address) { item.appendChild(el('em', '', hit[2].address)); }
        item.appendChild(el('small', '', hit[2].kind));
        item.addEventListener('mousedown', function (event) { event.preventDefault(); });
        item.addEventListener('click', function () { choose(hit[2]); });
        item.umEntry = hit[2];
        list.appendChild(item);
      });
      if (!found.length) { note(fill(app.t.search_none, { query: input.value })); }
      if (found.length > most) { note(fill(app.t.search_more, { count: found.length - most })); }
      list.hidden = false;
      active = -1;
      input.setAttribute('aria-expanded', 'true');
    }

    function note(text) {
      var item = el('li', 'um-none', text);
      item.setAttribute('role', 'option');
      item.setAttribute('aria-disabled', 'true');
      list.appendChild(item);
    }

    function choose(entry) {
      input.value = entry.name;
      close();
      entry.go();
    }

    function move(step) {
      var items = list.querySelectorAll('[role=option]:not([aria-disabled])');
      if (!items.length) { return; }
      if (active >= 0) { items[active].removeAttribute('aria-selected'); }
      active = (active + step + items.length) % items.length;
      items[active].setAttribute('aria-selected', 'true');
      items[active].scrollIntoView({ block: 'nearest' });
      input.setAttribute('aria-activedescendant', items[active].id);
    }

    input.addEventListener('input', show);
    input.addEventListener('focus', function () { if (input.value) { show(); } });
    input.addEventListener('blur', close);
    input.addEventListener('keydown', function (event) {
      if (event.key === 'ArrowDown') { move(1); event.preventDefault(); }
      if (event.key === 'ArrowUp') { move(active < 0 ? 0 : -1); event.preventDefault(); }
      if (event.key === 'Escape') { close(); }
      if (event.key === 'Enter') {
        var items = list.querySelectorAll('[role=option]:not([aria-disabled])');
        var item = items[Math.max(active, 0)];
        if (item) { choose(item.umEntry); }
        event.preventDefault();
      }
    });
  }

  /* ---- where I am ---- */

  function locateControl(app) {
    var Locate = L.Control.extend({
      options: { position: 'topright' },
      onAdd: function () {
        var box = el('div', 'leaflet-bar um-locate'), button = el('button', '');
        button.type = 'button';
        button.title = app.t.locate;
        button.setAttribute('aria-label', app.t.locate);
        button.appendChild(el('i', 'um-target'));
        L.DomEvent.disableClickPropagation(box);
        button.addEventListener('click', function () { locate(app); });
        box.appendChild(button);
        return box;
      }
    });
    return new Locate();
  }

  function toast(text) {
    var box = document.getElementById('um-toast');
    box.textContent = text;
    box.hidden = !text;
    window.clearTimeout(toast.timer);
    if (text) { toast.timer = window.setTimeout(function () { box.hidden = true; }, 8000); }
  }

  function locate(app, done) {
    if (!navigator.geolocation) { toast(app.t.locate_failed); return; }
    toast(app.t.locating);
    navigator.geolocation.getCurrentPosition(function (found) {
      place(app, [found.coords.latitude, found.coords.longitude], found.coords.accuracy, done);
    }, function (error) {
      toast(error.code === 1 ? app.t.locate_denied : app.t.locate_failed);
    }, { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 });
  }

  function drawnFrom(app, wgs) {
    if (!app.data.view.gcj02) { return wgs; }
    var moved = toGcj02(wgs[1], wgs[0]);
    return [moved[1], moved[0]];
  }

  /* The inverse, by fixed point, for a pin that was dragged on a shifted map. */
  function wgsFrom(app, at) {
    if (!app.data.view.gcj02) { return at; }
    var wgs = at.slice();
    for (var i = 0; i < 30; i++) {
      var moved = drawnFrom(app, wgs);
      wgs = [wgs[0] - (moved[0] - at[0]), wgs[1] - (moved[1] - at[1])];
    }
    return wgs;
  }

  function place(app, wgs, accuracy, done) {
    var at = drawnFrom(app, wgs);
    if (!app.box.pad(0.5).contains(at)) { toast(app.t.locate_outside); return; }
    if (app.meLayer) { app.meLayer.remove(); }
    app.me = { wgs: wgs };
    var label = fill(app.t.me, { metres: whole(accuracy) });
    var pin = L.marker(at, { draggable: true, title: label, alt: label, zIndexOffset: 1000,
      icon: L.divIcon({ className: 'um-me', html: el('span', ''), iconSize: [44, 44] }) });
    var circle = L.circle(at, { radius: accuracy, pane: 'um-me', color: '#1565c0', weight: 1,
      fillOpacity: 0.12, interactive: false });
    app.meLayer = L.layerGroup([circle, pin]).addTo(app.map);
    pin.on('dragend', function () {
      var to = pin.getLatLng();
      circle.remove();
      app.me = { wgs: wgsFrom(app, [to.lat, to.lng]) };
      ask(app, done);
    });
    app.map.setView(at, Math.max(app.map.getZoom(), 15), { animate: false });
    toast('');
    ask(app, done);
  }

  /* Minutes over the streets from the server, where there is one. */
  function ask(app, done) {
    app.minutesById = {};
    app.answered = null;
    if (!app.data.nearest_url) { if (done) { done(); } return; }
    var body = { lon: +app.me.wgs[1].toFixed(6), lat: +app.me.wgs[0].toFixed(6),
      mode: app.data.mode_code, k: 50, open: 'any', minutes: Math.round(app.data.minutes) };
    window.fetch(app.data.nearest_url, { method: 'POST', credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
      .then(function (answer) { if (!answer.ok) { throw new Error(answer.status); } return answer.json(); })
      .then(function (answer) {
        var reached = answer.stations.filter(function (s) { return s.seconds !== null; });
        reached.forEach(function (s) { app.minutesById[s.id] = s; });
        app.answered = { all: reached.length < 50, limit: Math.max(60, app.data.minutes) };
        toast(nearestText(app, reached));
        if (done) { done(); }
      })
      .catch(function () { if (done) { done(); } });
  }

  /* The nearest station that is open when one gets there, or that there is none in time. */
  function nearestText(app, reached) {
    var best = reached.filter(function (s) { return s.open.on_arrival; })[0];
    var found = best ? fill(app.t.nearest_found, { name: best.name, mode: app.data.mode,
      minutes: Math.ceil(best.seconds / 60) }) : '';
    if (best && best.seconds <= app.data.minutes * 60) { return found; }
    return fill(app.t.nearest_none, { minutes: app.data.minutes }) + (found ? ' ' + found : '');
  }

  /* ---- popups are dialogs: named, reached by the keyboard, left by Escape ---- */

  function reading(app) {
    var from = null;
    app.map.on('popupopen', function (event) {
      var box = event.popup.getElement(), name = box.querySelector('h3');
      box.setAttribute('role', 'dialog');
      if (name) { box.setAttribute('aria-label', name.textContent); }
      var close = box.querySelector('.leaflet-popup-close-button');
      if (close) { close.setAttribute('aria-label', app.t.close); close.title = app.t.close; }
      box.addEventListener('keydown', function (press) {
        if (press.key === 'Escape') { app.map.closePopup(); }
      });
      from = document.activeElement;
      if (from && from !== document.body && from.matches(':focus-visible')) {
        box.setAttribute('tabindex', '-1');
        box.focus({ preventScroll: true });
      }
    });
    app.map.on('popupclose', function (event) {
      var box = event.popup.getElement();
      if (box && box.contains(document.activeElement) && from && document.contains(from)) { from.focus({ preventScroll: true }); }
    });
  }

  /* ---- the form: what is empty is not sent ---- */

  function form() {
    var node = document.querySelector('.um-form form');
    if (!node) { return; }
    var change = document.getElementById('um-change'), toggle = document.getElementById('um-toggle');
    if (change) {
      change.addEventListener('click', function () {
        if (toggle.getAttribute('aria-expanded') !== 'true') { toggle.click(); }
        node.parentNode.open = true;
        node.elements.at.focus({ preventScroll: true });
        node.parentNode.scrollIntoView({ block: 'start' });
      });
    }
    window.addEventListener('pageshow', function () {
      Array.prototype.forEach.call(node.elements, function (field) { field.disabled = false; });
    });
    node.addEventListener('submit', function () {
      Array.prototype.forEach.call(node.elements, function (field) {
        if (field.name && !field.value) { field.disabled = true; }
      });
    });
  }

  window.unionMap = { start: start, decode: decode, toGcj02: toGcj02, boundsOf: boundsOf, insideOf: insideOf,
    openGap: function (app, gap) { openGap(app, gap, insideOf(gap)); } };
})();
