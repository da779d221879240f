/* The answer in words and the gaps: who has none, why, where most, and what is near a gap. */
(function () {
  'use strict';

  var P = window.unionPlanner, el = P.el, G = P.gaps = {}, FIRST = 25, rows = [], ledger = null;

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
    var known = entriesOf(feature)[0], state = known ? P.text.states[known.state] || known.state : '';
    return el('tr', {}, [
      el('td', { 'class': 'pl-number', text: String(i + 1) }),
      el('th', { scope: 'row' }, [open]),
      el('td', { 'class': 'pl-number', text: people(gap) }),
      el('td', { 'class': 'pl-number', text: gap.area_km2 === null ? '' : gap.area_km2.toFixed(gap.area_km2 < 10 ? 1 : 0) }),
      el('td', {}, [swatch, document.createTextNode(P.text.cause[gap.cause] || gap.cause)]),
      ledger ? el('td', { text: state }) : null
    ]);
  }

  function list(all) {
    var box = P.empty(P.id('pl-gaps'));
    document.documentElement.removeAttribute('data-gap');
    if (!rows.length) { box.appendChild(el('p', { text: P.t('gaps_none') })); return; }
    var heads = ['gap_rank', 'gap_place', 'gap_workers', 'gap_area', 'gap_cause'].concat(ledger ? ['gap_state'] : []), body = el('tbody');
    var street = !P.answer.summary.workers;
    (all ? rows : rows.slice(0, FIRST)).forEach(function (feature, i) { body.appendChild(row(feature, i)); });
    box.appendChild(el('table', { 'class': 'pl-table pl-list' }, [
      el('caption', { text: P.t(street ? 'gaps_caption_street' : 'gaps_caption') + (P.state.group && !street ? P.t('gaps_of_all', { who: P.groupName(P.state.group) }) : '') }),
      el('thead', {}, [el('tr', {}, heads.map(function (head) {
        return el('th', { scope: 'col', text: P.t(head), 'class': head === 'gap_place' || head === 'gap_cause' || head === 'gap_state' ? null : 'pl-number' });
      }))]), body]));
    if (!all && rows.length > FIRST) {
      box.appendChild(P.button(P.t('gaps_more', { n: rows.length - FIRST }), function () {
        list(true);
        var next = P.id('pl-gaps').querySelectorAll('[data-gap]')[FIRST];
        if (next) { next.focus(); }
      }));
    }
  }

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
    box.appendChild(P.button('← ' + P.t('gap_back'), function () {
      P.state.gap = '';
      P.write();
      P.map.choose(null);
      list();
      var from = Array.prototype.filter.call(box.querySelectorAll('[data-gap]'), function (node) { return node.getAttribute('data-gap') === id; })[0];
      (from || P.id('pl-tab-gaps')).focus();
    }, { id: 'pl-gap-back', 'class': 'pl-small-button' }));
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
    G.ledger(feature, book);
    P.map.choose(feature, fly);
    nearest(feature, near);
    document.documentElement.setAttribute('data-gap', id);
    if (fly) { title.focus({ preventScroll: true }); box.scrollTop = 0; }
  };

  /* ---- the ledger: its gaps keep their names from month to month, and lie within ours by a point ---- */

  function within(at, geometry) {
    var parts = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates, inside = false;
    parts.forEach(function (rings) {
      rings.forEach(function (ring) {
        for (var i = 0; i + 1 < ring.length; i++) {
          var a = ring[i], b = ring[i + 1];
          if ((a[1] > at[1]) !== (b[1] > at[1]) && at[0] < a[0] + (at[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])) { inside = !inside; }
        }
      });
    });
    return inside;
  }

  function entriesOf(feature) {
    if (!ledger || !feature.geometry) { return []; }
    return ledger.filter(function (gap) {
      return gap.region === feature.properties.region && typeof gap.lon === 'number' && within([gap.lon, gap.lat], feature.geometry);
    }).sort(function (a, b) { return (b.workers || 0) - (a.workers || 0); });
  }

  function entry(known) {
    var state = el('select', { name: 'state' }, ['found', 'agreed', 'being_built', 'filled', 'refused'].map(function (code) {
      return el('option', { value: code, text: P.text.states[code], selected: code === known.state });
    }));
    var responsible = el('input', { name: 'responsible', maxlength: '100', value: known.responsible || '' });
    var note = el('input', { name: 'note', maxlength: '500', value: known.note || '' }), said = el('p', { role: 'status', 'class': 'pl-wide' });
    var workers = typeof known.workers === 'number' ? P.t('ledger_workers', { n: P.whole(known.workers) }) : P.t('gap_few');
    var box = el('form', { 'class': 'pl-grid pl-edit', autocomplete: 'off', 'data-ledger': known.id }, [
      el('p', { 'class': 'pl-note pl-wide', text: known.id + ': ' + P.t('ledger_entry', { region: place(known, known.region_name), workers: workers, since: known.since }) }),
      P.field(P.t('ledger_state'), state), P.field(P.t('ledger_responsible'), responsible), P.field(P.t('ledger_note'), note),
      el('button', { type: 'submit', text: P.t('ledger_save') }), said]);
    box.addEventListener('submit', function (event) {
      event.preventDefault();
      P.json('/api/v1/gaps/' + encodeURIComponent(known.id), { method: 'PATCH', headers: known.etag ? { 'If-Match': known.etag } : {},
        body: { state: state.value, responsible: responsible.value, note: note.value } }).then(function (now) {
        Object.assign(known, now);
        said.textContent = P.t('ledger_saved', { date: now.changed || '' });
        ask();
      }).catch(function (error) {
        said.textContent = P.sentence(error);
        if (error.status === 412) { ask(); }
      });
    });
    return box;
  }

  function entries(feature, box) {
    P.empty(box).appendChild(el('h3', { text: P.t('ledger_title') }));
    if (!ledger) { box.appendChild(el('p', { 'class': 'pl-note', text: P.t('ledger_loading') })); return; }
    var found = entriesOf(feature);
    if (!found.length) { box.appendChild(el('p', { 'class': 'pl-note', text: P.t('ledger_none') })); }
    found.slice(0, 5).forEach(function (known) { box.appendChild(entry(known)); });
    document.documentElement.setAttribute('data-ledger', 'true');
  }

  function ask() {
    return P.json('/api/v1/gaps').then(function (found) { ledger = (found.gaps || []).filter(function (gap) { return gap.open !== false; }); });
  }

  G.ledger = function (feature, box) {
    entries(feature, box);
    if (ledger) { return; }
    ask().then(function () { entries(feature, box); }).catch(function (error) {
      P.empty(box);
      if (error.status !== 404) { box.appendChild(el('p', { 'class': 'pl-note', text: P.sentence(error) })); }
    });
  };

  P.on('gap', function (event) { G.open(event.id, false, true); });
})();
