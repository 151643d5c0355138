// A step whose `with` needs a secret that nobody here gives. No event tells of it: another process may have it.
import type { Engine } from './engine.ts';
import type { SecretWanted } from './reveal.ts';
import type { StopControl } from './stop.ts';

/** False where the step is being cut off in an attempt, whose end is to be recorded. */
export function waitsForSecret(
  engine: Engine,
  { path }: { readonly path: string },
  { secret }: SecretWanted,
  { stop }: StopControl,
): boolean {
  if (stop.aborted) return engine.session.state.steps.get(path)?.phase !== 'attempting';
  engine.localWaits.set(path, `the secret ${secret}`);
  return true;
}
