/* The worker's page: words, language, what is remembered, small tools. Everything that a stranger
   wrote is only ever put in as text. Nothing here or elsewhere keeps a position: it lives in one
   variable of home-ask.js, until the page is left. */
(function () {
  'use strict';

  var page = JSON.parse(document.getElementById('words').textContent);
  var home = window.unionHome = { page: page, lang: page.lang };
  var STORE = 'union-home', NAME_MOST = 80;
  /* Marks that turn the direction of what follows, and other characters without a shape. */
  var TURNING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

  /* ---- words ---- */

  home.t = function (key, values) {
    var text = page.text[home.lang][key];
    if (text === undefined) { return key; }
    return values ? text.replace(/\{(\w+)\}/g, function (all, name) {
      return values[name] !== undefined ? String(values[name]) : all;
    }) : text;
  };

  home.has = function (key) { return page.text[home.lang][key] !== undefined; };

  /* The word for a code; a code that the vocabulary does not know stands for itself. */
  home.label = function (table, code) {
    var words = page.labels[home.lang][table];
    return words && Object.prototype.hasOwnProperty.call(words, code) ? words[code] : code;
  };

  home.labels = function (table, codes) {
    return codes.map(function (code) { return home.label(table, code); }).join(home.t('and'));
  };

  /* What strangers wrote: without marks that turn the text round, and not longer than `most`. */
  home.clip = function (text, most) {
    var letters = Array.from(String(text === null || text === undefined ? '' : text)
      .slice(0, 4 * (most || NAME_MOST) + 4).replace(TURNING, ' ').replace(/\s+/g, ' ').trim());
    return letters.length > (most || NAME_MOST) ? letters.slice(0, (most || NAME_MOST) - 1).join('') + '…' : letters.join('');
  };

  /* A name inside a sentence: isolated, so that its direction stays its own. */
  home.quoted = function (name) { return '\u2068' + home.clip(name, 40) + '\u2069'; };

  /* ---- elements ---- */

  home.el = function (tag, options, children) {
    var node = document.createElement(tag);
    Object.keys(options || {}).forEach(function (key) {
      if (key === 'text') { node.textContent = options.text; } else { node.setAttribute(key, options[key]); }
    });
    (children || []).forEach(function (child) { if (child) { node.appendChild(child); } });
    return node;
  };

  home.icon = function (name) {
    var space = 'http://www.w3.org/2000/svg', node = document.createElementNS(space, 'svg');
    var use = document.createElementNS(space, 'use');
    node.setAttribute('class', 'icon');
    node.setAttribute('aria-hidden', 'true');
    node.setAttribute('focusable', 'false');
    use.setAttributeNS('http://www.w3.org/1999/xlink', 'href', '#i-' + (document.getElementById('i-' + name) ? name : 'dot'));
    node.appendChild(use);
    return node;
  };

  home.button = function (text, act, options) {
    var given = options || {}, node = home.el('button', { type: 'button' });
    if (given.icon) { node.appendChild(home.icon(given.icon)); }
    node.appendChild(home.el('span', { text: text }));
    if (given.className) { node.className = given.className; }
    if (given.label) { node.setAttribute('aria-label', given.label); }
    node.addEventListener('click', act);
    return node;
  };

  home.empty = function (node) { while (node.firstChild) { node.removeChild(node.firstChild); } };

  home.id = function (id) { return document.getElementById(id); };

  /* Told to those who do not see, and shown while it matters. */
  home.say = function (text, quiet) {
    var status = home.id('status');
    if (status.textContent !== text) { status.textContent = text; }
    status.className = quiet ? 'quiet' : '';
  };

  /* Whether somebody would look at it where it is: it begins in the upper part of the screen. */
  home.inSight = function (node) {
    var top = node.getBoundingClientRect().top;
    return top >= 0 && top < window.innerHeight * 0.6;
  };

  home.show = function (node) {
    var calm = window.matchMedia && window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    try { node.scrollIntoView({ block: 'start', behavior: calm ? 'auto' : 'smooth' }); } catch (e) { node.scrollIntoView(); }
  };

  /* ---- numbers and times ---- */

  home.distance = function (metres) {
    if (metres < 950) { return home.t('metres', { n: Math.max(10, Math.round(metres / 10) * 10) }); }
    return home.t('km', { n: metres < 9950 ? (metres / 1000).toFixed(1) : Math.round(metres / 1000) });
  };

  home.by = function (mode) {
    return home.has('by_' + mode) ? home.t('by_' + mode) : home.label('modes', mode);
  };

  /* ISO text to milliseconds; the offset stands in the text. */
  home.ms = function (iso) {
    var m = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+)(?::(\d+))?(?:\.\d+)?(Z|([+-])(\d+):(\d+))?/.exec(iso || '');
    if (!m) { return NaN; }
    var away = m[8] ? (m[8] === '-' ? -1 : 1) * (+m[9] * 60 + +m[10]) : m[7] === 'Z' ? 0 : 480;
    return Date.UTC(+m[1], m[2] - 1, +m[3], +m[4], +m[5], +(m[6] || 0)) - away * 6e4;
  };

  /* A moment as clocks in China show it: "22:00", "tomorrow 08:00", "24/12 08:00". */
  home.clock = function (ms, from) {
    function day(at) { return Math.floor((at + 288e5) / 864e5); }
    var there = new Date(ms + 288e5), two = function (n) { return (n < 10 ? '0' : '') + n; };
    var clock = two(there.getUTCHours()) + ':' + two(there.getUTCMinutes()), days = day(ms) - day(from);
    if (days === 0) { return ms < from - 6e4 ? home.t('today', { clock: clock }) : clock; }
    return home.t(days === 1 ? 'tomorrow' : 'on_day', { clock: clock, month: there.getUTCMonth() + 1, day: there.getUTCDate() });
  };

  home.minutesOf = function (seconds) { return Math.max(1, Math.ceil(seconds / 60 - 1e-9)); };

  /* How long a way takes. A list is asked with a rounded position and says "about"; where the way
     itself was asked (`walked`), its own number stands, here and wherever the station is named. */
  home.lasting = function (station) {
    return home.t(station.walked ? 'minutes' : 'minutes_about', { n: home.minutesOf(station.seconds) });
  };

  /* ---- remembered on this phone: mode, filters, language; nothing else ---- */

  home.remembered = function () {
    try { return JSON.parse(window.localStorage.getItem(STORE)) || {}; } catch (e) { return {}; }
  };

  home.remember = function (choices) {
    var kept = { mode: choices.mode, needs: choices.needs, kind: choices.kind, allday: choices.allday, lang: home.lang };
    try { window.localStorage.setItem(STORE, JSON.stringify(kept)); } catch (e) { /* private window: fine */ }
  };

  /* ---- scripts that are fetched when they are wanted ---- */

  var wanted = {};
  home.load = function (name) {
    if (!wanted[name]) {
      wanted[name] = new Promise(function (done, fail) {
        var address = page.assets[name];
        if (!address) { fail(new Error(name)); return; }
        var style = /\.css$/.test(name), node = document.createElement(style ? 'link' : 'script');
        if (style) { node.rel = 'stylesheet'; node.href = address; } else { node.src = address; }
        node.onload = function () { done(); };
        node.onerror = function () { delete wanted[name]; node.remove(); fail(new Error(name)); };
        document.head.appendChild(node);
      });
    }
    return wanted[name];
  };

  /* ---- language, without leaving the page ---- */

  function each(selector, act) { Array.prototype.forEach.call(document.querySelectorAll(selector), act); }

  /* To whom thanks are due, in the reader's language where the text has it: of "中文 · English" one
     half is shown. */
  home.credits = function () {
    return page.dataset.attribution.map(function (text) {
      var halves = String(text).split(' · '), han = halves.map(function (half) { return /[\u4e00-\u9fff]/.test(half); });
      if (halves.length === 2 && han[0] !== han[1]) { return halves[han[home.lang === 'zh' ? 0 : 1] ? 0 : 1]; }
      return String(text).replace('OpenStreetMap contributors', home.t('osm_contributors'));
    });
  };

  /* Made-up data say so where everybody looks, in the place of the greeting. */
  function sources() {
    var about = page.dataset, parts = [about.name], lead = home.id('lead');
    if (about.as_of) { parts.push(home.t('as_of', { date: about.as_of })); }
    home.id('sources').textContent = parts.concat(home.credits()).filter(Boolean).join(' · ');
    lead.textContent = home.t(about.synthetic ? 'synthetic' : 'lead');
    lead.className = about.synthetic ? 'lead fiction' : 'lead';
  }

  home.setLanguage = function (lang) {
    var other = lang === 'zh' ? 'en' : 'zh', link = home.id('lang');
    home.lang = lang;
    document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
    document.title = home.t('title');
    each('[data-t]', function (node) { node.textContent = home.t(node.getAttribute('data-t')); });
    each('[data-hint]', function (node) { node.placeholder = home.t(node.getAttribute('data-hint')); });
    each('[data-name]', function (node) { node.setAttribute('aria-label', home.t(node.getAttribute('data-name'))); });
    each('[data-to]', function (node) { node.href = node.getAttribute('data-to') + '?lang=' + lang; });
    each('[data-label]', function (node) {
      var path = node.getAttribute('data-label').split('.');
      node.textContent = home.label(path[0], path[1]);
    });
    link.textContent = home.t('other');
    link.href = '/?lang=' + other;
    link.hreflang = link.lang = other === 'zh' ? 'zh-CN' : 'en';
    if (home.id('manifest')) { home.id('manifest').href = '/manifest.webmanifest?lang=' + lang; }
    sources();
  };

  /* Members of the address that the page keeps when its language changes. */
  home.address = function (changes) {
    var kept = new URLSearchParams(location.search);
    Object.keys(changes).forEach(function (key) {
      if (changes[key]) { kept.set(key, changes[key]); } else { kept.delete(key); }
    });
    var query = kept.toString();
    history.replaceState(null, '', location.pathname + (query ? '?' + query : '') + location.hash);
  };

  sources();
})();
