// What people said to a run, as it was said. Pure.
import type { EventData, RunEvent } from '../run/events.ts';
import { actorName } from '../run/people.ts';
import type { RunState, StepState } from '../run/state.ts';
import { DOUBT_CHOICES, doubtPhrase } from '../ui/doubt-words.ts';
import { limitPhrase } from '../ui/limit-words.ts';
import { person } from '../ui/person-words.ts';
import { type Evidence, evidenceOf } from './evidence.ts';
import { titleIn } from './in-loops.ts';
import type { NamedFact } from './named-fact.ts';

export interface Told {
  /** Answers of manual steps: the last of each name. */
  readonly fields: Map<string, string>;
  cause: string | null;
  /** Users, as a person stated it. */
  affected: { readonly users: number; readonly text: string | null } | null;
  readonly actionItems: { readonly text: string; readonly owner: string | null }[];
  readonly findings: string[];
  readonly evidence: Evidence[];
  readonly approvals: NamedFact[];
  /** Limits that open requests ask to pass, by step and request. */
  readonly limitsAsked: Map<string, NonNullable<EventData['approval.requested']['limits']>>;
  readonly overLimits: NamedFact[];
  readonly doubts: NamedFact[];
  readonly givenOutputs: NamedFact[];
}

export function nothingTold(): Told {
  return {
    fields: new Map(),
    cause: null,
    affected: null,
    actionItems: [],
    findings: [],
    evidence: [],
    approvals: [],
    limitsAsked: new Map(),
    overLimits: [],
    doubts: [],
    givenOutputs: [],
  };
}

/** Takes up an event folded into `state` just before. */
export function hear(told: Told, event: RunEvent, state: RunState): void {
  const step = event.step === undefined ? undefined : state.steps.get(event.step);
  const title = event.step === undefined ? '' : titleIn(state, event.step);
  switch (event.type) {
    case 'manual.answered':
      for (const [name, value] of Object.entries(event.data.fields))
        if (typeof value === 'string' && value.trim() !== '') told.fields.set(name, value);
      if (typeof event.data.fields.findings === 'string') told.findings.push(event.data.fields.findings);
      told.evidence.push(...evidenceOf(event, state));
      return;
    case 'artifact.kept':
      if (event.data.purpose === 'undo') return;
      for (const one of evidenceOf(event, state)) {
        // An earlier attempt's file of this name has been replaced.
        const earlier = told.evidence.findIndex(({ step, name }) => step === one.step && name === one.name);
        if (earlier >= 0) told.evidence.splice(earlier, 1);
        told.evidence.push(one);
      }
      return;
    case 'cause.stated':
      told.cause = event.data.text;
      return;
    case 'impact.stated':
      told.affected = { users: event.data.users, text: event.data.text ?? null };
      return;
    case 'note.added':
      if (event.data.kind === 'action-item')
        told.actionItems.push({ text: event.data.text, owner: event.data.owner ?? null });
      if (event.data.kind === 'finding') told.findings.push(event.data.text);
      return;
    case 'approval.requested':
      if (event.data.limits) told.limitsAsked.set(`${event.step} ${event.data.request}`, event.data.limits);
      return;
    case 'approval.given':
      return hearApproval(told, event, { title, step });
    case 'approval.denied':
      told.approvals.push({ title, what: `denied by ${person(event.data, event.actor)}: ${event.data.reason}` });
      return;
    case 'output.given':
      told.givenOutputs.push({ title, what: `given by ${event.data.by}` });
      return;
    case 'step.skipped':
      if (event.data.output)
        told.givenOutputs.push({ title, what: `given by ${actorName(event.actor)}, who skipped it` });
      return;
    case 'step.done':
      if (step?.kind === 'uses' && event.data.by !== undefined && event.data.output)
        told.givenOutputs.push({ title, what: `given by ${event.data.by}, who did it by hand` });
      return;
    case 'doubt.resolved': {
      const { choice, by, reason } = event.data;
      told.doubts.push({ title, what: `${doubtPhrase(event.data)}: ${DOUBT_CHOICES[choice]}, said ${by}: ${reason}` });
      return;
    }
    default:
      return;
  }
}

/** A limit is passed when the last of the people needed has said yes. */
function hearApproval(
  told: Told,
  { step: path, data, actor }: RunEvent<'approval.given'>,
  { title, step }: { readonly title: string; readonly step: StepState | undefined },
): void {
  const key = `${path} ${data.request}`;
  const limits = told.limitsAsked.get(key);
  const over = limits === undefined ? '' : `, to go over a limit: ${limitPhrase(limits)}`;
  told.approvals.push({ title, what: `given by ${person(data, actor)}${over}` });
  if (limits === undefined || step?.approval?.request !== data.request || step.approval.pending !== null) return;
  told.limitsAsked.delete(key);
  told.overLimits.push({
    title,
    what: `${limitPhrase(limits)}; approved by ${step.approval.votes.map((vote) => person(vote)).join(', ')}`,
  });
}
