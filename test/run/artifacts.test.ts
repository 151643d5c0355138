import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ActionContext, ArtifactStream } from '../../engine/action.ts';
import { createReportReader } from '../../engine/report/model.ts';
import type { RunEvent } from '../../engine/run/events.ts';
import { act, ofType, openWorld, playbook, type World } from './harness.ts';

const PLAYBOOK = playbook('  - { id: export, title: Export, uses: test.act, retry: { attempts: 2, delay: 1ms } }\n');

let world: World | undefined;
let run: (ctx: ActionContext) => Promise<unknown> = async () => undefined;
const started = (): World => {
  if (world === undefined) throw new Error('no world');
  return world;
};
beforeEach(async () => {
  world = await openWorld(act((ctx) => run(ctx)));
});
afterEach(() => world?.close());

async function write(stream: ArtifactStream, ...parts: readonly string[]): Promise<void> {
  for (const part of parts) stream.write(part);
  stream.end();
  await finished(stream);
}

async function kept(runId: string): Promise<{ readonly name: string | undefined; readonly text: string }[]> {
  const refs = ofType(await started().events(runId), 'artifact.kept').flatMap(({ data }) => data.evidence);
  return Promise.all(
    refs.map(async ({ blob, name }) => ({
      name,
      text: Buffer.from(await started().journal.getBlob(runId, blob)).toString('utf8'),
    })),
  );
}

function evidenceIn(runId: string, events: readonly RunEvent[]) {
  const reader = createReportReader(runId);
  for (const event of events) reader.add(event);
  return reader.evidence;
}

it('keeps a file whole with the run once its stream has ended, and tells of it as evidence', async () => {
  run = (ctx) => write(ctx.artifact('log.csv', { mediaType: 'text/csv' }), 'a,b\n', '1,2\n');
  const { runId, state } = await started().start(PLAYBOOK);
  expect(state.outcome).toBe('done');
  expect(await kept(runId)).toEqual([{ name: 'log.csv', text: 'a,b\n1,2\n' }]);
  expect(evidenceIn(runId, await started().events(runId))).toMatchObject([
    { step: 'export', name: 'log.csv', sizeBytes: 8, mediaType: 'text/csv', by: 'test.act' },
  ]);
});

it('shows only the last file of a name where an attempt failed after it had kept one', async () => {
  run = async (ctx) => {
    await write(ctx.artifact('log.txt'), `attempt ${ctx.run.attempt}`);
    if (ctx.run.attempt === 1) throw new Error('once more');
  };
  const { runId, state } = await started().start(PLAYBOOK);
  expect(state.outcome).toBe('done');
  expect((await kept(runId)).map(({ text }) => text)).toEqual(['attempt 1', 'attempt 2']);
  const shown = evidenceIn(runId, await started().events(runId));
  const last = ofType(await started().events(runId), 'artifact.kept').at(-1);
  expect(shown.map(({ blob }) => blob)).toEqual([last?.data.evidence[0]?.blob]);
});

it('keeps no secret, also one that two writes cut in two', async () => {
  const secret = 'sk_live_0123456789abcdefghij';
  run = (ctx) => write(ctx.artifact('log.txt'), secret.slice(0, 12), secret.slice(12));
  const { runId } = await started().start(PLAYBOOK);
  expect((await kept(runId))[0]?.text).toBe('[redacted:sk]');
});

it('fails an action that ends with a file it never ended, and keeps nothing of it', async () => {
  run = async (ctx) => {
    ctx.artifact('log.txt').write('half');
  };
  const { runId, state } = await started().start(PLAYBOOK);
  expect(state.steps.get('export')?.error?.code).toBe('E_ARTIFACT_OPEN');
  expect(await kept(runId)).toEqual([]);
});

it.each(['../up', 'a/b', '.hidden', '', 'x'.repeat(101)])('refuses "%s" as the name of a file', async (name) => {
  run = (ctx) => write(ctx.artifact(name), 'x');
  const { state } = await started().start(PLAYBOOK);
  expect(state.steps.get('export')?.error?.code).toBe('E_ARTIFACT_NAME');
});

it('waits for a file that the action ended without awaiting it', async () => {
  run = async (ctx) => {
    ctx.artifact('log.txt').end('all of it');
  };
  const { runId, state } = await started().start(PLAYBOOK);
  expect(state.outcome).toBe('done');
  expect((await kept(runId)).map(({ text }) => text)).toEqual(['all of it']);
});

it('stores what is no text while it is written, as it is, and gives it back to a later step', async () => {
  const secret = 'sk_live_0123456789abcdefghij';
  let back = '';
  run = async (ctx) => {
    const stream = ctx.artifact('rows.gz', { mediaType: 'application/gzip' });
    for (let count = 0; count < 3; count += 1) stream.write(Buffer.alloc(1_000_000, secret));
    stream.end();
    await finished(stream);
    back = (await buffer(ctx.readArtifact('rows.gz'))).toString('utf8');
  };
  const { state } = await started().start(PLAYBOOK);
  expect(state.outcome).toBe('done');
  expect(back).toHaveLength(3_000_000);
  expect(back.startsWith(secret)).toBe(true);
});

it('names a file that no step kept, and those there are', async () => {
  run = async (ctx) => {
    await write(ctx.artifact('one.txt'), 'x');
    await buffer(ctx.readArtifact('other.txt'));
  };
  const { state } = await started().start(PLAYBOOK);
  expect(state.steps.get('export')?.error).toMatchObject({
    code: 'E_ARTIFACT_UNKNOWN',
    hint: expect.stringContaining('one.txt'),
  });
});

it('does not show as evidence what is kept to take changes back', async () => {
  run = (ctx) => write(ctx.artifact('before.txt', { purpose: 'undo' }), 'as it was');
  const { runId } = await started().start(PLAYBOOK);
  expect((await kept(runId)).map(({ name }) => name)).toEqual(['before.txt']);
  expect(evidenceIn(runId, await started().events(runId))).toEqual([]);
});
