// `npm run bench`, `npm run bench -- validate`: every *.bench.ts of this folder (or those named), one after the other.
// A bench prints times and ratios; nothing is asserted, since a machine's load is not the code's.
import { readdirSync } from 'node:fs';

/** What a bench file exports as `bench`. */
export type Bench = (print: (line: string) => void) => void | Promise<void>;

const folder = new URL('./', import.meta.url);
const wanted = process.argv.slice(2);
const subjects = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''))
  .filter((subject) => wanted.length === 0 || wanted.includes(subject));

if (subjects.length === 0) {
  console.error(`There is no such bench: ${wanted.join(', ')}`);
  process.exitCode = 2;
}
for (const subject of subjects) {
  console.log(subject);
  const { bench }: { readonly bench: Bench } = await import(new URL(`${subject}.bench.ts`, folder).href);
  await bench((line) => console.log(`  ${line}`));
}
