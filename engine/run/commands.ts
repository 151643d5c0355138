// What may be wished to be under way.

/** Why a step is stopped from outside: the run is being aborted, or a group around it ran out of time. */
export type Cut = 'abort' | 'timeout';

export type Command =
  /** Its turn: evaluate `when`, then open or skip it. `index`: its position among its siblings. */
  | { readonly type: 'open'; readonly path: string; readonly index: number }
  | { readonly type: 'attempt'; readonly path: string; readonly attempt: number; readonly round: number }
  /** The attempt must stop: time-out or abort. Its end is an event like any other. */
  | { readonly type: 'cancel'; readonly path: string; readonly reason: Cut }
  | { readonly type: 'request-approval'; readonly path: string }
  | { readonly type: 'await-approval'; readonly path: string; readonly request: number }
  | { readonly type: 'await-answer'; readonly path: string }
  /** A manual step has its answer: check and end it. */
  | { readonly type: 'accept-answer'; readonly path: string }
  | { readonly type: 'await-decision'; readonly path: string }
  /** A person ended it, and a later step needs its output. */
  | { readonly type: 'await-output'; readonly path: string }
  | { readonly type: 'await-doubt'; readonly path: string }
  | { readonly type: 'fail'; readonly path: string; readonly reason: 'attempts' | Cut }
  | { readonly type: 'skip'; readonly path: string; readonly reason: Cut }
  /** Everything inside has ended. */
  | { readonly type: 'close'; readonly path: string }
  | {
      readonly type: 'wake';
      readonly path: string;
      readonly timer: string;
      readonly afterMs: number;
      readonly accumulates: boolean;
      /** Wall clock, milliseconds since 1970, in place of `afterMs`; the process need not stay for it. */
      readonly at?: number;
    }
  /** The next changes to take back, or the end of it. */
  | { readonly type: 'next-undo'; readonly undo: number }
  /** The run is ending and a temporary change is still in effect: take it back, or keep it with a reason. */
  | { readonly type: 'await-temporary'; readonly path: string }
  | { readonly type: 'end'; readonly outcome: 'done' | 'aborted' }
  | { readonly type: 'finish' };

/** The identity of a command: the same wish twice is one piece of work. */
export function commandKey(command: Command): string {
  switch (command.type) {
    case 'attempt':
      // One key over attempts: the next one is wished only after the last one's end is an event.
      return `attempt ${command.path}`;
    case 'await-approval':
      return `await-approval ${command.path} ${command.request}`;
    case 'wake':
      return `wake ${command.timer}`;
    case 'end':
    case 'finish':
    case 'next-undo':
      return command.type;
    default:
      return `${command.type} ${command.path}`;
  }
}
