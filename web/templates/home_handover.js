
(function () {
  'use strict';
  var handed = null;
  function split(text) {
    var rest = [];
    text.replace(/^[?#]/, '').split('&').forEach(function (pair) {
      var at = pair.indexOf('='), key = (at < 0 ? pair : pair.slice(0, at)).toLowerCase();
      if (!/^(lon|lng|lat|datum|accuracy)$/.test(key)) { if (pair) { rest.push(pair); } return; }
      handed = handed || {};
      try { handed[key === 'lng' ? 'lon' : key] = decodeURIComponent(pair.slice(at + 1)); } catch (e) { handed.bad = true; }
    });
    return rest.join('&');
  }
  window.unionHandover = function () {
    var query = split(location.search), hash = split(location.hash), found = handed;
    handed = null;
    if (found) {
      history.replaceState(null, '', location.pathname + (query ? '?' + query : '') + (hash ? '#' + hash : ''));
      if (found.lon === undefined && found.lat === undefined) { found = null; }
    }
    return found;
  };
  var first = window.unionHandover(), again = window.unionHandover;
  window.unionHandover = function () { var given = first || again(); first = null; return given; };
})();
