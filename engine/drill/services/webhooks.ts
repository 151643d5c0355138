// The Svix-like sender as a service: delivers Clerk's events to the app, and answers its own API.
import type { WorldContext } from '../context.ts';
import { WEBHOOK_PATH } from './app/webhook-handler.ts';
import type { ServiceDefinition } from './service.ts';
import { createSenderApi, senderIds } from './webhooks/api.ts';
import { writeBacklog } from './webhooks/backlog.ts';
import { createSender } from './webhooks/sender.ts';

export const webhookService: ServiceDefinition = {
  name: 'webhooks',
  isIn: ({ world }) => world.services.webhooks !== undefined,
  create: (context) => {
    const spec = context.scenario.world.services.webhooks;
    if (spec === undefined) throw new Error('the scenario names no sender of webhooks');
    const endpointUrl = () => `${context.url('app')}${WEBHOOK_PATH}`;
    const sender = createSender(context, spec, endpointUrl);
    return {
      name: 'webhooks',
      handler: createSenderApi(context, endpointUrl),
      start: () => {
        begin(context);
        sender.start();
      },
      stop: () => sender.stop(),
    };
  },
  env: ({ url, seed }) => {
    const { token, app, endpoint } = senderIds(seed);
    return { SVIX_API_URL: url('webhooks'), SVIX_TOKEN: token, SVIX_APP_ID: app, SVIX_ENDPOINT_ID: endpoint };
  },
};

/** What was so before the drill; a world that is resumed has it already. */
function begin(context: WorldContext): void {
  writeBacklog(context);
  const { services } = context.scenario.world;
  const { endpoint, touched } = context.state.services.webhooks;
  if (services.webhooks?.disabled === true && !touched && endpoint.disabledAt === undefined) {
    context.commit({ type: 'webhook.endpoint', at: context.startedAt, by: 'world', disabled: true });
  }
}
