// The Node host, also run by Deno and Bun: node node.js PACKAGE CORPUS [MODULE].
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import { replay } from './replay.js';

const [, , entry, corpus, module] = process.argv;
const { init, load } = await import(pathToFileURL(resolve(entry)));
if (module) await init(await readFile(module));
const { lines, failed } = await replay(load, (name) => readFile(`${corpus}/${name}`));
console.log(lines.join('\n'));
if (failed.length) console.error(failed.join('\n'));
