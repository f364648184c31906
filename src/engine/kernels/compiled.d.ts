/**
 * The type of `import module from 'unbraid/edge.wasm'` or 'unbraid/unbraid.wasm' in runtimes that compile modules at
 * deployment.
 */
declare const module: WebAssembly.Module;
export default module;
