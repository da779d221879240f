/* Streets that travel with a page, and the text that numbers and positions travel in. */
(function () {
  'use strict';

  var ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  var DIGIT = {};
  for (var d = 0; d < 64; d++) { DIGIT[ALPHABET.charCodeAt(d)] = d; }

  /* Integers from text: see web/map_code.py. Arithmetic, not bits: values pass 2^31. */
  function decode(text) {
    var out = [], value = 0, scale = 1;
    for (var i = 0; i < text.length; i++) {
      var digit = DIGIT[text.charCodeAt(i)];
      value += (digit % 32) * scale;
      if (digit >= 32) {
        scale *= 32;
      } else {
        out.push(value % 2 ? -(value + 1) / 2 : value / 2);
        value = 0;
        scale = 1;
      }
    }
    return out;
  }

  /* Steps to [lat, lon] in degrees. */
  function points(text, grid) {
    var steps = decode(text), out = [], x = 0, y = 0;
    for (var i = 0; i < steps.length; i += 2) {
      x += steps[i];
      y += steps[i + 1];
      out.push([y * grid, x * grid]);
    }
    return out;
  }

  var COLOURS = { light: ['#b9b4a8', '#c4c0b5', '#cbc7bd', '#d2cec5', '#dad7cf'],
    dark: ['#6b737a', '#5a6168', '#4e555b', '#454c52', '#3f464b'] };
  var STREETS = [{ weight: 2.6, from: 0 }, { weight: 1.8, from: 0 }, { weight: 1.3, from: 11 },
    { weight: 0.9, from: 13 }, { weight: 0.7, from: 15 }];

  /* The streets that travel with a page, a layer for each level: see web/map_streets.py. */
  function lines(levels, options) {
    return levels.map(function (level) {
      var xy = points(level.xy, 1e-5), at = 0;
      var parts = decode(level.lines).map(function (n) { return xy.slice(at, at += n); });
      return L.polyline(parts, Object.assign({ interactive: false, smoothFactor: 1.2, lineCap: 'round' }, options));
    });
  }

  /* Shows the levels that a zoom has room for, as wide as it has. */
  function fit(drawn, group, zoom, dark) {
    var colours = dark ? COLOURS.dark : COLOURS.light;
    var wide = zoom >= 15 ? 1.8 : zoom >= 13 ? 1.3 : 1;
    drawn.forEach(function (line, i) {
      var wanted = zoom >= STREETS[i].from;
      if (wanted !== group.hasLayer(line)) { group[wanted ? 'addLayer' : 'removeLayer'](line); }
      line.setStyle({ color: colours[i], weight: STREETS[i].weight * wide });
    });
  }

  /* Streets below the marks of another page's map. */
  function below(map, levels) {
    var group = L.layerGroup().addTo(map), drawn = lines(levels, { renderer: L.canvas() });
    function zoomed() { fit(drawn, group, map.getZoom(), false); }
    map.on('zoomend', zoomed);
    zoomed();
  }

  window.unionStreets = { decode: decode, points: points, lines: lines, fit: fit, below: below };
})();
