// Every service around Clerk, in the order in which they start.
import type { Scenario } from '../scenario.ts';
import { appService } from './app.ts';
import type { ServiceDefinition } from './service.ts';
import { pagerdutyService } from './sinks/pagerduty.ts';
import { slackService } from './sinks/slack.ts';
import { smtpService } from './sinks/smtp.ts';
import { statuspageService } from './sinks/statuspage.ts';
import { statusPageService } from './status-page.ts';
import { vercelService } from './vercel.ts';
import { webhookService } from './webhooks.ts';

const SERVICES: readonly ServiceDefinition[] = [
  statusPageService,
  appService,
  webhookService,
  vercelService,
  slackService,
  pagerdutyService,
  smtpService,
  statuspageService,
];

/** Those that the scenario's world has: what it does not name listens nowhere and costs nothing. */
export function servicesIn(scenario: Scenario): readonly ServiceDefinition[] {
  return SERVICES.filter((service) => service.isIn?.(scenario) ?? true);
}
