/* The ledger beside the list of gaps: what was cut, in which state each gap is, since when, and who sees to it. */
(function () {
  'use strict';

  var P = window.unionPlanner, el = P.el, L = P.ledger = {}, STATES = ['found', 'agreed', 'being_built', 'refused', 'filled'];
  var told = null, trouble = '', asked = null, open = Object.create(null);

  /* What the service says of it; null: it was not asked yet. Before the first cut there are only today's gaps. */
  L.begun = function () { return Boolean(told && told.date); };
  /* Whether its gaps lie in the cells of the data, so that rows of the list can tell their states. */
  L.marks = function () { return L.begun() && !told.other_dataset; };
  function gaps() { return told ? told.gaps : []; }

  L.load = function () {
    asked = P.json('/api/v1/gaps').then(function (found) {
      told = found;
      trouble = '';
      open = Object.create(null);  // by district
      found.gaps.forEach(function (gap) { if (gap.open) { (open[gap.region] = open[gap.region] || []).push(gap); } });
    }).catch(function (error) {
      asked = null;
      trouble = error.status === 404 ? '' : P.sentence(error);
    }).then(function () { P.emit('ledger'); });
    return asked;
  };

  /* ---- which of its gaps lie in one of ours: they keep their names from month to month, and lie in ours by a point ---- */

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

  function box(feature) {
    if (feature.box) { return feature.box; }
    var found = [Infinity, Infinity, -Infinity, -Infinity];
    (feature.geometry.type === 'Polygon' ? [feature.geometry.coordinates] : feature.geometry.coordinates).forEach(function (rings) {
      rings[0].forEach(function (at) {
        found = [Math.min(found[0], at[0]), Math.min(found[1], at[1]), Math.max(found[2], at[0]), Math.max(found[3], at[1])];
      });
    });
    return (feature.box = found);
  }

  function lies(gap, feature) {
    if (!feature.geometry || gap.region !== feature.properties.region || typeof gap.lon !== 'number') { return false; }
    var b = box(feature);
    return gap.lon >= b[0] && gap.lat >= b[1] && gap.lon <= b[2] && gap.lat <= b[3] && within([gap.lon, gap.lat], feature.geometry);
  }

  L.lies = lies;

  L.of = function (feature) {
    return (open[feature.properties.region] || []).filter(function (gap) { return lies(gap, feature); }).sort(function (a, b) { return (b.workers || 0) - (a.workers || 0); });
  };

  /* ---- the list: its state in each row, and rows of one state ---- */

  function state(gap) { return P.text.states[gap.state] || gap.state; }
  function month(gap) { return P.t(gap.filled ? 'ledger_filled' : 'ledger_since', { month: (gap.filled || gap.since).slice(0, 7) }); }
  L.who = function (gap) { return month(gap) + (gap.responsible ? P.t('comma') + gap.responsible : ''); };

  /* Fill a row of the list with what the ledger says of its gap; again whenever that changes. */
  L.mark = function (tr, feature) {
    var known = L.marks() ? L.of(feature)[0] : null, cell = tr.querySelector('.pl-state'), line = tr.querySelector('.pl-who');
    cell.hidden = !L.marks();
    cell.textContent = known ? state(known) : '';
    line.textContent = known ? L.who(known) : '';
  };

  L.chosen = function () {
    var s = P.state;
    return gaps().filter(function (gap) { return gap.state === s.state && (!s.region || gap.region === s.region); });
  };

  function sums() {
    var p = told.parameters || {}, early = +told.date.slice(8) < P.page.cut_day;
    var how = [P.page.by[p.mode] || p.mode, P.t('ledger_minutes', { n: p.minutes }), p.at ? p.at.slice(11, 16) : P.t('ledger_any_hour')];
    if (p.need && p.need.length) { how.push([].concat(p.need).map(function (code) { return P.label('needs', code); }).join(P.t('comma'))); }
    var said = { date: told.date, how: how.join(P.t('comma')) };
    ['opened', 'filled', 'carried', 'open'].forEach(function (name) { said[name] = P.whole(told[name]); });
    return P.t(early ? 'ledger_sums_early' : 'ledger_sums', said);
  }

  function filter(change) {
    var count = {}, select = el('select', { name: 'state', id: 'pl-state' });
    gaps().forEach(function (gap) { if (!P.state.region || gap.region === P.state.region) { count[gap.state] = (count[gap.state] || 0) + 1; } });
    [''].concat(STATES).forEach(function (code) {
      var text = code ? P.t('ledger_of', { state: P.text.states[code], n: P.whole(count[code] || 0) }) : P.t('ledger_all');
      select.appendChild(el('option', { value: code, text: text, selected: code === P.state.state }));
    });
    select.addEventListener('change', function () {
      P.state.state = select.value;
      P.write();
      change();
    });
    return P.field(P.t('ledger_filter'), select);
  }

  /* What stands above the list. */
  L.head = function (node, change) {
    var lost = told ? told.lost || [] : [], kept = document.activeElement && document.activeElement.id === 'pl-state';
    P.empty(node);
    if (trouble) { node.appendChild(el('p', { 'class': 'pl-bad', text: trouble })); }
    if (lost.length) { node.appendChild(el('p', { 'class': 'pl-bad', text: P.t('ledger_lost', { months: lost.join(P.t('comma')) }) })); }
    if (told && told.other_dataset) { node.appendChild(el('p', { 'class': 'pl-bad', text: P.t('ledger_other') })); }
    if (!trouble) {
      var line = L.begun() ? sums() : P.t(P.page.ledger && !told ? 'ledger_loading' : 'ledger_not_begun');
      node.appendChild(el('p', { 'class': 'pl-note', text: line }));
    }
    if (L.begun()) {
      node.appendChild(filter(change));
      if (kept) { P.id('pl-state').focus(); }
    }
  };

  /* ---- one gap of the ledger ---- */

  function size(gap) {
    return typeof gap.workers === 'number' ? P.t('ledger_workers', { n: P.whole(gap.workers) }) : P.t('gap_few');
  }

  L.form = function (known) {
    var state = el('select', { name: 'state' }, ['found', 'agreed', 'being_built', 'filled', 'refused'].map(function (code) {
      return el('option', { value: code, text: P.text.states[code], selected: code === known.state });
    }));
    var responsible = el('input', { name: 'responsible', maxlength: '100', value: known.responsible || '' });
    var note = el('input', { name: 'note', maxlength: '500', value: known.note || '' }), said = el('p', { role: 'status', 'class': 'pl-wide' });
    var save = el('button', { type: 'submit', text: P.t('ledger_save'), disabled: Boolean(told && told.other_dataset) });
    var node = el('form', { 'class': 'pl-grid pl-edit', autocomplete: 'off', 'data-ledger': known.id }, [
      el('p', { 'class': 'pl-note pl-wide', text: known.id + ': ' + P.t('ledger_entry', { region: P.gaps.place(known, known.region_name), workers: size(known), since: known.since }) }),
      P.field(P.t('ledger_state'), state), P.field(P.t('ledger_responsible'), responsible), P.field(P.t('ledger_note'), note), save, said]);
    node.addEventListener('submit', function (event) {
      event.preventDefault();
      P.json('/api/v1/gaps/' + encodeURIComponent(known.id), { method: 'PATCH', headers: known.etag ? { 'If-Match': known.etag } : {},
        body: { state: state.value, responsible: responsible.value, note: note.value } }).then(function (now) {
        Object.assign(known, now);
        if (!told.date) { told.date = now.changed.slice(0, 10); }  // the first entry has begun it; the rest is read below
        said.textContent = P.t('ledger_saved', { date: now.changed || '' });
        L.load();
      }).catch(function (error) {
        said.textContent = P.sentence(error);
        if (error.status === 412) { L.load(); }
      });
    });
    return node;
  };

  /* What the ledger says of the gap that is open, as soon as it is known. */
  L.show = function (feature, node) {
    function draw() {
      P.empty(node).appendChild(el('h3', { text: P.t('ledger_title') }));
      if (!told) {
        node.appendChild(el('p', { 'class': 'pl-note', text: trouble || P.t('ledger_loading') }));
        return;
      }
      var found = L.of(feature);
      if (told.other_dataset) { node.appendChild(el('p', { 'class': 'pl-bad', text: P.t('ledger_other') })); }
      if (!found.length) { node.appendChild(el('p', { 'class': 'pl-note', text: P.t('ledger_none') })); }
      found.slice(0, 5).forEach(function (known) { node.appendChild(L.form(known)); });
      document.documentElement.setAttribute('data-ledger', 'true');
    }
    draw();
    if (!told) { (asked || L.load()).then(draw); }
  };
})();
