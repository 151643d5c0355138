// The journal of a plan: one run, in this process, gone with it. So nothing that was only planned ever meets a real run.
import { RunbookError } from '../../errors.ts';
import type { Json } from '../../json.ts';
import type { Fence, Journal, Redactor } from '../../store/journal.ts';
import { EVENT_VERSIONS } from '../event-rules.ts';
import type { Draft, RunEvent } from '../events.ts';

/** A chain proves what was kept; nothing is kept here. */
const NO_HASH = '0'.repeat(64);

/** Redacts like any other, so that what is planned with is what a run would see. */
export function createMemoryJournal(options: { readonly redactor: Redactor; readonly now: () => number }): Journal {
  const { redactor } = options;
  const runs = new Map<string, RunEvent[]>();
  const blobs = new Map<string, Uint8Array>();
  const eventsOf = (runId: string): RunEvent[] => {
    const events = runs.get(runId);
    if (events) return events;
    throw new RunbookError({ code: 'E_RUN_UNKNOWN', message: `There is no run ${runId} in this plan` });
  };
  const place = (events: RunEvent[], draft: Draft): void => {
    // As it would come back from a store: JSON, redacted. The type of the data stays that of the draft.
    const data = redactor.json(JSON.parse(JSON.stringify(draft.data)) as Json);
    const at = new Date(options.now()).toISOString();
    const placed = { ...draft, data, seq: events.length + 1, at, v: EVENT_VERSIONS[draft.type], hash: NO_HASH };
    events.push(placed as unknown as RunEvent);
  };
  return {
    async create(run, drafts) {
      const events: RunEvent[] = [];
      for (const draft of drafts) place(events, draft);
      runs.set(run.id, events);
      return events;
    },
    async append({ runId, since, drafts, check }) {
      const events = eventsOf(runId);
      check?.(events.slice(since));
      for (const draft of drafts) place(events, draft);
      return events.slice(since);
    },
    async *read(runId, { after = 0, limit } = {}) {
      yield* eventsOf(runId).slice(after, limit === undefined ? undefined : after + limit);
    },
    watch: () => () => undefined,
    acquire: async (_runId, { id }): Promise<Fence> => ({ holder: id, token: 1 }),
    renew: async () => undefined,
    release: async () => undefined,
    lease: async () => null,
    async putBlob(_runId, bytes) {
      const name = blobs.size.toString(16).padStart(64, '0');
      blobs.set(name, bytes);
      return name;
    },
    async getBlob(_runId, name) {
      const bytes = blobs.get(name);
      if (bytes) return bytes;
      throw new RunbookError({ code: 'E_BLOB_MISSING', message: `There is no blob ${name} in this plan` });
    },
    async openBlob(runId) {
      const pieces: Uint8Array[] = [];
      return {
        write: async (bytes) => void pieces.push(Uint8Array.from(bytes)),
        end: async () => {
          const bytes = Buffer.concat(pieces);
          return { name: await this.putBlob(runId, bytes), sizeBytes: bytes.length };
        },
        discard: async () => undefined,
      };
    },
    async *readBlob(runId, name) {
      yield await this.getBlob(runId, name);
    },
    runs: async () => [],
    verify: async (runId) => ({ events: eventsOf(runId).length, head: NO_HASH }),
    close: async () => undefined,
  };
}
