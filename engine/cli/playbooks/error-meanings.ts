import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../resources.ts';

/** What each code means, from docs/errors.md, which a test holds to the codes that there are. */
export function errorMeanings(): ReadonlyMap<string, string> {
  const page = readFileSync(join(packageRoot(), 'docs/errors.md'), 'utf8');
  return new Map(
    [...page.matchAll(/^\| ([EW]_\w+) \| (.+) \|$/gm)].map(([, code = '', meaning = '']) => [code, meaning]),
  );
}
