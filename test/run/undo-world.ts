// A service of users for the tests of undo: a ban that can be taken back, an unban, sessions that cannot come back. Counts
// every call that leaves.
import { type Action, ChangeRefused, defineAction, PermanentFailure } from '../../engine/action.ts';
import { RunbookError } from '../../engine/errors.ts';
import type { JsonObject } from '../../engine/json.ts';
import type { Plan } from '../../engine/playbook/plan.ts';
import { createRedactor } from '../../engine/redact.ts';
import { systemClock } from '../../engine/run/clock.ts';
import type { EngineOptions } from '../../engine/run/engine.ts';
import { executeRun } from '../../engine/run/executor.ts';
import { keptOutputs } from '../../engine/run/kept-outputs.ts';
import { nobody } from '../../engine/run/people.ts';
import { createSecrets } from '../../engine/run/secrets.ts';
import { RunSession } from '../../engine/run/session.ts';
import type { RunState } from '../../engine/run/state.ts';
import { startUndo } from '../../engine/run/undo.ts';
import type { Journal } from '../../engine/store/journal.ts';
import type { World } from './harness.ts';

const LIST = { type: 'object', properties: { users: { type: 'array', items: { type: 'string' } } } } as const;

export class Service {
  readonly banned = new Map<string, boolean>();
  /** `ban u1`, in the order they left. */
  readonly calls: string[] = [];
  /** Called before a batch takes effect; what it throws is the answer. */
  onCall: (call: string, ids: readonly string[]) => void = () => undefined;

  constructor(count: number) {
    for (let index = 0; index < count; index += 1) this.banned.set(`u${index}`, false);
  }

  ids(): readonly string[] {
    return [...this.banned.keys()];
  }

  snapshot(): JsonObject {
    return Object.fromEntries(this.banned);
  }

  readonly describe: NonNullable<Action['describe']> = async (kind, ids) =>
    new Map(
      kind !== 'user'
        ? []
        : ids.map((id) => {
            const banned = this.banned.get(id);
            return [id, banned === undefined ? null : { attributes: {}, state: { banned } }] as const;
          }),
    );

  actions(batch = 10): Action[] {
    const set = (name: string, to: boolean, inverse: string): Action =>
      defineAction({
        name,
        title: name,
        effect: 'destructive',
        idempotent: true,
        isUndoable: true,
        describe: this.describe,
        input: { ...LIST, required: ['users'], additionalProperties: false },
        output: {},
        run: async ({ users }, ctx) => {
          const verb = to ? 'ban' : 'unban';
          const undo = { uses: inverse, each: 'users' };
          const targets = users.map((id) => ({ id }));
          await ctx.changes({ kind: 'user', verb, after: { banned: to }, targets, batch, undo }, async (chunk) => {
            const ids = chunk.map(({ id }) => id);
            this.onCall(verb, ids);
            for (const id of ids) {
              this.calls.push(`${verb} ${id}`);
              this.banned.set(id, to);
            }
            return new Map();
          });
          return null as never;
        },
      });
    const revoke = defineAction({
      name: 'test.revoke',
      title: 'Revoke',
      effect: 'destructive',
      idempotent: true,
      input: { ...LIST, required: ['users'], additionalProperties: false },
      output: {},
      run: async ({ users }, ctx) => {
        for (const id of users)
          await ctx.change({ kind: 'session', id: `s-${id}`, verb: 'revoke', after: { revoked: true } }, async () => {
            this.calls.push(`revoke s-${id}`);
          });
        return null as never;
      },
    });
    return [set('test.ban', true, 'test.unban'), set('test.unban', false, 'test.ban'), revoke];
  }
}

export interface TakeBack {
  readonly plan: Plan;
  readonly steps?: readonly string[];
  readonly overwrites?: boolean;
  /** Restores also what nothing can look at first. */
  readonly isUnchecked?: boolean;
  /** The store fails at the so-many-th append of this process: as good as a kill. */
  readonly killAt?: number;
  /** Goes on with an undo that was begun. */
  readonly goesOn?: boolean;
  readonly engine?: Partial<EngineOptions>;
}

/** As the store's own errors: nothing can be written any more. */
class Killed extends RunbookError {
  constructor() {
    super({ code: 'E_STORE_IO', message: 'killed' });
  }
}

