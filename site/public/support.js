/**
 * Tells the visitor of an old browser what the pages need. A classic script in old syntax, because such a browser
 * loads no modules. The browsers named are the first with WebAssembly SIMD, workers that are modules, :has and toSorted.
 */
(() => {
  // The smallest module with an instruction of 128 bits: it returns i8x16.popcnt(i8x16.splat(0)).
  var simd = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
  ];
  var isNew =
    typeof WebAssembly === 'object' &&
    WebAssembly.validate(new Uint8Array(simd)) &&
    typeof Worker === 'function' &&
    'toSorted' in Array.prototype &&
    CSS.supports('selector(:has(a))');
  if (isNew) return;
  var problem = document.createElement('p');
  problem.className = 'problem';
  problem.setAttribute('role', 'alert');
  problem.textContent =
    'This browser cannot run the pages that train. They need WebAssembly SIMD and modules in workers: ' +
    'Chrome or Edge 110, Firefox 121, Safari 16.4, or a newer version. The documentation can be read without them.';
  document.body.insertBefore(problem, document.body.firstChild);
})();
