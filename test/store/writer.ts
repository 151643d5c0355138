// A process of its own that appends: `writer.ts FILE NAME SEED COUNT`. It prints nothing and exits 0 when all is durable.
// With STORE_URL set it writes to that PostgreSQL store instead: no password stands in the list of processes.
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgresJournal } from '../../engine/store/postgres/open.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { note, RUN, silentRedactor } from './support.ts';

const [file = '', name = '', seedText = '1', countText = '0'] = process.argv.slice(2);
let seed = Number(seedText);
/** A small linear congruential generator, so that a failure's interleaving can be tried again. */
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
}

const url = process.env.STORE_URL;
const journal = await (url === undefined
  ? openSqliteJournal({ file, redactor: silentRedactor })
  : openPostgresJournal({ url, redactor: silentRedactor }));
let since = 0;
for (let written = 0; written < Number(countText); ) {
  const size = Math.min(1 + Math.floor(random() * 4), Number(countText) - written);
  const texts = Array.from({ length: size }, (_, index) => `${name} ${written + index}`);
  const appended = await Promise.all(
    texts.map((text) => journal.append({ runId: RUN.id, since, fence: null, drafts: [note(text)] })),
  );
  since = appended.at(-1)?.at(-1)?.seq ?? since;
  written += size;
  if (random() < 0.3) await sleep(random() * 4);
}
await journal.close();
