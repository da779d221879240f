/* Keeps the worker's page for times without a network. Served as /sw.js, after one line that sets
   RELEASE = {id, lang, pages, files}: a release's name (a hash of all it holds), the language of
   "/", the start page in every language with its tag, and the files they load. Every file's address
   holds a hash of its content, so a page only ever runs the scripts it was made for, whichever
   release the cache or the server has.

   What is kept: the shell of this release and of the one before it, and the dataset's description.
   What never is: a position. Addresses with a query are looked up by their language alone, and
   nothing that a caller asked is stored. Everything else (the map, embeds, POST) passes untouched. */
'use strict';

var SHELL = 'union-shell-', NAME = SHELL + RELEASE.id, DATA = 'union-data-1';
var ABOUT = '/api/v1/dataset', PATIENCE_MS = 3000, GONE = 500;
var FILES = {};
RELEASE.files.forEach(function (address) { FILES[address] = true; });

function fetched(address, tag) {
  var cache = address.indexOf('/static/') === 0 ? 'default' : 'no-cache';
  return fetch(address, { cache: cache, credentials: 'same-origin' }).then(function (found) {
    var got = found.headers.get('ETag');
    if (!found.ok) { throw new Error(address + ': ' + found.status); }
    if (tag && got && got !== tag) { throw new Error(address + ' is of another release'); }
    return found;
  });
}

/* All or nothing: a shell with a hole is never put in place; the browser tries again later. */
function fill() {
  var pages = RELEASE.pages.map(function (page) { return fetched(page.address, page.tag); });
  return Promise.all(pages.concat(RELEASE.files.map(function (address) { return fetched(address); })))
    .then(function (found) {
      var names = RELEASE.pages.map(function (page) { return page.address; }).concat(RELEASE.files);
      return caches.open(NAME).then(function (cache) {
        return Promise.all(names.map(function (name, i) { return cache.put(name, found[i]); }));
      });
    })
    .then(function () { return about(new Request(ABOUT)).catch(function () { return null; }); });
}

/* A browser that was short of space may have thrown the shell away and left the worker. */
function refill() {
  var whole = RELEASE.pages.length + RELEASE.files.length;
  return caches.open(NAME).then(function (cache) { return cache.keys(); })
    .then(function (kept) { return kept.length < whole ? fill() : null; });
}

/* A page that is still open may load files of the release before: its shell stays one release more. */
function activate() {
  return caches.keys()
    .then(function (names) {
      var old = names.filter(function (name) { return name.indexOf(SHELL) === 0 && name !== NAME; });
      return Promise.all(old.slice(0, -1).map(function (name) { return caches.delete(name); }));
    })
    .then(function () { return self.clients.claim(); });
}

function late(ms) {
  return new Promise(function (resolve, reject) { setTimeout(reject, ms); });
}

/* The network for three seconds, then what is kept; without that, the network however long. */
function freshOrKept(fresh, kept) {
  var sound = fresh.then(function (found) {
    if (found.status >= GONE) { throw new Error('' + found.status); }
    return found;
  });
  return Promise.race([sound, late(PATIENCE_MS)]).catch(function () {
    return kept().then(function (found) { return found || fresh; }, function () { return fresh; });
  });
}

/* The start page by language; a position in the query is neither looked up nor stored. */
function keptPage(url) {
  var lang = /[?&]lang=(zh|en)(?=&|$)/.exec(url.search);
  return caches.open(NAME).then(function (cache) {
    return cache.match('/?lang=' + (lang ? lang[1] : RELEASE.lang), { ignoreVary: true });
  });
}

function start(event, url) {
  var fresh = fetch(event.request);
  event.waitUntil(fresh.then(refill).catch(function () { return null; }));
  return freshOrKept(fresh, function () { return keptPage(url); });
}

/* What the data is: names of needs and facilities; it holds nobody's question. */
function about(request) {
  var fresh = fetch(request, { cache: 'no-cache' }).then(function (found) {
    if (found.ok) {
      var copy = found.clone();
      caches.open(DATA).then(function (cache) { return cache.put(ABOUT, copy); })
        .catch(function () { return null; });
    }
    return found;
  });
  return freshOrKept(fresh, function () {
    return caches.open(DATA).then(function (cache) { return cache.match(ABOUT, { ignoreVary: true }); });
  });
}

function file(request, address) {
  return caches.open(NAME)
    .then(function (cache) { return cache.match(address, { ignoreVary: true }); })
    .then(function (found) { return found || caches.match(address, { ignoreVary: true }); })
    .catch(function () { return undefined; })
    .then(function (found) { return found || fetch(request); });
}

/* Offline, a tile that the browser has not kept is an empty one, and so is a sign of life. */
function orEmpty(request) {
  return fetch(request).catch(function () { return new Response(null, { status: 204 }); });
}

self.addEventListener('install', function (event) {
  event.waitUntil(fill().then(function () { return self.skipWaiting(); }));
});
self.addEventListener('activate', function (event) { event.waitUntil(activate()); });
self.addEventListener('fetch', function (event) {
  var request = event.request, url = new URL(request.url), address = url.pathname + url.search;
  if (request.method !== 'GET' || url.origin !== self.location.origin) { return; }
  if (request.mode === 'navigate') {
    if (url.pathname === '/') { event.respondWith(start(event, url)); }
  } else if (FILES[address] || url.pathname.indexOf('/static/') === 0) {
    event.respondWith(file(request, address));
  } else if (address === ABOUT) {
    event.respondWith(about(request));
  } else if (self.navigator.onLine === false && /^\/(tiles\/|healthz$)/.test(url.pathname)) {
    event.respondWith(orEmpty(request));
  }
});
