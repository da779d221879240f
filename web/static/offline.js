/* The worker's page without a network: keeps the stations of the districts used last, and answers
   from them by straight line. It never keeps, sends or looks up a position.

   Positions are never converted here: stations are kept in each datum, as the server computes it,
   and compared in the datum of the position. So the browser needs neither formulas nor the outline
   of the mainland, and cannot differ from the server. Where a shifted datum stretches distances,
   the earliest arrival is taken a little earlier (STRETCH). */
(function () {
  'use strict';

  var CACHE = 'union-stations-1', KEY = '/offline/stations/', MOST = 4, FRESH_MS = 6 * 36e5;
  var WEEK = 7 * 24 * 60, HORIZON = 60, LINGER = 10, SKEW_MS = 12e4, QUIET_MS = 4000, TOO_MANY = 3000, FAR_METRES = 1e5;
  var DATUMS = ['wgs84', 'gcj02', 'bd09'];
  /* The least that a true distance can be of one measured in the datum (tests/test_offline.py). */
  var STRETCH = { wgs84: 0.9999, gcj02: 0.992, bd09: 0.975 };
  /* No faster by road class than the highest limit on Chinese motorways (km/h). */
  var CEILING_KPH = 120;
  var queue = Promise.resolve();

  function storage() {
    return window.caches ? window.caches.open(CACHE) : Promise.reject(new Error('no storage'));
  }

  /* ---- the service worker: after the first answer, or when the page has nothing else to do ---- */

  var registered = null;
  function register() {
    if (!registered) {
      registered = !navigator.serviceWorker ? Promise.resolve(false)
        : navigator.serviceWorker.register('/sw.js', { scope: '/' })
          .then(function () { return true; }, function () { return false; });
    }
    return registered;
  }

  function whenIdle() {
    window.setTimeout(function () { (window.requestIdleCallback || window.setTimeout)(register); }, QUIET_MS);
  }

  if (document.readyState === 'complete') { whenIdle(); } else { window.addEventListener('load', whenIdle); }

  /* True once the page would open without a network; false where the browser keeps nothing. */
  function ready() {
    return register().then(function (may) {
      return may ? navigator.serviceWorker.ready.then(function () { return true; }) : false;
    });
  }

  /* Whether the server answers, asked through the service worker, so that "no" is no error. */
  function reachable() {
    if (navigator.onLine !== false || !(navigator.serviceWorker && navigator.serviceWorker.controller)) {
      return Promise.resolve(true);
    }
    return window.fetch('/healthz', { cache: 'no-store' })
      .then(function (found) { return found.status === 200; }, function () { return false; });
  }

  /* ---- keeping districts ---- */

  function asked(address) {
    return window.fetch(address, { credentials: 'same-origin', cache: 'no-cache' }).then(function (found) {
      if (!found.ok) { throw new Error(String(found.status)); }
      return found.json().then(function (data) {
        return { data: data, date: Date.parse(found.headers.get('Date') || '') };
      });
    });
  }

  function codes(name, rows, limit) {
    return rows.length > limit ? '' : rows.map(function (row) { return name + '=' + row.code; }).join('&') + '&';
  }

  /* Every kind of place and every way in, so that all filters can be answered. */
  function addressOf(region, datum, about) {
    var words = about.vocabularies, limit = about.limits.max_list_items;
    var places = words.kinds.filter(function (row) { return row.is_place; });
    return '/api/v1/stations?' + (region ? 'region=' + encodeURIComponent(region) + '&' : '') +
      codes('kind', places, limit) + codes('access', words.access, limit) + 'datum=' + datum;
  }

  function positions(collection) {
    var found = {};
    collection.features.forEach(function (feature) {
      found[feature.properties.id] = feature.geometry.coordinates;
    });
    return found;
  }

  function speeds(vocabularies) {
    var found = {};
    vocabularies.modes.forEach(function (mode) {
      found[mode.code] = mode.speed_kph > 0 ? mode.speed_kph * mode.fast_factor : CEILING_KPH;
    });
    return found;
  }

  function counting(rows) {
    return rows.filter(function (row) { return row.counts_by_default; })
      .map(function (row) { return row.code; });
  }

  function recordOf(region, found, about) {
    var first = found[0].data, words = about.vocabularies, now = Date.now();
    var skew = found[0].date - now;
    return { region: region, from: first.from, kept: now, used: now, dataset: first.dataset,
      skew: Math.abs(skew) > SKEW_MS ? skew : 0, hotline: first.hotline || '',
      speeds: speeds(words), kinds: counting(words.kinds), access: counting(words.access),
      stations: first.features.map(function (feature) { return feature.properties; }),
      at: { wgs84: positions(first), gcj02: positions(found[1].data), bd09: positions(found[2].data) } };
  }

  function put(cache, record) {
    return cache.put(KEY + encodeURIComponent(record.region), new Response(JSON.stringify(record),
      { headers: { 'Content-Type': 'application/json' } }));
  }

  function records(cache) {
    return cache.keys().then(function (keys) {
      return Promise.all(keys.map(function (key) {
        return cache.match(key).then(function (found) { return found.json(); });
      }));
    });
  }

  function forgetOldest(cache) {
    return records(cache).then(function (all) {
      all.sort(function (a, b) { return b.used - a.used; });
      return Promise.all(all.slice(MOST).map(function (record) {
        return cache.delete(KEY + encodeURIComponent(record.region));
      }));
    });
  }

  function fetchRegion(cache, region) {
    return asked('/api/v1/dataset').then(function (about) {
      if (!region && about.data.counts.stations > TOO_MANY) { throw new Error('too many'); }
      return Promise.all(DATUMS.map(function (datum) { return asked(addressOf(region, datum, about.data)); }))
        .then(function (found) { return put(cache, recordOf(region, found, about.data)); });
    }).then(function () { return forgetOldest(cache); });
  }

  function keepNow(region) {
    return storage().then(function (cache) {
      return cache.match(KEY + encodeURIComponent(region))
        .then(function (found) { return found ? found.json() : null; })
        .then(function (record) {
          var now = Date.now(), age = record ? now - record.kept : -1;
          if (age < 0 || age > FRESH_MS) { return fetchRegion(cache, region); }
          record.used = now;
          return put(cache, record);
        });
    }).then(function () { return true; }, function () { return false; });
  }

  /* Keeps the stations of a district (all of them, up to 3,000, for a dataset without districts); true if kept. */
  function keep(region) {
    queue = queue.then(function () { return keepNow(region || ''); });
    queue.then(register);
    return queue;
  }

  /* ---- answering ---- */

  /* Metres on the ellipsoid by its radii at the middle latitude: to 0.1 % within 100 km. */
  function metres(a, b) {
    var degree = Math.PI / 180, middle = (a[1] + b[1]) / 2 * degree;
    var east = ((b[0] - a[0] + 540) % 360 - 180) * degree, north = (b[1] - a[1]) * degree;
    var axis = 6378137, flat = 0.00669437999014, w = 1 - flat * Math.pow(Math.sin(middle), 2);
    var x = east * Math.cos(middle) * axis / Math.sqrt(w);
    var y = north * axis * (1 - flat) / Math.pow(w, 1.5);
    return Math.sqrt(x * x + y * y);
  }

  function pad(number) { return (number < 10 ? '0' : '') + number; }

  /* An instant as the server writes it: the local time of the data and its offset. */
  function iso(ms, offset) {
    var sign = /([+-])(\d\d):(\d\d)$/.exec(offset) || ['', '+', '00', '00'];
    var minutes = (sign[1] === '-' ? -1 : 1) * (+sign[2] * 60 + +sign[3]);
    var local = new Date(ms + minutes * 6e4);
    return local.getUTCFullYear() + '-' + pad(local.getUTCMonth() + 1) + '-' + pad(local.getUTCDate()) +
      'T' + pad(local.getUTCHours()) + ':' + pad(local.getUTCMinutes()) + ':' +
      pad(local.getUTCSeconds()) + sign[1] + sign[2] + ':' + sign[3];
  }

  function withoutSeconds(ms) { return Math.floor(ms / 6e4) * 6e4; }

  /* Minutes from the start of a record's spans to now, by the server's clock. */
  function minuteOf(record, now) {
    return (withoutSeconds(now.getTime() + record.skew) - Date.parse(record.from)) / 6e4;
  }

  function known(minute) { return minute > -5 && minute < WEEK; }

  function inside(spans, minute) {
    return spans.some(function (span) { return span[0] <= minute && minute < span[1]; });
  }

  function changeAfter(spans, minute) {
    var next = Math.min.apply(null, [].concat.apply([WEEK], spans)
      .filter(function (edge) { return edge > minute; }));
    return next < WEEK ? next : null;
  }

  function stateOf(station, minute) {
    if (!station.spans || !known(minute)) { return { state: 'unknown', change: null }; }
    var at = Math.max(minute, 0), doubtful = station.unknown_spans || [];
    return { state: inside(station.spans, at) ? 'open' : inside(doubtful, at) ? 'unknown' : 'closed',
      change: changeAfter(station.spans.concat(doubtful), at) };
  }

  /* Whether one finds it open and for a while longer, arriving between two minutes: true if so at
     every one of them, false if at none, null if it depends. */
  function onArrival(station, first, last) {
    if (!station.spans || !known(last + LINGER)) { return null; }
    var good = station.spans.map(function (span) { return [Math.max(span[0], first), Math.min(span[1] - LINGER, last)]; })
      .filter(function (span) { return span[0] <= span[1]; });
    var doubtful = (station.unknown_spans || []).some(function (span) {
      return span[0] < last + LINGER && first < span[1];
    });
    if (!good.length) { return doubtful ? null : false; }
    return good.some(function (span) { return span[0] === first && span[1] === last; }) ? true : null;
  }

  /* The conditions that a station fails; `timely` is whether it is open for who arrives in time. */
  function failsOf(station, query, state, timely, rule) {
    var fails = [], timed = query.open !== 'any';
    var open = query.open === 'now' ? { open: true, closed: false, unknown: null }[state] : timely;
    if (timed && open === null && state === 'unknown') { fails.push('hours_unknown'); }
    if (timed && open === false) { fails.push('closed'); }
    if (query.needs.some(function (need) { return station.needs.indexOf(need) < 0; })) { fails.push('no_such_need'); }
    if (rule.access.indexOf(station.access) < 0) { fails.push('access'); }
    return fails;
  }

  function copied(station) {
    var out = {};
    Object.keys(station).forEach(function (key) {
      if (key !== 'spans' && key !== 'unknown_spans') { out[key] = station[key]; }
    });
    return out;
  }

  function entry(record, station, query, now) {
    var at = record.at[query.datum][station.id], minute = minuteOf(record, now);
    var straight = metres([query.lon, query.lat], at), kph = record.speeds[query.mode] || CEILING_KPH;
    var earliest = straight * STRETCH[query.datum] / kph * 0.06, start = Math.max(minute, 0);
    var latest = Math.max(earliest, HORIZON, query.minutes);  /* by a way round about */
    var timely = arriving(earliest <= query.minutes ? query.minutes : latest), ever = arriving(latest);
    var state = stateOf(station, minute), found = copied(station);
    function arriving(last) {
      return known(minute) ? onArrival(station, start + earliest, start + last) : null;
    }
    found.lon = at[0];
    found.lat = at[1];
    found.seconds = found.metres = found.route = null;
    found.straight_metres = Math.round(straight * 10) / 10;
    found.open = { state: state.state,
      until: state.change === null ? null : iso(Date.parse(record.from) + state.change * 6e4, record.from),
      on_arrival: timely === false && ever !== false ? null : timely };
    return { shown: found, earliest: earliest, record: record,
      fails: failsOf(station, query, state.state, timely, { access: query.access.length ? query.access : record.access }) };
  }

  function candidates(all, query, now) {
    var seen = {}, found = [];
    all.forEach(function (record) {
      record.stations.forEach(function (station) {
        var kinds = query.kinds.length ? query.kinds : record.kinds;
        if (seen[station.id] || kinds.indexOf(station.kind) < 0) { return; }
        if (station.status && station.status !== 'open') { return; }
        seen[station.id] = true;
        found.push(entry(record, station, query, now));
      });
    });
    return found.sort(function (a, b) {
      return a.shown.straight_metres - b.shown.straight_metres || (a.shown.id < b.shown.id ? -1 : 1);
    });
  }

  function within(minutes) { return function (item) { return item.earliest <= minutes; }; }

  /* Why none can be within the limit: as the server tells, conditions lifted one after the other. */
  function reasonOf(found, query) {
    var lifted = [];
    var near = found.filter(within(query.minutes));
    if (!found.length) { return 'nothing_kept'; }
    var cause = ['hours_unknown', 'closed', 'no_such_need', 'access'].filter(function (word) {
      lifted.push(word);
      return near.some(function (item) {
        return item.fails.every(function (fail) { return lifted.indexOf(fail) >= 0; });
      });
    })[0];
    return cause || 'too_far';
  }

  /* Of which districts stations are kept: beyond them there may be others. */
  function placesOf(all) {
    var names = [];
    all.forEach(function (record) {
      var first = record.region && record.stations.length ? record.stations[0].region : null;
      if (first && names.indexOf(first.name) < 0) { names.push(first.name); }
    });
    return names;
  }

  function shownFailing(item) {
    item.shown.fails = item.fails;
    return item.shown;
  }

  function asList(value) { return !value ? [] : Array.isArray(value) ? value : [value]; }

  function queryOf(given) {
    var datum = given.datum === 'cgcs2000' || !given.datum ? 'wgs84' : given.datum;
    if (DATUMS.indexOf(datum) < 0) { throw new Error('datum'); }
    return { lon: +given.lon, lat: +given.lat, datum: datum, mode: given.mode || 'walk',
      minutes: given.minutes || 15, k: given.k || 5, open: given.open || 'arrival',
      needs: asList(given.needs || given.need), kinds: asList(given.kinds || given.kind),
      access: asList(given.access) };
  }

  function lists(found, query) {
    var horizon = Math.max(HORIZON, query.minutes);
    var near = found.filter(within(horizon));
    var good = near.filter(function (item) { return !item.fails.length; }).slice(0, query.k);
    var other = near.filter(function (item) { return item.fails.length; }).slice(0, 3);
    if (!good.length && !other.length) {
      other = found.slice(0, 1).filter(function (item) { return item.shown.straight_metres < FAR_METRES; });
    }
    return { good: good, other: other };
  }

  function assembled(all, given, now) {
    var query = queryOf(given), found = candidates(all, query, now), listed = lists(found, query);
    var record = (listed.good.concat(listed.other)[0] || {}).record || all[0] || null;
    var perhaps = listed.good.some(within(query.minutes));
    var offset = record ? record.from : '+08:00', skew = record ? record.skew : 0;
    return {
      approximate: true, covered: perhaps ? null : false, limit_seconds: query.minutes * 60,
      mode: query.mode, at: iso(withoutSeconds(now.getTime() + skew), offset),
      as_of: record ? iso(record.kept + record.skew, offset) : null,
      origin: { lon: query.lon, lat: query.lat, datum: given.datum || 'wgs84', access_metres: null },
      stations: listed.good.map(function (item) { return item.shown; }),
      alternatives: listed.other.map(shownFailing),
      reason: perhaps ? null : reasonOf(found, query),
      kept: placesOf(all), hotline: record ? record.hotline : '', parameters: {}, dataset: record ? record.dataset : null,
      warnings: []
    };
  }

  /* Answers from what is kept: the shape of POST /api/v1/nearest with "approximate": true.
     "covered" is null where a station may be in reach, false where none of those kept can be. */
  function answer(given, now) {
    return storage().then(records).catch(function () { return []; }).then(function (all) {
      all.sort(function (a, b) { return b.kept - a.kept; });
      return assembled(all, given, now || new Date());
    });
  }

  window.unionOffline = { ready: ready, reachable: reachable, keep: keep, answer: answer };
})();
