import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReportReader } from '../../engine/report/model.ts';
import { renderMarkdown } from '../../engine/report/render.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { nobody } from '../../engine/run/people.ts';
import { initialState } from '../../engine/run/state.ts';
import { parseAnswers } from '../../engine/ui/answers-file.ts';
import { createAnswersPeople } from '../../engine/ui/answers-people.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import { plainLine } from '../../engine/ui/plain.ts';
import { treeLines } from '../../engine/ui/tree.ts';
import { act, openWorld, playbook, type Started, type World } from '../run/harness.ts';

const broken = act(async () => {
  throw new Error('no route to host');
});
let world: World;
beforeEach(async () => {
  world = await openWorld(broken);
  world.playbooks.set(
    'other',
    `apiVersion: runbook/v1
name: other
title: Other
category: outage
severity: P2
steps:
  - { id: stop, title: Stop, uses: test.echo, with: { value: a } }
finally:
  - { id: tidy, title: Tidy, uses: test.echo, with: { value: b } }
`,
  );
});
afterEach(() => world.close());

const whole = playbook(`
  - { id: each, title: Each host, forEach: "['a', 'b', 'c']", uses: test.echo, with: { value: "\${{ item }}" } }
  - { id: other, title: Restart, playbook: other, with: {} }
  - { id: try_it, title: Try it, onFailure: continue, uses: test.act, approval: { none: a test }, with: {} }
  - { id: check, title: Check, manual: Look, fields: { ok: { type: boolean } } }
finally:
  - { id: last, title: Say so, uses: test.echo, with: { value: c } }
`);
const linesOf = ({ plan, state, runId }: Started): string[] =>
  treeLines(plan, state, {
    runId,
    columns: 80,
    rows: Number.POSITIVE_INFINITY,
    palette: createPalette(false),
    now: Date.parse(state.lastAt),
    tick: null,
    isHeld: false,
  }).map((line) => line.replace(/( ·)? {1,2}\d+(\.\d)? (ms|s)$/, ''));

describe('a run of the whole language', () => {
  it('reads well in the tree, in lines and in the report, from what the engine really writes', async () => {
    const answers = parseAnswers(
      { check: { fields: { ok: true } } },
      { file: 'answers.yaml', plan: world.compile(whole) },
    );
    const people = createAnswersPeople({ answers, fallback: nobody, actor: 'person:ana' });
    const run = await world.start(whole, { people });
    expect(run.end.status).toBe('done');
    expect(linesOf(run).slice(1)).toEqual([
      '✔ Each host  3 done',
      '✔ Restart',
      '✖ Try it  no route to host',
      '✔ Check  by ana',
      '✔ Finally',
    ]);
    const state = initialState();
    const reader = createReportReader(run.runId);
    const lines: string[] = [];
    for (const event of await world.events(run.runId)) {
      reader.add(event);
      lines.push(...(plainLine(event, evolve(state, event)) ?? '').slice(10).split('\n'));
    }
    expect(lines).toEqual(
      expect.arrayContaining([
        'start    Each host (3 items)',
        expect.stringMatching(/^done {5}Each host · 3 done/),
        expect.stringMatching(/^closed {3}Restart/),
        'failed   Try it: no route to host',
        'ended    done',
      ]),
    );
    const model = reader.model({ now: 0, isWorkedOn: false });
    expect(model.notDone).toEqual([{ title: 'Try it', what: 'failed: no route to host' }]);
    expect(model.timeline.map((entry) => entry.text)).toEqual(
      expect.arrayContaining(['Restart: Stop: done', 'Restart: Tidy: done']),
    );
    expect(renderMarkdown(model, readFileSync('templates/incident-report.md.hbs', 'utf8'))).toContain(
      '- Check: done by ana',
    );
  });

  it('waits where an answer that was written down does not fit, naming its key', async () => {
    const answers = parseAnswers(
      { check: { fields: { ok: 'maybe' } } },
      { file: 'answers.yaml', plan: world.compile(whole) },
    );
    const people = createAnswersPeople({ answers, fallback: nobody, actor: 'person:ana' });
    const run = await world.start(whole, { people });
    expect(run.end.status).toBe('failed');
    expect(linesOf(run).find((line) => line.includes('Check'))).toMatch(
      /^✖ Check {2}The answers in answers.yaml do not fit: check: /,
    );
  });

  it('takes a written output where a person skipped what a later step reads', async () => {
    const yaml = playbook(`
  - { id: find, title: Find, manual: Which host?, fields: { host: { type: string } } }
  - { id: stop, title: Stop, uses: test.echo, with: { value: "\${{ steps.find.output.host }}" } }
`);
    const answers = parseAnswers(
      { find: { skip: 'known', output: { host: 'a' } } },
      { file: 'a.yaml', plan: world.compile(yaml) },
    );
    const run = await world.start(yaml, {
      people: createAnswersPeople({ answers, fallback: nobody, actor: 'person:ana' }),
    });
    expect(run.end.status).toBe('done');
    const reader = createReportReader(run.runId);
    for (const event of await world.events(run.runId)) reader.add(event);
    expect(reader.model({ now: 0, isWorkedOn: false }).givenOutputs).toEqual([{ title: 'Find', what: 'given by ana' }]);
  });
});
