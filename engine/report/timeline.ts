// What happened, a line an event that a reader of the report cares about. Bulk work is one line with counts. Pure.
import type { JsonObject } from '../json.ts';
import type { RunEvent } from '../run/events.ts';
import { isInside } from '../run/paths.ts';
import { type Change, isContainer, type RunState, type StepState } from '../run/state.ts';
import { changePhrases, countedVerb } from '../ui/change-words.ts';
import { DOUBT_CHOICES, doubtPhrase } from '../ui/doubt-words.ts';
import { overLimitText } from '../ui/limit-words.ts';
import { person } from '../ui/person-words.ts';
import { longLoopAround, loopTexts, titleIn } from './in-loops.ts';
import { shortValue } from './short-value.ts';

export interface TimelineEntry {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly text: string;
}

export interface Timeline {
  /** Takes an event folded into `state` just before. */
  add(event: RunEvent, state: RunState): void;
  readonly entries: readonly TimelineEntry[];
}

/** Of what happens inside one long loop so many lines are told: what went wrong there, and what people decided. */
const MOST_LINES_OF_LOOP = 20;

const TOLD_IN_LOOPS: ReadonlySet<RunEvent['type']> = new Set<RunEvent['type']>([
  'step.failed',
  'step.reopened',
  'approval.requested',
  'approval.given',
  'approval.denied',
  'change.doubted',
  'doubt.resolved',
  'output.given',
]);

export function createTimeline(): Timeline {
  const entries: TimelineEntry[] = [];
  /** Lines of a long loop, by its path: told, and left out although they would have been. */
  const loops = new Map<string, { told: number; left: number }>();
  /** Events of the erasure told last: what one command erased is one line. */
  let erased = 0;
  return {
    entries,
    add(event, state) {
      const loop = event.step === undefined ? null : longLoopAround(event.step, state);
      if (loop !== null && !TOLD_IN_LOOPS.has(event.type)) return;
      let text = timelineText(event, state);
      if (text === null) return;
      const lines = loops.get(loop ?? event.step ?? '') ?? { told: 0, left: 0 };
      if (loop === null) {
        if (event.type === 'step.done' && lines.left > 0) text += `. ${lines.left} more lines of it are in the journal`;
      } else {
        loops.set(loop, lines);
        if (lines.told < MOST_LINES_OF_LOOP) lines.told += 1;
        else {
          lines.left += 1;
          return;
        }
      }
      if (event.type === 'event.redacted') {
        const isMore = erased > 0 && entries.at(-1)?.text === erasedText(erased, event.data);
        if (isMore && entries.at(-1)?.at === event.at) entries.pop();
        else erased = 0;
        erased += 1;
        text = erasedText(erased, event.data);
      }
      entries.push({ at: event.at, text });
    },
  };
}

