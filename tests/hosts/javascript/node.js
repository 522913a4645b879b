// The Node host, also run by Deno and Bun: node node.js ENTRY CORPUS [MODULE], where ENTRY is a path or
// the name of the package.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import { replay } from './replay.js';

const [, , entry, corpus, module] = process.argv;
const { init, load } = await import(entry.endsWith('.js') ? pathToFileURL(resolve(entry)) : entry);
if (module) await init(await readFile(module));
const { lines, failed } = await replay(load, (name) => readFile(`${corpus}/${name}`));
console.log(lines.join('\n'));
if (failed.length) console.error(failed.join('\n'));
