// Whether a world is running already: asks the port that it last had.
import { RunbookError } from '../errors.ts';
import { ID_PATH } from './control.ts';
import { ask } from './http/ask.ts';
import { urlOf } from './http/listen.ts';

/**
 * Two processes on one world's file would each hold half of the truth.
 * @throws RunbookError E_WORLD_IN_USE where this very world answers on the port that it had.
 */
export async function refuseSecondWorld(host: string, port: number | undefined, id: string): Promise<void> {
  if (port === undefined || (await worldIdAt(host, port)) !== id) return;
  throw new RunbookError({
    code: 'E_WORLD_IN_USE',
    message: `This drill's world is already running, on port ${port}`,
    hint: 'Use the terminal that runs it, or stop it first.',
  });
}

const PROBE_TIMEOUT_MS = 1000;

/** The id of the world that answers on a port; undefined for anything else. */
function worldIdAt(host: string, port: number): Promise<string | undefined> {
  return ask(`${urlOf('http', host, port)}${ID_PATH}`, { timeoutMs: PROBE_TIMEOUT_MS }).then(
    ({ body }) => /^\{"worldId":"([^"]+)"/.exec(body)?.[1],
    () => undefined,
  );
}
