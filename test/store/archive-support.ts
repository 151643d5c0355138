// A run with all that a run can hold, small: notes, an answer with evidence, a large output in a blob.
import type { Draft } from '../../engine/run/events.ts';
import type { Fence, Store, StoredEvent, StoredPart } from '../../engine/store/journal.ts';
import { holder, RUN } from './support.ts';

export const PLAYBOOK_TEXT = 'name: by-hand\n# the text that is pinned\n';

export function created(inputs = {}): Draft {
  const playbook = {
    name: 'by-hand',
    title: 'By hand',
    severity: 'P3',
    category: 'data',
    file: 'by-hand.yaml',
    text: PLAYBOOK_TEXT,
    digest: 'd'.repeat(64),
  };
  return {
    type: 'run.created',
    actor: 'person:ana',
    data: { playbook, operator: 'ana', inputs, env: {}, engine: '0.1.0' },
  };
}

export function said(text: string): Draft {
  return { type: 'note.added', actor: 'person:ana', data: { text, kind: 'note', by: 'ana' } };
}

export interface Filled {
  readonly fence: Fence;
  readonly evidence: string;
  readonly output: string;
}

/** Five events and two blobs. */
export async function fill(
  store: Store,
  what: { readonly text?: string; readonly evidence?: Buffer; readonly output?: unknown; readonly runId?: string } = {},
): Promise<Filled> {
  const runId = what.runId ?? RUN.id;
  const text = what.text ?? 'as it was';
  await store.create({ ...RUN, id: runId }, [created({ text })]);
  const bytes = what.evidence ?? Buffer.alloc(2_500_000, 'evidence ');
  const evidence = await store.putBlob(runId, bytes);
  const json = Buffer.from(JSON.stringify(what.output ?? { users: [text] }));
  const output = await store.putBlob(runId, json);
  const fence = await store.acquire(runId, holder());
  await store.append({
    runId,
    since: 1,
    fence,
    drafts: [
      said(`first ${text}`),
      {
        type: 'manual.answered',
        actor: 'person:ana',
        step: 'look',
        data: {
          fields: { seen: text },
          evidence: [{ blob: evidence, sizeBytes: bytes.length, mediaType: 'text/plain', name: 'seen.txt' }],
          by: 'ana',
        },
      },
      {
        type: 'step.done',
        actor: 'engine',
        step: 'find',
        data: {
          durationMs: 1,
          output: { ref: { blob: output, sizeBytes: json.length, mediaType: 'application/json' } },
        },
      },
      said('last'),
    ],
  });
  return { fence, evidence, output };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function* contentOf(
  events: readonly StoredEvent[],
  parts: readonly StoredPart[],
): AsyncGenerator<StoredEvent | StoredPart> {
  yield* events;
  yield* parts;
}
