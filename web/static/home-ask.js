/* The worker's page: where from, what is asked, and what is done when something does not answer.
   The position lives in the variable `position` and nowhere else. */
(function () {
  'use strict';

  var home = window.unionHome, t = home.t, form = home.id('ask'), finder = home.id('search');
  var ABOUT = '/api/v1/dataset', ROUGH = 500, PATIENCE = 8000, LOCATE = 10000, SLOW = 4000, SHOWN = 10, AWAY = 3e5;
  var position = null, view = null, turn = 0, hunt = 0, at = '', redraw = null, relist = null, hiddenAt = 0, missed = false, eager = false;

  /* ---- asking the server ---- */

  function sent(address, options) {
    var stop = window.AbortController ? new AbortController() : null, given = Object.assign({ credentials: 'same-origin' }, options);
    if (stop) { given.signal = stop.signal; }
    return new Promise(function (done, fail) {
      var timer = setTimeout(function () { fail({ kind: 'unreachable' }); if (stop) { stop.abort(); } }, PATIENCE);
      window.fetch(address, given).then(function (found) {
        if (found.status >= 500) { throw found; }
        return found.json().then(function (data) {
          done({ ok: found.ok, status: found.status, data: data, wait: +found.headers.get('Retry-After') || 0 });
        });
      }).catch(function (found) {
        fail({ kind: 'unreachable', status: found && found.status });
      }).then(function () { clearTimeout(timer); });
    });
  }

  /* A phone that calls itself offline is asked quietly first: a machine without a network may well
     reach its own server, and a request that is bound to fail would be an error on the console. */
  function timely(address, options) {
    if (navigator.onLine !== false || address === ABOUT) { return sent(address, options); }  // kept by the service worker
    return offline().then(function (kept) { return kept.reachable(); }).catch(function () { return true; }).then(function (there) {
      if (!there) { throw { kind: 'unreachable' }; }
      return sent(address, options);
    });
  }

  function wanted(address, options) {
    return timely(address, options).then(function (found) {
      if (!found.ok) { throw { kind: 'refused', status: found.status, data: found.data }; }
      return found.data;
    });
  }

  function posted(body) {
    return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  }

  home.post = function (address, body) { return timely(address, posted(body)); };

  function nearest(body) { return wanted('/api/v1/nearest', posted(body)); }

  /* ---- what is chosen ---- */

  function checked(name) {
    return Array.prototype.filter.call(form.querySelectorAll('[name=' + name + ']'), function (box) { return box.checked; })
      .map(function (box) { return box.value; });
  }

  function choices() {
    return { mode: checked('mode')[0] || 'walk', needs: checked('need'), kind: form.elements.kind.value, allday: checked('allday').length > 0 };
  }

  function choose(wish) {
    Array.prototype.forEach.call(form.querySelectorAll('[name=mode]'), function (box) {
      if (box.value === wish.mode && !box.closest('label').hidden) { box.checked = true; }
    });
    Array.prototype.forEach.call(form.querySelectorAll('[name=need]'), function (box) { box.checked = (wish.needs || []).indexOf(box.value) >= 0; });
    form.elements.allday.checked = !!wish.allday;
    form.elements.kind.value = wish.kind || '';
    if (form.elements.kind.selectedIndex < 0) { form.elements.kind.value = ''; }
    summary();
  }

  /* How many choices hide in the folded corner. */
  function summary() {
    var folded = home.id('filters').querySelectorAll('input:checked').length + (form.elements.kind.value ? 1 : 0) + (at ? 1 : 0);
    home.id('chosen').textContent = folded ? '(' + folded + ')' : '';
  }

  /* What is chosen, in words: remembered from another day, it is easily forgotten. */
  home.wishes = function (asked) {
    return asked.needs.map(function (need) { return home.label('needs', need); }).concat(asked.allday ? [t('allday')] : [],
      asked.kind ? [home.label('kinds', asked.kind)] : []).join(t('and'));
  };

  function filtered(asked) { return asked.needs.length > 0 || asked.allday || asked.kind !== ''; }

  /* About 100 m are enough for a list; only the line to walk needs more. */
  function rounded(degrees) { return Math.round(degrees * 1000) / 1000; }

  function question(asked, k, exact) {
    var body = { lon: exact ? position.lon : rounded(position.lon), lat: exact ? position.lat : rounded(position.lat),
      datum: position.datum, mode: asked.mode, minutes: Math.min(15, home.page.limits.max_minutes), k: Math.min(k, home.page.limits.max_k) };
    if (asked.needs.length) { body.need = asked.needs; }
    if (asked.kind) { body.kind = [asked.kind]; }
    if (at) { body.at = at; }
    return body;
  }

  /* ---- an answer ---- */

  function clockOf(data) {
    var start = home.ms(data.at), began = Date.now();
    return function () { return at ? start : start + Date.now() - began; };
  }

  function viewOf(data, asked, k) {
    var limit = data.limit_seconds / 60, stations = data.stations, other = data.alternatives, covered = data.covered === true || (!!data.approximate && data.covered !== false);
    if (asked.allday) {
      other = stations.filter(function (s) { return !home.isAllDay(s); }).concat(other.filter(function (s) { return !home.isAllDay(s); })).slice(0, 3);
      stations = stations.filter(home.isAllDay);
      covered = stations.length > 0 && stations[0].seconds !== null && stations[0].seconds <= data.limit_seconds;
    }
    return { data: data, limit: limit, stations: stations, alternatives: other, covered: covered, later: [], choices: asked,
      allday: asked.allday, filtered: filtered(asked), asked: k, notes: [], clock: clockOf(data) };
  }

  function notesOf(shown) {
    var notes = [], wishes = home.wishes(shown.choices);
    if (wishes) { notes.push(t('only', { wishes: wishes })); }
    if (at) { notes.push(t('at_shown', { time: home.clock(home.ms(shown.data.at), Date.now()) })); }
    if (position && (position.from === 'pin' || position.from === 'link')) { notes.push(t('from_' + position.from)); }
    return notes.concat((shown.data.warnings || []).map(function (text) { return home.clip(text, 200); }));
  }

  function draw() {
    var shown = view;
    shown.notes = notesOf(shown);
    home.drawAnswer(shown);
  }

  /* Draw, and lead the keyboard to the answer if what it stood on is gone. */
  function kept(act) {
    var had = document.activeElement;
    act();
    if (had && had !== document.body && !document.contains(had)) { home.id('answer').focus({ preventScroll: true }); }
  }

  function accept(shown) {
    var calm = view && !home.id('notice').firstChild && home.inSight(home.id('answer'));  // chosen beside the list: nothing jumps
    view = shown;
    redraw = draw;
    relist = null;
    kept(draw);
    document.documentElement.setAttribute('data-answered', '');
    home.say(home.spoken(shown), true);
    if (!calm || eager) { home.show(home.id(home.id('notice').firstChild ? 'notice' : 'answer')); }
    eager = false;
    if (home.mapClose) { home.mapClose(); }
    keep(shown);
  }

  /* What opens later, when all near are closed. */
  function completed(shown, mine) {
    var shut = shown.data.reason === 'closed' || (!shown.stations.length && shown.alternatives.some(function (s) { return (s.fails || []).indexOf('closed') >= 0; }));
    if (shown.covered || !shut || shown.data.approximate) { return Promise.resolve(shown); }
    return nearest(Object.assign(question(shown.choices, 20), { open: 'any' })).then(function (data) {
      shown.later = mine === turn ? data.stations : [];
      return shown;
    }, function () { return shown; });
  }

  function search() {
    var mine = turn += 1, asked = choices(), k = asked.allday ? home.page.limits.max_k : SHOWN;
    home.remember(asked);
    home.say(t('asking'));
    form.setAttribute('aria-busy', 'true');
    nearest(question(asked, k)).then(function (data) { return completed(viewOf(data, asked, k), mine); })
      .then(function (shown) { return around(shown, 0); })
      .then(function (shown) { if (mine === turn) { accept(shown); } }, function (why) { if (mine === turn) { instead(why, asked); } })
      .then(function () { form.removeAttribute('aria-busy'); });
  }

  /* Where no way begins, the stations around are found from places nearby, and told by straight line. */
  var RINGS = [800, 2000, 5000], NOWHERE = ['off_network', 'no_data'];

  function beside(metres, i) {
    var angle = i * Math.PI / 4, degree = 111320;
    return { lon: position.lon + metres * Math.sin(angle) / (degree * Math.cos(position.lat * Math.PI / 180)), lat: position.lat + metres * Math.cos(angle) / degree };
  }

  function nearData() {
    var e = home.page.extent, margin = 0.05;
    return !e || (position.lon > e[0] - margin && position.lon < e[2] + margin && position.lat > e[1] - margin && position.lat < e[3] + margin);
  }

  function straight(station) {
    var degree = 111320, east = (station.lon - position.lon) * Math.cos(position.lat * Math.PI / 180);
    return Math.sqrt(east * east + Math.pow(station.lat - position.lat, 2)) * degree;
  }

  function around(shown, ring) {
    var body = question(shown.choices, 3), found = {};
    if (NOWHERE.indexOf(shown.data.reason) < 0 || shown.stations.length || shown.alternatives.length || !RINGS[ring] || !nearData()) { return Promise.resolve(shown); }
    return Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(function (i) {
      var place = beside(RINGS[ring], i);
      return nearest(Object.assign({}, body, { lon: rounded(place.lon), lat: rounded(place.lat) })).then(function (data) {
        data.stations.forEach(function (station) { found[station.id] = station; });
      }, function () { return null; });
    })).then(function () {
      shown.stations = Object.keys(found).map(function (id) {
        return Object.assign(found[id], { seconds: null, metres: null, straight_metres: straight(found[id]), open: Object.assign({}, found[id].open, { on_arrival: null }) });
      }).filter(function (s) { return !shown.allday || home.isAllDay(s); })
        .sort(function (a, b) { return a.straight_metres - b.straight_metres; }).slice(0, 3);
      return around(shown, ring + 1);
    });
  }

  /* To the choices and back: a list is long, and what was chosen stands above it. */
  home.refine = function () {
    var box = form.querySelector('[name=need]:checked') || form.querySelector('[name=need]');
    home.show(form.querySelector('.chips'));
    box.focus({ preventScroll: true });
  };

  home.widen = function () { choose({ mode: choices().mode }); search(); };

  /* ---- without a network ---- */

  function offline() {
    return home.load('offline.js').then(function () {
      if (!window.unionOffline) { throw new Error('offline'); }
      return window.unionOffline;
    });
  }

  function keep(shown) {
    if (shown.data.approximate) { return; }
    missed = false;
    var regions = [];
    shown.stations.concat(shown.alternatives).forEach(function (station) {
      var region = station.region ? station.region.id : '';
      if (regions.indexOf(region) < 0 && regions.length < 3) { regions.push(region); }
    });
    offline().then(function (kept) { regions.concat(regions.slice(0, 1)).forEach(kept.keep); }).catch(function () { return null; });
  }

  function instead(why, asked) {
    if (why.kind !== 'unreachable') { refused(why); return; }
    missed = true;
    var given = { lon: position.lon, lat: position.lat, datum: position.datum, mode: asked.mode, minutes: 15,
      needs: asked.needs, kinds: asked.kind ? [asked.kind] : [], k: SHOWN };
    offline().then(function (kept) { return kept.answer(given, at ? new Date(home.ms(at)) : new Date()); }).then(function (data) {
      if (!data.stations.length && !data.alternatives.length) { throw new Error('nothing kept'); }
      trouble('offline_answer', again, function () { return { date: home.clock(home.ms(data.as_of), Date.now()) }; });
      accept(viewOf(data, asked, SHOWN));
    }).catch(function () {
      home.say('');
      forgotten();
      trouble(navigator.onLine === false ? 'offline_none' : why.status === 503 ? 'busy' : 'failed', again);
      home.show(home.id('notice'));
    });
  }

  /* What stands there is of another place: nobody shall take it for the answer. */
  function forgotten() {
    if (!eager || !view) { return; }
    view = redraw = relist = null;
    home.ticking = [];
    home.empty(home.id('answer'));
    home.id('answer').removeAttribute('aria-labelledby');
    if (home.mapClose) { home.mapClose(); }
  }

  function refused(why) {
    var fault = (why.data && why.data.errors && why.data.errors[0]) || {};
    home.say(t(/^(lon|lat|datum)$/.test(fault.where) ? 'numbers' : 'failed'));
    home.show(home.id('status'));
  }

  function again() { return [home.button(t('retry'), function () { warned(); if (position) { search(); } else { locate(); } }, { className: 'strong' })]; }

  /* ---- troubles, each with every way on ---- */

  function waysOn() {
    return [home.button(t('retry'), locate, { className: 'strong', icon: 'here' }), home.button(t('pick'), pick, { icon: 'pin' }),
      home.button(t('search'), function () { home.id('q').focus(); }, { icon: 'search' })];
  }

  var told = null;
  function trouble(kind, buttons, values) {
    told = kind ? function () { home.trouble(kind, { buttons: buttons(), values: values ? values() : null }); } : null;
    if (told) { told(); } else { home.trouble(''); }
  }

  function lost(kind) {
    trouble(kind, waysOn);
    home.say(t(kind + '_title') + t('stop') + ' ' + t(kind + '_text'), true);
    home.show(home.id('notice'));
  }

  /* ---- the position ---- */

  function use(found) {
    position = found;
    eager = true;
    hunt += 1;
    warned();
    search();
  }

  /* Nothing amiss, except that the position may be rough. */
  function warned() {
    trouble('');
    if (!position || !(position.accuracy > ROUGH)) { return; }
    trouble('inaccurate', function () { return [home.button(t('inaccurate_fix'), pick, { icon: 'pin', className: 'strong' })]; },
      function () { return { distance: home.distance(position.accuracy) }; });
  }

  function number(text) { return /^\s*[+-]?\d+(\.\d*)?\s*$/.test(String(text)) ? parseFloat(text) : NaN; }

  function placed(lon, lat) { return isFinite(lon) && isFinite(lat) && Math.abs(lon) <= 180 && Math.abs(lat) <= 90; }

  function locate() {
    var mine = hunt += 1, ended = false;
    function late() { if (mine === hunt && !ended) { home.say(t('locating_slow')); } }
    function end(kind) {
      if (mine !== hunt || ended) { return; }
      ended = true;
      home.say('');
      lost(kind);
    }
    trouble('');
    if (!navigator.geolocation) { end(window.isSecureContext === false ? 'insecure' : 'lost'); return; }
    home.say(t('locating'));
    setTimeout(late, SLOW);
    setTimeout(function () { end('timeout'); }, LOCATE + 5000);
    navigator.geolocation.getCurrentPosition(function (found) {
      if (mine !== hunt) { return; }
      ended = true;
      use({ lon: found.coords.longitude, lat: found.coords.latitude, datum: 'wgs84', accuracy: found.coords.accuracy || 0, from: 'phone' });
    }, function (error) {
      if (error.code === 1) { end(window.isSecureContext === false ? 'insecure' : 'denied'); } else { end(error.code === 3 ? 'timeout' : 'lost'); }
    }, { enableHighAccuracy: true, timeout: LOCATE, maximumAge: 30000 });
  }

  /* A position that a mini-program hands over in the address; home_handover.js took it out. */
  function handed() {
    var given = window.unionHandover();
    if (!given) { return; }
    var lon = number(given.lon), lat = number(given.lat), datum = String(given.datum || 'wgs84').toLowerCase().replace(/[-_]/g, '');
    if (!placed(lon, lat) || ['wgs84', 'gcj02', 'bd09', 'cgcs2000'].indexOf(datum) < 0) { lost('badlink'); return; }
    use({ lon: lon, lat: lat, datum: datum, accuracy: number(given.accuracy) || 0, from: 'link' });
  }

  /* ---- the map, fetched when it is wanted ---- */

  var opener = null, tapped = null;  // a tap does not focus a button on every phone
  document.addEventListener('click', function (event) { tapped = event.target.closest('button') || tapped; }, true);
  home.mapLeft = function () {
    home.mapClose();
    if (opener && document.contains(opener)) { opener.focus({ preventScroll: true }); home.show(opener.closest('.card') || opener); }
  };

  /* A slow network brings the map late: what was tapped says meanwhile that it was heard. */
  function loading(button) {
    var word = button && button.tagName === 'BUTTON' ? button.querySelector('span') : null, before = word ? word.textContent : '';
    if (!word || window.L) { return function () { return null; }; }
    word.textContent = t('map_opening');
    button.setAttribute('aria-busy', 'true');
    return function () { word.textContent = before; button.removeAttribute('aria-busy'); };
  }

  function withMap() {
    var done;
    opener = tapped && !home.id('mapbox').contains(tapped) ? tapped : opener;
    done = loading(opener);
    home.say(t('map_opening'), true);
    return Promise.all([home.load('leaflet.css'), home.load('leaflet.js')])
      .then(function () { return Promise.all([home.load('basemap.js'), home.load('home-map.js')]); })
      .then(function () { done(); home.say('', true); }, function (why) { done(); throw why; });
  }

  home.pick = pick;

  function failedMap() { home.say(t('map_failed')); }

  function pick() { withMap().then(function () { home.drawPick(position, use); }).catch(failedMap); }

  home.openMap = function (station) {
    withMap().then(function () { home.drawMap(view, position, station); }).catch(failedMap);
  };

  /* One station in an answer, whatever its hours; undefined where others are nearer. */
  function journey(station, exact, more) {
    var body = Object.assign(question({ mode: choices().mode, needs: [], kind: station.kind }, home.page.limits.max_k, exact), { open: 'any' }, more);
    if (station.access) { body.access = [station.access]; }
    return nearest(body).then(function (data) {
      return data.stations.filter(function (found) { return found.id === station.id; })[0];
    });
  }

  /* The way to one station, from the exact position; null where there is none to draw. */
  home.wayTo = function (station) {
    if (!position || (view && view.data.approximate)) { return Promise.resolve(null); }
    return journey(station, true, { route: true }).then(function (found) { return found || null; }, function () { return null; });
  };

  /* ---- lists without a journey: a station or a district that was searched (home-find.js) ---- */

  home.wanted = wanted;
  home.choices = choices;
  home.isFiltered = filtered;

  home.leaving = function () { var chosen = at ? home.ms(at) : NaN; return function () { return isNaN(chosen) ? Date.now() : chosen; }; };

  /* The answer for one station, however near others are; null without a position. */
  home.reached = function (station) {
    if (!position) { return Promise.resolve(null); }
    return journey(station, false, {}).then(function (found) { return found || { far: true }; });
  };

  home.present = function (list, repeat) {
    turn += 1;
    relist = repeat;
    view = { data: { mode: choices().mode, stations: list.stations, alternatives: [], approximate: false, parameters: {} },
      stations: list.stations, alternatives: [], clock: list.clock, listed: true };
    redraw = function () { home.drawList(list.title(), list.note(), view.stations, view.clock, view.data); };
    kept(redraw);
    if (home.mapClose) { home.mapClose(); }
    document.documentElement.setAttribute('data-answered', '');
    home.say(list.title() + t('stop') + ' ' + list.note(), true);
    home.show(home.id('answer'));
  };

  /* ---- what the data knows ---- */

  /* Needs and kinds that a union has added to its own vocabulary. */
  function addChoices(words) {
    var more = home.id('filters').querySelector('.chips'), kinds = form.elements.kind;
    words.needs.forEach(function (row) {
      if (!more || Array.prototype.some.call(form.querySelectorAll('[name=need]'), function (box) { return box.value === row.code; })) { return; }
      more.appendChild(home.el('label', { 'class': 'chip' }, [home.el('input', { type: 'checkbox', name: 'need', value: row.code }),
        home.el('span', {}, [home.icon(home.page.signs[row.code] || 'dot'), home.el('span', { 'class': 'cap', 'data-label': 'needs.' + row.code })])]));
    });
    words.kinds.forEach(function (row) {
      if (!row.is_place || Array.prototype.some.call(kinds.options, function (option) { return option.value === row.code; })) { return; }
      kinds.appendChild(home.el('option', { value: row.code, 'data-label': 'kinds.' + row.code }));
    });
  }

  function learn(data) {
    var words = data.vocabularies, page = home.page;
    addChoices(words);
    ['zh', 'en'].forEach(function (lang) {
      ['kinds', 'needs', 'facilities', 'access', 'modes', 'statuses'].forEach(function (table) {
        words[table].forEach(function (row) { page.labels[lang][table][row.code] = row[lang]; });
      });
    });
    page.limits = data.limits;
    page.extent = data.extent;
    page.basemap = data.basemap || null;
    page.version = data.version;
    page.dataset = { name: data.name, as_of: data.as_of, attribution: data.attribution, synthetic: !!data.synthetic };
    Array.prototype.forEach.call(form.querySelectorAll('[name=mode]'), function (box) {
      box.closest('label').hidden = data.modes.indexOf(box.value) < 0;
      if (box.checked && box.closest('label').hidden) { choose(Object.assign(choices(), { mode: data.modes[0] })); }
    });
    home.setLanguage(home.lang);
  }

  var known = JSON.stringify(home.page.labels);
  home.learned = wanted(ABOUT).then(learn).then(function () {
    if (redraw && known !== JSON.stringify(home.page.labels)) { redraw(); }
    document.documentElement.setAttribute('data-learned', '');
  }).catch(function (why) {
    if (why && why.status === 503 && !view) { home.say(t('nodata')); }
    document.documentElement.setAttribute('data-learned', 'nothing');
  });

  /* ---- wiring ---- */

  /* Another wish: what is shown is asked anew. */
  function changed() {
    home.remember(choices());
    if (relist) { relist(); } else if (position) { search(); } else if (view) { locate(); }
  }

  function leaveAt(text) {
    at = text;
    home.id('at').value = text;
    home.address({ at: text });
    summary();
    changed();
  }

  form.addEventListener('submit', function (event) { event.preventDefault(); locate(); });
  form.addEventListener('change', function (event) {
    if (event.target.name === 'at') { return; }
    summary();
    changed();
  });
  home.id('clear').addEventListener('click', function () { choose({ mode: choices().mode }); changed(); });
  home.id('at-go').addEventListener('click', function () { leaveAt(home.id('at').value.slice(0, 16)); });
  home.id('at-now').addEventListener('click', function () { leaveAt(''); });
  home.id('pick').addEventListener('click', pick);

  function find(told) { home.load('home-find.js').then(function () { home.find(home.id('q').value, told); }, function () { home.say(t('offline_search')); }); }
  var pause = 0;
  finder.addEventListener('focusin', function () { home.load('home-find.js').catch(function () { return null; }); });
  finder.addEventListener('submit', function (event) { event.preventDefault(); clearTimeout(pause); find(true); });
  home.id('q').addEventListener('input', function (event) {
    clearTimeout(pause);
    if (!event.isComposing) { pause = setTimeout(find, 350, false); }
  });
  home.id('q').addEventListener('compositionend', function () { clearTimeout(pause); pause = setTimeout(find, 350, false); });

  home.id('coords').addEventListener('submit', function (event) {
    var fields = event.target.elements, lon = number(fields.lon.value), lat = number(fields.lat.value);
    event.preventDefault();
    if (!placed(lon, lat)) { home.say(t('numbers')); home.show(home.id('status')); return; }
    use({ lon: lon, lat: lat, datum: fields.datum.value, accuracy: 0, from: 'typed' });
  });

  home.id('lang').addEventListener('click', function (event) {
    event.preventDefault();
    home.setLanguage(home.lang === 'zh' ? 'en' : 'zh');
    home.address({ lang: home.lang });
    home.remember(choices());
    if (told) { told(); }
    if (redraw) { redraw(); }
    if (home.mapClose) { home.mapClose(); }
    home.say('');
  });

  /* Nothing is kept when the page is left. After a while away the answer may be of another place. */
  document.addEventListener('visibilitychange', function () {
    if (document.hidden) { hiddenAt = Date.now(); return; }
    if (!position || !hiddenAt || Date.now() - hiddenAt < AWAY) { return; }
    if (position.from === 'phone') { position = null; }
    trouble('moved', function () { return [home.button(t('near_again'), locate, { icon: 'here', className: 'strong' })]; });
  });

  window.addEventListener('hashchange', handed);
  window.addEventListener('online', function () { if (missed && position) { warned(); search(); } });

  var before = home.remembered(), asked = new URLSearchParams(location.search);
  if (!asked.get('lang') && (before.lang === 'zh' || before.lang === 'en') && before.lang !== home.lang) { home.setLanguage(before.lang); }
  choose({ mode: before.mode, needs: Array.isArray(before.needs) ? before.needs : [], kind: before.kind, allday: before.allday });
  if (/^20\d\d-\d\d-\d\d[T ]\d\d:\d\d/.test(asked.get('at') || '')) { at = asked.get('at').slice(0, 16).replace(' ', 'T'); home.id('at').value = at; summary(); }
  handed();
  document.documentElement.setAttribute('data-ready', '');
  (window.requestIdleCallback || function (act) { setTimeout(act, 2000); })(function () { offline().catch(function () { return null; }); });
})();
