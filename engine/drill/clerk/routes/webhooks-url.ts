// POST /webhooks/svix_url: a URL to the webhook sender's dashboard that holds for a while. DELETE /webhooks/svix, which
// would destroy all endpoints with their messages, is not emulated and answers 501: nothing of ours may ever call it.
import { draw, STREAM } from '../../random.ts';
import { badRequest } from '../errors.ts';
import type { ClerkRoute } from '../route.ts';

export const webhooksUrlRoutes: readonly ClerkRoute[] = [
  {
    method: 'POST',
    path: '/v1/webhooks/svix_url',
    // Silent: how long it holds, and whether each is another. Ours differ by the time they were asked for.
    handler: ({ now }, context) => {
      if (!context.choices.svixApp) {
        throw badRequest('svix_app_missing', 'Webhooks are not set up: this instance has no Svix app.');
      }
      const token = draw(context.seed, STREAM.svixToken, now >>> 0)
        .toString(16)
        .padStart(8, '0');
      return { svix_url: `https://app.svix.example/login#key=${token}` };
    },
  },
];
