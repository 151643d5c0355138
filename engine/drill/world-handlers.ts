// What stands on a world's first port: Clerk's API, and beside it what a sandbox lets do to the world.
import { createEmulator } from './clerk/emulator.ts';
import { CLERK_LIMITS, createRateLimiter } from './clerk/rate-limit.ts';
import type { WorldContext } from './context.ts';
import type { ControlOptions } from './control.ts';
import type { HttpHandler } from './http/server.ts';
import type { RequestLog } from './request-log.ts';
import type { Timeline } from './timeline/timeline.ts';

export function clerkHandler({
  context,
  log,
}: {
  readonly context: WorldContext;
  readonly log: RequestLog;
}): HttpHandler {
  const { scenario, keys, clock, startedAt, faults } = context;
  const { environment, rateLimit } = scenario.world.instance;
  return createEmulator({
    context: {
      ...context,
      choices: scenario.world.choices,
      instance: { id: keys.instanceId, environment },
      keptOrder: {},
    },
    faults,
    limiter: createRateLimiter(rateLimit ?? CLERK_LIMITS[environment]),
    log,
    clock,
    startedAt,
  });
}

/** What a sandbox lets do to its world; nothing in a drill. */
export function sandboxOf(
  { commit, clock }: WorldContext,
  timeline: Timeline,
  control: { readonly token: string; readonly onReset: () => void } | undefined,
): Pick<ControlOptions, 'sandbox'> {
  if (control === undefined) return {};
  return {
    sandbox: {
      token: control.token,
      addFault: (fault) => commit({ type: 'fault.add', at: clock.now(), by: 'world', fault }),
      clearFaults: () => commit({ type: 'fault.clear', at: clock.now(), by: 'world' }),
      happen: timeline.now,
      reset: control.onReset,
    },
  };
}
