// Variables of a Vercel project in production, by its REST API: exact values, and when each was changed.
import type { ActionContext } from '../../engine/action.ts';
import { vercelClient } from '../vercel/api/client.ts';
import { listProductionVariables, readValue } from '../vercel/api/variables.ts';
import type { Source } from './sources.ts';

export interface VercelApiOptions {
  readonly project: string | undefined;
  /** Whose values are looked at; all names are listed. */
  isWanted(name: string): boolean;
}

/**
 * Each value is one request: only those are read that are wanted.
 * @throws PermanentFailure, VercelCallError
 */
export async function fromVercelApi(ctx: ActionContext, { project, isWanted }: VercelApiOptions): Promise<Source> {
  const client = await vercelClient(ctx, { project });
  const variables = await listProductionVariables(client);
  const values: { [name: string]: string } = {};
  const unreadable = new Set<string>();
  for (const variable of variables.filter(({ key }) => isWanted(key))) {
    const value = await readValue(client, variable);
    if (value === undefined) unreadable.add(variable.key);
    else values[variable.key] = value;
  }
  return {
    words: 'Vercel (production)',
    values,
    listed: variables.map(({ key, targets, updatedAt }) => ({
      name: key,
      environments: targets,
      changed: updatedAt === undefined ? '' : `changed ${new Date(updatedAt).toISOString()}`,
    })),
    unreadable,
  };
}
