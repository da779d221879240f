/* A plan: asked for as a job, watched, cancelled, and stepped through in its building order. */
(function () {
  'use strict';

  var P = window.unionPlanner, el = P.el, N = P.plan = {}, turn = P.only(), file = null, result = null, asking = false, sites = [], POLL = 700;
  var SVG = 'http://www.w3.org/2000/svg', AMOUNTS = { sites: 6, budget: 300000, target: 80, left: 80 };

  /* ---- the form ---- */

  function fitForm() {
    var form = P.id('pl-plan-form').elements, objective = form.objective.value, by = form.by;
    var allowed = { coverage: ['sites', 'budget'], cover: ['left', 'target'], median: ['sites'], center: ['sites'] }[objective];
    Array.prototype.forEach.call(by.options, function (option) { option.disabled = option.hidden = allowed.indexOf(option.value) < 0; });
    if (allowed.indexOf(by.value) < 0) { by.value = allowed[0]; form.amount.value = AMOUNTS[by.value]; }
    var inHours = objective === 'coverage' || objective === 'cover';
    form.count.options[1].disabled = form.count.options[1].hidden = !inHours;
    if (!inHours) { form.count.value = 'people'; }
    var hourly = form.count.value === 'person_hours';
    P.id('pl-count-said').hidden = !hourly;
    by.options[2].textContent = P.t(hourly ? 'plan_left_person_hours' : 'plan_left');
    var label = { sites: 'plan_sites', budget: 'plan_budget', target: 'plan_target', left: hourly ? 'plan_left_person_hours' : 'plan_left' }[by.value];
    form.amount.closest('label').querySelector('span').textContent = P.t(label);
    form.amount.max = by.value === 'target' || by.value === 'left' ? 100 : '';
    P.id('pl-file').hidden = form.candidates.value !== 'file';
  }

  function keep() {
    var form = P.id('pl-plan-form').elements;
    P.state.plan = { objective: form.objective.value, by: form.by.value, amount: +form.amount.value, time: +form.time.value };
    if (form.count.value !== 'people') { P.state.plan.count = form.count.value; }
  }

  function fill(plan) {
    var form = P.id('pl-plan-form').elements;
    if (plan) {
      form.objective.value = plan.objective;
      form.count.value = plan.count || 'people';
      form.by.value = plan.by;
      form.amount.value = plan.amount;
      form.time.value = plan.time;
    }
    fitForm();
  }

  /* ---- a table of candidates ---- */

  /* The server reads it, as `locator plan` does: Excel or CSV, Chinese headers or English. */
  function takeFile(form) {
    var said = P.id('pl-file-said'), chosen = form.file.files[0];
    file = null;
    if (!chosen) { return; }
    var ending = chosen.name.split('.').pop().toLowerCase(), url = '/api/v1/plan/candidates?ending=' + encodeURIComponent(ending);
    if (form.datum.value) { url += '&datum=' + form.datum.value; }
    said.textContent = P.t('plan_file_wait');
    P.json(url, { method: 'POST', raw: chosen }).then(function (found) {
      if (form.file.files[0] !== chosen) { return; }  // another one was chosen meanwhile
      file = found.candidates;
      said.textContent = [P.t('plan_file_read', { n: file.length })].concat(found.notes).join(' ');
    }).catch(function (error) { said.textContent = P.t('plan_file_bad', { why: P.sentence(error) }); });
  }

  /* ---- the job ---- */

  function waiting(text, share, stoppable) {
    P.id('pl-job').hidden = !text;
    P.id('pl-plan-go').disabled = Boolean(stoppable);
    if (P.id('pl-job-said').textContent !== text) { P.id('pl-job-said').textContent = text; }
    P.id('pl-job-stop').hidden = !stoppable;
    var bar = P.id('pl-job-bar');
    bar.hidden = !stoppable;
    if (typeof share === 'number') { bar.value = share; } else { bar.removeAttribute('value'); }
  }

  function asked() {
    keep();
    var plan = P.state.plan, form = P.id('pl-plan-form').elements, body = P.body({ objective_name: plan.objective, time_limit_seconds: plan.time });
    if (plan.by === 'budget') { body.budget_yuan = plan.amount; } else
    if (plan.by === 'target') { body.target_share = plan.amount / 100; } else
    if (plan.by === 'left') { body.target_share = plan.amount / 100; body.target_of = 'uncovered'; } else { body.sites = Math.round(plan.amount); }
    if (plan.count) { body.count = plan.count; body.week = P.weekStart(); delete body.at; }
    if (P.state.group) { body.group = P.state.group; }
    if (form.fair.value) { body.least_share = form.fair.value / 100; }
    if (form.backup.checked) { body.stations_at_least = 2; }
    body.candidates = form.candidates.value === 'file' ? file : 'auto';
    return body;
  }

  N.run = function () {
    if (P.id('pl-plan-form').elements.candidates.value === 'file' && !file) { P.trouble(P.t('plan_file_first')); return; }
    P.trouble('');
    clear();
    var signal = turn.start();
    asking = true;
    waiting(P.t('plan_queued'), null, true);
    P.id('pl-job').scrollIntoView({ block: 'nearest' });
    P.id('pl-job-stop').focus({ preventScroll: true });
    document.documentElement.setAttribute('data-plan', 'running');
    P.fetch('/api/v1/plan', { method: 'POST', body: asked(), signal: signal }).then(function (answer) {
      return answer.json().catch(function () { return {}; }).then(function (job) {
        P.state.job = String(job.id || (answer.headers.get('Location') || job.url || '').split('/').pop());
        P.state.step = -1;
        P.write();
        return watch(signal);
      });
    }).catch(failed);
  };

  function watch(signal) {
    return P.json('/api/v1/jobs/' + encodeURIComponent(P.state.job), { signal: signal }).then(function (job) {
      if (job.state === 'done') { turn.over(signal); waiting(''); N.show(job.result); return null; }
      if (job.state === 'cancelled') { turn.over(signal); waiting(P.t('plan_cancelled')); mark('cancelled'); return null; }
      if (job.state === 'failed') {
        var problem = job.problem || job.error || {}, why = typeof problem === 'string' ? problem : problem.detail || problem.message || '';
        throw new P.Told(P.t('plan_failed', { why: why }), 0);
      }
      var share = typeof job.progress === 'number' ? job.progress : job.progress && job.progress.share;
      waiting(job.state === 'queued' ? P.t('plan_queued') : P.t('plan_running', { share: P.percent(share || 0), stage: P.text.plan_stages[job.stage] || '' }), job.state === 'queued' ? null : share, true);
      return new Promise(function (resolve) { window.setTimeout(resolve, POLL); }).then(function () {
        return signal.aborted ? null : watch(signal);
      });
    });
  }

  function mark(state) { document.documentElement.setAttribute('data-plan', state); }

  function failed(error) {
    if (P.aborted(error)) { return; }
    turn.stop();
    waiting('');
    mark('failed');
    if (error.status === 404 && P.state.job) { P.state.job = ''; P.write(); P.trouble(P.t('plan_lost')); return; }
    P.trouble(error.status === 404 ? P.t('error_missing') : P.sentence(error), error.status === 0 ? N.run : null);
  }

  N.cancel = function () {
    var job = P.state.job;
    turn.stop();
    if (!job) { waiting(P.t('plan_cancelled')); mark('cancelled'); return; }
    P.fetch('/api/v1/jobs/' + encodeURIComponent(job), { method: 'DELETE' }).then(function () {
      P.state.job = '';
      P.write();
      waiting(P.t('plan_cancelled'));
      mark('cancelled');
      P.id('pl-plan-go').focus();
    }).catch(failed);
  };

  N.reopen = function () {
    if (!P.state.job) { return; }
    var signal = turn.start();
    waiting(P.t('plan_queued'), null, true);
    watch(signal).catch(failed);
  };

  /* ---- the result ---- */

  function clear() {
    result = null;
    sites = [];
    P.empty(P.id('pl-result'));
    P.map.plan([], 0);
    P.emit('plan');
  }

  /* Plans by person-hours are told in them; all others in people. */
  function hourly() { return result !== null && (result.parameters || {}).count === 'person_hours'; }
  function counted() { return hourly() ? 'person_hours' : 'workers'; }
  function told(key, values) { return P.t(hourly() ? key + '_person_hours' : key, values); }
  function sumOf(row, soFar) { var sum = row['cumulative_' + counted()]; return typeof sum === 'number' ? sum : soFar; }
  function gainOf(row) { var gain = row['gain_' + counted()]; return typeof gain === 'number' ? gain : typeof row.gain === 'number' ? row.gain : 0; }

  function placed(row) {
    var station = P.whatif.at(row.station) || P.whatif.at(row.id), at = typeof row.lon === 'number' ? row : station || {};
    var action = P.text.plan_action[row.action] || row.action, name = row.name || (station && station.name) || '', where = row.gain_regions || {};
    if (!name) { name = Object.keys(where).filter(Boolean).sort(function (a, b) { return where[b] - where[a]; }).slice(0, 1).map(P.regionName).join('');
      if (typeof (result.parameters || {}).candidates === 'number') { name += (name ? ' · ' : '') + row.id; } }
    return Object.assign({}, row, { lon: at.lon, lat: at.lat, what: action + (name ? ' · ' + name : '') });
  }

  function who() { return P.groupName((result.parameters || {}).group || ''); }

  /* What the plan gains in all is what the check from scratch has found. */
  function sentence() {
    var counts = {}, was = (result.before || {})[counted()], now = (result.after || {})[counted()], spent = P.money(result.spent_yuan || 0);
    sites.forEach(function (site) { counts[site.action] = (counts[site.action] || 0) + 1; });
    var actions = Object.keys(counts).map(function (code) {
      return P.fill(P.text.plan_doing[code] || code, { n: counts[code] });
    }).join(P.text.comma);
    var text = was && now && was.uncovered
      ? told('plan_sentence', { actions: actions, spent: spent, who: who(), gain: P.whole(now.covered - was.covered), share: P.percent1((now.covered - was.covered) / was.uncovered) })
      : P.t('plan_sentence_bare', { actions: actions, spent: spent });
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  function bound() {
    var name = result.objective_name, gap = P.percent1(result.gap || 0), values = { gap: gap, who: who() };
    if (typeof result.bound !== 'number') { return ''; }
    if (name === 'coverage') { values.bound = P.whole(result.bound); } else
    if (name === 'cover') { values.bound = result.objective_unit === 'sites' ? P.whole(result.bound) : P.t('yuan', { n: P.money(result.bound) }); } else {
      values.bound = P.t('seconds', { n: P.whole(result.bound) });
      values.objective = P.t('seconds', { n: P.whole(result.objective) });
    }
    var key = name === 'coverage' || name === 'cover' ? name : 'seconds';
    return (key === 'coverage' ? told('plan_bound_coverage', values) : P.t('plan_bound_' + key, values)) + (result.proven === true ? ' ' + P.t('plan_bound_exact') : '');
  }

  /* The curve of what each step gains; the table has the same numbers for those who do not see it. */
  function curve() {
    var gains = sites.map(gainOf), most = Math.max.apply(null, gains.concat([1])), wide = 380, high = 84, n = gains.length;
    function make(tag, attributes) {
      var node = document.createElementNS(SVG, tag);
      Object.keys(attributes).forEach(function (key) { node.setAttribute(key, attributes[key]); });
      return node;
    }
    var svg = make('svg', { preserveAspectRatio: 'none', viewBox: '0 0 ' + wide + ' ' + high, 'class': 'pl-curve', role: 'img',
      'aria-label': told('plan_curve') + ' ' + told('plan_curve_text', { first: P.whole(gains[0]), last: P.whole(gains[n - 1]) }) });
    gains.forEach(function (gain, i) {
      var step = (wide - 8) / n, tall = Math.max(1, (high - 8) * gain / most);
      var bar = make('rect', { x: (4 + i * step).toFixed(1), y: (high - 4 - tall).toFixed(1), width: Math.max(0.6, step - Math.min(2, step / 4)).toFixed(1), height: tall.toFixed(1), 'data-step': i });
      svg.appendChild(bar);
    });
    return svg;
  }

  /* Who gains by a step, and how many would have it as their nearest. */
  function gainers(site) {
    var parts = [];
    [['gain_groups', P.groupName], ['gain_regions', P.regionName]].forEach(function (kind) {
      var found = site[kind[0]] || {}, codes = Object.keys(found).filter(function (code) { return found[code] > 0; });
      codes.sort(function (a, b) { return found[b] - found[a]; });
      if (codes.length) {
        parts.push(codes.slice(0, 4).map(function (code) { return kind[1](code) + ' ' + P.whole(found[code]); }).join(P.text.comma));
      }
    });
    if (typeof site.catchment_workers === 'number') { parts.push(P.t('plan_catchment', { n: P.whole(site.catchment_workers) })); }
    return parts.length ? P.t('plan_gainers', { n: site.order, what: site.what, who: parts.join(P.t('sep')) }) : '';
  }

  function step(n) {
    var upTo = Math.max(0, Math.min(sites.length, n)), cost = 0, gain = 0;
    P.state.step = upTo;
    sites.slice(0, upTo).forEach(function (site) { cost += site.cost_yuan || 0; gain = sumOf(site, gain + gainOf(site)); });
    P.id('pl-plan-step').value = upTo;
    P.id('pl-plan-step').setAttribute('aria-valuetext', P.t('plan_step_value', { n: upTo, all: sites.length }));
    P.id('pl-plan-said').textContent = told('plan_so_far', { who: who(), n: upTo, cost: P.money(cost), gain: P.whole(gain) });
    P.id('pl-plan-who').textContent = upTo ? gainers(sites[upTo - 1]) : '';
    P.id('pl-plan-try').textContent = P.t('plan_try', { n: upTo });
    Array.prototype.forEach.call(P.id('pl-result').querySelectorAll('[data-step]'), function (node) {
      node.classList.toggle('pl-later', +node.getAttribute('data-step') >= upTo);
    });
    P.map.plan(sites, upTo);
    P.write();
  }

  function table() {
    var sum = 0, body = el('tbody', {}, sites.map(function (site, i) {
      sum = sumOf(site, sum + gainOf(site));
      return el('tr', { 'data-step': String(i) }, [
        el('td', { 'class': 'pl-number', text: String(i + 1) }),
        el('th', { scope: 'row' }, [P.button(site.what, function () {
          step(i + 1);
          if (typeof site.lat === 'number') { P.map.look(site.lat, site.lon, 14); }
        }, { 'class': 'pl-link', 'aria-label': P.t('plan_show', { n: i + 1 }) + ': ' + site.what })]),
        el('td', { 'class': 'pl-number', text: P.money(site.cost_yuan || 0) }),
        el('td', { 'class': 'pl-number', text: P.whole(gainOf(site)) }),
        el('td', { 'class': 'pl-number', text: P.whole(sum) })]);
    }));
    return el('table', { 'class': 'pl-table pl-list' }, [el('caption', { text: told('plan_caption') }),
      el('thead', {}, [el('tr', {}, [P.t('plan_order'), P.t('plan_what'), P.t('plan_cost'), told('plan_gain'), told('plan_sum')].map(function (text, i) {
        return el('th', { scope: 'col', text: text, 'class': i === 1 ? null : 'pl-number' });
      }))]), body]);
  }

  function whyNothing() {
    if (!result.candidates_that_reach_somebody) { return P.t('plan_empty'); }
    return P.t(result.objective_name === 'cover' ? 'plan_reached' : 'plan_small');
  }

  N.show = function (found) {
    var box = P.empty(P.id('pl-result')), slider;
    result = found || { chosen: [] };
    sites = (result.chosen || []).slice().sort(function (a, b) { return (a.order || 0) - (b.order || 0); }).map(placed);
    box.appendChild(el('h2', { id: 'pl-result-title', tabindex: '-1', text: P.t('plan_result') }));
    if (!sites.length) { box.appendChild(el('p', { text: whyNothing() })); mark('done'); P.emit('plan'); return; }
    box.appendChild(el('p', { 'class': 'pl-said', text: sentence() }));
    box.appendChild(el('p', { 'class': 'pl-why', text: bound() }));
    box.appendChild(el('h3', { text: told('plan_curve') }));
    box.appendChild(curve());
    slider = el('input', { type: 'range', id: 'pl-plan-step', min: '0', max: String(sites.length), step: '1' });
    slider.addEventListener('input', function () { step(+slider.value); });
    box.appendChild(el('div', { 'class': 'pl-stepper' }, [
      P.button('−', function () { step(P.state.step - 1); }, { 'class': 'pl-step', 'aria-label': P.t('plan_step_back') }),
      P.field(P.t('plan_step'), slider),
      P.button('+', function () { step(P.state.step + 1); }, { 'class': 'pl-step', 'aria-label': P.t('plan_step_next') })]));
    box.appendChild(el('p', { id: 'pl-plan-said', role: 'status' }));
    box.appendChild(el('p', { id: 'pl-plan-who', 'class': 'pl-note' }));
    box.appendChild(P.button('', N.tryIt, { id: 'pl-plan-try' }));
    box.appendChild(table());
    step(P.state.step < 0 ? sites.length : P.state.step);
    mark('done');
    P.emit('plan');
    if (asking) {
      P.map.fitAll(sites);
      P.id('pl-result-title').focus({ preventScroll: true });
      P.id('pl-result').scrollIntoView({ block: 'start' });
    }
    asking = false;
  };

  /* The first steps of the plan as changes, added to nothing else. */
  N.tryIt = function () {
    var c = P.noChanges();
    sites.slice(0, P.state.step).forEach(function (site) {
      var id = site.station || '';
      if (site.action === 'extend' || site.action === 'equip' || (id && P.whatif.at(id))) {
        if (site.opening_hours) { c.hours[id] = site.opening_hours; }
        if (site.facilities && site.facilities.length) { c.equip[id] = site.facilities; }
      } else if (typeof site.lon === 'number') {
        var pin = { lon: site.lon, lat: site.lat, opening_hours: site.opening_hours || '24/7' };
        if (site.facilities && site.facilities.length) { pin.facilities = site.facilities; }
        c.add.push(pin);
      }
    });
    P.state.changes = c;
    P.tab('whatif');
    P.whatif.changed();
  };

  N.result = function () { return result && sites.length ? result : null; };
  N.start = function () {
    var form = P.id('pl-plan-form');
    fill(P.state.plan);
    form.addEventListener('change', function (event) {
      if (event.target.name === 'by') { form.elements.amount.value = AMOUNTS[event.target.value]; }
      fitForm();
      if (event.target.name === 'file' || event.target.name === 'datum') { takeFile(form.elements); }
    });
    form.addEventListener('submit', function (event) { event.preventDefault(); N.run(); });
    P.id('pl-job-stop').addEventListener('click', N.cancel);
    P.on('plan-site', function (i) { P.tab('plan'); step(i + 1); });
  };
})();
