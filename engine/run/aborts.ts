// Which request to abort reaches a step. The run's reaches everything but what a `finally` shelters; one that was made while
// a `finally` ran gives up that one, with all inside it. Pure.
import { finallyAround } from './paths.ts';
import type { Abort, RunState } from './state.ts';

/** The `finally` groups around a path, innermost first, itself included. */
export function sheltersAround(path: string): readonly string[] {
  const shelters: string[] = [];
  for (
    let at = finallyAround(path);
    at !== undefined;
    at = finallyAround(at.slice(0, Math.max(0, at.lastIndexOf('/'))))
  )
    shelters.push(at);
  return shelters;
}

/** Why this step is not to go on; null where nothing says so. */
export function abortOf(state: RunState, path: string): Abort | null {
  const shelters = sheltersAround(path);
  for (const shelter of shelters) {
    const abort = state.finallyAborts.get(shelter);
    if (abort) return abort;
  }
  return shelters.length === 0 ? state.abort : null;
}
