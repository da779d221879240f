/* The planner's page: its form, tabs and files, and what happens when. */
(function () {
  'use strict';

  var P = window.unionPlanner, el = P.el, turn = P.only(), TABS = ['gaps', 'whatif', 'plan', 'export'], work = 0, stopper = null, root = document.documentElement;

  /* ---- work under way is told, and can be stopped ---- */

  P.busy = function (on, stop) {
    work = on ? 1 : 0;
    stopper = on ? stop : null;
    P.id('pl-stop').hidden = !on;
    P.id('pl-status').classList.toggle('pl-busy', on);
    P.say(on ? P.t('counting') : P.t('counted'));
  };

  /* ---- tabs, as WAI-ARIA has them ---- */

  P.tab = function (name) {
    P.state.tab = name;
    TABS.forEach(function (tab) {
      var on = tab === name, head = P.id('pl-tab-' + tab);
      head.setAttribute('aria-selected', String(on));
      head.tabIndex = on ? 0 : -1;
      P.id('pl-' + tab).hidden = !on;
    });
    P.map.cross(name === 'whatif');
    P.write();
    if (name === 'export') { files(); }
  };

  function tabs() {
    TABS.forEach(function (tab, i) {
      var head = P.id('pl-tab-' + tab);
      head.addEventListener('click', function () { P.tab(tab); });
      head.addEventListener('keydown', function (event) {
        var to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: TABS.length - 1 }[event.key];
        if (to === undefined) { return; }
        event.preventDefault();
        var next = TABS[(to + TABS.length) % TABS.length];
        P.tab(next);
        P.id('pl-tab-' + next).focus();
      });
    });
  }

  /* ---- files and the link ---- */

  function files() {
    var box = P.empty(P.id('pl-export')), lang = { lang: P.lang };
    box.appendChild(el('p', { 'class': 'pl-note', text: P.t('export_lead') }));
    function row(title, links) {
      box.appendChild(el('h3', { text: title }));
      box.appendChild(el('p', { 'class': 'pl-row' }, links));
    }
    [['gaps', 'export_gaps'], ['stations', 'export_stations'], ['regions', 'export_regions']].forEach(function (kind) {
      row(P.t(kind[1]), ['xlsx', 'csv', 'geojson', 'gpkg'].map(function (ending) {
        return el('a', { href: '/download/' + kind[0] + '.' + ending + '?' + P.query(lang), text: ending.toUpperCase(), download: true, 'class': 'pl-file' });
      }));
    });
    row(P.t('export_clock'), ['png', 'xlsx', 'csv'].map(function (ending) {
      return saving(ending.toUpperCase(), '/clock.' + ending + '?' + P.week.key() + '&lang=' + P.lang, 'clock.' + ending);
    }).concat([el('a', { href: '/clock?' + P.week.key() + '&lang=' + P.lang, text: P.t('clock_page'), 'class': 'pl-file' })]));
    box.appendChild(el('h3', { text: P.t('export_plan') }));
    if (P.plan.result()) {
      box.appendChild(el('p', { 'class': 'pl-row' }, ['xlsx', 'csv', 'geojson', 'html'].map(function (ending) {
        return saving(ending.toUpperCase(), '/api/v1/jobs/' + encodeURIComponent(P.state.job) + '/plan.' + ending + '?lang=' + P.lang, 'plan.' + ending);
      })));
    } else {
      box.appendChild(el('p', { 'class': 'pl-note', text: P.t('export_plan_none') }));
    }
    box.appendChild(el('h3', { text: P.t('export_link') }));
    var link = el('input', { readonly: true, value: window.location.href, 'aria-label': P.t('export_link'), id: 'pl-link' }), said = el('p', { role: 'status' });
    box.appendChild(link);
    box.appendChild(el('p', { 'class': 'pl-row' }, [P.button(P.t('export_copy'), function () {
      link.value = window.location.href;
      copy(link).then(function (done) { said.textContent = P.t(done ? 'export_copied' : 'export_copy_failed'); });
    }, { id: 'pl-copy', 'class': 'pl-strong' })]));
    box.appendChild(said);
  }

  function saving(text, url, name) {
    return P.button(text, function () { P.save(url, name).catch(function (error) { P.trouble(P.sentence(error)); }); }, { 'class': 'pl-file' });
  }

  function copy(input) {
    if (window.isSecureContext && navigator.clipboard) {
      return navigator.clipboard.writeText(input.value).then(function () { return true; }, function () { return false; });
    }
    input.select();
    return Promise.resolve(document.execCommand('copy'));
  }

  /* ---- the question ---- */

  function options(select, rows) {
    rows.forEach(function (row) { select.appendChild(el('option', { value: row[0], text: row[1] })); });
  }

  function form(data) {
    var fields = P.id('pl-ask').elements, s = P.state;
    options(fields.mode, data.modes.map(function (code) { return [code, P.label('modes', code)]; }));
    options(fields.region, data.regions.map(function (region) { return [region.id, region.name]; }));
    if (data.modes.indexOf(s.mode) < 0) { s.mode = data.modes[0]; }
    fields.mode.value = s.mode;
    fields.minutes.value = s.minutes;
    ['need', 'region'].forEach(function (key) {
      fields[key].value = s[key];
      if (fields[key].value !== s[key]) { fields[key].value = s[key] = ''; }
    });
    P.id('pl-ask').addEventListener('change', function (event) {
      var field = event.target, name = field.name;
      if (name === 'minutes') {
        if (!field.checkValidity()) { field.reportValidity(); return; }
        s.minutes = +field.value;
      } else {
        s[name] = field.value;
      }
      P.write();
      if (name === 'group') { retold(); P.week.ask(); return; }
      if (name === 'region') { region(); }
      P.emit('question', {});
    });
    P.id('pl-ask').addEventListener('submit', function (event) { event.preventDefault(); });
  }

  function groups(summary) {
    var select = P.id('pl-ask').elements.group, known = Object.keys(summary.groups || {});
    if (select.options.length - 1 !== known.length) {
      while (select.options.length > 1) { select.remove(1); }
      options(select, known.map(function (code) { return [code, P.groupName(code)]; }));
    }
    select.value = P.state.group;
    if (select.value !== P.state.group) { select.value = P.state.group = ''; }
    select.disabled = !known.length;
  }

  function retold() {
    P.gaps.headline();
    if (P.whatif.answer) { P.whatif.ask(); }
  }

  function region() {
    var found = (P.outlines || []).filter(function (feature) { return feature.properties.id === P.state.region; })[0], e = P.data.extent;
    P.map.fit(found && found.geometry ? P.map.bounds(found) : [[e[1], e[0]], [e[3], e[2]]]);
  }

  P.ask = function () {
    var signal = turn.start();
    root.removeAttribute('data-answered');
    P.busy(true, function () { turn.stop(); });
    P.trouble('');
    P.write();
    P.id('pl-to-map').href = '/map?' + P.query({ lang: P.lang });
    return P.json('/api/v1/coverage?' + P.query(), { signal: signal }).then(function (answer) {
      turn.over(signal);
      P.answer = answer;
      P.busy(false);
      groups(answer.summary);
      P.gaps.headline();
      P.gaps.draw();
      P.whatif.draw();
      if (P.changeCount()) { P.whatif.ask(); }
      if (P.state.tab === 'export') { files(); }
      root.setAttribute('data-answered', 'true');
      P.week.ask();
      if (P.page.ledger && !P.ledger.begun()) { P.ledger.load(); }
    }).catch(function (error) {
      if (P.aborted(error)) { return; }
      turn.over(signal);
      P.busy(false);
      P.say('');
      P.trouble(P.sentence(error), P.ask);
    });
  };

  P.on('question', function () { P.ask(); });
  P.on('plan', function () { if (P.state.tab === 'export') { files(); } });
  P.on('restyle', function () {
    if (!P.answer) { return; }
    P.gaps.headline();
    P.gaps.draw();
    P.whatif.draw();
  });

  /* ---- beginning ---- */

  function outlines() {
    var all = new URLSearchParams(P.query());  // as it was just asked: nothing is worked out anew
    all.delete('region');
    return P.json('/download/regions.geojson?' + all).then(function (found) {
      P.outlines = found.features;
      P.map.regions(found.features);
    }).catch(function () { /* the map does without */ });
  }

  function reread() {
    if (window.location.hash === P.written) { return; }
    window.location.reload();
  }

  /* What the data are, and of when, on a line each. */
  function about(name, when) {
    var node = P.empty(P.id('pl-data'));
    node.title = [name, when].filter(Boolean).join(' · ');
    [name, when].filter(Boolean).forEach(function (line) { node.appendChild(el('span', { text: line })); });
  }

  function begin() {
    P.json('/api/v1/dataset').then(function (data) {
      P.data = data;
      P.read();
      form(data);
      about(data.name, data.as_of ? P.t('as_of', { date: data.as_of }) : '');
      var fresh = !P.state.view;
      P.map.start(data);
      P.week.start();
      P.whatif.start();
      P.plan.start();
      tabs();
      P.tab(P.state.tab);
      P.whatif.pins();
      P.whatif.list();
      P.id('pl-stop').addEventListener('click', function () {
        if (stopper) { stopper(); }
        P.busy(false);
        P.say(P.t('stopped'));
      });
      window.addEventListener('hashchange', reread);
      root.setAttribute('data-ready', 'true');
      return Promise.all([P.ask(), P.whatif.stations().catch(function (error) { P.trouble(P.sentence(error)); })]).then(function () {
        P.whatif.list();
        outlines().then(function () { if (fresh && P.state.region) { region(); } });
        P.plan.reopen();
      });
    }).catch(function (error) {
      P.busy(false);
      P.say('');
      P.trouble(P.sentence(error), begin);
    });
  }

  begin();
})();
