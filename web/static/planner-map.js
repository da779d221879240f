/* The planner's map: gaps by cause, stations by their hour, pins that can be dragged, sites of a plan. */
(function () {
  'use strict';

  var P = window.unionPlanner, M = P.map = {}, map = null, layers = {}, canvases = {}, base = null;
  var wish = window.matchMedia('(prefers-color-scheme: dark)'), gaps = {}, hidden = [], edge = null, STEP = 0.0005;
  /* Told apart by people who do not see red and green alike; the table and the popups say it in words. */
  var COLOURS = {
    light: { too_far: '#d9722e', closed: '#3d63b8', hours_unknown: '#7f8fc4', no_such_need: '#8b5fb0', access: '#b04a86',
      planned: '#2f9484', off_network: '#777777', unreachable: '#4d3b52', barrier: '#8a5a12', other: '#777777' },
    dark: { too_far: '#ee9a5d', closed: '#7ea2f0', hours_unknown: '#a5b2de', no_such_need: '#bd98dd', access: '#df8dbb',
      planned: '#62c7b6', off_network: '#aaaaaa', unreachable: '#b7a1bf', barrier: '#cf9e52', other: '#aaaaaa' }
  };
  var ORDER = ['closed', 'hours_unknown', 'no_such_need', 'access', 'planned', 'off_network', 'unreachable', 'barrier', 'too_far'];
  M.causes = ORDER;

  M.colour = function (cause) {
    var look = COLOURS[wish.matches ? 'dark' : 'light'];
    return look[cause] || look.other;
  };
  function ink(light, dark) { return wish.matches ? dark : light; }

  M.start = function (data) {
    map = M.leaflet = L.map('pl-map', { zoomControl: false, attributionControl: false, minZoom: 7, maxZoom: 19, zoomSnap: 0.5,
      zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false, inertia: false, preferCanvas: true });
    [['gaps', 320], ['after', 330], ['names', 335], ['regions', 340], ['stations', 350], ['plan', 360]].forEach(function (pane) {
      var node = map.createPane('pl-' + pane[0]);
      node.style.zIndex = pane[1];
      if (pane[0] === 'regions' || pane[0] === 'names' || pane[0] === 'after') { node.style.pointerEvents = 'none'; }
    });
    ['gaps', 'after', 'regions', 'stations', 'plan'].forEach(function (name) {
      canvases[name] = L.canvas({ pane: 'pl-' + name, padding: 0.2 });
      layers[name] = L.layerGroup().addTo(map);
    });
    layers.pins = L.layerGroup().addTo(map);
    L.control.zoom({ position: 'topright', zoomInTitle: P.t('map_zoom_in'), zoomOutTitle: P.t('map_zoom_out') }).addTo(map);
    L.control.scale({ position: 'bottomright', imperial: false }).addTo(map);
    var credit = L.control.attribution({ prefix: false, position: 'bottomright' }).addTo(map);
    (data.attribution || []).forEach(function (line) { credit.addAttribution(P.el('i', { text: line }).innerHTML); });
    var box = map.getContainer();
    box.setAttribute('role', 'application');
    box.setAttribute('aria-label', P.t('map_label'));
    P.id('pl-key').open = window.matchMedia('(min-width: 1000px)').matches;
    var e = data.extent, view = P.state.view;
    if (view) { map.setView([view[1], view[2]], view[0]); } else { map.fitBounds([[e[1], e[0]], [e[3], e[2]]]); }
    ground(data);
    map.on('moveend', function () {
      var at = map.getCenter();
      P.state.view = [+map.getZoom().toFixed(1), +at.lat.toFixed(5), +at.lng.toFixed(5)];
      P.write();
    });
    map.on('zoomend', function () { P.emit('zoomed'); });
    map.on('click', function (event) { P.emit('map-click', event.latlng.wrap()); });
    window.addEventListener('resize', function () { map.invalidateSize(); });
    wish.addEventListener('change', function () {
      if (base) { base.remove(); ground(P.data); }
      P.emit('restyle');
    });
  };

  function ground(data) {
    var tiles = data.basemap;
    if (!tiles || !window.unionBasemap) { return; }
    var options = { url: '/tiles/basemap/{z}/{x}/{y}', version: data.version, dark: wish.matches, labelPane: 'pl-names' };
    ['minzoom', 'maxzoom', 'bounds'].forEach(function (key) { if (tiles[key] !== undefined) { options[key] = tiles[key]; } });
    base = window.unionBasemap.layer(options).addTo(map);
  }

  /* ---- gaps ---- */

  function gapStyle(cause) {
    return { color: M.colour(cause), weight: 1, opacity: 0.9, fillColor: M.colour(cause), fillOpacity: ink(0.42, 0.4) };
  }

  M.gaps = function (features) {
    layers.gaps.clearLayers();
    gaps = {};
    hidden = [];
    layers.after.clearLayers();
    features.forEach(function (feature) {
      if (!feature.geometry) { return; }
      var p = feature.properties;
      gaps[p.id] = L.geoJSON(feature, { style: gapStyle(p.cause), pane: 'pl-gaps', renderer: canvases.gaps, bubblingMouseEvents: true });
      gaps[p.id].on('click', function (event) {
        if (M.placing) { return; }
        L.DomEvent.stopPropagation(event);
        P.emit('gap', { id: p.id });
      });
      layers.gaps.addLayer(gaps[p.id]);
    });
    M.legend(features);
  };

  M.bounds = function (geometry) { return L.geoJSON(geometry).getBounds(); };

  M.choose = function (feature, fly) {
    if (edge) { edge.remove(); edge = null; }
    if (!feature || !feature.geometry) { return; }
    edge = L.geoJSON(feature, { style: { fill: false, weight: 2, color: ink('#0b3c46', '#c6f3fa'), interactive: false }, interactive: false,
      pane: 'pl-after', renderer: canvases.after }).addTo(map);
    if (fly) { map.fitBounds(edge.getBounds(), { maxZoom: 15, padding: [24, 24] }); }
  };

  /* What changes: gaps that were give way to those that would be. Green edges: closed or smaller; violet: opened or larger. */
  M.after = function (answer) {
    var less = ink('#0d7a55', '#63e0b2'), more = ink('#8a2be2', '#d3a4ff');
    layers.after.clearLayers();
    hidden.forEach(function (id) { if (gaps[id]) { layers.gaps.addLayer(gaps[id]); } });
    hidden = [];
    if (!answer) { return; }
    function draw(gap) {
      var opened = gap.change === 'opened' || gap.change === 'grown', closed = gap.change === 'closed', colour = opened ? more : less;
      (gap.before || []).forEach(function (id) {
        if (gaps[id]) { layers.gaps.removeLayer(gaps[id]); hidden.push(id); }
      });
      if (!gap.geometry) { return; }
      var look = Object.assign(gapStyle(gap.cause), { color: colour, weight: map.getZoom() < 12 ? 1 : closed || opened ? 2.5 : 1.5, dashArray: opened ? '6 4' : null, interactive: false });
      if (closed) { look.fillColor = colour; look.fillOpacity = 0.12; }
      L.geoJSON(gap.geometry, { interactive: false, pane: 'pl-after', renderer: canvases.after, style: look }).addTo(layers.after);
    }
    [answer.changed, answer.closed, answer.opened].forEach(function (list) { (list || []).forEach(draw); });
    if (edge && hidden.indexOf(P.state.gap) >= 0) { edge.remove(); edge = null; }
  };

  /* A point within a shape: the middle of the widest run along the middle of its largest part. */
  M.inside = function (geometry) {
    var parts = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates, best = null, size = -1;
    parts.forEach(function (rings) {
      var b = L.latLngBounds(rings[0].map(function (c) { return [c[1], c[0]]; }));
      var area = (b.getEast() - b.getWest()) * (b.getNorth() - b.getSouth());
      if (area > size) { size = area; best = { rings: rings, box: b }; }
    });
    var lat = (best.box.getNorth() + best.box.getSouth()) / 2 + 1e-7, x = [];
    best.rings.forEach(function (ring) {
      for (var i = 0; i + 1 < ring.length; i++) {
        var a = ring[i], b = ring[i + 1];
        if ((a[1] > lat) !== (b[1] > lat)) { x.push(a[0] + (lat - a[1]) / (b[1] - a[1]) * (b[0] - a[0])); }
      }
    });
    x.sort(function (a, b) { return a - b; });
    for (var i = 0, run = null; i + 1 < x.length; i += 2) {
      if (!run || x[i + 1] - x[i] > run[1] - run[0]) { run = [x[i], x[i + 1]]; }
    }
    return run ? [lat, (run[0] + run[1]) / 2] : [best.rings[0][0][1], best.rings[0][0][0]];
  };

  M.regions = function (features) {
    layers.regions.clearLayers();
    features.forEach(function (feature) {
      L.geoJSON(feature, { interactive: false, pane: 'pl-regions', renderer: canvases.regions,
        style: { fill: false, weight: 1.5, dashArray: '5 4', color: ink('#55606b', '#9fabb4'), interactive: false } }).addTo(layers.regions);
    });
  };

  /* ---- stations ---- */

  M.stations = function (stations, stateOf) {
    var zoom = map.getZoom(), size = zoom < 11 ? 3.5 : zoom < 13 ? 4.5 : 6;
    layers.stations.clearLayers();
    var accent = ink('#0b5c6b', '#6cc7d4'), paper = ink('#ffffff', '#1f262c'), gone = ink('#b2182b', '#ff9aa8');
    stations.forEach(function (station) {
      var state = stateOf(station), open = state === 'open', dot = L.circleMarker([station.lat, station.lon], {
        pane: 'pl-stations', renderer: canvases.stations, radius: state === 'changed' || state === 'gone' ? 8 : size, weight: size > 4 ? 2 : 1.5,
        color: state === 'gone' ? gone : accent, fillOpacity: 1, fillColor: open ? accent : state === 'changed' ? ink('#e2c044', '#e2c044') : paper,
        dashArray: state === 'unknown' || state === 'gone' ? '3 3' : null });
      dot.on('click', function (event) {
        if (M.placing) { return; }
        L.DomEvent.stopPropagation(event);
        P.emit('station', { id: station.id });
      });
      dot.bindTooltip(P.el('span', { text: station.name }), { pane: 'tooltipPane' });
      layers.stations.addLayer(dot);
    });
  };

  /* ---- pins that can be moved ---- */

  function nudge(marker, done) {
    var steps = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    marker.getElement().addEventListener('keydown', function (event) {
      var step = steps[event.key], at = marker.getLatLng(), size = STEP * (event.shiftKey ? 10 : 1);
      if (!step) { return; }
      event.preventDefault();
      event.stopPropagation();
      marker.setLatLng([at.lat + step[0] * size, at.lng + step[1] * size]);
      done(marker.getLatLng());
    });
  }

  M.pins = function (pins, moved) {
    var focused = document.activeElement, kept = focused && focused.getAttribute('data-pin');
    layers.pins.clearLayers();
    pins.forEach(function (pin, i) {
      var name = P.t('pin_label', { n: i + 1 });
      var mark = L.marker([pin.lat, pin.lon], { draggable: true, autoPan: true, alt: name, title: name, zIndexOffset: 1000,
        icon: L.divIcon({ className: 'pl-pin', html: P.el('span', { text: '+' + (i + 1) }), iconSize: [36, 36], iconAnchor: [18, 18] }) });
      layers.pins.addLayer(mark);
      mark.getElement().setAttribute('aria-label', name);
      mark.getElement().setAttribute('data-pin', String(i));
      mark.on('dragend', function () { moved(i, mark.getLatLng().wrap()); });
      nudge(mark, function (at) { moved(i, at); });
      if (kept === String(i)) { mark.getElement().focus({ preventScroll: true }); }
    });
  };

  M.plan = function (sites, upTo) {
    layers.plan.clearLayers();
    sites.forEach(function (site, i) {
      if (typeof site.lon !== 'number' || typeof site.lat !== 'number') { return; }
      var built = i < upTo;
      var mark = L.marker([site.lat, site.lon], { keyboard: false, interactive: true, title: P.t('plan_label', { n: i + 1, what: site.what }), alt: '', zIndexOffset: 500 - i,
        icon: L.divIcon({ className: 'pl-site' + (built ? '' : ' pl-later'), html: P.el('span', { text: String(i + 1) }), iconSize: [26, 26] }) });
      mark.on('click', function () { P.emit('plan-site', i); });
      layers.plan.addLayer(mark);
    });
  };

  M.fitAll = function (sites) {
    var at = sites.filter(function (site) { return typeof site.lat === 'number'; }).map(function (site) { return [site.lat, site.lon]; });
    if (at.length) { map.fitBounds(at, { maxZoom: 14, padding: [60, 60] }); }
  };
  M.look = function (lat, lon, zoom) { map.setView([lat, lon], Math.max(map.getZoom(), zoom || 14)); };
  M.fit = function (box) { map.fitBounds(box, { maxZoom: 15, padding: [24, 24] }); };
  M.centre = function () { return map.getCenter().wrap(); };
  M.cross = function (on) { P.id('pl-cross').hidden = !on; };
  M.place = function (on) { M.placing = on; map.getContainer().classList.toggle('pl-placing', on); };

  M.legend = function (features) {
    var list = P.empty(P.id('pl-key-list')), seen = {};
    features.forEach(function (feature) { seen[feature.properties.cause] = true; });
    ORDER.forEach(function (cause) {
      if (!seen[cause]) { return; }
      var swatch = P.el('i', { 'class': 'pl-swatch' });
      swatch.style.background = M.colour(cause);
      list.appendChild(P.el('li', {}, [swatch, P.el('span', { text: P.text.cause[cause] })]));
    });
    [['open', 'map_open'], ['closed', 'map_closed'], ['new', 'map_new'], ['planned', 'map_planned']].forEach(function (row) {
      list.appendChild(P.el('li', {}, [P.el('i', { 'class': 'pl-dot pl-dot-' + row[0] }), P.el('span', { text: P.t(row[1]) })]));
    });
  };
})();
