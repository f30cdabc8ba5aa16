// Unpacks the browser and the libraries that a bare machine lacks.
// node unpack.js FOLDER

import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import tar from 'tar-fs';

const folder = process.argv[2];
const packed = join(import.meta.dirname, 'node_modules/@sparticuz/chromium/bin');

const unpack = (name, into) =>
  pipeline(createReadStream(join(packed, name)), createBrotliDecompress(), into);

await Promise.all([
  unpack('chromium.br', createWriteStream(join(folder, 'chromium'), { mode: 0o755 })),
  unpack('al2023.tar.br', tar.extract(folder)),
]);
