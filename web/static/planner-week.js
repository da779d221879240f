/* The hours of the week: the slider, the heat strip of the clock, the worst hour. */
(function () {
  'use strict';

  var P = window.unionPlanner, el = P.el, turn = P.only(), asked = '', clock = null, timer = 0;
  var W = P.week = {};

  function show() {
    var s = P.state, slider = P.id('pl-hour'), any = s.hour === null;
    slider.disabled = P.id('pl-hour-back').disabled = P.id('pl-hour-next').disabled = any;
    P.id('pl-any').checked = any;
    if (!any) { slider.value = s.hour; W.last = s.hour; }
    slider.setAttribute('aria-valuetext', P.hourText(s.hour));
    P.id('pl-hour-said').textContent = any ? '' : P.hourText(s.hour) + ' · ' + P.at().slice(0, 10);
    P.id('pl-strip').style.setProperty('--now', any ? -1 : s.hour);
    P.id('pl-strip').classList.toggle('pl-none', any);
  }
  W.show = show;

  function set(hour, at) {
    P.state.hour = hour === null ? null : (hour + 168) % 168;
    show();
    window.clearTimeout(timer);
    timer = window.setTimeout(function () { P.emit('question', { hour: true }); }, at || 0);
  }

  /* The colours and steps of the heat map of the week (web/clock_scale.py): dark where few are covered. */
  function scale(shares) {
    var low = Math.min(Math.floor(Math.min.apply(null, shares) * 20 + 1e-9), 19), high = Math.max(Math.ceil(Math.max.apply(null, shares) * 20 - 1e-9), low + 1);
    var steps = P.page.steps;
    return function (share) {
      var part = (share - low / 20) / ((high - low) / 20);
      return Math.min(Math.max(Math.floor(part * steps.length + 1e-9), 0), steps.length - 1);
    };
  }

  function strip(hours) {
    var box = P.empty(P.id('pl-strip')), shares = hours.map(function (h) { return h.share_covered; });
    var low = Math.min.apply(null, shares), high = Math.max.apply(null, shares), step = scale(shares);
    hours.forEach(function (h) {
      var cell = el('i');
      cell.style.background = P.page.steps[step(h.share_covered)];
      cell.title = P.hourText(h.weekday * 24 + h.hour) + ' · ' + P.percent1(h.share_covered);
      cell.addEventListener('click', function () { if (P.state.hour !== null) { set(h.weekday * 24 + h.hour); } });
      box.appendChild(cell);
    });
    return [[low, step(low)], [high, step(high)]];
  }

  function swatch(step) {
    var node = el('i', { 'class': 'pl-swatch pl-depth' });
    node.style.background = P.page.steps[step];
    return node;
  }

  function note(nodes) {
    var box = P.empty(P.id('pl-clock'));
    nodes.forEach(function (node) { box.appendChild(node); });
  }

  function drawn(answer) {
    clock = W.answer = answer;
    var hours = answer.hours.slice().sort(function (a, b) { return a.weekday * 24 + a.hour - b.weekday * 24 - b.hour; });
    if (hours.length !== 168 || hours[0].share_covered === null) { note([]); return; }
    var ends = strip(hours), worst = hours.reduce(function (a, b) { return b.share_covered < a.share_covered ? b : a; });
    if (answer.worst && typeof answer.worst.weekday === 'number') { worst = answer.worst; }
    var at = worst.weekday * 24 + worst.hour, share = hours[at].share_covered;
    note([
      P.button(P.t(P.state.group ? 'clock_worst_at_work' : 'clock_worst', { hour: P.hourText(at), share: P.percent1(share) }), function () { set(at); },
        { id: 'pl-worst', 'class': 'pl-small-button', title: P.t('clock_worst_go') }),
      el('p', { 'class': 'pl-note' }, [swatch(ends[0][1]), el('span', { text: P.t('clock_low', { share: P.percent1(ends[0][0]) }) }),
        swatch(ends[1][1]), el('span', { text: P.t('clock_high', { share: P.percent1(ends[1][0]) }) })])
    ]);
    document.documentElement.setAttribute('data-clock', 'true');
  }

  W.key = function () {
    var s = P.state, out = new URLSearchParams();
    out.set('mode', s.mode);
    out.set('minutes', s.minutes);
    ['need', 'region', 'group'].forEach(function (key) { if (s[key]) { out.set(key, s[key]); } });
    if (W.fixed) { out.set('week', P.weekStart()); }
    return out.toString();
  };

  W.ask = function () {
    var key = W.key();
    if (key === asked) { return; }
    asked = key;
    var signal = turn.start();
    P.empty(P.id('pl-strip'));
    document.documentElement.removeAttribute('data-clock');
    note([el('span', { text: P.t('clock_busy') }), P.button(P.t('clock_stop'), function () {
      turn.stop();
      again(P.t('clock_stopped'));
    }, { 'class': 'pl-small-button' })]);
    P.json('/api/v1/clock?' + key, { signal: signal }).then(function (answer) {
      turn.over(signal);
      W.week = answer.week || answer.week_of || (answer.parameters || {}).week || '';
      if (!W.fixed && /^\d{4}-\d\d-\d\d/.test(W.week) && W.week.slice(0, 10) !== P.state.week) {
        P.state.week = W.week.slice(0, 10);
        show();
        if (P.state.hour !== null) { P.emit('question', { hour: true }); }
      }
      drawn(answer);
    }).catch(function (error) {
      if (P.aborted(error)) { return; }
      turn.over(signal);
      again(error.status === 404 ? P.t('error_missing') : P.sentence(error));
    });
  };

  function again(text) {
    note([el('span', { text: text }), P.button(P.t('clock_go'), function () { asked = ''; W.ask(); }, { 'class': 'pl-small-button' })]);
  }

  W.start = function () {
    W.fixed = Boolean(P.state.week);
    W.last = P.state.hour === null ? 46 : P.state.hour;
    P.id('pl-hour').addEventListener('input', function () { set(+this.value, 350); });
    P.id('pl-hour-back').addEventListener('click', function () { set(P.state.hour - 1, 350); });
    P.id('pl-hour-next').addEventListener('click', function () { set(P.state.hour + 1, 350); });
    P.id('pl-any').addEventListener('change', function () { set(this.checked ? null : W.last); });
    show();
  };
})();