/** The text of an event folded into `state` just before; null where the report leaves it out. */
function timelineText(event: RunEvent, state: RunState): string | null {
  const step = event.step === undefined ? undefined : state.steps.get(event.step);
  const title = event.step === undefined ? '' : titleIn(state, event.step);
  switch (event.type) {
    case 'run.created':
      return `Initial response: ${event.data.operator} started the playbook ${event.data.playbook.title}`;
    case 'run.adopted':
      return `Playbook changed: ${event.data.by} had the run go on with it${because(event.data.reason)}${difference(event.data.difference)}`;
    case 'run.attached':
      return event.seq > 2 ? 'Run resumed' : null;
    case 'run.paused':
      return `Run paused${event.data.waitsFor.length === 0 ? '' : `, waiting for ${event.data.waitsFor.join('; ')}`}`;
    case 'run.ending':
      return event.data.outcome === 'aborted' ? `Aborting${because(event.data.reason)}` : null;
    case 'run.ended':
      return event.data.outcome === 'done'
        ? 'Resolution confirmed: every step of the playbook has ended'
        : 'Run aborted';
    case 'step.done': {
      if (step === undefined || step.kind === 'group') return null;
      const parts = [...loopTexts(state, step.path), ...changePhrases(changesOf(step, state))];
      if (step.starts > 1) parts.push(`${step.starts} attempts`);
      if (event.data.by !== undefined) parts.push(`by ${event.data.by}`);
      return `${title}: done${parts.length === 0 ? '' : ` (${parts.join('; ')})`}${note(event.data.note)}`;
    }
    case 'step.skipped':
      // Told in one place: what was left out on purpose.
      if (event.data.reason.kind === 'selection') return null;
      // The abort is a line of its own; what it cut short is told step by step.
      if (event.data.reason.kind === 'abort' && (step === undefined || isContainer(step.kind))) return null;
      return `${title}: skipped${because(event.data.reason.text)}`;
    case 'output.given':
      return `${title}: its output given by ${event.data.by}`;
    case 'step.failed':
      return `${title}: failed${because(event.data.error.message)}`;
    case 'step.reopened':
      return `${title}: tried again by ${event.data.by}${otherInputs(event.data.inputs)}${because(event.data.reason)}`;
    case 'change.doubted':
      return `${title}: in doubt, nobody knows whether it happened: ${doubtPhrase(event.data)}`;
    case 'doubt.resolved':
      return `${title}: ${doubtPhrase(event.data)}: ${DOUBT_CHOICES[event.data.choice]}, said ${event.data.by}${because(event.data.reason)}`;
    case 'undo.started':
      return event.data.cause === 'temporary'
        ? `Taking temporary changes back${because(event.data.reason)}`
        : `Taking changes back, asked for by ${event.data.by}${because(event.data.reason)}`;
    case 'undo.left':
      return `Not taken back: ${event.data.changes.length} ${event.data.changes.length === 1 ? 'change' : 'changes'}${because(event.data.changes[0]?.text)}`;
    case 'undo.ended':
      return 'Taking changes back has ended';
    case 'temporary.kept':
      return `${title}: its temporary change stays, said ${event.data.by}${because(event.data.reason)}`;
    case 'approval.requested':
      if (event.data.limits)
        return `Approval asked for to go over a limit: ${title}, ${overLimitText(event.data.limits)}`;
      return `Approval asked for: ${title} (${event.data.counts.map(countedVerb).join(', ') || event.data.uses})`;
    case 'approval.given':
      return `Approval given: ${title}, by ${person(event.data, event.actor)}${note(event.data.note)}`;
    case 'approval.denied':
      return `Approval denied: ${title}, by ${person(event.data, event.actor)}${because(event.data.reason)}`;
    case 'approval.voided':
      return `Approval no longer holds: ${title}${because(event.data.reason)}`;
    case 'note.added':
      return event.data.kind === 'action-item'
        ? null
        : `${event.data.kind === 'finding' ? 'Finding' : 'Note'} by ${event.data.by}: ${event.data.text}`;
    case 'abort.requested':
      return `Abort asked for by ${event.data.by}${because(event.data.reason)}`;
    case 'run.acknowledged':
      return `Acknowledged by ${event.data.by}`;
    case 'run.mitigated':
      return `Mitigation applied, by ${event.data.by}${note(event.data.text)}`;
    case 'severity.changed':
      return `Severity is now ${event.data.severity}, by ${event.data.by}${because(event.data.reason)}`;
    case 'impact.stated':
      return `Impact stated by ${event.data.by}: ${event.data.users} users${note(event.data.text)}`;
    case 'cause.stated':
      return `Root cause stated by ${event.data.by}`;
    case 'event.redacted':
      return erasedText(1, event.data);
    case 'step.opened':
    case 'step.closed':
    case 'attempt.started':
    case 'attempt.failed':
    case 'attempt.interrupted':
    case 'attempt.polled':
    case 'change.intended':
    case 'change.settled':
    case 'step.progress':
    case 'step.log':
    case 'step.checkpoint':
    case 'timer.fired':
    case 'manual.answered':
    case 'artifact.kept':
    case 'drill.scored':
      return null;
    default:
      return event satisfies never;
  }
}

/** A loop tells what all steps inside it did. */
function* changesOf(step: StepState, state: RunState): Iterable<Change> {
  if (step.kind !== 'loop') yield* state.changes.get(step.path)?.values() ?? [];
  else if (longLoopAround(`${step.path}[0]`, state) !== null)
    for (const [path, ledger] of state.changes) if (isInside(path, step.path)) yield* ledger.values();
}

function difference(lines: readonly string[]): string {
  return lines.length === 0 ? '' : ` (${lines.join('; ')})`;
}

/** What each was changed to. */
function otherInputs(inputs: JsonObject | undefined): string {
  const parts = Object.entries(inputs ?? {}).map(([name, value]) => `${name} = ${shortValue(value)}`);
  return parts.length === 0 ? '' : ` with other inputs (${parts.join('; ')})`;
}

function erasedText(count: number, { by, reason }: RunEvent<'event.redacted'>['data']): string {
  return `Values erased from ${count === 1 ? 'one event' : `${count} events`} of the journal, by ${by}${because(reason)}`;
}

function because(reason: string | undefined): string {
  return reason === undefined || reason === '' ? '' : `: ${reason}`;
}

function note(text: string | undefined): string {
  return text === undefined || text === '' ? '' : `. ${text}`;
}
