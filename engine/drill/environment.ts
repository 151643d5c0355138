// The variables of a world: what a run, or a shell beside a sandbox, needs to reach it.
import type { WorldContext } from './context.ts';
import { applicationIdOf, currentSecretKey, platformTokenOf } from './keys.ts';
import { servicesIn } from './services/registry.ts';

/** The names that Clerk's own libraries and the playbooks' actions read. */
export function environmentOf(context: WorldContext): { readonly [name: string]: string } {
  const { keys, seed, scenario, signer, url } = context;
  const env: { [name: string]: string } = {
    CLERK_PUBLISHABLE_KEY: keys.publishableKey,
    NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: keys.publishableKey,
    CLERK_JWT_KEY: signer.publicPem,
    CLERK_API_URL: url('clerk'),
    CLERK_TELEMETRY_DISABLED: '1',
    CLERK_APPLICATION_ID: applicationIdOf(seed),
    ...(scenario.world.keys.hasPlatformAccess ? { CLERK_PLATFORM_TOKEN: platformTokenOf(seed) } : {}),
    ...Object.assign({}, ...servicesIn(context.scenario).map((service) => service.env?.(context) ?? {})),
  };
  const live = { get: () => currentSecretKey(context), enumerable: true, configurable: true };
  return Object.defineProperty(env, 'CLERK_SECRET_KEY', live);
}
