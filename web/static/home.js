/* The worker's page: asks /api/v1/nearest by POST and lists the stations as text nodes. */
(function () {
  'use strict';

  var page = JSON.parse(document.getElementById('words').textContent);
  var t = page.text, form = document.getElementById('ask');
  var status = document.getElementById('status'), answer = document.getElementById('answer');
  var names = { facilities: {}, access: {}, kinds: {}, modes: {} };

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, function (all, key) {
      return values[key] !== undefined ? String(values[key]) : all;
    });
  }

  function el(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text !== undefined && text !== '') { node.textContent = text; }
    return node;
  }

  function say(text) { status.textContent = text || ''; }

  function name(table, code) { return names[table][code] || code; }

  /* ---- what the data knows: modes, needs, names ---- */

  function options(select, rows) {
    var first = select.options[0];
    select.textContent = '';
    if (first && first.value === '') { select.appendChild(first); }
    rows.forEach(function (row) {
      var option = el('option', '', row[page.lang]);
      option.value = row.code;
      select.appendChild(option);
    });
  }

  function learn(data) {
    var words = data.vocabularies;
    ['facilities', 'access', 'kinds', 'modes'].forEach(function (table) {
      words[table].forEach(function (row) { names[table][row.code] = row[page.lang]; });
    });
    options(form.elements.mode, words.modes.filter(function (m) { return data.modes.indexOf(m.code) >= 0; }));
    options(form.elements.need, words.needs);
    document.getElementById('sources').textContent = [data.name, data.as_of].concat(data.attribution)
      .filter(Boolean).join(' · ');
  }

  window.fetch('/api/v1/dataset', { credentials: 'same-origin' })
    .then(function (found) { if (!found.ok) { throw new Error(); } return found.json(); })
    .then(learn)
    .catch(function () { say(t.nodata); });

  /* ---- asking ---- */

  function ask(position) {
    say(t.asking);
    var body = { lon: position.lon, lat: position.lat, datum: position.datum,
      mode: form.elements.mode.value, k: 5 };
    if (form.elements.need.value) { body.need = [form.elements.need.value]; }
    return window.fetch('/api/v1/nearest', { method: 'POST', credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
      .then(function (found) {
        return found.json().then(function (data) {
          if (!found.ok) { throw new Error(data.errors && data.errors[0] ? data.errors[0].what : ''); }
          return data;
        });
      })
      .then(function (data) { say(''); show(data); })
      .catch(function (error) { say(t.failed + (error.message ? ' (' + error.message + ')' : '')); });
  }

  document.getElementById('locate').addEventListener('click', function () {
    if (!navigator.geolocation) { say(t.nolocation); return; }
    say(t.locating);
    navigator.geolocation.getCurrentPosition(function (found) {
      ask({ lon: found.coords.longitude, lat: found.coords.latitude, datum: 'wgs84' });
    }, function (error) {
      say(error.code === 1 ? t.denied : t.nolocation);
      document.getElementById('typed').open = true;
    }, { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 });
  });

  form.addEventListener('submit', function (event) {
    event.preventDefault();
    var lon = parseFloat(form.elements.lon.value), lat = parseFloat(form.elements.lat.value);
    if (!isFinite(lon) || !isFinite(lat) || Math.abs(lon) > 180 || Math.abs(lat) > 90) {
      say(t.numbers);
      return;
    }
    ask({ lon: lon, lat: lat, datum: form.elements.datum.value });
  });

  /* ---- showing ---- */

  function clock(iso, now) {
    var m = /^(\d+)-(\d+)-(\d+)T(\d+:\d+)/.exec(iso), n = /^(\d+)-(\d+)-(\d+)/.exec(now);
    var days = (Date.UTC(m[1], m[2] - 1, m[3]) - Date.UTC(n[1], n[2] - 1, n[3])) / 864e5;
    if (days === 0) { return m[4]; }
    return fill(days === 1 ? t.tomorrow : t.on_day, { clock: m[4], month: +m[2], day: +m[3] });
  }

  function stateText(open, at) {
    if (open.state === 'unknown') { return t.unknown; }
    var text = open.until ? fill(t[open.state + '_until'], { time: clock(open.until, at) }) : t[open.state];
    return open.state === 'open' && open.on_arrival === false ? text + ' · ' + t.not_on_arrival : text;
  }

  function row(list, label, text) {
    if (!text) { return; }
    list.appendChild(el('dt', '', label));
    list.appendChild(el('dd', '', text));
  }

  function codes(table, values) {
    return values.map(function (code) { return name(table, code); }).join(t.and);
  }

  function card(station, data) {
    var box = el('article', 'card'), time = el('p', 'time'), list = el('dl');
    box.appendChild(el('h3', '', station.name));
    if (station.seconds === null) {
      time.textContent = fill(t.straight, { metres: Math.round(station.straight_metres) });
    } else {
      time.textContent = fill(t.minutes, { minutes: Math.ceil(station.seconds / 60), mode: name('modes', data.mode) }) +
        ' · ' + fill(t.metres, { metres: Math.round(station.metres) });
    }
    box.appendChild(time);
    box.appendChild(el('p', 'state ' + station.open.state, stateText(station.open, data.at)));
    if (station.fails) {
      box.appendChild(el('p', 'small', station.fails.map(function (f) { return t['fails_' + f] || f; }).join(t.and)));
    }
    row(list, t.facilities, codes('facilities', station.facilities));
    row(list, t.access, station.access ? name('access', station.access) : '');
    row(list, t.address, station.address);
    row(list, t.phone, station.phone);
    box.appendChild(list);
    box.appendChild(links(station));
    return box;
  }

  function links(station) {
    var nav = el('nav', 'links');
    nav.setAttribute('aria-label', t.navigate);
    ['amap', 'baidu', 'tencent', 'apple'].forEach(function (app) {
      var link = el('a', '', t[app]), href = station.navigate[app];
      if (!/^https:\/\//.test(href || '')) { return; }
      link.href = href;
      link.target = '_blank';
      link.rel = 'noopener noreferrer';
      nav.appendChild(link);
    });
    return nav;
  }

  function show(data) {
    var minutes = data.limit_seconds / 60;
    answer.textContent = '';
    answer.appendChild(el('p', data.covered ? 'verdict' : 'verdict no',
      fill(data.covered ? t.covered : t.uncovered, { minutes: minutes })));
    if (data.reason) { answer.appendChild(el('p', '', t['reason_' + data.reason] || data.reason)); }
    data.stations.forEach(function (station) { answer.appendChild(card(station, data)); });
    if (data.alternatives.length) { answer.appendChild(el('h2', '', t.alternatives)); }
    data.alternatives.forEach(function (station) { answer.appendChild(card(station, data)); });
    if (!data.stations.length && !data.alternatives.length) { answer.appendChild(el('p', '', t.none)); }
  }
})();
