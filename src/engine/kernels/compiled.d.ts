/** What hosts that compile modules when they deploy give for `import module from 'unbraid/edge.wasm'` or 'unbraid/unbraid.wasm'. */
declare const module: WebAssembly.Module;
export default module;
