// Environment variables of a project (https://vercel.com/docs/rest-api/projects): GET /v10/projects/{id}/env and, with its
// value, GET /v1/projects/{id}/env/{variable}. The value of a `sensitive` variable is given to nobody, its comment is.
import { isJsonObject, type Json, type JsonObject } from '../../../engine/action.ts';
import { notAsExpected, type VercelClient } from './client.ts';

export interface VercelVariable {
  readonly id: string;
  readonly key: string;
  /** plain, encrypted, sensitive, system, secret. */
  readonly type: string;
  /** production, preview, development. */
  readonly targets: readonly string[];
  /** Acts only in deployments of this branch. */
  readonly gitBranch?: string;
  /** Absent where Vercel does not show it. */
  readonly value?: string;
  readonly comment?: string;
  /** Milliseconds since 1970. */
  readonly updatedAt?: number;
}

/** Those that act in production, without the values that are encrypted. */
export async function listProductionVariables(client: VercelClient): Promise<readonly VercelVariable[]> {
  const path = client.projectPath('v10', '/env');
  const body = await client.read(path);
  const envs = isJsonObject(body) ? body.envs : undefined;
  if (!Array.isArray(envs)) throw notAsExpected({ method: 'GET', path });
  return envs
    .map((one: Json) => parseVariable(one, path))
    .filter(({ targets, gitBranch }) => targets.includes('production') && gitBranch === undefined);
}

/** undefined where Vercel does not show it. */
export async function readValue(client: VercelClient, variable: VercelVariable): Promise<string | undefined> {
  if (variable.type === 'sensitive') return undefined;
  if (variable.value !== undefined) return variable.value;
  const path = client.projectPath('v1', `/env/${encodeURIComponent(variable.id)}`);
  return parseVariable(await client.read(path), path).value;
}

function parseVariable(value: Json, path: string): VercelVariable {
  const at = isJsonObject(value) ? value : {};
  if (typeof at.id !== 'string' || typeof at.key !== 'string') throw notAsExpected({ method: 'GET', path });
  const type = typeof at.type === 'string' ? at.type : 'encrypted';
  const shown = shownValue(at, type);
  return {
    id: at.id,
    key: at.key,
    type,
    targets: [at.target].flat().filter((one) => typeof one === 'string'),
    ...(typeof at.gitBranch === 'string' ? { gitBranch: at.gitBranch } : {}),
    ...(typeof at.comment === 'string' && at.comment !== '' ? { comment: at.comment } : {}),
    ...(typeof at.updatedAt === 'number' ? { updatedAt: at.updatedAt } : {}),
    ...(shown === undefined ? {} : { value: shown }),
  };
}

/** In a list an encrypted value stands as cipher text, or as nothing: `decrypted` tells. */
function shownValue({ value, decrypted }: JsonObject, type: string): string | undefined {
  if (typeof value !== 'string' || type === 'sensitive') return undefined;
  return type === 'plain' || decrypted === true ? value : undefined;
}
