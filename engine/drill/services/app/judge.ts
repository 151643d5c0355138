// Whether the app is well at a time, whoever looked or did not: by its deployment, the keys in it and its pages. Clerk's own
// outages are no matter of the app's. Pure.
import type { WorldContext } from '../../context.ts';
import { secretKeyCheck } from '../../keys.ts';
import type { Variables } from '../../state/services/deployments.ts';

type Ground = Pick<WorldContext, 'keys' | 'seed' | 'state' | 'signer' | 'scenario'>;

export interface Running {
  readonly variables: Variables;
  readonly isBroken: boolean;
}

/** @returns why it is not well; null where it is. */
export function judgeApp(context: Ground, { variables, isBroken }: Running, now: number): string | null {
  if (isBroken) return 'the deployment is broken';
  const { CLERK_SECRET_KEY: secretKey = '', CLERK_JWT_KEY: jwtKey = '' } = variables;
  if (secretKey === '') return 'CLERK_SECRET_KEY is not set';
  if (!secretKeyCheck(context)(`Bearer ${secretKey}`, now)) return 'Clerk refuses its CLERK_SECRET_KEY';
  if ((context.scenario.world.app?.tokens ?? 'jwt-key') === 'jwks') return null;
  if (jwtKey === '') return 'CLERK_JWT_KEY is not set';
  return bare(jwtKey) === bare(context.signer.publicPem) ? null : "CLERK_JWT_KEY is not the instance's";
}

/** A key is often pasted in one line, with or without its first and last. */
function bare(pem: string): string {
  return pem.replace(/-----[A-Z ]+-----|\\n|\s/g, '');
}
