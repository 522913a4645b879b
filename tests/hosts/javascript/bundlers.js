// Builds a page with each bundler: node bundlers.js PROJECT, whose node_modules has the package.
// Writes PROJECT/out/BUNDLER/index.html with its scripts.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import process from 'node:process';

import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import * as vite from 'vite';
import webpack from 'webpack';

const project = process.argv[2];
const page = (script) => `<!doctype html><meta charset="utf-8"><title>edgernn</title><script type="module" src="${script}"></script>`;

const entryOf = (name) => `
import { load } from 'edgernn';
import { replay } from './replay.js';
const read = async (path) => new Uint8Array(await (await fetch('/corpus/' + path)).arrayBuffer());
replay(load, read)
  .then(({ lines, failed }) => [...lines, ...failed].join('\\n'), String)
  .then((body) => fetch('/result?${name}', { method: 'POST', body }));
`;

const BUNDLERS = {
  esbuild: (entry, out) =>
    esbuild.build({ entryPoints: [entry], outdir: out, bundle: true, minify: true, format: 'esm', entryNames: 'main' }),
  rollup: async (entry, out) => {
    const bundle = await rollup({ input: entry, plugins: [nodeResolve({ browser: true })] });
    await bundle.write({ dir: out, format: 'es', entryFileNames: 'main.js' });
    await bundle.close();
  },
  webpack: (entry, out) =>
    new Promise((resolve, reject) => {
      const options = { mode: 'production', context: project, entry, output: { path: out, filename: 'main.js' } };
      webpack(options, (error, stats) => {
        if (error || stats.hasErrors() || stats.hasWarnings()) reject(error ?? new Error(stats.toString()));
        else resolve();
      });
    }),
  vite: async (entry, out) => {
    await vite.build({
      root: project, configFile: false, logLevel: 'error', base: './',
      build: { outDir: out, modulePreload: false, rollupOptions: { input: `${project}/vite.html` } },
    });
    await cp(`${out}/vite.html`, `${out}/index.html`);
  },
};

await cp(new URL('replay.js', import.meta.url), `${project}/replay.js`);
await writeFile(`${project}/vite.html`, page('./vite.js'));
for (const [name, build] of Object.entries(BUNDLERS)) {
  const out = `${project}/out/${name}`;
  await writeFile(`${project}/${name}.js`, entryOf(name));
  await mkdir(out, { recursive: true });
  await build(`${project}/${name}.js`, out);
  if (name !== 'vite') await writeFile(`${out}/index.html`, page('./main.js'));
}
process.exit(0);
