/* The planner's page: what its parts share: words, state in the address, asking, saying.
 * Text from the data is only ever written as text nodes, never as HTML. */
(function () {
  'use strict';

  var page = JSON.parse(document.getElementById('pl-words').textContent);
  var P = window.unionPlanner = { page: page, text: page.text, lang: page.lang, data: null, answer: null };
  var token = '', asking = null, listeners = {};
  var CODE = /^[A-Za-z0-9_.:-]{1,100}$/, MOST_CHANGES = 200, DAY = 86400000;

  /* ---- words and numbers ---- */

  P.fill = function (text, values) {
    return String(text).replace(/\{(\w+)\}/g, function (all, key) {
      return values && values[key] !== undefined && values[key] !== null ? String(values[key]) : all;
    });
  };
  P.t = function (key, values) { return P.fill(P.text[key], values); };
  P.label = function (table, code) { return (page.labels[table] || {})[code] || code; };
  P.whole = function (n) { return Math.round(n).toString().replace(/\B(?=(\d{3})+(?!\d))/g, ','); };
  P.money = function (n) {
    var fen = Math.round(n * 100);
    return P.whole(Math.floor(fen / 100)) + (fen % 100 ? '.' + ('0' + fen % 100).slice(-2) : '');
  };
  P.percent = function (share) {
    return share === null || share === undefined || isNaN(share) ? '–' :
      (share > 0 && share < 0.001 ? '<0.1' : (share * 100).toFixed(share > 0.1 && share < 0.995 ? 0 : 1)) + ' %';
  };
  P.percent1 = function (share) { return share === null || share === undefined ? '–' : (share * 100).toFixed(1) + ' %'; };
  P.km = function (n) { return n >= 100 ? P.whole(n) : n.toFixed(1); };
  P.signed = function (n, show) { return (n > 0 ? '+' : n < 0 ? '−' : '±') + (show || P.whole)(Math.abs(n)); };

  /* ---- elements ---- */

  P.id = function (id) { return document.getElementById(id); };
  P.empty = function (node) { while (node.firstChild) { node.removeChild(node.firstChild); } return node; };
  P.el = function (tag, attributes, children) {
    var node = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (key) {
      var value = attributes[key];
      if (key === 'text') { node.textContent = value; } else
      if (key === 'on') { node.addEventListener('click', value); } else
      if (value !== null && value !== undefined && value !== false) { node.setAttribute(key, value === true ? '' : value); }
    });
    (children || []).forEach(function (child) { if (child) { node.appendChild(child); } });
    return node;
  };
  P.button = function (text, act, attributes) {
    return P.el('button', Object.assign({ type: 'button', text: text, on: act }, attributes));
  };
  P.table = function (caption, heads, rows) {
    var el = P.el;
    return el('table', { 'class': 'pl-table' }, [
      el('caption', { text: caption }),
      el('thead', {}, [el('tr', {}, heads.map(function (head, i) {
        return el('th', { scope: 'col', text: head, 'class': i ? 'pl-number' : null });
      }))]),
      el('tbody', {}, rows.map(function (row) {
        return el('tr', {}, row.map(function (cell, i) {
          return i ? el('td', { text: cell, 'class': 'pl-number' }) : el('th', { scope: 'row', text: cell });
        }));
      }))
    ]);
  };
  P.field = function (label, input) {
    return P.el('label', { 'class': 'pl-field' }, [P.el('span', { text: label }), input]);
  };

  /* ---- events between the parts ---- */

  P.on = function (name, act) { (listeners[name] = listeners[name] || []).push(act); };
  P.emit = function (name, value) { (listeners[name] || []).forEach(function (act) { act(value); }); };

  /* ---- saying ---- */

  P.say = function (text) { P.id('pl-status').textContent = text; };
  P.trouble = function (text, again) {
    var box = P.empty(P.id('pl-trouble'));
    if (!text) { return; }
    box.appendChild(P.el('p', { text: text }));
    if (again) { box.appendChild(P.button(P.t('retry'), function () { P.trouble(''); again(); })); }
  };

  /* ---- asking: errors become sentences, a busy server is asked again, a locked one for the token ---- */

  function Told(message, status) { this.message = message; this.status = status; }
  P.Told = Told;

  function why(problem) {
    var parts = (problem.errors || []).map(function (error) {
      return [error.where, error.what].filter(Boolean).join(': ') + (error.fix ? ' (' + error.fix + ')' : '');
    });
    return parts.length ? parts.slice(0, 5).join('; ') : problem.detail || problem.title || '';
  }

  function told(answer) {
    return answer.json().catch(function () { return {}; }).then(function (problem) {
      var known = P.text['error_' + answer.status] ? 'error_' + answer.status : 'error_other';
      throw new Told(P.t(known, { why: why(problem), status: answer.status,
        wait: answer.headers.get('Retry-After') || 60 }), answer.status);
    });
  }

  function wait(seconds, signal) {
    return new Promise(function (resolve, reject) {
      var timer = window.setTimeout(resolve, seconds * 1000);
      if (signal) {
        signal.addEventListener('abort', function () {
          window.clearTimeout(timer);
          reject(new DOMException('', 'AbortError'));
        });
      }
    });
  }

  /* One dialog, however many questions wait for the token. */
  function unlock(wrong) {
    if (asking) { return asking; }
    var box = P.id('pl-token'), form = P.id('pl-token-form'), input = P.id('pl-token-text');
    P.id('pl-token-wrong').textContent = wrong ? P.t('token_wrong') : '';
    asking = new Promise(function (resolve) {
      form.onsubmit = function (event) {
        event.preventDefault();
        token = input.value.trim();
        input.value = '';
        asking = null;
        box.close();
        resolve();
      };
    });
    box.oncancel = function (event) { event.preventDefault(); };
    box.showModal();
    input.focus();
    return asking;
  }

  /* What waiting does not mend: the service's files of the ledger. */
  var LASTING = /^(ledger_lost|cut_damaged|records_(damaged|read_only|failed))$/;
  function lasting(answer) {
    return answer.clone().json().catch(function () { return {}; }).then(function (problem) {
      if (LASTING.test(problem.code)) { throw new Told(P.t('error_lasting', { why: why(problem) }), 503); }
    });
  }

  P.fetch = function (url, options) {
    options = options || {};
    var tries = 0, used = token;
    function attempt() {
      var headers = {};
      used = token;
      if (options.body !== undefined) { headers['Content-Type'] = 'application/json'; }
      if (token) { headers.Authorization = 'Bearer ' + token; }
      Object.assign(headers, options.headers || {});
      return window.fetch(url, { method: options.method || 'GET', credentials: 'same-origin', headers: headers,
        signal: options.signal, body: options.raw || (options.body === undefined ? undefined : JSON.stringify(options.body)) })
        .catch(function (error) {
          if (error.name === 'AbortError') { throw error; }
          throw new Told(P.t('error_net'), 0);
        }).then(judge);
    }
    function judge(answer) {
      if (answer.ok) { return answer; }
      if (answer.status === 401) {
        return (used === token ? unlock(Boolean(used)) : Promise.resolve()).then(attempt);
      }
      if (answer.status === 503) { return lasting(answer).then(function () { return later(answer); }); }
      return told(answer);
    }
    function later(answer) {
      if (tries++ >= 4) { throw new Told(P.t('error_503_end'), 503); }
      var seconds = Math.max(1, Math.min(30, +answer.headers.get('Retry-After') || 2));
      P.say(P.t('error_503', { wait: seconds }));
      return wait(seconds, options.signal).then(attempt);
    }
    return attempt();
  };
  P.json = function (url, options) { return P.fetch(url, options).then(function (answer) { return answer.json(); }); };
  P.aborted = function (error) { return error && error.name === 'AbortError'; };
  P.sentence = function (error) { return error instanceof Told ? error.message : P.t('error_other', { status: '', why: String(error && error.message || error) }); };

  /* A file of the server, saved under its name: the token goes along. */
  P.save = function (url, name) {
    return P.fetch(url).then(function (answer) { return answer.blob(); }).then(function (blob) { P.saveBlob(blob, name); });
  };
  P.saveBlob = function (blob, name) {
    var link = P.el('a', { href: URL.createObjectURL(blob), download: name });
    document.body.appendChild(link);
    link.click();
    link.remove();
    window.setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  };

  /* ---- the state: everything that a link holds ---- */

  function none() { return { add: [], remove: [], hours: {}, equip: {}, move: {} }; }
  P.noChanges = none;
  P.state = { mode: '', minutes: 15, hour: 46, week: '', need: '', group: '', region: '', tab: 'gaps', gap: '', state: '',
    changes: none(), plan: null, job: '', step: 0, view: null };

  P.changeCount = function () {
    var c = P.state.changes;
    return c.add.length + c.remove.length + Object.keys(c.hours).length + Object.keys(c.equip).length + Object.keys(c.move).length;
  };

  function isCode(value) { return typeof value === 'string' && CODE.test(value); }
  function isId(value) { return typeof value === 'string' && value.length > 0 && value.length <= 200; }
  function isHours(value) { return typeof value === 'string' && value.length > 0 && value.length <= 1000; }
  function isDegrees(value, most) { return typeof value === 'number' && isFinite(value) && Math.abs(value) <= most; }
  function codes(value) { return Array.isArray(value) && value.length <= 60 && value.every(isCode); }

  function table(found, isGood) {
    var out = {};
    if (found && typeof found === 'object' && !Array.isArray(found)) {
      Object.keys(found).slice(0, MOST_CHANGES).forEach(function (id) { if (isId(id) && id !== '__proto__' && isGood(found[id])) { out[id] = found[id]; } });
    }
    return out;
  }

  /* What somebody wrote into a link is taken piece by piece, and only where it makes sense. */
  P.readChanges = function (found) {
    var out = none();
    found = found && typeof found === 'object' ? found : {};
    (Array.isArray(found.add) ? found.add : []).slice(0, MOST_CHANGES).forEach(function (pin) {
      if (!pin || !isDegrees(pin.lon, 180) || !isDegrees(pin.lat, 90)) { return; }
      var kept = { lon: +pin.lon.toFixed(6), lat: +pin.lat.toFixed(6), opening_hours: isHours(pin.opening_hours) ? pin.opening_hours : '24/7' };
      if (codes(pin.facilities)) { kept.facilities = pin.facilities; }
      out.add.push(kept);
    });
    (Array.isArray(found.remove) ? found.remove : []).slice(0, MOST_CHANGES).forEach(function (id) { if (isId(id)) { out.remove.push(id); } });
    out.hours = table(found.hours, isHours);
    out.equip = table(found.equip, codes);
    out.move = table(found.move, function (at) { return Array.isArray(at) && isDegrees(at[0], 180) && isDegrees(at[1], 90); });
    return out;
  };

  function readPlan(found) {
    var objectives = Object.keys(P.text.plan_objectives);
    if (!found || objectives.indexOf(found.objective) < 0 || ['sites', 'budget', 'target', 'left'].indexOf(found.by) < 0) { return null; }
    var plan = { objective: found.objective, by: found.by, amount: +found.amount || 1, time: Math.max(1, Math.min(600, +found.time || 30)) };
    if (found.count === 'person_hours') { plan.count = found.count; }
    return plan;
  }

  P.read = function () {
    var asked = new URLSearchParams(window.location.hash.replace(/^#/, '')), s = P.state, wrong = [];
    function take(key, name, isGood, map) {
      var value = asked.get(key);
      if (value === null) { return; }
      try { value = map ? map(value) : value; } catch (error) { value = undefined; }
      if (value !== undefined && isGood(value)) { s[name] = value; } else { wrong.push(key); }
    }
    take('mode', 'mode', isCode);
    take('minutes', 'minutes', function (n) { return n >= 1 && n <= page.limits.max_minutes; }, Number);
    take('hour', 'hour', function (n) { return n === null || (n === Math.floor(n) && n >= 0 && n < 168); }, function (v) { return v === 'any' ? null : Number(v); });
    take('week', 'week', function (v) { return /^\d{4}-\d\d-\d\d$/.test(v) && !isNaN(Date.parse(v)); });
    ['need', 'group'].forEach(function (key) { take(key, key, isCode); });
    take('region', 'region', isId);
    take('gap', 'gap', isId);
    take('state', 'state', function (v) { return Object.prototype.hasOwnProperty.call(P.text.states, v); });
    take('tab', 'tab', function (v) { return ['gaps', 'whatif', 'plan', 'export'].indexOf(v) >= 0; });
    take('changes', 'changes', Boolean, function (v) { return P.readChanges(JSON.parse(v)); });
    take('plan', 'plan', Boolean, function (v) { return readPlan(JSON.parse(v)); });
    take('job', 'job', isCode);
    take('step', 'step', function (n) { return n >= 0 && n <= 1e6; }, Number);
    take('view', 'view', function (v) { return v.length === 3 && v.every(isFinite) && Math.abs(v[1]) <= 90; }, function (v) { return v.split('/').map(Number); });
    if (wrong.length) { P.trouble(P.t('error_link', { what: wrong.join(', ') })); }
  };

  P.write = function () {
    var s = P.state, out = new URLSearchParams();
    out.set('mode', s.mode);
    out.set('minutes', s.minutes);
    out.set('hour', s.hour === null ? 'any' : s.hour);
    ['week', 'need', 'group', 'region', 'gap', 'state', 'job'].forEach(function (key) { if (s[key]) { out.set(key, s[key]); } });
    if (s.tab !== 'gaps') { out.set('tab', s.tab); }
    if (P.changeCount()) {
      var kept = {};
      Object.keys(s.changes).forEach(function (key) {
        if (Object.keys(s.changes[key]).length) { kept[key] = s.changes[key]; }
      });
      out.set('changes', JSON.stringify(kept));
    }
    if (s.plan) { out.set('plan', JSON.stringify(s.plan)); }
    if (s.job) { out.set('step', s.step); }
    if (s.view) { out.set('view', s.view.join('/')); }
    P.written = '#' + out.toString().replace(/%2F/g, '/').replace(/%3A/g, ':').replace(/%2C/g, ',');
    try { window.history.replaceState(null, '', P.written); } catch (error) { /* too often in a while: the next one tells */ }
    P.id('pl-lang').href = P.id('pl-lang').href.split('#')[0] + P.written;
    P.emit('written');
  };

  /* ---- the hour of the week ---- */

  /* The Monday after today, where our stations are. */
  P.nextMonday = function () {
    var now = new Date(Date.now() + 8 * 3600000), day = (now.getUTCDay() + 6) % 7;
    return new Date(now.getTime() + (7 - day) * DAY).toISOString().slice(0, 10);
  };
  P.weekStart = function () { return P.state.week || (P.state.week = P.nextMonday()); };
  P.at = function (hour) {
    if (hour === undefined) { hour = P.state.hour; }
    if (hour === null) { return ''; }
    var day = new Date(Date.parse(P.weekStart()) + Math.floor(hour / 24) * DAY).toISOString().slice(0, 10);
    return day + 'T' + ('0' + hour % 24).slice(-2) + ':00';
  };
  P.hourText = function (hour) {
    return hour === null ? P.t('hour_any') : P.t('hour_value', { day: P.text.days[Math.floor(hour / 24)], clock: ('0' + hour % 24).slice(-2) + ':00' });
  };

  /* ---- the question ---- */

  P.query = function (more) {
    var s = P.state, out = new URLSearchParams();
    out.set('mode', s.mode);
    out.set('minutes', s.minutes);
    if (s.hour !== null) { out.set('at', P.at()); }
    if (s.need) { out.set('need', s.need); }
    if (s.region) { out.set('region', s.region); }
    Object.keys(more || {}).forEach(function (key) { if (more[key]) { out.set(key, more[key]); } });
    return out.toString();
  };
  P.body = function (more) {
    var s = P.state, out = { mode: s.mode, minutes: s.minutes };
    if (s.hour !== null) { out.at = P.at(); }
    if (s.need) { out.need = [s.need]; }
    if (s.region) { out.region = s.region; }
    return Object.assign(out, more || {});
  };
  P.regionName = function (id) {
    var found = (P.data.regions || []).filter(function (region) { return region.id === id; })[0];
    return found ? found.name : id || P.t('gap_nowhere');
  };
  P.groupName = function (code) { return code ? P.label('groups', code) : P.t('who_all'); };

  /* Runs the newest of several questions only. */
  P.only = function () {
    var now = null;
    return {
      stop: function () { if (now) { now.abort(); now = null; } },
      start: function () { if (now) { now.abort(); } now = new AbortController(); return now.signal; },
      over: function (signal) { if (now && now.signal === signal) { now = null; } },
      busy: function () { return now !== null; }
    };
  };
})();
