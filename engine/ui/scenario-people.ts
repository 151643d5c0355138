// A drill's scenario playing people: the others always, the operator only in an unattended drill. What it does not play
// goes to the People behind it.
import type { JsonObject } from '../json.ts';
import type { Clock } from '../run/clock.ts';
import type { ManualRequest, People } from '../run/people.ts';

/** The part of a scenario that is played. */
export interface ScriptedAnswers {
  readonly steps: { readonly [path: string]: { readonly fields: JsonObject; readonly note?: string } };
  readonly approvals: readonly {
    /** The step's path, or `*`. */
    readonly step: string;
    readonly by: string;
    readonly role: string;
    readonly decision: 'approve' | 'deny';
    readonly reason?: string;
    readonly afterMs: number;
  }[];
}

export interface ScenarioPeopleOptions {
  readonly answers: ScriptedAnswers;
  /** Plays manual steps and the operator's own confirmations too. */
  readonly isUnattended: boolean;
  readonly operator: string;
  readonly clock: Clock;
  readonly behind: People;
}

export function createScenarioPeople(options: ScenarioPeopleOptions): People {
  /** How many of the scripted people were heard on a request: each speaks once. */
  const heard = new Map<string, number>();
  return {
    async manual(request, signal) {
      const answer = options.isUnattended ? scriptedAnswer(request, options) : null;
      return answer ?? options.behind.manual(request, signal);
    },
    async approval(request, signal) {
      const { by, role, request: number } = request.request;
      if (by === 0 && role === undefined) {
        if (options.isUnattended) return { kind: 'given', actor: `scenario:${options.operator}` };
        return options.behind.approval(request, signal);
      }
      const scripted = options.answers.approvals.filter((one) => one.step === request.path || one.step === '*');
      const key = `${request.path} ${number}`;
      const turn = heard.get(key) ?? 0;
      const speaker = scripted[turn];
      if (!speaker) return options.behind.approval(request, signal);
      heard.set(key, turn + 1);
      if (!(await passed(options.clock, speaker.afterMs, signal))) return { kind: 'later' };
      const actor = `scenario:${speaker.by}` as const;
      if (speaker.decision === 'deny')
        return { kind: 'denied', actor, role: speaker.role, reason: speaker.reason ?? 'denied by the scenario' };
      return {
        kind: 'given',
        actor,
        role: speaker.role,
        ...(speaker.reason === undefined ? {} : { note: speaker.reason }),
      };
    },
    failure: (request, signal) => options.behind.failure(request, signal),
    output: (request, signal) => options.behind.output(request, signal),
    doubt: (request, signal) => options.behind.doubt(request, signal),
    secret: (request, signal) => options.behind.secret(request, signal),
    async temporary(request, signal) {
      if (options.isUnattended) return { kind: 'undo', actor: `scenario:${options.operator}` };
      return options.behind.temporary(request, signal);
    },
    async confirm(request, signal) {
      if (options.isUnattended) return { kind: 'go', actor: `scenario:${options.operator}` };
      return options.behind.confirm(request, signal);
    },
  };
}

type Manual = Awaited<ReturnType<People['manual']>>;

/** The script's fields over the step's defaults; null where these do not pass the step's own check. */
function scriptedAnswer(request: ManualRequest, options: ScenarioPeopleOptions): Manual | null {
  const script = options.answers.steps[request.path];
  const fields = { ...request.defaults, ...script?.fields };
  const checked = request.check(fields);
  if (!('fields' in checked)) return null;
  return {
    kind: 'answered',
    actor: `scenario:${options.operator}`,
    fields: checked.fields,
    ...(script?.note === undefined ? {} : { note: script.note }),
  };
}

/** True after `ms`; false where the signal aborted first. */
function passed(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onAbort = (): void => {
      cancel();
      resolve(false);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve(true);
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
