/** The module of the package; what an import gives depends on the bundler. */
declare const module: WebAssembly.Module;
export default module;
