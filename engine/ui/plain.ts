// The run as lines: one for each event that matters to a reader. For pipes, logs and screen readers, so the state of a
// step is a word, never only a sign.
import type { RunEvent } from '../run/events.ts';
import type { RunState } from '../run/state.ts';
import { changePhrases, countedVerb } from './change-words.ts';
import { DOUBT_CHOICES, doubtPhrase } from './doubt-words.ts';
import { formatDuration } from './duration.ts';
import { overLimitText } from './limit-words.ts';
import { loopCounts, loopEnds, loopPhrase } from './loop-counts.ts';
import { person } from './person-words.ts';
import { oneLine } from './text.ts';
import { badVerdict } from './verdict.ts';

/** The line of an event folded into `state` just before; null where it does not matter to a reader. */
export function plainLine(event: RunEvent, state: RunState): string | null {
  const text = describe(event, state);
  if (text === null) return null;
  const [word = '', ...rest] = oneLine(text).split(' ');
  return `${event.at.slice(11, 19)}Z ${word.padEnd(8)} ${rest.join(' ')}`;
}

function describe(event: RunEvent, state: RunState): string | null {
  const title = event.step === undefined ? '' : (state.steps.get(event.step)?.title ?? event.step);
  switch (event.type) {
    case 'run.created':
      return `run ${event.data.title ?? event.data.playbook.title} (${event.data.playbook.severity})`;
    case 'run.paused':
      return `paused ${event.data.waitsFor.length === 0 ? event.data.reason : event.data.waitsFor.join('; ')}`;
    case 'run.ending':
      return event.data.outcome === 'aborted' ? `aborting ${event.data.reason ?? ''}` : null;
    case 'run.ended':
      return `ended ${event.data.outcome}`;
    case 'run.adopted':
      return `adopted a changed playbook, by ${event.data.by}: ${event.data.reason}${differenceSuffix(event.data.difference)}`;
    case 'step.opened':
      if (event.step === '' || event.data.kind === 'uses') return null;
      return `start ${title}${event.data.kind === 'loop' ? ` (${countedItems(event.data.count ?? 0)})` : ''}`;
    case 'step.skipped':
      return `skipped ${title}: ${event.data.reason.text}${wantedSuffix(event.data)}`;
    case 'step.done':
      return event.step === '' ? null : `done ${title}${doneSuffix(event, state)}`;
    case 'step.failed':
      return `failed ${title}: ${event.data.error.message}${event.data.error.hint === undefined ? '' : ` (${event.data.error.hint})`}`;
    case 'step.closed':
      return `closed ${title}: what it does finally has ended · ${formatDuration(event.data.durationMs)}`;
    case 'output.given':
      return `output ${title}: given by ${event.data.by}`;
    case 'step.reopened':
      return `again ${title}: ${event.data.reason}, by ${event.data.by}${editedSuffix(event.data.inputs)}`;
    case 'attempt.started':
      return event.data.round > 0
        ? null
        : `start ${title} (${event.data.uses}${event.data.attempt > 1 ? `, attempt ${event.data.attempt}` : ''})`;
    case 'attempt.failed':
      return `trouble ${title}, attempt ${event.data.attempt}: ${event.data.error.message}`;
    case 'attempt.polled':
      return `waiting ${title}: condition does not hold yet, round ${event.data.round + 1}`;
    case 'approval.requested':
      if (event.data.limits) return `approval ${title} asks to go over a limit: ${overLimitText(event.data.limits)}`;
      return `approval ${title} asks for it: ${event.data.counts.map(countedVerb).join(', ') || event.data.uses}`;
    case 'approval.given':
      return `approval ${title}: given by ${person(event.data, event.actor)}`;
    case 'approval.denied':
      return `approval ${title}: denied by ${person(event.data, event.actor)}: ${event.data.reason}`;
    case 'approval.voided':
      return `approval ${title}: no longer holds: ${event.data.reason}`;
    case 'change.doubted':
      return `doubt ${title}: nobody knows whether it happened: ${doubtPhrase(event.data)}`;
    case 'doubt.resolved':
      return `settled ${title}: ${DOUBT_CHOICES[event.data.choice]}, by ${event.data.by}: ${event.data.reason} (${doubtPhrase(event.data)})`;
    case 'undo.started':
      return `undo ${event.data.cause === 'temporary' ? 'of temporary changes' : `asked for by ${event.data.by}`}: ${event.data.reason}`;
    case 'undo.left':
      return `left ${event.data.changes.length} not taken back: ${event.data.changes[0]?.text ?? ''}`;
    case 'undo.ended':
      return 'undo ended';
    case 'temporary.kept':
      return `kept ${title}: its temporary change stays, by ${event.data.by}: ${event.data.reason}`;
    case 'step.log':
      return `log ${title}: ${event.data.text}`;
    case 'artifact.kept':
      if (event.data.purpose === 'undo') return null;
      return `kept ${title}: ${event.data.evidence.map(({ name, sizeBytes }) => `${name ?? 'a file'}, ${sizeBytes} bytes`).join('; ')}`;
    case 'manual.answered':
      return `answer ${title}: by ${event.data.by}`;
    case 'note.added':
      return `${event.data.kind === 'note' ? 'note' : event.data.kind} ${event.data.by}: ${event.data.text}`;
    case 'abort.requested':
      return `abort asked for by ${event.data.by}: ${event.data.reason}`;
    case 'run.acknowledged':
      return `ack by ${event.data.by}`;
    case 'run.mitigated':
      return `mitigated by ${event.data.by}${event.data.text === undefined ? '' : `: ${event.data.text}`}`;
    case 'severity.changed':
      return `severity ${event.data.severity}, by ${event.data.by}`;
    case 'impact.stated':
      return `impact ${event.data.users} users, by ${event.data.by}`;
    case 'cause.stated':
      return `cause ${event.data.text}`;
    case 'event.redacted':
      return `erased values of event ${event.data.seq}, by ${event.data.by}: ${event.data.reason}`;
    case 'run.attached':
    case 'attempt.interrupted':
    case 'change.intended':
    case 'change.settled':
    case 'step.progress':
    case 'step.checkpoint':
    case 'timer.fired':
    case 'drill.scored':
      return null;
    default:
      return event satisfies never;
  }
}

function doneSuffix(event: RunEvent<'step.done'>, state: RunState): string {
  const step = state.steps.get(event.step ?? '');
  const parts: string[] = changePhrases(state.changes.get(event.step ?? '')?.values() ?? []);
  if (step?.kind === 'loop') parts.push(loopPhrase(loopCounts(step, loopEnds(state, step))));
  const verdict = badVerdict(event.data.output);
  if (verdict !== null) parts.push(verdict);
  if (event.data.by !== undefined) parts.push(`by ${event.data.by}`);
  parts.push(formatDuration(event.data.durationMs));
  return ` · ${parts.join(' · ')}${wantedSuffix(event.data)}`;
}

/** Of a step that a person ended. */
function wantedSuffix(of: { readonly needsOutput?: true }): string {
  return of.needsOutput ? '; a later step reads its output, which is asked for' : '';
}

function editedSuffix(inputs: { readonly [name: string]: unknown } | undefined): string {
  return inputs === undefined ? '' : `, with other inputs: ${Object.keys(inputs).join(', ')}`;
}

function differenceSuffix(difference: readonly string[]): string {
  return difference.length === 0 ? '' : ` (${difference.join('; ')})`;
}

function countedItems(count: number): string {
  return `${count} ${count === 1 ? 'item' : 'items'}`;
}
