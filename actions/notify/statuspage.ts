import {
  type ActionContext,
  defineAction,
  isJsonObject,
  type JsonObject,
  PermanentFailure,
} from '../../engine/action.ts';
import { composeText, plainText, type Severity } from './message/compose.ts';
import { deliver } from './message/deliver.ts';
import { DEFAULT_TEMPLATES, MESSAGE, SHOWN_INPUTS } from './message/inputs.ts';
import {
  type Component,
  type ComponentStatus,
  type Incident,
  metadataOf,
  openStatuspage,
  STATUSPAGE_ENV,
  STATUSPAGE_SECRETS,
  type Statuspage,
} from './statuspage-api/client.ts';
import { describeIncidents, digestOfBody, INCIDENT, stateOf } from './statuspage-api/describe.ts';

/** What the page shows of it, by how bad it is. */
const IMPACTS: { readonly [severity in Severity]: string } = { P1: 'critical', P2: 'major', P3: 'minor', P4: 'none' };
const DEFAULT_STATUS = { start: 'investigating', update: 'identified', resolved: 'resolved' } as const;

export default defineAction({
  name: 'notify.statuspage',
  title: "Post to the team's own status page",
  description: [
    'Tells users through Atlassian Statuspage: `stage: start` opens an incident, `update` adds to it, `resolved` closes it. It is',
    'found again by a key in its metadata, by default the id of the run, so that a step that is repeated posts nothing twice.',
    'Before each post the page is read: what stands there already is not posted again.',
    'A post cannot be taken back, for it was sent to subscribers; the incident is resolved.',
  ].join('\n'),
  effect: 'change',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      ...MESSAGE,
      stage: { ...MESSAGE.stage, default: 'start', description: 'Opens the incident, adds to it, or closes it' },
      status: {
        type: 'string',
        enum: ['investigating', 'identified', 'monitoring', 'resolved'],
        description: 'If absent by the stage: investigating, identified, resolved',
      },
      components: {
        type: 'array',
        maxItems: 100,
        items: {
          type: 'object',
          properties: {
            component: { type: 'string', minLength: 1, description: 'Its name or id' },
            status: {
              type: 'string',
              enum: ['operational', 'under_maintenance', 'degraded_performance', 'partial_outage', 'major_outage'],
            },
          },
          required: ['component', 'status'],
          additionalProperties: false,
        },
        description:
          'Components of the page, and what each is said to be from now on. Those not named stay as they are',
      },
      page: { type: 'string', pattern: '^\\w+$', description: "The page's id, where it is not STATUSPAGE_PAGE_ID" },
      incident: {
        type: 'string',
        pattern: '^[\\w.:@-]+$',
        maxLength: 100,
        description: 'Our own key of the incident, where it is not the id of the run: tells two of one run apart',
      },
      notify: { type: 'boolean', default: true, description: 'Subscribers of the page get a message' },
    },
    required: ['title'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      posted: { type: 'boolean', description: 'False in a plan' },
      incidentId: { type: 'string', description: "Statuspage's own id; empty in a plan" },
      status: { type: 'string' },
      url: { type: 'string', description: 'Where users read it; empty in a plan' },
      notOperational: {
        type: 'array',
        items: { type: 'string' },
        description: 'Components of the incident that are not said to be operational, by name',
      },
    },
    required: ['posted', 'incidentId', 'status', 'url', 'notOperational'],
    additionalProperties: false,
  },
  secrets: STATUSPAGE_SECRETS,
  env: STATUSPAGE_ENV,
  exposes: [...SHOWN_INPUTS],
  templates: DEFAULT_TEMPLATES,
  describe: describeIncidents,
  async run(input, ctx) {
    const { stage = 'start', severity, notify = true } = input;
    const status = input.status ?? DEFAULT_STATUS[stage];
    const api = await openStatuspage(ctx, input.page);
    const key = input.incident ?? ctx.run.id;
    const title = await plainText(ctx, input.title);
    const { text } = await composeText(ctx, { ...input, stage }, { audience: 'users', endings: ['txt'] });
    const components = await idsOf(api, input.components ?? []);
    const find = (): Promise<Incident | undefined> => api.find(key, { name: title, since: ctx.run.startedAt });
    if (stage !== 'start') await requireIncident(ctx, find, key);
    // Its name stays as it was opened.
    const wanted = { ...(stage === 'start' ? { title } : {}), status, digest: digestOfBody(text), components };
    let incident: Incident | undefined;
    const delivered = await deliver(
      ctx,
      { kind: INCIDENT, id: `${api.pageId}/${key}`, verb: VERBS[stage], after: wanted },
      async () => {
        const known = await find();
        if (known !== undefined && isShown(known, wanted)) {
          incident = known;
          return;
        }
        const fields: JsonObject = {
          ...(stage === 'start' ? { name: title } : {}),
          status,
          body: text,
          deliver_notifications: notify,
          ...(severity === undefined ? {} : { impact_override: IMPACTS[severity] }),
          ...(Object.keys(components).length === 0
            ? {}
            : { components, component_ids: [...new Set([...idsIn(known), ...Object.keys(components)])] }),
        };
        incident = known
          ? await api.update(known.id, fields)
          : await api.create({ ...fields, metadata: metadataOf(key) });
      },
    );
    if (delivered === 'not-sent') return { posted: false, incidentId: '', status, url: '', notOperational: [] };
    return outputOf(incident ?? (await find()), status);
  },
});

const VERBS = { start: 'open', update: 'update', resolved: 'resolve' } as const;

/** In a plan it may be opened by an earlier step of the run, which has not been yet. */
async function requireIncident(
  ctx: ActionContext,
  find: () => Promise<Incident | undefined>,
  key: string,
): Promise<void> {
  if (ctx.planning || (await find()) !== undefined) return;
  throw new PermanentFailure(
    `The status page has no incident of the key ${key}: post it with \`stage: start\` first, or say which one by \`incident\``,
  );
}

/** @throws PermanentFailure where the page has no such component, with those it has. */
async function idsOf(
  api: Statuspage,
  given: readonly { readonly component: string; readonly status: ComponentStatus }[],
): Promise<{ [id: string]: ComponentStatus }> {
  if (given.length === 0) return {};
  const known = await api.components();
  return Object.fromEntries(given.map(({ component, status }) => [idOf(component, known), status]));
}

function idOf(wanted: string, known: readonly Component[]): string {
  const found = known.find(({ id }) => id === wanted) ?? known.find(({ name }) => name === wanted);
  if (found !== undefined) return found.id;
  throw new PermanentFailure(
    `The status page has no component ${JSON.stringify(wanted)}; it has ${known.map(({ name }) => name).join(', ')}`,
  );
}

function idsIn(incident: Incident | undefined): readonly string[] {
  return incident?.components.map(({ id }) => id) ?? [];
}

/** An earlier sending, whose answer was lost, may have arrived. */
function isShown(incident: Incident, wanted: JsonObject): boolean {
  const { components: said, ...shown } = stateOf(incident);
  const { components, ...rest } = wanted;
  return (
    Object.entries(rest).every(([name, value]) => shown[name] === value) &&
    isJsonObject(components) &&
    isJsonObject(said) &&
    Object.entries(components).every(([id, value]) => said[id] === value)
  );
}

function outputOf(incident: Incident | undefined, status: string) {
  return {
    posted: true,
    incidentId: incident?.id ?? '',
    status: incident?.status ?? status,
    url: incident?.shortlink ?? '',
    notOperational: (incident?.components ?? [])
      .filter((one) => one.status !== 'operational')
      .map(({ name }) => name)
      .sort(),
  };
}
