// What happened, a line an event that a reader of the report cares about. Bulk work is one line with counts. Pure.
import type { RunEvent } from '../run/events.ts';
import type { RunState } from '../run/state.ts';
import { changePhrases, countedVerb } from '../ui/change-words.ts';

export interface TimelineEntry {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly text: string;
}

/** The text of an event folded into `state` just before; null where the report leaves it out. */
export function timelineText(event: RunEvent, state: RunState): string | null {
  const step = event.step === undefined ? undefined : state.steps.get(event.step);
  const title = step?.title ?? event.step ?? '';
  switch (event.type) {
    case 'run.created':
      return `Initial response: ${event.data.operator} started the playbook ${event.data.playbook.title}`;
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
      const parts = changePhrases(state.changes.get(step.path)?.values() ?? []);
      if (step.starts > 1) parts.push(`${step.starts} attempts`);
      if (event.data.by !== undefined) parts.push(`by ${event.data.by}`);
      return `${title}: done${parts.length === 0 ? '' : ` (${parts.join('; ')})`}${note(event.data.note)}`;
    }
    case 'step.skipped':
      return `${title}: skipped${because(event.data.reason.text)}`;
    case 'step.failed':
      return `${title}: failed${because(event.data.error.message)}`;
    case 'step.reopened':
      return `${title}: tried again by ${event.data.by}${because(event.data.reason)}`;
    case 'approval.requested':
      return `Approval asked for: ${title} (${event.data.counts.map(countedVerb).join(', ') || event.data.uses})`;
    case 'approval.given':
      return `Approval given: ${title}, by ${person(event.data)}${note(event.data.note)}`;
    case 'approval.denied':
      return `Approval denied: ${title}, by ${person(event.data)}${because(event.data.reason)}`;
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
    case 'step.opened':
    case 'attempt.started':
    case 'attempt.failed':
    case 'attempt.interrupted':
    case 'attempt.polled':
    case 'change.intended':
    case 'change.settled':
    case 'step.progress':
    case 'step.log':
    case 'timer.fired':
    case 'manual.answered':
    case 'drill.scored':
      return null;
    default:
      return event satisfies never;
  }
}

export function person(of: { readonly by: string; readonly role?: string }): string {
  return of.role === undefined ? of.by : `${of.by} (${of.role})`;
}

function because(reason: string | undefined): string {
  return reason === undefined || reason === '' ? '' : `: ${reason}`;
}

function note(text: string | undefined): string {
  return text === undefined || text === '' ? '' : `. ${text}`;
}
