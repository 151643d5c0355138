// Every service around Clerk, in the order in which they start.
import { appService } from './app.ts';
import type { ServiceDefinition } from './service.ts';
import { statusPageService } from './status-page.ts';

export const SERVICES: readonly ServiceDefinition[] = [statusPageService, appService];
