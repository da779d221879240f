/* The worker's page: the map, when somebody asks for it: stations, the way to one of them, or a pin
   to say where one is. Leaflet and our own tiles; the list never depends on it. */
(function () {
  'use strict';

  var home = window.unionHome, t = home.t, el = home.el, box = home.id('mapbox');
  var STEP = 0.0002, CLOSE = 17, map = null, dark = window.matchMedia ? window.matchMedia('(prefers-color-scheme: dark)') : { matches: false };
  var calm = window.matchMedia && window.matchMedia('(prefers-reduced-motion: reduce)').matches;

  /* Where a station lies for our map: its link for other maps tells WGS-84. */
  function place(station) {
    var m = /^geo:(-?[\d.]+),(-?[\d.]+)/.exec((station.navigate || {}).geo || '');
    return m ? [+m[1], +m[2]] : [station.lat, station.lon];
  }

  /* A shifted datum lies off our map by as much as its stations do; near them that is exact to metres. */
  function shift(data, datum) {
    var near = datum && datum !== 'wgs84' && datum !== 'cgcs2000' ? (data.stations.concat(data.alternatives))[0] : null;
    if (!near) { return [0, 0]; }
    var at = place(near);
    return [at[0] - near.lat, at[1] - near.lon];
  }

  function mark(className, text) {
    var node = el('span', { 'class': className, text: text || '' });
    return window.L.divIcon({ className: 'pin-box', html: node, iconSize: [44, 44], iconAnchor: [22, 22] });
  }

  home.mapClose = function () {
    if (map) { map.remove(); map = null; }
    home.empty(box);
    box.hidden = true;
  };

  function frame(title) {
    home.mapClose();
    box.appendChild(el('h2', { id: 'map-title', text: title }));
    var paper = el('div', { id: 'map', 'class': 'map' }), caption = el('p', { 'class': 'caption', role: 'status' });
    var tools = el('p', { 'class': 'row' });
    [paper, caption, tools].forEach(function (node) { box.appendChild(node); });
    box.hidden = false;
    map = window.L.map(paper, { zoomControl: false, attributionControl: false, minZoom: 8, maxZoom: 19,
      zoomAnimation: !calm, fadeAnimation: !calm, markerZoomAnimation: !calm, inertia: !calm });
    window.L.control.zoom({ zoomInTitle: t('map_zoom_in'), zoomOutTitle: t('map_zoom_out') }).addTo(map);
    var credit = window.L.control.attribution({ prefix: false }).addTo(map);
    home.credits().forEach(function (text) {
      var safe = el('span', { text: text });
      credit.addAttribution(safe.innerHTML);
    });
    ground();
    return { paper: paper, caption: caption, tools: tools };
  }

  function ground() {
    var tiles = home.page.basemap;
    if (!tiles || !window.unionBasemap) { return; }
    var options = { url: '/tiles/basemap/{z}/{x}/{y}', version: home.page.version, dark: dark.matches };
    ['minzoom', 'maxzoom', 'bounds'].forEach(function (key) { if (tiles[key] !== undefined) { options[key] = tiles[key]; } });
    window.unionBasemap.layer(options).addTo(map);
  }

  function middle() {
    var e = home.page.extent;
    return e ? [(e[1] + e[3]) / 2, (e[0] + e[2]) / 2] : [28.68, 115.89];
  }

  function closer() { return home.button(t('map_close'), home.mapLeft); }

  function reveal(first) {
    map.invalidateSize();
    home.show(box);
    (first || box).focus({ preventScroll: true });
    document.documentElement.setAttribute('data-map', '');
  }

  /* ---- stations and the way ---- */

  function me(at, accuracy) {
    if (accuracy > 100) { window.L.circle(at, { radius: accuracy, className: 'rough', interactive: false }).addTo(map); }
    window.L.marker(at, { icon: mark('me'), keyboard: false, interactive: false, alt: t('map_me') }).addTo(map);
  }

  /* The way along streets, and the steps to it and from it: a station may lie back from the street. */
  function drawn(line, by, here, there) {
    var points = line.map(function (p) { return [p[1] + by[0], p[0] + by[1]]; });
    return [['way-edge', points], ['way', points], ['way-foot', here ? [here, points[0]] : []], ['way-foot', [points[points.length - 1], there]]].map(function (part) {
      return window.L.polyline(part[1], { className: part[0], interactive: false }).addTo(map);
    });
  }

  function captionOf(station, found, mode) {
    var name = home.quoted(station.name), way = found || station;
    if (typeof way.seconds === 'number') {
      return t('map_route', { name: name, by: home.by(mode), time: home.lasting(way), distance: home.distance(way.metres) });
    }
    return typeof way.straight_metres === 'number'
      ? t('map_straight', { name: name, distance: home.distance(way.straight_metres) }) : name;
  }

  function cardOf(station) {
    return Array.prototype.filter.call(document.querySelectorAll('#answer .card'), function (card) {
      return card.getAttribute('data-station') === station.id;
    })[0];
  }

  home.drawMap = function (view, position, chosen) {
    var parts = frame(t('map_title')), data = view.data, by = shift(data, position && position.datum), all = home.inOrder(view);
    var here = position ? [position.lat + by[0], position.lon + by[1]] : null, lines = [];
    var seen = all.slice(0, 30).map(place).concat(here ? [here] : []);
    if (chosen) { seen = [place(chosen)].concat(here ? [here] : []); }
    map.fitBounds(window.L.latLngBounds(seen).pad(0.2), { maxZoom: CLOSE, animate: false });
    if (here) { me(here, position.accuracy); }

    var looked = home.button(t('map_card'), function () {
      var card = cardOf(looked.station);
      home.mapClose();
      card.setAttribute('tabindex', '-1');
      card.focus({ preventScroll: true });
      home.show(card);
    });
    looked.hidden = true;

    function go(station) {
      looked.station = station;
      looked.hidden = !cardOf(station);
      lines.forEach(function (line) { line.remove(); });
      lines = [];
      parts.caption.textContent = captionOf(station, null, data.mode);
      home.wayTo(station).then(function (found) {
        if (!map || !parts.paper.parentNode) { return; }
        if (found) { found.walked = true; }
        parts.caption.textContent = captionOf(station, found, data.mode) +
          (here && !found && typeof station.seconds === 'number' ? ' ' + t('map_no_line') : '');
        if (found) { home.walked(station, found, view); }
        if (found && found.route) {
          lines = drawn(found.route.coordinates, by, here, place(station));
          map.fitBounds(lines[1].getBounds().pad(0.2), { maxZoom: CLOSE, animate: false });
        }
        document.documentElement.setAttribute('data-way', found && found.route ? 'drawn' : 'none');
      });
    }

    all.slice(0, 60).forEach(function (station, i) {
      var state = home.stateOf(station, view.clock()).kind, name = home.clip(station.name);
      window.L.marker(place(station), { icon: mark('pin ' + state, String(i + 1)), title: name, alt: name, zIndexOffset: -i })
        .addTo(map).on('click', function () { go(station); });
    });
    parts.tools.appendChild(looked);
    parts.tools.appendChild(closer());
    if (chosen) { go(chosen); }
    reveal();
  };

  /* ---- a pin to say where one is ---- */

  function nudge(marker) {
    var steps = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    marker.getElement().addEventListener('keydown', function (event) {
      var step = steps[event.key], at = marker.getLatLng(), size = STEP * (event.shiftKey ? 10 : 1);
      if (!step) { return; }
      event.preventDefault();
      event.stopPropagation();
      marker.setLatLng([at.lat + step[0] * size, at.lng + step[1] * size]);
      map.panTo(marker.getLatLng(), { animate: false });
    });
  }

  home.drawPick = function (position, use) {
    var parts = frame(t('map_pick_title')), shifted = position && position.datum !== 'wgs84';
    var at = position && !shifted ? [position.lat, position.lon] : middle(), rough = position ? position.accuracy || 0 : 0;
    map.setView(at, position ? 16 : 12, { animate: false });
    if (rough > 100) {
      window.L.circle(at, { radius: rough, className: 'rough', interactive: false }).addTo(map);
      map.fitBounds(window.L.latLng(at).toBounds(rough * 2), { animate: false });
    }
    var pin = window.L.marker(at, { icon: mark('drop'), draggable: true, autoPan: true, alt: t('map_pin'), title: t('map_pin') }).addTo(map);
    nudge(pin);
    map.on('click', function (event) { pin.setLatLng(event.latlng); });
    parts.caption.textContent = t('map_pick_text');
    parts.tools.appendChild(home.button(t('map_pick_go'), function () {
      var found = pin.getLatLng().wrap();
      home.mapClose();
      use({ lon: found.lng, lat: found.lat, datum: 'wgs84', accuracy: 0, from: 'pin' });
    }, { className: 'strong' }));
    parts.tools.appendChild(closer());
    reveal(pin.getElement());
  };
})();