/** A store that fails from the first append on that `dies` says: as good as a kill. */
export function dyingJournal(
  journal: Journal,
  dies: (drafts: readonly { readonly type: string }[]) => boolean,
): Journal {
  let isDead = false;
  return {
    create: (...given) => journal.create(...given),
    read: (...given) => journal.read(...given),
    watch: (...given) => journal.watch(...given),
    acquire: (...given) => journal.acquire(...given),
    renew: (...given) => journal.renew(...given),
    release: (...given) => journal.release(...given),
    lease: (...given) => journal.lease(...given),
    putBlob: (...given) => journal.putBlob(...given),
    getBlob: (...given) => journal.getBlob(...given),
    openBlob: (...given) => journal.openBlob(...given),
    readBlob: (...given) => journal.readBlob(...given),
    runs: (...given) => journal.runs(...given),
    verify: (...given) => journal.verify(...given),
    close: () => journal.close(),
    async append(request) {
      isDead ||= dies(request.drafts);
      if (isDead) throw new Killed();
      return journal.append(request);
    },
  };
}

/** As `runbook undo` does it, in a process of its own. @returns the state, and whether it was killed. */
export async function takeBack(
  { journal, actions }: World,
  runId: string,
  {
    plan,
    steps,
    overwrites = false,
    isUnchecked = false,
    killAt = Number.POSITIVE_INFINITY,
    goesOn = false,
    engine = {},
  }: TakeBack,
): Promise<{ readonly state: RunState; readonly wasKilled: boolean }> {
  let appends = 0;
  const dying = dyingJournal(journal, () => {
    appends += 1;
    return appends >= killAt;
  });
  const session = await RunSession.open({
    journal: dying,
    runId,
    clock: systemClock,
    keepsOutput: keptOutputs(plan),
    holder: { id: `undo-${Math.random()}`, host: 'test', pid: process.pid, operator: 'tester' },
  });
  try {
    const of = {
      cause: 'operator',
      overwrites,
      isUnchecked,
      reason: 'a test',
      by: 'ana',
      actor: 'person:ana',
    } as const;
    if (!goesOn) await session.append(startUndo(session.state, { ...of, ...(steps === undefined ? {} : { steps }) }));
    await executeRun({
      plan,
      session,
      journal: dying,
      actions,
      people: nobody,
      clock: systemClock,
      random: Math.random,
      redactor: createRedactor(),
      secrets: createSecrets({ env: {}, onResolved: () => undefined }),
      env: {},
      pause: new AbortController().signal,
      waitsForOthers: false,
      version: 'test',
      host: 'test',
      pid: process.pid,
      operator: 'tester',
      endsWithUndo: true,
      settleWithinMs: 10,
      ...engine,
    });
    return { state: session.state, wasKilled: false };
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return { state: session.state, wasKilled: true };
  } finally {
    await session.close().catch(() => undefined);
  }
}

/** What `runbook retry` says. */
export async function reopen({ journal }: World, runId: string, step: string): Promise<void> {
  const session = await RunSession.open({
    journal,
    runId,
    clock: systemClock,
    holder: { id: `retry-${Math.random()}`, host: 'test', pid: process.pid, operator: 'tester' },
  });
  const data = { reason: 'a test', by: 'ana' };
  await session.append({ type: 'step.reopened', actor: 'person:ana', step, data });
  await session.close();
}

export interface Flag {
  value: string;
  /** In the order they were set. */
  readonly sets: string[];
  refuses: boolean;
  refusesOff: boolean;
}

/** A flag, and an action that sets it and gives back what it was: it records no undo of its own. */
export function flagService(): { readonly flag: Flag; readonly set: Action } {
  const flag: Flag = { value: 'off', sets: [], refuses: false, refusesOff: false };
  const set = defineAction({
    name: 'test.set',
    title: 'Set',
    effect: 'change',
    idempotent: true,
    input: {
      type: 'object',
      properties: { to: { type: 'string' } },
      required: ['to'],
      additionalProperties: false,
    },
    output: { type: 'object', properties: { was: { type: 'string' } }, required: ['was'], additionalProperties: false },
    async run({ to }, ctx) {
      const was = flag.value;
      const { outcome } = await ctx.change(
        { kind: 'flag', id: 'beta', verb: 'set', before: { value: was }, after: { value: to } },
        async () => {
          if (flag.refuses || (flag.refusesOff && to === 'off')) throw new ChangeRefused('no');
          flag.sets.push(to);
          flag.value = to;
        },
      );
      if (outcome !== 'done') throw new PermanentFailure(`the flag is ${outcome}`);
      return { was };
    },
  });
  return { flag, set };
}
