/* The share panel of the map: makes the code, the addresses of picture, words and data, and copies. */
(function () {
  'use strict';

  function begin() {
    var box = document.getElementById('us-share');
    if (!box) { return; }
    var opener = document.getElementById('us-open'), dialog = document.getElementById('us-dialog');
    var form = document.getElementById('us-options'), code = document.getElementById('us-code');
    var said = document.getElementById('us-said'), preview = document.getElementById('us-preview');
    var show = document.getElementById('us-show'), bbox = document.getElementById('us-bbox');
    var NOT_FOR_PICTURES = ['base'], NOT_FOR_WORDS = ['base', 'title', 'theme', 'district', 'layers'];
    var NOT_FOR_DATA = NOT_FOR_WORDS.concat('lang');

    function site() {
      var link = document.querySelector('link[rel=canonical]');
      return link ? new URL(link.href).origin : location.origin;
    }

    function app() { return window.unionMap && window.unionMap.app; }

    /* Which layers are shown, '' where all of them are. */
    function layers() {
      var state = app();
      if (!state) { return ''; }
      var known = ['stations', 'gaps', 'covered', 'regions'].filter(function (name) { return state.layers[name]; });
      var shown = known.filter(function (name) { return state.map.hasLayer(state.layers[name]); });
      return shown.length === known.length || !shown.length ? '' : shown.join(',');
    }

    function field(name) { return form.elements[name]; }

    /* The question and how it is shown, as query parameters in their order. */
    function asked(frozen) {
      var query = new URLSearchParams(box.getAttribute('data-query'));
      if (frozen && query.get('at') === 'now') { query.set('at', box.getAttribute('data-at')); }
      query.set('lang', field('lang').value);
      var title = field('title').value.trim();
      if (title) { query.set('title', title); }
      if (field('theme').value !== 'auto') { query.set('theme', field('theme').value); }
      if (field('district') && field('district').value) { query.set('district', field('district').value); }
      if (layers()) { query.set('layers', layers()); }
      return query;
    }

    function without(query, names) {
      names.forEach(function (name) { query.delete(name); });
      return query;
    }

    function address(path, query) {
      var text = query.toString();
      return site() + path + (text ? '?' + text : '');
    }

    function frameAddress() {
      var frozen = field('freeze').checked, query = asked(frozen);
      if (field('height').value !== '480') { query.set('height', field('height').value); }
      if (frozen) { query.set('version', box.getAttribute('data-version')); }
      return address('/embed/map', query);
    }

    function escaped(text) {
      return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
    }

    function frameTitle() { return field('title').value.trim() || box.getAttribute('data-title'); }

    function codeText() {
      var id = 'union-circle-' + Math.random().toString(36).slice(2, 8), script = field('script').checked;
      var text = '<iframe' + (script ? ' id="' + id + '"' : '') + ' src="' + escaped(frameAddress()) + '" title="' +
        escaped(frameTitle()) + '" width="' + field('width').value + '" height="' + field('height').value +
        '" loading="lazy" referrerpolicy="no-referrer" style="border:0;max-width:100%" allowfullscreen></iframe>';
      if (script) {
        text += '\n<script>addEventListener("message",function(e){var f=document.getElementById("' + id +
          '");if(f&&e.source===f.contentWindow&&e.data&&e.data.type==="union-circle:height"&&e.data.height>0)' +
          '{f.style.height=Math.min(2000,e.data.height)+"px"}});</' + 'script>';
      }
      return text;
    }

    function bounds() {
      var b = app().map.getBounds();
      return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()].map(function (v) { return v.toFixed(5); }).join(',');
    }

    function link(node) {
      var path = node.getAttribute('data-us-path');
      var names = path === '/bulletin' ? NOT_FOR_WORDS : path.indexOf('/download/') === 0 ? NOT_FOR_DATA : NOT_FOR_PICTURES;
      var query = without(asked(false), names);
      if (path === '/map.png' || path === '/map.svg') {
        var shown = query.get('layers');
        query.delete('layers');
        (shown ? shown.split(',') : []).forEach(function (name) { query.append('layers', name); });
      }
      if (path.indexOf('/download/') === 0 && bbox.checked && app()) { query.set('bbox', bounds()); }
      node.href = address(path, query);
    }

    function update() {
      code.value = codeText();
      Array.prototype.forEach.call(box.querySelectorAll('[data-us-path]'), link);
      if (!preview.hidden) { drawPreview(); }
    }

    function drawPreview() {
      var source = frameAddress(), frame = preview.querySelector('iframe');
      var width = field('width').value === '100%' ? '100%' : field('width').value + 'px';
      if (!frame) {
        frame = document.createElement('iframe');
        preview.appendChild(frame);
      }
      frame.title = frameTitle();
      frame.style.width = width;
      frame.style.height = field('height').value + 'px';
      var here = source.replace(site(), '');
      if (frame.getAttribute('src') !== here) { frame.setAttribute('src', here); }
    }

    /* ---- copying ---- */

    function say(text) {
      said.textContent = '';
      window.setTimeout(function () { said.textContent = text; }, 30);
    }

    function selectAll(node) {
      node.focus();
      node.select();
      node.setSelectionRange(0, node.value.length);
    }

    /* Where the clipboard may not be written (http, old web views): select, try the old way, say so. */
    function byHand(node) {
      selectAll(node);
      var done = false;
      try { done = document.execCommand('copy'); } catch (error) { done = false; }
      say(box.getAttribute(done ? 'data-copied' : 'data-select'));
    }

    function copy(node) {
      if (navigator.clipboard && window.isSecureContext) {
        navigator.clipboard.writeText(node.value)
          .then(function () { say(box.getAttribute('data-copied')); }, function () { byHand(node); });
      } else {
        byHand(node);
      }
    }

    /* What is to stand still is asked for once, which keeps it; only then the code is good. */
    function keepThenCopy(node) {
      if (!field('freeze').checked) { copy(node); return; }
      say(box.getAttribute('data-freezing'));
      window.fetch(frameAddress().replace(site(), ''), { credentials: 'omit' }).then(function (answer) {
        if (!answer.ok) { throw new Error(String(answer.status)); }
        copy(node);
      }).catch(function () { say(box.getAttribute('data-full')); });
    }

    /* ---- the dialog ---- */

    function open() {
      var state = app();
      document.getElementById('us-here').hidden = !state || state.data.view.gcj02;
      dialog.hidden = false;
      update();
      dialog.focus();
    }

    function close() {
      dialog.hidden = true;
      opener.focus();
    }

    function keep(event) {
      if (event.key === 'Escape') { close(); event.stopPropagation(); return; }
      if (event.key !== 'Tab') { return; }
      var all = Array.prototype.filter.call(
        dialog.querySelectorAll('button, a[href], input, select, textarea, iframe'),
        function (node) { return node.offsetParent !== null; });
      var first = all[0], last = all[all.length - 1], at = document.activeElement;
      if (event.shiftKey && (at === first || at === dialog)) { last.focus(); event.preventDefault(); }
      if (!event.shiftKey && at === last) { first.focus(); event.preventDefault(); }
    }

    var head = document.querySelector('.um-actions') || document.querySelector('.um-head');
    if (head) { head.appendChild(opener); }
    opener.hidden = false;
    opener.addEventListener('click', open);
    document.getElementById('us-close').addEventListener('click', close);
    dialog.addEventListener('keydown', keep);
    dialog.addEventListener('click', function (event) { if (event.target === dialog) { close(); } });
    form.addEventListener('submit', function (event) { event.preventDefault(); });
    form.addEventListener('input', update);
    form.addEventListener('change', update);
    bbox.addEventListener('change', update);
    code.addEventListener('focus', function () { code.select(); });
    show.addEventListener('click', function () {
      preview.hidden = !preview.hidden;
      show.setAttribute('aria-expanded', String(!preview.hidden));
      if (preview.hidden) { preview.textContent = ''; } else { drawPreview(); }
    });
    Array.prototype.forEach.call(box.querySelectorAll('[data-us-copy]'), function (button) {
      button.addEventListener('click', function () {
        keepThenCopy(document.getElementById(button.getAttribute('data-us-copy')));
      });
    });
  }

  if (document.readyState === 'loading') {
    document.addEventListener('DOMContentLoaded', begin);
  } else {
    begin();
  }
})();
