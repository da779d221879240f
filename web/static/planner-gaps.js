/* The answer in words and the gaps: who has none, why, where most, and what is near a gap. */
(function () {
  'use strict';

  var P = window.unionPlanner, el = P.el, G = P.gaps = {}, FIRST = 25, rows = [], shown = null;
  var CLASSES = { gap_rank: 'pl-number', gap_workers: 'pl-number', gap_area: 'pl-number pl-area', gap_state: 'pl-state' };

  /* ---- the sentence ---- */

  function counted(summary) {
    var group = P.state.group, part = group ? (summary.groups || {})[group] : summary;
    if (group && !part) { return null; }
    if (part.workers) { return { of: 'workers', all: part.workers.total, out: part.workers.uncovered, causes: part.causes }; }
    if (part.homes) { return { of: 'homes', all: part.homes.total, out: part.homes.uncovered, causes: part.causes }; }
    return { of: 'street', all: summary.street_km.total, out: summary.street_km.uncovered, causes: summary.causes };
  }
  G.counted = counted;

  function causeShares(summary, count) {
    var causes = count.causes || summary.causes || {}, key = { workers: 'workers', homes: 'homes', street: 'street_km' }[count.of], sum = 0;
    var found = P.map.causes.map(function (cause) {
      var row = causes[cause], n = row ? (typeof row === 'number' ? row : row[key] || 0) : 0;
      sum += n;
      return { cause: cause, n: n };
    }).filter(function (row) { return row.n > 0; });
    found.forEach(function (row) { row.share = row.n / sum; });
    return { rows: found.sort(function (a, b) { return b.n - a.n; }), own: Boolean(count.causes) || !P.state.group };
  }
  G.causeShares = causeShares;

  function conditions() {
    var s = P.state;
    return { mode: P.page.by[s.mode] || P.label('modes', s.mode), minutes: s.minutes, who: P.groupName(s.group),
      when: s.hour === null ? P.t('when_any') : P.t('when_at', { hour: P.hourText(s.hour), day: P.text.days_long[Math.floor(s.hour / 24)], clock: ('0' + s.hour % 24).slice(-2) + ':00' }),
      what: s.need ? P.t('what_need', { need: P.label('needs', s.need) }) : P.t('what_any') };
  }

  function sentence(count) {
    var c = conditions(), show = count.of === 'street' ? P.km : P.whole;
    if (!count.all) { return P.t('headline_nobody', c); }
    if (!count.out) { return P.t('headline_all', c); }
    return P.t('headline_' + count.of, Object.assign(c, { count: show(count.out), total: show(count.all) }));
  }

  function bar(found) {
    var box = el('div', { 'class': 'pl-bar', 'aria-hidden': 'true' });
    found.forEach(function (row) {
      var part = el('i', { title: P.text.cause[row.cause] + ' ' + P.percent(row.share) });
      part.style.flexGrow = row.share;
      part.style.background = P.map.colour(row.cause);
      box.appendChild(part);
    });
    return box;
  }

  function causeList(found, show) {
    return el('ul', { 'class': 'pl-causes' }, found.map(function (row) {
      var swatch = el('i', { 'class': 'pl-swatch' });
      swatch.style.background = P.map.colour(row.cause);
      return el('li', {}, [swatch, el('span', { text: P.text.cause[row.cause] }), el('b', { text: show(row) })]);
    }));
  }

  G.headline = function () {
    var box = P.empty(P.id('pl-headline')), summary = P.answer.summary, count = counted(summary);
    var place = P.state.region ? P.t('in_region', { region: P.regionName(P.state.region) }) : '';
    if (!count) { box.appendChild(el('p', { 'class': 'pl-said', text: P.t('headline_nobody', conditions()) })); return; }
    var why = count.out ? causeShares(summary, count) : { rows: [], own: true };
    box.appendChild(el('p', { 'class': 'pl-said', text: place + sentence(count) }));
    if (why.rows.length) {
      var told = why.rows.slice(0, 3).map(function (row) { return P.fill(P.text.because[row.cause], { share: P.percent(row.share) }); });
      box.appendChild(el('p', { 'class': 'pl-why', text: (why.own ? '' : P.t('causes_all') + ': ') + told.join(P.t('sep')) + P.t('stop_mark') }));
      box.appendChild(bar(why.rows));
    }
    var own = P.state.group ? (summary.groups || {})[P.state.group] : summary, band = P.state.group ? null : summary.share_band;
    var line = P.t('share_line', { share: P.percent1(own.share_covered), of: P.t('share_' + (summary.share_of === 'homes' ? 'homes' : 'street_km')) });
    if (band) { line += P.t('sep') + P.t('band_line', { slow: P.percent1(band.slow), fast: P.percent1(band.fast) }); }
    line += P.t('stop_mark');
    if (summary.workers || summary.homes) { line += ' ' + P.t(summary.people === 'exact' ? 'people_exact' : 'people_cells', { n: summary.rounded_to }); }
    box.appendChild(el('p', { 'class': 'pl-note', text: line }));
  };

  /* ---- the table ---- */

  function people(gap) {
    if (gap.suppressed) { return P.t('gap_few'); }
    return gap.workers === null || gap.workers === undefined ? '–' : P.whole(gap.workers);
  }

  /* The district and the street near by, in the page's language where the map has it. */
  function place(gap, name) {
    var near = P.page.lang === 'en' ? gap.near_en : gap.near, region = name || P.regionName(gap.region);
    return near ? P.t('gap_near', { region: region, near: near }) : region;
  }
  G.place = place;

  function ranked(features) {
    return features.slice().sort(function (a, b) {
      var p = a.properties, q = b.properties;
      return (q.workers || 0) - (p.workers || 0) || (q.area_km2 || 0) - (p.area_km2 || 0) || (p.id < q.id ? -1 : 1);
    });
  }

  G.draw = function () {
    rows = ranked(P.answer.features);
    P.map.gaps(rows.slice().reverse());
    if (!P.state.gap || !find(P.state.gap)) { list(); P.map.choose(null); } else { G.open(P.state.gap, false); }
  };

  function find(id) { return rows.filter(function (feature) { return feature.properties.id === id; })[0]; }
  G.find = find;

  function row(feature, i) {
    var gap = feature.properties, name = place(gap), swatch = el('i', { 'class': 'pl-swatch' });
    swatch.style.background = P.map.colour(gap.cause);
    var open = P.button(name, function () { G.open(gap.id, true, true); }, { 'class': 'pl-link', 'data-gap': gap.id, 'aria-label': P.t('gap_open', { rank: i + 1, place: name }) });
    var tr = el('tr', {}, [
      el('td', { 'class': 'pl-number', text: String(i + 1) }),
      el('th', { scope: 'row' }, [open, el('span', { 'class': 'pl-who' })]),
      el('td', { 'class': 'pl-number', text: people(gap) }),
      el('td', { 'class': 'pl-number pl-area', text: gap.area_km2 === null ? '' : gap.area_km2.toFixed(gap.area_km2 < 10 ? 1 : 0) }),
      el('td', {}, [el('span', { 'class': 'pl-cause' }, [swatch, el('span', { text: P.text.cause[gap.cause] || gap.cause })])]),
      el('td', { 'class': 'pl-state' })
    ]);
    P.ledger.mark(tr, feature);
    return tr;
  }

  /* A gap of the ledger: it leads to ours where it lies in one of them. */
  function knownRow(known, i) {
    var name = place(known, known.region_name), ours = rows.filter(function (feature) { return known.open && P.ledger.lies(known, feature); })[0];
    var open = P.button(name, function () { if (ours) { G.open(ours.properties.id, true, true); } else { openKnown(known); } },
      { 'class': 'pl-link', 'data-known': known.id, 'aria-label': P.t('gap_open', { rank: i + 1, place: name }) });
    return el('tr', {}, [
      el('td', { 'class': 'pl-number', text: String(i + 1) }),
      el('th', { scope: 'row' }, [open, el('span', { 'class': 'pl-who', text: known.note })]),
      el('td', { 'class': 'pl-number', text: people(known) }),
      el('td', { 'class': 'pl-when', text: (known.filled || known.since).slice(0, 7) }),
      el('td', { text: known.responsible })
    ]);
  }

  function table(caption, heads, body) {
    return el('table', { 'class': 'pl-table pl-list' }, [
      el('caption', { text: caption }),
      el('thead', {}, [el('tr', {}, heads.map(function (head) {
        return el('th', { scope: 'col', text: P.t(head), 'class': CLASSES[head] || null });
      }))]), body]);
  }

  function more(box, all, draw) {
    box.appendChild(P.button(P.t('gaps_more', { n: all - FIRST }), function () {
      draw(true);
      var next = P.id('pl-gaps').querySelectorAll('tbody .pl-link')[FIRST];
      if (next) { next.focus(); }
    }));
  }

  function list(all) {
    var box = P.empty(P.id('pl-gaps')), book = el('div', { id: 'pl-book' }), body = el('tbody');
    document.documentElement.removeAttribute('data-gap');
    box.appendChild(book);
    P.ledger.head(book, function () { list(); P.id('pl-state').focus(); });
    shown = { book: book, body: body };
    if (P.state.state && P.ledger.begun()) { listKnown(box, body, all); return; }
    if (!rows.length) { box.appendChild(el('p', { text: P.t('gaps_none') })); return; }
    var street = !P.answer.summary.workers;
    (all ? rows : rows.slice(0, FIRST)).forEach(function (feature, i) { body.appendChild(row(feature, i)); });
    box.appendChild(table(P.t(street ? 'gaps_caption_street' : 'gaps_caption') + (P.state.group && !street ? P.t('gaps_of_all', { who: P.groupName(P.state.group) }) : ''),
      ['gap_rank', 'gap_place', 'gap_workers', 'gap_area', 'gap_cause', 'gap_state'], body));
    box.querySelector('th.pl-state').hidden = !P.ledger.marks();
    if (!all && rows.length > FIRST) { more(box, rows.length, list); }
  }

  function listKnown(box, body, all) {
    var known = P.ledger.chosen(), state = P.text.states[P.state.state];
    if (!known.length) { box.appendChild(el('p', { text: P.t('ledger_empty', { state: state }) })); return; }
    (all ? known : known.slice(0, FIRST)).forEach(function (gap, i) { body.appendChild(knownRow(gap, i)); });
    box.appendChild(table(P.t('ledger_caption', { state: state }),
      ['gap_rank', 'gap_place', 'gap_workers', P.state.state === 'filled' ? 'gap_filled' : 'gap_since', 'ledger_responsible'], body));
    if (!all && known.length > FIRST) { more(box, known.length, list); }
  }

  /* The ledger has come, or has changed: the rows that stand there are told, and stay where they are. */
  P.on('ledger', function () {
    if (!shown || !P.answer) { return; }
    if (P.state.state) { list(); return; }
    P.ledger.head(shown.book, function () { list(); P.id('pl-state').focus(); });
    var head = P.id('pl-gaps').querySelector('th.pl-state');
    if (head) { head.hidden = !P.ledger.marks(); }
    Array.prototype.forEach.call(shown.body.children, function (tr) { P.ledger.mark(tr, find(tr.querySelector('[data-gap]').getAttribute('data-gap'))); });
  });

  /* ---- one gap ---- */

  function size(gap) {
    var area = gap.area_km2 === null ? '' : gap.area_km2.toFixed(gap.area_km2 < 10 ? 2 : 0);
    if (gap.suppressed) { return P.t('gap_size_few', { area: area }); }
    return typeof gap.workers === 'number' ? P.t('gap_size', { workers: P.whole(gap.workers), area: area }) : P.t('gap_size_none', { area: area });
  }

  function shares(gap) {
    var found = gap.causes || {};
    var list = P.map.causes.map(function (cause) {
      var value = found[cause];
      return { cause: cause, share: typeof value === 'number' ? value : value && typeof value.share === 'number' ? value.share : 0 };
    }).filter(function (row) { return row.share > 0; }).sort(function (a, b) { return b.share - a.share; });
    return list.length ? list : gap.cause ? [{ cause: gap.cause, share: 1, bare: true }] : [];
  }

  function facts(gap) {
    var lines = [], also = (gap.also || []).map(function (cause) { return P.text.cause[cause] || cause; });
    if (gap.barrier) { lines.push(P.t('gap_barrier', { name: gap.barrier })); }
    if (also.length && gap.causes) { lines.push(P.t('gap_also', { causes: also.join(P.t('sep')) })); }
    if (gap.detour_ratio >= 1.5) { lines.push(P.t('gap_detour', { ratio: gap.detour_ratio.toFixed(1) })); }
    return lines.map(function (line) { return el('p', { text: line }); });
  }

  /* The middle of the heaviest cell, [lat, lon]. */
  function middle(feature) {
    var gap = feature.properties;
    return typeof gap.lon === 'number' ? [gap.lat, gap.lon] : P.map.inside(feature.geometry);
  }

  function nearest(feature, box) {
    var at = middle(feature), s = P.state;
    var body = { lon: +at[1].toFixed(6), lat: +at[0].toFixed(6), mode: s.mode, minutes: s.minutes, k: 3, open: s.hour === null ? 'any' : 'arrival' };
    if (s.hour !== null) { body.at = P.at() + ':00+08:00'; }
    if (s.need) { body.need = [s.need]; }
    P.json('/api/v1/nearest', { method: 'POST', body: body }).then(function (answer) {
      var all = answer.stations.concat(answer.alternatives).sort(function (a, b) {
        return (a.seconds === null ? Infinity : a.seconds) - (b.seconds === null ? Infinity : b.seconds);
      });
      P.empty(box).appendChild(el('p', { 'class': 'pl-note', text: P.t(all.length ? 'gap_nearest_from' : 'gap_nearest_none') }));
      box.appendChild(el('ol', { 'class': 'pl-near' }, all.map(function (station) {
        var way = station.seconds === null ? P.t('gap_straight', { metres: P.whole(station.straight_metres) }) : P.t('gap_way', { minutes: Math.ceil(station.seconds / 60) });
        var fails = (station.fails || []).map(function (code) { return P.text.station_fails[code] || code; }).join(P.t('sep'));
        return el('li', {}, [P.button(station.name || station.id, function () { P.emit('station', { id: station.id }); }, { 'class': 'pl-link' }),
          el('span', { text: way + (fails ? ' · ' + fails : '') })]);
      })));
      document.documentElement.setAttribute('data-near', 'true');
    }).catch(function (error) { P.empty(box).appendChild(el('p', { text: P.sentence(error) })); });
  }

  function back(box, key, id) {
    box.appendChild(P.button('← ' + P.t('gap_back'), function () {
      P.state.gap = '';
      P.write();
      P.map.choose(null);
      list();
      var from = Array.prototype.filter.call(box.querySelectorAll('[' + key + ']'), function (node) { return node.getAttribute(key) === id; })[0];
      (from || P.id('pl-tab-gaps')).focus();
    }, { id: 'pl-gap-back', 'class': 'pl-small-button' }));
  }

  /* `asked`: somebody wants to see it now; else it only stands ready in its tab. */
  G.open = function (id, fly, asked) {
    var feature = find(id), box = P.id('pl-gaps');
    if (!feature) { return; }
    P.state.gap = id;
    P.write();
    if (asked) { P.tab('gaps'); }
    P.empty(box);
    document.documentElement.removeAttribute('data-near');
    var gap = feature.properties, rank = rows.indexOf(feature) + 1, near = el('div'), why = shares(gap);
    var title = el('h2', { tabindex: '-1', text: P.t('gap_title', { rank: rank, region: place(gap) }) });
    shown = null;
    back(box, 'data-gap', id);
    [title, el('p', { text: size(gap) }), el('h3', { text: P.t('causes_title') }), bar(why),
      causeList(why, function (row) { return row.bare ? '' : P.percent(row.share); })].concat(facts(gap)).forEach(function (node) { box.appendChild(node); });
    box.appendChild(el('h3', { text: P.t('gap_nearest') }));
    box.appendChild(near);
    box.appendChild(el('p', { 'class': 'pl-row' }, [P.button(P.t('gap_pin'), function () {
      var at = middle(feature);
      P.emit('add', { lat: at[0], lon: at[1] });
    }, { id: 'pl-gap-pin', 'class': 'pl-strong' })]));
    var book = el('div');
    box.appendChild(book);
    P.ledger.show(feature, book);
    P.map.choose(feature, fly);
    nearest(feature, near);
    document.documentElement.setAttribute('data-gap', id);
    if (fly) { title.focus({ preventScroll: true }); box.scrollTop = 0; }
  };

  /* A gap of the ledger that is none of ours, as at another hour, or since it was filled. */
  function openKnown(known) {
    var node = P.empty(P.id('pl-gaps')), title = el('h2', { tabindex: '-1', text: place(known, known.region_name) });
    shown = null;
    back(node, 'data-known', known.id);
    node.appendChild(title);
    node.appendChild(el('p', { text: P.t(known.open ? 'ledger_elsewhere' : 'ledger_gone', { date: known.filled || '' }) }));
    node.appendChild(P.ledger.form(known));
    if (known.bbox) { P.map.fit([[known.bbox[1], known.bbox[0]], [known.bbox[3], known.bbox[2]]]); }
    title.focus({ preventScroll: true });
    node.scrollTop = 0;
  }

  P.on('gap', function (event) { G.open(event.id, false, true); });
})();
