// A status page in the forms that an incident may meet. It says what the scenario and its timeline say, `lagSeconds` later,
// and never looks at the emulator: a real one lags too.
import type { HttpAnswer, HttpHandler } from '../http/server.ts';
import type { ServiceDefinition } from './service.ts';
import { bodiesOf } from './status/forms.ts';
import { shownAt } from './status/shown.ts';

export const statusPageService: ServiceDefinition = {
  name: 'status',
  create: (context) => {
    const { statusPage } = context.scenario.world;
    const shown = () =>
      shownAt({
        first: { at: context.startedAt, indicator: statusPage.indicator },
        said: context.state.services.status,
        now: context.clock.now() - statusPage.lagSeconds * 1000,
      });
    const handler: HttpHandler = ({ path }) => {
      if (statusPage.form === 'redirect-loop') return { status: 302, headers: { Location: path }, body: '' };
      const page = shown();
      if (statusPage.form === 'html')
        return html(200, `<h1>Clerk (drill)</h1><p>${page.incident?.name ?? 'All good'}</p>`);
      const body = bodiesOf(statusPage.form, page).get(path);
      return body === undefined ? html(404, '<h1>Not found</h1>') : json(body);
    };
    return { name: 'status', handler };
  },
  env: ({ url }) => ({ CLERK_STATUS_URL: url('status') }),
};

function html(status: number, body: string): HttpAnswer {
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: `<!doctype html>${body}` };
}

function json(value: unknown): HttpAnswer {
  return { status: 200, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) };
}
