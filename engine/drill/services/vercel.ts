// The Vercel-like API as a service.

import type { ServiceDefinition } from './service.ts';
import { createVercelApi, vercelToken } from './vercel/api.ts';
import { projectIdOf } from './vercel/project.ts';

export const vercelService: ServiceDefinition = {
  name: 'vercel',
  isIn: ({ world }) => world.services.vercel !== undefined,
  create: (context) => {
    const spec = context.scenario.world.services.vercel;
    if (spec === undefined) throw new Error('the scenario names no deployment provider');
    return { name: 'vercel', handler: createVercelApi(context, spec) };
  },
  env: ({ url, seed }) => ({
    VERCEL_API_URL: url('vercel'),
    VERCEL_TOKEN: vercelToken(seed),
    VERCEL_PROJECT_ID: projectIdOf(seed),
  }),
};
