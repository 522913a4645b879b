const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Return how many codes have each length, and the symbols in the order of their codes. */
function makeTable(lengths) {
  const counts = new Uint16Array(16);
  const symbols = [];
  for (let length = 1; length < 16; length++) {
    lengths.forEach((own, symbol) => {
      if (own === length) counts[length] = symbols.push(symbol) && counts[length] + 1;
    });
  }
  return { counts, symbols };
}

/**
 * Decompress the module where DecompressionStream does not: RFC 1951, but only blocks with codes of their
 * own, which the build makes.
 */
export function inflate(source, size) {
  const out = new Uint8Array(size);
  let at = 0, bits = 0, held = 0, used = 0;
  const take = (count) => {
    for (; held < count; held += 8) bits |= source[at++] << held;
    const value = bits & ((1 << count) - 1);
    bits >>>= count;
    held -= count;
    return value;
  };
  const decode = ({ counts, symbols }) => {
    for (let length = 1, code = 0, first = 0, index = 0; ; length++) {
      code |= take(1);
      const count = counts[length];
      if (code - count < first) return symbols[index + code - first];
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
  };
  const readTables = () => {
    const literals = take(5) + 257, distances = take(5) + 1, codes = take(4) + 4;
    const lengths = new Array(19).fill(0);
    for (let i = 0; i < codes; i++) lengths[ORDER[i]] = take(3);
    const table = makeTable(lengths), all = [];
    while (all.length < literals + distances) {
      const symbol = decode(table);
      if (symbol < 16) {
        all.push(symbol);
        continue;
      }
      const value = symbol === 16 ? all[all.length - 1] : 0;
      for (let n = symbol === 16 ? 3 + take(2) : symbol === 17 ? 3 + take(3) : 11 + take(7); n; n--) all.push(value);
    }
    return [makeTable(all.slice(0, literals)), makeTable(all.slice(literals))];
  };
  for (let isLast = 0; !isLast;) {
    isLast = take(1);
    take(2);
    const [literals, distances] = readTables();
    for (let symbol; (symbol = decode(literals)) !== 256;) {
      if (symbol < 256) {
        out[used++] = symbol;
        continue;
      }
      const length = LENGTHS[symbol - 257] + take(symbol < 265 || symbol === 285 ? 0 : (symbol - 261) >> 2);
      const code = decode(distances), extra = code < 2 ? 0 : (code >> 1) - 1;
      const distance = 1 + (code < 2 ? code : (2 + (code & 1)) << extra) + take(extra);
      for (let i = 0; i < length; i++, used++) out[used] = out[used - distance];
    }
  }
  return out;
}
