// What the store must know of each kind of event: its version, who may append it, how durable it must be.
import type { EventType } from './events.ts';

/** The version that is written now; older ones are upcast at reading. */
export const EVENT_VERSIONS: { readonly [T in EventType]: number } = {
  'run.created': 1,
  'run.attached': 1,
  'run.paused': 1,
  'run.ending': 1,
  'run.ended': 1,
  'run.adopted': 1,
  'step.opened': 1,
  'step.skipped': 1,
  'step.done': 1,
  'step.failed': 1,
  'step.reopened': 1,
  'step.closed': 1,
  'output.given': 1,
  'attempt.started': 1,
  'attempt.failed': 1,
  'attempt.interrupted': 1,
  'attempt.polled': 1,
  'approval.requested': 1,
  'approval.given': 1,
  'approval.denied': 1,
  'approval.voided': 1,
  'change.intended': 1,
  'change.settled': 1,
  'change.doubted': 1,
  'doubt.resolved': 1,
  'undo.started': 1,
  'undo.left': 1,
  'undo.ended': 1,
  'temporary.kept': 1,
  'step.progress': 1,
  'step.log': 1,
  'step.checkpoint': 1,
  'timer.fired': 1,
  'artifact.kept': 1,
  'manual.answered': 1,
  'note.added': 1,
  'abort.requested': 1,
  'run.acknowledged': 1,
  'run.mitigated': 1,
  'severity.changed': 1,
  'impact.stated': 1,
  'cause.stated': 1,
  'drill.scored': 1,
  'event.redacted': 1,
};

/** Events that may be appended without holding the run's lease: what people say. */
export const PEOPLE_EVENTS: ReadonlySet<EventType> = new Set<EventType>([
  'manual.answered',
  'approval.given',
  'approval.denied',
  'output.given',
  'doubt.resolved',
  'note.added',
  'abort.requested',
  'run.acknowledged',
  'run.mitigated',
  'severity.changed',
  'impact.stated',
  'cause.stated',
]);

/**
 * Events that nobody is told of and that precede no effect: their commit survives a kill of the process at once and a
 * power cut with the next commit, in order. A resume makes again what a power cut took. All others wait for the disk.
 */
export const RELAXED_EVENTS: ReadonlySet<EventType> = new Set<EventType>([
  'step.opened',
  'attempt.started',
  'attempt.interrupted',
  'attempt.polled',
  'approval.voided',
  'step.progress',
  'step.log',
  'step.checkpoint',
  'timer.fired',
]);
