// Outputs on their way into events and back: small ones stand in the event, large ones in the store's blobs.
import type { Json } from '../json.ts';
import type { Journal, Redactor } from '../store/journal.ts';
import type { StoredOutput } from './events.ts';

/** Source: design, "Blobs". */
const INLINE_BYTES = 64 * 1024;
/** Large values kept parsed: a loop's list is read once for each of its instances. */
const MOST_PARSED = 4;

export interface OutputStore {
  store(value: Json): Promise<StoredOutput>;
  load(output: StoredOutput): Promise<Json>;
}

export function createOutputStore(options: { journal: Journal; redactor: Redactor; runId: string }): OutputStore {
  const { journal, redactor, runId } = options;
  const parsed = new Map<string, Promise<Json>>();
  const parse = async (blob: string): Promise<Json> =>
    JSON.parse(Buffer.from(await journal.getBlob(runId, blob)).toString('utf8')) as Json;
  return {
    async store(value) {
      const text = JSON.stringify(value);
      // Most outputs are small: their length in UTF-16 units already tells that their bytes fit.
      if (text.length * 3 <= INLINE_BYTES || Buffer.byteLength(text) <= INLINE_BYTES) return { value };
      const bytes = Buffer.from(JSON.stringify(redactor.json(value)));
      const blob = await journal.putBlob(runId, bytes);
      return { ref: { blob, sizeBytes: bytes.length, mediaType: 'application/json' } };
    },
    async load(output) {
      if ('value' in output) return output.value;
      const { blob } = output.ref;
      const known = parsed.get(blob);
      if (known) return known;
      const value = parse(blob);
      const oldest = parsed.keys().next().value;
      if (parsed.size >= MOST_PARSED && oldest !== undefined) parsed.delete(oldest);
      parsed.set(blob, value);
      // What could not be read is tried again when it is next asked for.
      value.catch(() => parsed.delete(blob));
      return value;
    },
  };
}
