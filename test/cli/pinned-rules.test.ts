// A run keeps to the rules it began under, whatever the project's config says by the time it goes on.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { done } from '../../engine/cli/commands/done.ts';
import { resume } from '../../engine/cli/commands/resume.ts';
import { run } from '../../engine/cli/commands/run.ts';
import type { RunEvent } from '../../engine/run/events.ts';
import { Folder } from './in-process.ts';

const STEPS = `apiVersion: runbook/v1
name: restart
title: Restart
category: outage
severity: P3
steps:
  - { id: look, title: Look, manual: Look. }
  - id: restart
    title: Restart
    uses: shell.run
    effect: change
    target: { kind: node, id: web-1 }
    with: { command: [touch, restarted] }
    approval: { none: a test }
`;

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
  folder.write('playbooks/restart.yaml', STEPS);
});
afterEach(() => folder.remove());

async function events(): Promise<RunEvent[]> {
  const journal = await folder.journal();
  const [found] = await journal.runs();
  const all: RunEvent[] = [];
  for await (const event of journal.read(found?.id ?? '')) all.push(event);
  return all;
}

it('a protection that is taken out of the config while a run waits still holds for that run', async () => {
  folder.write('runbook.config.yaml', 'protect: { ids: [web-1] }\nlimits: { node: 5 }\n');
  expect((await folder.call((app) => run(app, 'restart', {}))).exitCode).toBe(3);
  const [created] = await events();
  expect(created?.data).toMatchObject({ rules: { limits: { node: 5 }, protect: { ids: ['web-1'] } } });
  folder.write('runbook.config.yaml', '');
  expect((await folder.call((app) => done(app, 'latest', 'look', {}))).exitCode).toBe(0);
  await folder.call((app) => resume(app, 'latest', {}));
  const settled = (await events()).flatMap((event) => (event.type === 'change.settled' ? event.data.results : []));
  expect(settled).toEqual([expect.objectContaining({ outcome: 'protected', error: 'protected: its id is protected' })]);
});
