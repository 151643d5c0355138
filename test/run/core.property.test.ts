// The pure core under random plans, interleavings, failures, time-outs, aborts and kills. No I/O: the shell is played
// by core-model.ts.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PlanNode } from '../../engine/playbook/plan.ts';
import { sheltersAround } from '../../engine/run/aborts.ts';
import { openChangesOf } from '../../engine/run/change-views.ts';
import { decide } from '../../engine/run/decide.ts';
import type { Draft, RunEvent } from '../../engine/run/events.ts';
import { childPath, finallyAround, instancePath, isInside, nodeAt, parentPath } from '../../engine/run/paths.ts';
import { isFinal, runStatus } from '../../engine/run/state.ts';
import { allPaths, fate, type Model, modelOf, type PlanShape, picker, play, Run, shapes } from './core-model.ts';

/** Comparable ends: what an abort left unstarted depends on the interleaving, so only without one. */
function endOf(run: Run): [string, string][] {
  return [...run.state.steps]
    .map(([path, step]): [string, string] => [path, step.phase])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

const canAbort = ({ plan }: Model): boolean => [...plan.nodes.values()].some((node) => node.onFailure === 'abort');
const withoutAbort = shapes.filter((shape) => !canAbort(modelOf(shape)));

function isEnd(event: RunEvent, hasFinally: (path: string) => boolean): boolean {
  const path = event.step ?? '';
  if (event.type === 'step.closed' || event.type === 'output.given') return true;
  if (event.type === 'step.done' || event.type === 'step.skipped') return !event.data.needsOutput && !hasFinally(path);
  return event.type === 'step.failed' && event.data.onFailure !== 'pause' && !hasFinally(path);
}

function siblingAt(node: PlanNode, parent: string, index: number): string {
  if (node.kind === 'loop') return instancePath(parent, index);
  return childPath(parent, 'steps' in node ? (node.steps[index]?.id ?? '') : '');
}

/** A further request to abort, while it ran, gave up the `finally` around this. */
function abortedShelter(run: Run, path: string): boolean {
  return sheltersAround(path).some((shelter) => run.state.finallyAborts.has(shelter));
}

/** Replays the journal and checks each turn against the states before it. */
function checkTurns(model: Model, run: Run): void {
  const replay = new Run();
  for (const event of run.events) {
    const path = event.step;
    if (event.type === 'step.opened' && path !== undefined && path !== '' && path !== 'finally') {
      const parent = replay.state.steps.get(parentPath(path) ?? '');
      const node = nodeAt(model.plan, parentPath(path) ?? '');
      const isFinally = path.endsWith('/finally');
      expect(parent, `${path} opened outside its group`).toBeDefined();
      if (isFinally) expect(parent?.phase === 'closing' || replay.state.owed.has(parent?.path ?? ''), path).toBe(true);
      else expect(parent?.phase).toBe('open');
      // In order: with n at once, all but n-1 of the earlier ones have ended.
      const atOnce = node?.kind === 'group' ? node.parallel : node?.kind === 'loop' ? node.concurrency : 1;
      expect(parent?.active?.size ?? 0).toBeLessThan(atOnce);
      if (node && parent && !isFinally && atOnce === 1) {
        for (let index = 0; index < event.data.index; index += 1) {
          const sibling = siblingAt(node, parent.path, index);
          const state = replay.state.steps.get(sibling);
          expect(state && isFinal(state.phase), `${path} before ${sibling}`).toBe(true);
        }
      }
    }
    replay.append(event as Draft);
  }
}

test('every run ends, every step it touched ends in exactly one final status, and none starts before its turn', () => {
  fc.assert(
    fc.property(shapes, fc.integer(), fc.integer(), (shape, seed, order) => {
      const model = modelOf(shape);
      const run = play(model, { seed, picks: picker(order) });
      expect(['done', 'aborted']).toContain(runStatus(run.state));
      expect(run.state.openSteps.size + run.state.openGroups.size + run.state.stopped.size).toBe(0);
      const hasFinally = (path: string): boolean => run.state.steps.get(path)?.hasFinally === true;
      const finals = new Map<string, number>();
      for (const event of run.events)
        if (event.step !== undefined && isEnd(event, hasFinally))
          finals.set(event.step, (finals.get(event.step) ?? 0) + 1);
      for (const [path, step] of run.state.steps) {
        expect(isFinal(step.phase), `${path} is ${step.phase}`).toBe(true);
        expect(finals.get(path), path).toBe(1);
      }
      checkTurns(model, run);
    }),
    { numRuns: 400 },
  );
});

test('a run that nothing skips, fails or aborts has every step of its plan', () => {
  fc.assert(
    fc.property(withoutAbort, fc.integer(), fc.integer(), (shape, seed, order) => {
      const model = modelOf(shape);
      const run = play(model, { seed, picks: picker(order) });
      const missing = allPaths(model).filter((path) => !run.state.steps.has(path));
      // Absent are only steps inside something that was skipped, or that a person ended before its time.
      for (const path of missing) {
        let around = parentPath(path);
        while (around !== undefined && !run.state.steps.has(around)) around = parentPath(around);
        expect(run.state.steps.get(around ?? '')?.phase, path).toBe('skipped');
      }
    }),
    { numRuns: 200 },
  );
});

test('any prefix of a journal resumes to the same end', () => {
  fc.assert(
    fc.property(
      withoutAbort,
      fc.integer(),
      fc.integer(),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (shape, seed, order, cut) => {
        const model = modelOf(shape);
        const whole = play(model, { seed, picks: picker(order) });
        const prefix = whole.events.slice(0, Math.max(1, Math.floor(whole.events.length * cut)));
        const resumed = play(model, { seed, picks: picker(order + 1), from: prefix });
        expect(endOf(resumed)).toEqual(endOf(whole));
      },
    ),
    { numRuns: 300 },
  );
});

test('a finally runs once, whatever becomes of what is around it: time-outs, an abort from outside, kills', () => {
  fc.assert(
    fc.property(shapes, fc.integer(), fc.integer(), fc.boolean(), (shape, seed, order, aborts) => {
      const model = modelOf(shape);
      let rounds = 0;
      const meddle = (run: Run): Draft | undefined => {
        rounds += 1;
        if (!aborts || run.state.abort !== null || fate(order, `meddle ${rounds}`) > 0.02) return undefined;
        return { actor: 'person:a', type: 'abort.requested', data: { reason: 'enough', by: 'a' } };
      };
      const run = play(model, { seed, picks: picker(order), timeouts: true, meddle });
      expect(['done', 'aborted']).toContain(runStatus(run.state));
      const opened = new Map<string, number>();
      const begun: string[] = [];
      for (const event of run.events) {
        if (event.type !== 'step.opened' || event.step === undefined) continue;
        const { step } = event;
        opened.set(step, (opened.get(step) ?? 0) + 1);
        // It comes last: nothing of its call opens after it but what is in it.
        for (const last of begun)
          expect(isInside(step, parentPath(last) ?? '') && !isInside(step, last), step).toBe(false);
        if (step.endsWith('/finally')) begun.push(step);
      }
      for (const [path, step] of run.state.steps) {
        expect(isFinal(step.phase), `${path} is ${step.phase}`).toBe(true);
        // What was opened and has a finally has run it, to its end, although the run was cut short.
        const isGivenUp = finallyAround(path) !== undefined && abortedShelter(run, path);
        if (step.hasFinally && !isGivenUp) expect(opened.get(`${path}/finally`), path).toBe(1);
        // Unless it was asked for while the finally ran.
        const isSpared = finallyAround(path) !== undefined && !abortedShelter(run, path);
        if (isSpared) expect(step.skip?.kind, path).not.toBe('abort');
      }
      if (model.plan.finally && run.state.steps.has('')) expect(opened.get('finally')).toBe(1);
    }),
    { numRuns: 400 },
  );
});

test('decide changes nothing and gives the same answer twice', () => {
  fc.assert(
    fc.property(shapes, fc.integer(), fc.double({ min: 0, max: 0.999, noNaN: true }), (shape: PlanShape, seed, cut) => {
      const model = modelOf(shape);
      const whole = play(model, { seed, picks: picker(seed) });
      const { state } = new Run(whole.events.slice(0, Math.max(1, Math.floor(whole.events.length * cut))));
      const before = JSON.stringify([...state.steps]);
      expect(decide(model.plan, state)).toEqual(decide(model.plan, state));
      expect(JSON.stringify([...state.steps])).toBe(before);
    }),
    { numRuns: 100 },
  );
});

test('no step ends by itself over a change that may have happened: a person is asked first, time-outs and failures alike', () => {
  fc.assert(
    fc.property(shapes, fc.integer(), fc.integer(), (shape, seed, order) => {
      const model = modelOf(shape);
      const run = play(model, { seed, picks: picker(order), timeouts: true });
      const replay = new Run();
      for (const event of run.events) {
        const open = event.step === undefined ? [] : openChangesOf(replay.state, event.step);
        const isByItself =
          event.type === 'step.done' || (event.type === 'step.failed' && event.data.onFailure !== 'abort');
        if (isByItself && event.actor === 'engine') expect(open, `${event.type} of ${event.step}`).toEqual([]);
        // Nor is one forgotten: what has no outcome stays so, or gets one.
        replay.append(event as Draft);
        if (event.type.startsWith('step.'))
          expect(openChangesOf(replay.state, event.step ?? '')).toHaveLength(open.length);
      }
    }),
    { numRuns: 300 },
  );
});
