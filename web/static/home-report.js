/* The worker's page: "something is wrong here". Sends what is wrong with which station, and nothing
   about who says so or from where. */
(function () {
  'use strict';

  var home = window.unionHome, t = home.t, serial = 0;
  var PROBLEMS = ['closed', 'locked', 'wrong_hours', 'no_water', 'gone', 'other'];

  function wait(seconds) {
    if (seconds < 120) { return t('wait_seconds', { n: Math.max(1, Math.ceil(seconds)) }); }
    if (seconds < 7200) { return t('wait_minutes', { n: Math.ceil(seconds / 60) }); }
    return t('wait_hours', { n: Math.ceil(seconds / 3600) });
  }

  function choice(name, problem) {
    return home.el('label', { 'class': 'choice' }, [home.el('input', { type: 'radio', name: name, value: problem }),
      home.el('span', { text: t('report_' + problem) })]);
  }

  function told(found) {
    if (found.ok) { return t('report_thanks'); }
    if (found.status === 429) { return t('report_limit', { wait: wait(found.wait || 3600) }); }
    return t('report_failed', { hotline: home.page.hotline });
  }

  home.reportForm = function (box, station) {
    var name = 'problem-' + (serial += 1);
    var note = home.el('textarea', { maxlength: '200', rows: '2', autocomplete: 'off' });
    var said = home.el('p', { 'class': 'said', role: 'status' }), send = home.el('button', { type: 'submit', 'class': 'strong', text: t('report_send') });
    var form = home.el('form', { novalidate: '' }, [
      home.el('fieldset', {}, [home.el('legend', { text: t('report_which') })].concat(PROBLEMS.map(function (p) { return choice(name, p); }))),
      home.el('label', { 'class': 'field' }, [home.el('span', { text: t('report_note') }), note]), send, said]);

    form.addEventListener('submit', function (event) {
      var chosen = form.querySelector('input:checked'), body = { station: station.id, lang: home.lang };
      event.preventDefault();
      if (!chosen) { said.textContent = t('report_pick'); form.querySelector('input').focus(); return; }
      body.problem = chosen.value;
      if (note.value.trim()) { body.note = Array.from(note.value.trim()).slice(0, 200).join(''); }
      send.disabled = true;
      said.textContent = t('report_sending');
      home.post('/api/v1/reports', body).then(function (found) {
        said.textContent = told(found);
        if (found.ok) {
          Array.prototype.forEach.call(form.querySelectorAll('fieldset, label.field, button'), function (node) { node.remove(); });
        }
      }, function () {
        said.textContent = navigator.onLine === false ? t('report_offline') : t('report_failed', { hotline: home.page.hotline });
      }).then(function () { send.disabled = false; });
    });

    home.empty(box);
    box.appendChild(form);
  };
})();
