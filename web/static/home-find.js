/* The worker's page: finds a station or a district by name; fetched when somebody starts to search.
   What is sent is what was typed, and never a position. */
(function () {
  'use strict';

  var home = window.unionHome, t = home.t, WEEK = 7 * 24 * 60;

  function hit(found) {
    var place = found.type === 'region' ? t('search_region') : home.label('kinds', found.kind);
    var where = [place, found.region ? found.region.name : '', found.address].filter(Boolean).map(function (text) { return home.clip(text, 40); });
    var node = home.el('button', { type: 'button' }, [home.icon(found.type === 'region' ? 'map' : 'pin'),
      home.el('span', {}, [home.el('bdi', { text: home.clip(found.name) }), home.el('span', { 'class': 'small', text: where.join(' · ') })])]);
    node.addEventListener('click', function () { hits([]); (found.type === 'region' ? openRegion : openStation)(found); });
    return home.el('li', {}, [node]);
  }

  function hits(found) {
    var list = home.id('hits');
    home.empty(list);
    found.forEach(function (one) { list.appendChild(hit(one)); });
    list.hidden = !found.length;
  }

  var typing = 0;
  home.find = function (text, spoken) {
    var mine = typing += 1, q = text.trim();
    if (!q) { hits([]); home.say(''); return; }
    if (spoken) { home.say(t('searching')); }
    home.wanted('/api/v1/search?q=' + encodeURIComponent(q) + '&limit=10').then(function (data) {
      if (mine !== typing) { return; }
      hits(data.results);
      home.say(data.results.length ? t('search_found', { n: data.results.length }) : t('search_none', { q: home.clip(q, 30) }), data.results.length > 0);
    }).catch(function (why) {
      if (mine === typing) { home.say(t(why.kind === 'unreachable' && navigator.onLine === false ? 'offline_search' : 'failed')); }
    });
  };

  /* Whether a station of a list is open, from its spans of the coming week. */
  function withState(station, from, now) {
    var minute = (now - home.ms(from)) / 6e4, open = false, change = null;
    if (!station.spans || !(minute >= 0 && minute < WEEK)) { return Object.assign({}, station, { open: { state: 'unknown', until: null, on_arrival: null } }); }
    station.spans.forEach(function (span) {
      if (span[0] <= minute && minute < span[1]) { open = true; change = span[1]; }
      if (!open && change === null && span[0] > minute) { change = span[0]; }
    });
    var until = change === null || station.always_open || change >= WEEK ? null : new Date(home.ms(from) + change * 6e4).toISOString();
    var doubt = (station.unknown_spans || []).some(function (span) { return span[0] <= minute && minute < span[1]; });
    return Object.assign({}, station, { open: { state: open ? 'open' : doubt ? 'unknown' : 'closed', until: until, on_arrival: null } });
  }

  function failed() { home.say(t(navigator.onLine === false ? 'offline_search' : 'failed')); }

  function openStation(found) {
    var clock = home.leaving();
    home.wanted('/api/v1/stations/' + encodeURIComponent(found.id)).then(function (feature) {
      var station = withState(feature.properties, feature.from, clock());
      return home.reached(station).then(function (way) {
        home.present({ title: function () { return t('station_title'); }, note: function () { return way && way.far ? t('far_away') : ''; },
          stations: [way && !way.far ? Object.assign({}, station, way) : station], clock: clock }, function () { openStation(found); });
      });
    }).catch(failed);
  }

  function ranked(stations) {
    var order = { open: 0, unknown: 1, closed: 2 };
    return stations.sort(function (a, b) {
      return order[a.open.state] - order[b.open.state] || (a.name < b.name ? -1 : 1);
    });
  }

  function openRegion(found) {
    var asked = home.choices(), clock = home.leaving(), name = home.clip(found.name, 40);
    var address = '/api/v1/stations?region=' + encodeURIComponent(found.id) +
      asked.needs.map(function (need) { return '&need=' + encodeURIComponent(need); }).join('') + (asked.kind ? '&kind=' + encodeURIComponent(asked.kind) : '');
    home.wanted(address).then(function (data) {
      var stations = data.features.map(function (feature) { return withState(feature.properties, data.from, clock()); });
      stations = ranked(asked.allday ? stations.filter(home.isAllDay) : stations);
      home.present({ title: function () { return t('region_title', { name: name }); }, note: function () {
        return t(stations.length ? 'region_count' : home.isFiltered(asked) ? 'no_all' : 'region_empty', { n: stations.length, name: name });
      }, stations: stations, clock: clock }, function () { openRegion(found); });
    }).catch(failed);
  }
})();
