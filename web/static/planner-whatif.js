/* What if: new stations as pins, existing ones without, elsewhere, longer open or better equipped. */
(function () {
  'use strict';

  var P = window.unionPlanner, el = P.el, F = P.whatif = {}, turn = P.only(), timer = 0, editing = null, stations = {}, order = [];

  /* ---- stations as they are ---- */

  function readStation(feature) {
    var p = feature.properties, at = feature.geometry.coordinates;
    return { id: p.id, name: p.name || p.id, lon: at[0], lat: at[1], hours: p.opening_hours || '', text: p.opening_hours_text || '',
      always: p.always_open, spans: p.spans || [], unknown: p.unknown_spans || [], facilities: p.facilities || [] };
  }

  /* Open at the hour of the week: their list holds the minutes of the next seven days. */
  function stateOf(station) {
    var c = P.state.changes;
    if (c.remove.indexOf(station.id) >= 0) { return 'gone'; }
    if (c.hours[station.id] || c.equip[station.id] || c.move[station.id]) { return 'changed'; }
    if (P.state.hour === null || station.always) { return 'open'; }
    var week = 10080, minute = (Date.parse(P.at() + ':00+08:00') - F.from) / 60000, at = (minute % week + week) % week;
    function within(span) { return at >= span[0] && at < span[1]; }
    return station.spans.some(within) ? 'open' : station.unknown.some(within) || (!station.spans.length && !station.hours) ? 'unknown' : 'closed';
  }

  F.stations = function () {
    return P.json('/api/v1/stations').then(function (found) {
      F.from = Date.parse(found.from);
      order = found.features.map(readStation);
      order.forEach(function (station) { stations[station.id] = station; });
      F.draw();
    });
  };
  F.name = function (id) { return stations[id] ? stations[id].name : id; };
  F.at = function (id) { return stations[id]; };

  F.draw = function () {
    P.map.stations(order.map(function (station) {
      var to = P.state.changes.move[station.id];
      return to ? Object.assign({}, station, { lon: to[0], lat: to[1] }) : station;
    }), stateOf);
  };

  /* ---- new stations ---- */

  function hoursInput(value) {
    return el('input', { value: value, maxlength: '1000', placeholder: P.t('hours_hint'), list: 'pl-hours-list' });
  }

  function pinBox(pin, i) {
    var hours = hoursInput(pin.opening_hours), n = i + 1, needs = el('select', {}, [el('option', { value: '', text: P.t('facilities_any') })]);
    Object.keys(P.page.labels.needs).forEach(function (code) {
      needs.appendChild(el('option', { value: code, text: P.page.labels.needs[code], selected: pin.need === code || same(pin.facilities, P.page.facilities_of[code]) }));
    });
    hours.addEventListener('change', function () { pin.opening_hours = hours.value.trim() || '24/7'; F.changed(); });
    needs.addEventListener('change', function () {
      if (needs.value) { pin.facilities = P.page.facilities_of[needs.value].slice(); } else { delete pin.facilities; }
      F.changed();
    });
    return el('fieldset', { 'class': 'pl-pinbox' }, [el('legend', { text: P.t('pin', { n: n }) }),
      P.button(P.t('pin_place', { lon: pin.lon.toFixed(4), lat: pin.lat.toFixed(4) }), function () { P.map.look(pin.lat, pin.lon, 14); }, { 'class': 'pl-link', title: P.t('pin_show', { n: n }) }),
      P.button('×', function () {
        P.state.changes.add.splice(i, 1);
        F.changed();
        (P.id('pl-pins').querySelector('button') || P.id('pl-add')).focus();
      }, { 'class': 'pl-small-button pl-away', 'aria-label': P.t('pin_remove', { n: n }) }),
      P.field(P.t('pin_hours'), hours), P.field(P.t('pin_needs'), needs)]);
  }

  function same(a, b) { return Boolean(a && b && a.join() === b.join()); }

  F.pins = function () {
    var box = P.empty(P.id('pl-pins')), pins = P.state.changes.add;
    pins.forEach(function (pin, i) { box.appendChild(pinBox(pin, i)); });
    P.map.pins(pins, function (i, at) {
      pins[i].lon = +at.lng.toFixed(6);
      pins[i].lat = +at.lat.toFixed(6);
      F.changed(true);
    });
  };

  F.add = function (at) {
    var pin = { lon: +(+at.lon).toFixed(6), lat: +(+at.lat).toFixed(6), opening_hours: '24/7' };
    P.state.changes.add.push(pin);
    P.tab('whatif');
    F.changed();
    P.map.look(pin.lat, pin.lon, 13);
    var marks = document.querySelectorAll('[data-pin]');
    if (marks.length) { marks[marks.length - 1].focus({ preventScroll: true }); }
  };

  /* ---- an existing station ---- */

  F.edit = function (id) {
    var station = stations[id], box = P.empty(P.id('pl-edit')), c = P.state.changes;
    if (!station) { editing = null; return; }
    editing = id;
    P.tab('whatif');
    var gone = c.remove.indexOf(id) >= 0, hours = hoursInput(c.hours[id] || '');
    var equip = el('select', {}, [el('option', { value: '', text: P.t('edit_equip_none') })]);
    Object.keys(P.page.labels.facilities).forEach(function (code) {
      if (station.facilities.indexOf(code) < 0) { equip.appendChild(el('option', { value: code, text: P.page.labels.facilities[code], selected: (c.equip[id] || [])[0] === code })); }
    });
    var title = el('h3', { tabindex: '-1', text: P.t('edit_title', { name: station.name }) });
    var form = el('form', { 'class': 'pl-grid pl-edit', autocomplete: 'off' }, [
      el('div', { 'class': 'pl-wide' }, [title, el('p', { 'class': 'pl-note', text: P.t('edit_now', { hours: station.text || station.hours || P.t('edit_unknown') }) })]),
      P.field(P.t('edit_hours'), hours), P.field(P.t('edit_equip'), equip),
      el('p', { 'class': 'pl-row pl-wide' }, [el('button', { type: 'submit', 'class': 'pl-strong', text: P.t('apply') }),
        P.button(P.t(gone ? 'edit_restore' : 'edit_remove'), function () {
          if (gone) { c.remove.splice(c.remove.indexOf(id), 1); } else { F.restore(id); c.remove.push(id); }
          F.changed();
          F.edit(id);
        }, { id: 'pl-edit-remove' }),
        P.button(P.t('edit_move'), function () {
          var at = P.map.centre();
          F.restore(id);
          c.move[id] = [+at.lng.toFixed(6), +at.lat.toFixed(6)];
          F.changed();
        }, { id: 'pl-edit-move' }),
        P.button(P.t('edit_close'), function () { editing = null; P.empty(box); P.id('pl-q').focus(); })])]);
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      F.restore(id);
      if (hours.value.trim()) { c.hours[id] = hours.value.trim(); }
      if (equip.value) { c.equip[id] = [equip.value]; }
      F.changed();
    });
    box.appendChild(form);
    title.focus({ preventScroll: true });
    box.scrollIntoView({ block: 'nearest' });
  };

  F.restore = function (id) {
    var c = P.state.changes, at = c.remove.indexOf(id);
    if (at >= 0) { c.remove.splice(at, 1); }
    ['hours', 'equip', 'move'].forEach(function (kind) { delete c[kind][id]; });
  };

  function find(event) {
    event.preventDefault();
    var q = P.id('pl-q').value.trim(), list = P.empty(P.id('pl-hits'));
    list.hidden = !q;
    if (!q) { return; }
    var plain = q.normalize('NFKC').toLowerCase();
    var hits = order.filter(function (s) { return s.name.normalize('NFKC').toLowerCase().indexOf(plain) >= 0 || s.id.toLowerCase() === plain; }).slice(0, 8);
    hits.forEach(function (station) {
      list.appendChild(el('li', {}, [P.button(station.name, function () {
        list.hidden = true;
        P.map.look(station.lat, station.lon, 14);
        F.edit(station.id);
      }, { 'class': 'pl-link', 'data-station': station.id })]));
    });
    if (!hits.length) { list.appendChild(el('li', { text: P.t('station_found_none', { q: q }) })); }
  }

  /* ---- the list of changes ---- */

  function described() {
    var c = P.state.changes, out = [];
    c.remove.forEach(function (id) { out.push([id, P.t('change_remove', { name: F.name(id) })]); });
    Object.keys(c.hours).forEach(function (id) { out.push([id, P.t('change_hours', { name: F.name(id), hours: c.hours[id] })]); });
    Object.keys(c.equip).forEach(function (id) {
      var names = c.equip[id].map(function (code) { return P.label('facilities', code); });
      out.push([id, P.t('change_equip', { name: F.name(id), facilities: names.join(P.t('sep')) })]);
    });
    Object.keys(c.move).forEach(function (id) { out.push([id, P.t('change_move', { name: F.name(id), lon: c.move[id][0].toFixed(4), lat: c.move[id][1].toFixed(4) })]); });
    return out;
  }

  F.list = function () {
    var box = P.empty(P.id('pl-changes')), rows = described();
    box.appendChild(el('h3', { text: P.t('changes_title') }));
    if (!P.changeCount()) { box.appendChild(el('p', { 'class': 'pl-note', text: P.t('changes_none') })); return; }
    box.appendChild(el('ul', { 'class': 'pl-undo' }, rows.map(function (row) {
      return el('li', {}, [el('span', { text: row[1] }), P.button(P.t('change_undo'), function () {
        F.restore(row[0]);
        F.changed();
        P.id('pl-add').focus();
      }, { 'class': 'pl-small-button', 'aria-label': P.t('change_undo_name', { what: row[1] }) })]);
    })));
    box.appendChild(P.button(P.t('changes_clear'), function () {
      P.state.changes = P.noChanges();
      F.changed();
      P.id('pl-add').focus();
    }, { id: 'pl-clear', 'class': 'pl-small-button' }));
  };

  /* ---- asking ---- */

  F.changed = function (byHand) {
    P.write();
    if (byHand) {
      var i = 0, names = P.id('pl-pins').querySelectorAll('.pl-link');
      P.state.changes.add.forEach(function (pin) { if (names[i]) { names[i].textContent = P.t('pin_place', { lon: pin.lon.toFixed(4), lat: pin.lat.toFixed(4) }); } i++; });
    } else {
      F.pins();
    }
    F.list();
    F.draw();
    window.clearTimeout(timer);
    timer = window.setTimeout(F.ask, 250);
  };

  function sent() {
    var c = P.state.changes, all = Object.keys(P.page.labels.facilities), out = {};
    if (c.add.length) {
      out.add = c.add.map(function (pin) {
        return { lon: pin.lon, lat: pin.lat, opening_hours: pin.opening_hours, facilities: pin.facilities || all };
      });
    }
    if (c.remove.length) { out.remove = c.remove; }
    ['hours', 'equip', 'move'].forEach(function (kind) { if (Object.keys(c[kind]).length) { out[kind] = c[kind]; } });
    return out;
  }
  F.sent = sent;

  F.ask = function () {
    var root = document.documentElement;
    root.removeAttribute('data-scenario');
    if (!P.changeCount()) {
      turn.stop();
      P.busy(false);
      F.answer = null;
      P.empty(P.id('pl-diff'));
      P.empty(P.id('pl-changed'));
      P.map.after(null);
      root.setAttribute('data-scenario', 'none');
      return;
    }
    var signal = turn.start();
    P.busy(true, function () { turn.stop(); });
    P.json('/api/v1/scenario', { method: 'POST', body: P.body(sent()), signal: signal }).then(function (answer) {
      turn.over(signal);
      F.answer = answer;
      P.busy(false);
      show(answer);
      root.setAttribute('data-scenario', 'true');
    }).catch(function (error) {
      if (P.aborted(error)) { return; }
      turn.over(signal);
      P.busy(false);
      P.map.after(null);
      P.empty(P.id('pl-changed'));
      P.empty(P.id('pl-diff')).appendChild(el('p', { 'class': 'pl-bad', role: 'alert', text: P.sentence(error) }));
      root.setAttribute('data-scenario', 'false');
    });
  };

  /* ---- before and after ---- */

  function part(summary, name) {
    var own = P.state.group ? (summary.groups || {})[P.state.group] || {} : summary;
    return own[name] === undefined ? null : own[name];
  }

  function lines(answer) {
    var before = answer.before, after = answer.after, rows = [];
    function row(name, a, b, show) {
      if (typeof a === 'number' && typeof b === 'number') { rows.push([P.t(name, { who: P.groupName(P.state.group) }), show(a), show(b), P.signed(b - a, show)]); }
    }
    ['workers', 'homes'].forEach(function (key) {
      var a = part(before, key), b = part(after, key);
      if (a && b) { row('diff_' + key, a.covered, b.covered, P.whole); }
    });
    if (before.street_km && after.street_km) { row('diff_street', before.street_km.covered, after.street_km.covered, P.km); }
    row('diff_share', part(before, 'share_covered'), part(after, 'share_covered'), P.percent1);
    return rows;
  }

  function gained(before, after, key) {
    var a = before && before[key], b = after && after[key];
    return a && b ? b.covered - a.covered : null;
  }

  function byName(title, before, after, names, key) {
    var rows = Object.keys(names).map(function (id) {
      var n = gained(before[id], after[id], key);
      return n === null ? null : { n: n, cells: [names[id], P.whole(before[id][key].covered), P.whole(after[id][key].covered), P.signed(n)] };
    }).filter(function (row) { return row && row.n; }).sort(function (a, b) { return Math.abs(b.n) - Math.abs(a.n); });
    return rows.length ? P.table(P.t(title), ['', P.t('diff_before'), P.t('diff_after'), P.t('diff_change')], rows.map(function (row) { return row.cells; })) : null;
  }

  function indexed(rows) {
    var out = {};
    (rows || []).forEach(function (row) { out[row.id] = row; });
    return out;
  }

  function byCause(before, after) {
    var rows = P.map.causes.map(function (cause) {
      var a = (before.causes || {})[cause] || {}, b = (after.causes || {})[cause] || {}, n = (b.workers || 0) - (a.workers || 0);
      return n ? [P.text.cause[cause], P.whole(a.workers || 0), P.whole(b.workers || 0), P.signed(n)] : null;
    }).filter(Boolean);
    return rows.length ? P.table(P.t('diff_by_cause'), ['', P.t('diff_before'), P.t('diff_after'), P.t('diff_change')], rows) : null;
  }

  /* What the server did not take as it was sent. */
  function notes(answer) {
    var off = (answer.sites || []).filter(function (site) { return !site.on_network; }), out = [];
    if (off.length) { out.push(P.t('diff_off', { n: off.length })); }
    if (answer.lattice_m && (answer.sites || []).length) { out.push(P.t('diff_lattice', { n: answer.lattice_m })); }
    return out.concat(answer.warnings || []);
  }

  function show(answer) {
    var box = P.empty(P.id('pl-diff')), before = answer.before, after = answer.after, rows = lines(answer), names = {}, groups = {};
    var n = gained({ w: part(before, 'workers') }, { w: part(after, 'workers') }, 'w');
    P.id('pl-changed').textContent = n === null ? '' : P.t(n > 0 ? 'diff_more' : n < 0 ? 'diff_less' : 'diff_same', { n: P.whole(Math.abs(n)), who: P.groupName(P.state.group) });
    box.appendChild(P.table(P.t('diff_title'), ['', P.t('diff_before'), P.t('diff_after'), P.t('diff_change')], rows));
    var gaps = answer.gaps || {}, closed = gaps.closed || [], opened = gaps.opened || [], changed = gaps.changed || [];
    box.appendChild(el('p', { text: P.t('diff_gaps', { closed: closed.length, opened: opened.length, changed: changed.length }) }));
    (P.data.regions || []).forEach(function (region) { names[region.id] = region.name; });
    Object.keys(before.groups || {}).forEach(function (code) { groups[code] = P.groupName(code); });
    [byName('diff_by_region', indexed(before.regions), indexed(after.regions), names, 'workers'),
      byName('diff_by_group', before.groups || {}, after.groups || {}, groups, 'workers'), byCause(before, after),
      el('p', { 'class': 'pl-note', text: P.t('diff_map') })].forEach(function (node) { if (node) { box.appendChild(node); } });
    notes(answer).forEach(function (text) { box.appendChild(el('p', { 'class': 'pl-note', text: text })); });
    P.map.after(gaps);
  }

  /* ---- starting ---- */

  function placing(on) {
    P.id('pl-tap').setAttribute('aria-pressed', String(on));
    P.map.place(on);
    if (on) { P.say(P.t('whatif_tap_on')); }
  }

  F.start = function () {
    document.body.appendChild(el('datalist', { id: 'pl-hours-list' }, ['24/7', 'Mo-Su 06:00-24:00', 'Mo-Su 07:00-22:00', 'Mo-Fr 08:00-18:00'].map(function (text) { return el('option', { value: text }); })));
    P.id('pl-add').addEventListener('click', function () {
      var at = P.map.centre();
      F.add({ lat: at.lat, lon: at.lng });
    });
    P.id('pl-tap').addEventListener('click', function () { placing(this.getAttribute('aria-pressed') !== 'true'); });
    document.addEventListener('keydown', function (event) { if (event.key === 'Escape' && P.map.placing) { placing(false); } });
    P.on('map-click', function (at) { if (P.map.placing) { placing(false); F.add({ lat: at.lat, lon: at.lng }); } });
    P.on('zoomed', F.draw);
    P.on('add', F.add);
    P.on('station', function (event) { F.edit(event.id); });
    P.id('pl-find').addEventListener('submit', find);
    P.id('pl-q').addEventListener('input', find);
    P.id('pl-coords').addEventListener('submit', function (event) {
      event.preventDefault();
      var form = event.target, lon = parseFloat(form.elements.lon.value), lat = parseFloat(form.elements.lat.value), datum = form.elements.datum.value;
      if (!(Math.abs(lon) <= 180) || !(Math.abs(lat) <= 90)) { P.trouble(P.t('coords_bad')); return; }
      P.trouble('');
      var at = datum === 'wgs84' ? [lon, lat] : toWgs84(lon, lat, datum);
      F.add({ lon: at[0], lat: at[1] });
    });
  };

  /* GCJ-02 by the public formula (as geodata.datum and map.js have it); BD-09 is a further twist of it. */
  function toGcj02(lon, lat) {
    var x = lon - 105, y = lat - 35, pi = Math.PI, root = Math.sqrt(Math.abs(x));
    var common = (20 * Math.sin(6 * x * pi) + 20 * Math.sin(2 * x * pi)) * 2 / 3;
    var dLat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common +
      (20 * Math.sin(y * pi) + 40 * Math.sin(y / 3 * pi)) * 2 / 3 + (160 * Math.sin(y / 12 * pi) + 320 * Math.sin(y * pi / 30)) * 2 / 3;
    var dLon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common +
      (20 * Math.sin(x * pi) + 40 * Math.sin(x / 3 * pi)) * 2 / 3 + (150 * Math.sin(x / 12 * pi) + 300 * Math.sin(x / 30 * pi)) * 2 / 3;
    var a = 6378245, ee = 0.00669342162296594323, sin = Math.sin(lat / 180 * pi), magic = 1 - ee * sin * sin, rootMagic = Math.sqrt(magic);
    return [lon + dLon * 180 / (a / rootMagic * Math.cos(lat / 180 * pi) * pi), lat + dLat * 180 / (a * (1 - ee) / (magic * rootMagic) * pi)];
  }

  function toBd09(lon, lat) {
    var gcj = toGcj02(lon, lat), twist = Math.PI * 3000 / 180, x = gcj[0], y = gcj[1];
    var z = Math.sqrt(x * x + y * y) + 0.00002 * Math.sin(y * twist), theta = Math.atan2(y, x) + 0.000003 * Math.cos(x * twist);
    return [z * Math.cos(theta) + 0.0065, z * Math.sin(theta) + 0.006];
  }

  function toWgs84(lon, lat, datum) {
    var there = datum === 'bd09' ? toBd09 : toGcj02, at = [lon, lat];
    for (var i = 0; i < 30; i++) {
      var moved = there(at[0], at[1]);
      at = [at[0] - (moved[0] - lon), at[1] - (moved[1] - lat)];
    }
    return at;
  }
  F.toWgs84 = toWgs84;
})();
