/* The embedded map tells the page around how high it wants to be, and nothing else.
 * Without a listener there the height that the iframe was given stays. */
(function () {
  'use strict';

  if (window.parent === window) { return; }
  var asked = parseInt(document.currentScript.getAttribute('data-height'), 10);
  var told = 0;

  /* The height asked for; more where the words above and below leave the map less than 7/10. */
  function wanted() {
    var words = 0;
    Array.prototype.forEach.call(document.querySelectorAll('.um-head, .um-foot'), function (part) {
      words += part.getBoundingClientRect().height;
    });
    return Math.min(2000, Math.max(asked, Math.ceil(words + 0.7 * asked)));
  }

  function tell() {
    var height = wanted();
    if (height === told) { return; }
    told = height;
    window.parent.postMessage({ type: 'union-circle:height', height: height }, '*');
  }

  window.addEventListener('load', tell);
  window.addEventListener('resize', tell);
  tell();
})();
