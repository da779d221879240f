// Copies the bulletin as text; without this script it can be selected, or opened as plain text.
(function () {
  'use strict';

  var texts = JSON.parse(document.getElementById('texts').textContent);
  var status = document.getElementById('status');

  function tell(done) {
    status.textContent = '';
    window.setTimeout(function () {
      status.textContent = done ? status.dataset.done : status.dataset.failed;
    }, 50);
  }

  // where there is no clipboard (not HTTPS, or an old web view), a selected field does it
  function copyOldWay(text) {
    var field = document.createElement('textarea');
    field.value = text;
    field.setAttribute('readonly', '');
    field.className = 'away';
    document.body.appendChild(field);
    field.select();
    var done = false;
    try {
      done = document.execCommand('copy');
    } catch (error) {
      done = false;
    }
    document.body.removeChild(field);
    return done;
  }

  function copy(event) {
    var button = event.currentTarget;
    var text = texts[button.dataset.copy];
    function fallBack() {
      var done = copyOldWay(text);
      button.focus();
      tell(done);
    }
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(text).then(function () { tell(true); }, fallBack);
    } else {
      fallBack();
    }
  }

  Array.prototype.forEach.call(document.querySelectorAll('[data-copy]'), function (button) {
    button.hidden = false;
    button.addEventListener('click', copy);
  });
  document.documentElement.setAttribute('data-ready', '');
})();
