// The host in Cloudflare's workerd: answers every request with its lines.
import { load } from 'edgernn';

import { replay } from './replay.js';

export default {
  async fetch(request, { CORPUS }) {
    const read = async (name) => new Uint8Array(await (await CORPUS.fetch(`http://corpus/${name}`)).arrayBuffer());
    const { lines, failed } = await replay(load, read).catch((error) => ({ lines: [error.stack], failed: [] }));
    return new Response([...lines, ...failed].join('\n'));
  },
};
