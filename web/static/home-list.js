/* The worker's page: stations as cards, whether they are open, and what to say when none is. */
(function () {
  'use strict';

  var home = window.unionHome, t = home.t, el = home.el, serial = 0;
  var SOON = 60, OLD_MONTHS = 12, inWeChat = /MicroMessenger/i.test(navigator.userAgent);

  /* ---- open or not, at the moment `now` (ms) ---- */

  function whenOpen(station, now, until, arrival) {
    var left = Math.ceil((until - now) / 6e4), clock = home.clock(until, now);
    if (left <= 0) { return { kind: 'unknown', text: t('open_over', { clock: clock }) }; }
    if (station.open.on_arrival === false && arrival !== null) {
      if (arrival >= until) { return { kind: 'warn', text: t('closed_arrival', { clock: clock }) }; }
      return { kind: 'warn', text: t('short_stay', { clock: clock, n: Math.floor((until - arrival) / 6e4) }) };
    }
    if (left <= SOON) { return { kind: 'warn', text: t('open_soon', { clock: clock, n: left }) }; }
    return { kind: 'open', text: t('open_until', { clock: clock }) };
  }

  function whenClosed(station, now, until) {
    var left = Math.ceil((until - now) / 6e4), clock = home.clock(until, now);
    if (left <= 0) { return { kind: 'unknown', text: t('closed_over', { clock: clock }) }; }
    if (station.open.on_arrival === true) { return { kind: 'open', text: t('opens_first', { clock: clock }) }; }
    return { kind: 'closed', text: t(left <= SOON ? 'closed_soon' : 'closed_until', { clock: clock, n: left }) };
  }

  /* What nobody knows can be asked by telephone, where there is a number. */
  function asking(key, station) { return t(key) + (station.phone ? t('call_first') : ''); }

  /* The state of a station in words; `until` null means: no change within two weeks. */
  home.stateOf = function (station, now) {
    var open = station.open || { state: 'unknown', until: null }, until = home.ms(open.until);
    var timed = typeof station.seconds === 'number';
    if (open.state === 'unknown') { return { kind: 'unknown', text: asking('hours_unknown', station) }; }
    if (open.state === 'open' && home.isAllDay(station)) { return { kind: 'open', text: t('open_allday') }; }
    if (isNaN(until)) {
      return open.state === 'open' ? { kind: 'open', text: t('open_now') } : { kind: 'closed', text: t('closed_long') };
    }
    return open.state === 'open' ? whenOpen(station, now, until, timed ? now + station.seconds * 1000 : null)
      : whenClosed(station, now, until);
  };

  home.isAllDay = function (station) {
    if (typeof station.always_open === 'boolean') { return station.always_open; }
    return !!station.open && station.open.state === 'open' && !station.open.until;
  };

  /* ---- parts of a card ---- */

  function far(station, data) {
    if (typeof station.seconds !== 'number') {
      return [typeof station.straight_metres === 'number' ? t('straight', { distance: home.distance(station.straight_metres) }) : '', ''];
    }
    return [station.seconds < 30 ? t('minutes_less') : home.lasting(station), home.by(data.mode) + ' · ' + home.distance(station.metres)];
  }

  function timeLine(station, data) {
    var way = far(station, data);
    return way[0] ? el('p', { 'class': 'time' }, [el('strong', { text: way[0] }), el('span', { text: ' ' + way[1] })]) : null;
  }

  function access(station) {
    var code = station.access || 'unknown';
    if (code === 'unknown') { return asking('access_unknown', station); }
    return home.has('access_' + code) ? t('access_' + code) : home.label('access', code);
  }

  function facilities(codes) {
    if (!codes || !codes.length) { return el('p', { 'class': 'small', text: t('no_facilities') }); }
    return el('ul', { 'class': 'facilities', 'aria-label': t('facilities') }, codes.map(function (code) {
      return el('li', {}, [home.icon(home.page.signs[code] || code), el('span', { 'class': 'cap', text: home.clip(home.label('facilities', code), 30) })]);
    }));
  }

  function verified(station, now) {
    var m = /^(\d{4})-(\d{2})-(\d{2})/.exec(station.verified_on || '');
    if (!m) { return el('p', { 'class': 'small verified' }, [home.icon('dot'), el('span', { text: t('verified_not') })]); }
    var months = Math.floor((now - Date.UTC(+m[1], m[2] - 1, +m[3])) / 26298e5);
    var old = months >= OLD_MONTHS;
    return el('p', { 'class': 'small verified' }, [home.icon(old ? 'alert' : 'check'),
      el('span', { text: t(old ? 'verified_old' : 'verified', { date: m[0], months: months }) })]);
  }

  /* Telephone numbers out of a text such as "0791-8680 1234 转 8 / 139…": each its own link. */
  function phones(text) {
    return home.clip(text, 120).split(/[;；,，、/|]/).map(function (part) {
      var shown = part.trim(), found = /\+?[\d０-９][\d０-９\s\-－—()（）]{1,24}/.exec(shown);
      if (!shown) { return null; }
      var digits = found ? found[0].replace(/[０-９]/g, function (d) { return String.fromCharCode(d.charCodeAt(0) - 65248); }).replace(/[^\d+]/g, '') : '';
      if (digits.length < 3) { return el('span', { text: shown }); }
      return el('a', { 'class': 'call', href: 'tel:' + digits }, [home.icon('phone'), el('bdi', { text: shown })]);
    }).filter(Boolean);
  }

  function row(list, term, nodes) {
    if (!nodes.length) { return; }
    list.appendChild(el('dt', { text: term }));
    list.appendChild(el('dd', {}, nodes));
  }

  function links(station, name) {
    var list = el('ul', { 'class': 'links', 'aria-label': t('navigate_name', { name: home.clip(name, 40) }) });
    ['amap', 'baidu', 'tencent', 'apple', 'geo'].forEach(function (app) {
      var href = (station.navigate || {})[app] || '';
      if (app === 'geo' ? inWeChat || href.indexOf('geo:') !== 0 : href.indexOf('https://') !== 0) { return; }
      var link = el('a', { href: href, rel: 'noopener noreferrer', text: t(app) });
      if (app !== 'geo') { link.target = '_blank'; }
      list.appendChild(el('li', {}, [link]));
    });
    var way = typeof station.seconds === 'number' ? 'route' : 'on_map';  // without a journey there is no way to draw
    return el('div', { 'class': 'navigate' }, [home.button(t(way), function () { home.openMap(station); },
      { icon: 'map', label: t(way + '_name', { name: name }), className: 'route' }),
    el('p', { 'class': 'small', 'aria-hidden': 'true', text: t('navigate') }), list]);
  }

  function lacks(station, data) {
    var asked = (data.parameters && data.parameters.need) || [], has = station.needs || [], said = [];
    if (station.status && station.status !== 'open') { said.push(home.label('statuses', station.status)); }
    (station.fails || []).forEach(function (code) {
      if (code === 'no_such_need') {
        said.push(t('fails_need', { needs: home.labels('needs', asked.filter(function (n) { return has.indexOf(n) < 0; })) }));
      } else if (code === 'access') { said.push(t('fails_access')); }
    });
    return said.length ? el('p', { 'class': 'lacks' }, [home.icon('alert'), el('span', { text: said.join(home.t('and')) })]) : null;
  }

  function report(station) {
    var box = el('details', { 'class': 'report' }, [el('summary', { text: t('problem'), 'aria-label': t('problem_name', { name: home.clip(station.name, 40) }) })]), body = el('div');
    box.appendChild(body);
    box.addEventListener('toggle', function () {
      if (!box.open || body.firstChild) { return; }
      home.load('home-report.js').then(function () { home.reportForm(body, station); }, function () {
        home.empty(body);
        body.appendChild(el('p', { 'class': 'notice', role: 'status', text: t('report_offline') }));
        box.addEventListener('toggle', function again() { home.empty(body); box.removeEventListener('toggle', again); });
      });
    });
    return box;
  }

  function stateLine(station, clock) {
    var line = el('p'), icon = { open: 'check', warn: 'clock', closed: 'clock', unknown: 'alert' };
    function tell() {
      var state = home.stateOf(station, clock());
      if (line.textContent === state.text) { return; }
      home.empty(line);
      line.className = 'state ' + state.kind;
      line.appendChild(home.icon(icon[state.kind]));
      line.appendChild(el('span', { text: state.text }));
    }
    tell();
    home.ticking.push(tell);
    return line;
  }

  /* One station. `clock` gives the moment in ms; `data` is the answer that it stands in. */
  home.card = function (station, data, clock, number) {
    var id = 'station-' + (serial += 1), name = home.clip(station.name) || '?', list = el('dl');
    var box = el('article', { 'class': 'card', 'aria-labelledby': id, 'data-station': station.id });
    box.appendChild(el('h3', { 'class': 'title' }, [number ? el('span', { 'class': 'number', 'aria-hidden': 'true', text: number }) : null,
      el('bdi', { id: id, 'class': 'name', text: name })]));
    [timeLine(station, data), stateLine(station, clock), lacks(station, data)].forEach(function (node) { if (node) { box.appendChild(node); } });
    box.appendChild(el('p', { 'class': 'enter' }, [home.icon('door'), el('span', { text: access(station) })]));
    box.appendChild(facilities(station.facilities));
    row(list, t('address'), station.address ? [el('bdi', { text: home.clip(station.address, 160) })] : []);
    row(list, t('hours'), station.opening_hours_text ? [el('bdi', { text: home.clip(station.opening_hours_text, 120) })] : []);
    row(list, t('phone'), station.phone ? phones(station.phone) : []);
    if (list.firstChild) { box.appendChild(list); }
    box.appendChild(links(station, name));
    box.appendChild(verified(station, clock()));
    box.appendChild(report(station));
    return box;
  };

  home.ticking = [];
  window.setInterval(function () {
    if (!document.hidden) { home.ticking.forEach(function (tell) { tell(); }); }
  }, 15000);

  /* ---- what an answer says ---- */

  function nearestLine(station, data) {
    if (typeof station.seconds !== 'number') { return ''; }
    return station.seconds < 30 ? t('verdict_here', { by: home.by(data.mode) })
      : t('verdict_near', { by: home.by(data.mode), time: home.lasting(station) });
  }

  home.verdict = function (view) {
    var first = view.stations[0];
    if (view.data.approximate && first && view.data.covered !== false) {
      return t('verdict_straight', { distance: home.distance(first.straight_metres) });
    }
    if (view.covered && first && nearestLine(first, view.data)) { return nearestLine(first, view.data); }
    return t(view.data.approximate ? 'verdict_kept_none' : 'verdict_none', { limit: view.limit });
  };

  function next(view, key) {
    var first = view.stations[0];
    if (!first || typeof first.seconds !== 'number') { return ''; }
    return t(key, { name: home.quoted(first.name), by: home.by(view.data.mode), time: home.lasting(first) });
  }

  function firstToOpen(view) {
    var now = view.clock(), best = null;
    (view.later.length ? view.later : view.alternatives).forEach(function (station) {
      var until = home.ms(station.open && station.open.until);
      if (station.open.state === 'closed' && !isNaN(until) && (!best || until < best.until)) { best = { until: until, name: station.name }; }
    });
    return best ? t('why_closed_next', { name: home.quoted(best.name), clock: home.clock(best.until, now) }) : '';
  }

  /* Whether a station whose hours nobody wrote down lies nearer than any that is surely open. */
  function unsureFirst(view) {
    var other = view.alternatives[0], first = view.stations[0];
    return !view.covered && view.data.reason === 'hours_unknown' && !!other && typeof other.seconds === 'number' &&
      (!first || other.seconds < first.seconds);
  }

  /* Stations as they stand in the list, and by number on the map. */
  home.inOrder = function (view) {
    return unsureFirst(view) ? view.alternatives.concat(view.stations) : view.stations.concat(view.alternatives);
  };

  /* The nearest of those that do not quite fit, with what is wrong with it. */
  function nearestOther(view) {
    var other = view.alternatives[0];
    if (!other || typeof other.seconds !== 'number') { return ''; }
    return t('why_other_next', { name: home.quoted(other.name), by: home.by(view.data.mode), time: home.lasting(other),
      state: home.stateOf(other, view.clock()).text });
  }

  /* Why there is none within the limit, and what would help. */
  home.why = function (view) {
    var asked = view.choices, reason = view.data.reason, said = [], wishes = asked.needs.map(function (need) { return home.label('needs', need); });
    var lacking = wishes.length && (view.allday || reason === 'no_such_need' || (reason === 'too_far' && view.stations.length));
    if (view.covered) { return ''; }
    if (lacking) {
      if (view.allday) { wishes.push(t('allday')); }
      said.push(t('why_need', { limit: view.limit, needs: wishes.join(t('and')) }), next(view, 'why_need_next'));
    } else if (view.allday) {
      said.push(t('why_allday', { limit: view.limit }), next(view, 'why_too_far_next'));
    } else if (reason === 'too_far' && view.stations.length) {
      said.push(next(view, 'why_too_far_next'));
    } else {
      if (reason === 'closed' && wishes.length) {
        said.push(t('why_closed_need', { needs: wishes.join(t('and')) }));
      } else if (reason && home.has('why_' + reason) && !(view.data.approximate && reason === 'too_far')) { said.push(t('why_' + reason, { limit: view.limit })); }
      if (unsureFirst(view)) {
        said.push(nearestOther(view), next(view, 'why_sure_next'));
      } else {
        said.push(reason === 'closed' ? firstToOpen(view) : '', next(view, 'why_too_far_next'), reason === 'too_far' ? nearestOther(view) : '');
      }
    }
    if (view.data.approximate && view.data.kept && view.data.kept.length) {
      said.push(t('why_kept', { places: view.data.kept.map(home.quoted).join(t('and')) }));
    }
    return said.filter(Boolean).join(home.lang === 'zh' ? '' : ' ');
  };

  /* The whole answer as one sentence for those who listen. */
  home.spoken = function (view) {
    var first = view.stations[0];
    if (!view.covered || !first) { return t('said_none', { verdict: home.verdict(view), why: home.why(view) }); }
    return t('said', { verdict: home.verdict(view), name: home.quoted(first.name), state: home.stateOf(first, view.clock()).text });
  };

  function hotline() {
    return el('a', { 'class': 'call big', href: 'tel:' + home.page.hotline }, [home.icon('phone'),
      el('span', { text: t('hotline_call', { hotline: home.page.hotline }) })]);
  }

  function countLine(view) {
    var inside = view.stations.filter(function (s) { return s.seconds !== null && s.seconds <= view.limit * 60; }).length;
    return t(inside >= view.asked ? 'within_more' : 'within', { limit: view.limit, count: inside });
  }

  function head(view) {
    var box = el('header', { 'class': view.covered ? 'verdict' : 'verdict no' });
    box.appendChild(el('h2', { id: 'verdict', text: home.verdict(view) }));
    if (view.covered && !view.data.approximate) { box.appendChild(el('p', { text: countLine(view) })); }
    if (home.why(view)) { box.appendChild(el('p', { 'class': 'why', text: home.why(view) })); }
    view.notes.forEach(function (note) { box.appendChild(el('p', { 'class': 'small', text: note })); });
    return box;
  }

  function cards(stations, view, most, before) {
    var list = el('ol', { 'class': 'cards' }), rest = stations.slice(most), number = before || 0;
    function add(station) { return list.appendChild(el('li', {}, [home.card(station, view.data, view.clock, String(number += 1))])); }
    stations.slice(0, most).forEach(add);
    if (!rest.length) { return [list]; }
    var more = home.button(t('show_more', { n: rest.length }), function () {
      var first = rest.map(add)[0].querySelector('.name');
      first.tabIndex = -1;
      first.focus();
      more.remove();
    }, { className: 'more' });
    return [list, more];
  }

  function openings(view) {
    var now = view.clock(), rows = view.later.filter(function (s) {
      return s.open.state === 'closed' && s.open.until;
    }).sort(function (a, b) { return home.ms(a.open.until) - home.ms(b.open.until) || a.seconds - b.seconds; }).slice(0, 5);
    if (!rows.length) { return []; }
    return [el('h2', { text: t('openings') }), el('ol', { 'class': 'openings' }, rows.map(function (s) {
      return el('li', {}, [el('strong', { text: t('opening_row', { clock: home.clock(home.ms(s.open.until), now) }) }),
        el('bdi', { text: home.clip(s.name) }), el('span', { 'class': 'small', text: far(s, view.data).join(' ') })]);
    }))];
  }

  function emptyHanded(view) {
    var elsewhere = ['no_data', 'off_network', 'unreachable'].indexOf(view.data.reason) >= 0;
    return [el('p', { 'class': 'row' }, [view.filtered && !elsewhere ? home.button(t('widen'), home.widen, { className: 'strong' }) : null,
      elsewhere ? home.button(t('pick'), home.pick, { icon: 'pin', className: 'strong' }) : null, hotline()])];
  }

  function tools(view) {
    var parts = [];
    if (view.stations.length || view.alternatives.length) {
      parts.push(home.button(t('map_open'), function () { home.openMap(null); }, { icon: 'map', className: 'plain' }),
        home.button(t('refine'), home.refine, { className: 'plain' }));
    }
    return el('p', { 'class': 'row' }, parts);
  }

  /* Those that fit and those that nearly do, with who opens next between them. */
  function groups(view, first, second) {
    var title = { stations: view.covered ? '' : 'nearest_anyway', alternatives: view.stations.length ? 'alternatives' : 'nearest_anyway' }, nodes = [];
    if (first === 'alternatives') { title = { stations: view.stations.length ? 'surely_open' : '', alternatives: 'nearest_anyway' }; }
    [first, second].forEach(function (name, i) {
      if (i === 1) { nodes = nodes.concat(openings(view)); }
      if (!view[name].length) { return; }
      if (title[name]) { nodes.push(el('h2', { text: t(title[name]) })); }
      nodes = nodes.concat(cards(view[name], view, name === 'stations' ? 5 : 3, i ? view[first].length : 0));
    });
    return nodes;
  }

  /* The way was asked: the card, and what is said above the list, take its numbers. */
  home.walked = function (station, found, view) {
    station.walked = true;
    ['seconds', 'metres', 'open'].forEach(function (key) { station[key] = found[key]; });
    Array.prototype.forEach.call(document.querySelectorAll('#answer .card'), function (card) {
      var old = card.querySelector('.time');
      if (card.getAttribute('data-station') === station.id && old) { card.replaceChild(timeLine(station, view.data), old); }
    });
    home.ticking.forEach(function (tell) { tell(); });
    if (view.listed) { return; }
    home.id('verdict').textContent = home.verdict(view);
    if (document.querySelector('#answer .why')) { document.querySelector('#answer .why').textContent = home.why(view); }
  };

  /* Draw an answer; the list comes first. */
  home.drawAnswer = function (view) {
    var box = home.id('answer'), nodes = [head(view)];
    home.ticking = [];
    home.empty(box);
    if (!view.covered) { nodes = nodes.concat(emptyHanded(view)); }
    nodes.push(tools(view));
    nodes = nodes.concat(unsureFirst(view) ? groups(view, 'alternatives', 'stations') : groups(view, 'stations', 'alternatives'));
    nodes.forEach(function (node) { box.appendChild(node); });
    box.setAttribute('aria-labelledby', 'verdict');
  };

  /* Stations without a way to them: of a district, or one that was searched. */
  home.drawList = function (title, note, stations, clock, data) {
    var box = home.id('answer'), view = { data: data, clock: clock };
    home.ticking = [];
    home.empty(box);
    box.appendChild(el('header', { 'class': 'verdict' }, [el('h2', { id: 'verdict', text: title }), note ? el('p', { text: note }) : null]));
    if (stations.length) { box.appendChild(tools({ stations: stations, alternatives: [] })); }
    cards(stations, view, 10).forEach(function (node) { box.appendChild(node); });
    if (!stations.length) { box.appendChild(hotline()); }
    box.setAttribute('aria-labelledby', 'verdict');
  };

  /* A screen for when something is missing: what happened, and every way on. */
  home.trouble = function (kind, actions) {
    var box = home.id('notice');
    home.empty(box);
    if (!kind) { return; }
    box.appendChild(el('div', { 'class': 'notice' }, [
      home.has(kind + '_title') ? el('h2', { text: t(kind + '_title') }) : null,
      el('p', { text: t(home.has(kind + '_text') ? kind + '_text' : kind, actions.values) }),
      el('p', { 'class': 'row' }, actions.buttons)
    ]));
  };
})();
